//! Which methods a path takes.

use poem::http::Method;

/// What a path takes.
#[derive(Clone)]
pub(in crate::api) struct PathMethods {
    /// Its parts; a parameter is in braces.
    pub segments: Vec<String>,
    pub methods: Vec<Method>,
    /// Those of the methods whose errors have the shape of OAuth.
    pub oauth: Vec<Method>,
}

/// What all paths take.
#[derive(Clone)]
pub(in crate::api) struct Methods(pub Vec<PathMethods>);

impl Methods {
    /// Whether a path takes a method, and refuses in the shape of OAuth.
    pub(in crate::api) fn is_oauth(&self, path: &str, method: &Method) -> bool {
        self.at(path)
            .is_some_and(|known| known.oauth.contains(method))
    }

    /// A path as the document has it.
    pub(in crate::api) fn route(&self, path: &str) -> Option<String> {
        self.at(path).map(|known| known.segments.join("/"))
    }

    /// The value of `Allow` for a path (RFC 9110 §10.2.1).
    pub(in crate::api) fn allow(&self, path: &str) -> String {
        let methods = self
            .at(path)
            .map_or(&[Method::GET][..], |known| &known.methods);
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }

    fn at(&self, path: &str) -> Option<&PathMethods> {
        let asked: Vec<&str> = path.split('/').collect();
        self.0.iter().find(|known| {
            let mut pairs = known.segments.iter().zip(&asked);
            known.segments.len() == asked.len()
                && pairs.all(|(segment, asked)| segment.starts_with('{') || segment == asked)
        })
    }
}
