//! Which methods a path takes.

use poem::http::Method;

/// Which methods the paths of the document take.
#[derive(Clone)]
pub(in crate::api) struct AllowedMethods(pub Vec<(Vec<String>, Vec<Method>)>);

impl AllowedMethods {
    /// Whether a path takes a method.
    pub(in crate::api) fn takes(&self, path: &str, method: &Method) -> bool {
        self.at(path)
            .is_some_and(|methods| methods.contains(method))
    }

    fn at(&self, path: &str) -> Option<&[Method]> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |segments: &[String]| {
            segments.len() == asked.len()
                && segments
                    .iter()
                    .zip(&asked)
                    .all(|(segment, asked)| segment.starts_with('{') || segment == asked)
        };
        let found = self.0.iter().find(|(segments, _)| fits(segments));
        found.map(|(_, methods)| methods.as_slice())
    }

    /// The value of `Allow` for a path (RFC 9110 §10.2.1).
    pub(in crate::api) fn of(&self, path: &str) -> String {
        let mut names: Vec<&str> = self
            .at(path)
            .unwrap_or(&[Method::GET])
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
