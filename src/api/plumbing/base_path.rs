//! Where the issuer's address has a path, everything is found below it as well: a proxy may
//! pass the path on or take it away. Well-known documents have it at their end (RFC 8414
//! §3, RFC 9728 §3.1).

use poem::{
    Endpoint, Request,
    http::{Uri, uri::PathAndQuery},
};

/// An endpoint that sees paths without the one of the issuer.
pub(in crate::api) struct WithoutBasePath<E> {
    inner: E,
    base: String,
}

impl<E> WithoutBasePath<E> {
    /// `base` is empty, or a path without a slash at its end.
    pub(in crate::api) fn new(inner: E, base: &str) -> Self {
        let base = base.to_owned();
        Self { inner, base }
    }
}

impl<E: Endpoint> Endpoint for WithoutBasePath<E> {
    type Output = E::Output;

    async fn call(&self, mut request: Request) -> poem::Result<E::Output> {
        if let Some(uri) = without(&self.base, request.uri()) {
            *request.uri_mut() = uri;
        }
        self.inner.call(request).await
    }
}

/// An address without a path, where it has it.
fn without(base: &str, uri: &Uri) -> Option<Uri> {
    if base.is_empty() {
        return None;
    }
    let path = uri.path();
    let path = match path.strip_prefix(base) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path
            .strip_suffix(base)
            .filter(|path| path.starts_with("/.well-known/"))?,
    };
    let target: Result<PathAndQuery, _> = match uri.query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.ok()?);
    Uri::from_parts(parts).ok()
}
