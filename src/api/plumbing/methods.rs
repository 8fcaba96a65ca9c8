//! Which methods a path takes.

use poem::http::Method;

/// Which methods the paths of the document take.
#[derive(Clone)]
pub(in crate::api) struct AllowedMethods(pub Vec<(Vec<String>, Vec<Method>)>);

impl AllowedMethods {
    /// The value of `Allow` for a path (RFC 9110 §10.2.1).
    pub(in crate::api) fn of(&self, path: &str) -> String {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |segments: &[String]| {
            segments.len() == asked.len()
                && segments
                    .iter()
                    .zip(&asked)
                    .all(|(segment, asked)| segment.starts_with('{') || segment == asked)
        };
        let methods = self.0.iter().find(|(segments, _)| fits(segments));
        let mut names: Vec<&str> = methods
            .map_or(&[Method::GET][..], |(_, methods)| methods)
            .iter()
            .map(Method::as_str)
            .collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}
