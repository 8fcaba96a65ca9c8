//! A trailing slash is accepted everywhere, and several in a row are one. What
//! needs no change, as nearly every request, is passed on untouched.

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, Request, Result,
    middleware::{NormalizePath, NormalizePathEndpoint, TrailingSlash},
};

/// An endpoint that sees paths without needless slashes.
pub(in crate::api) struct TrimSlashes<E> {
    plain: Arc<E>,
    trimming: NormalizePathEndpoint<Arc<E>>,
}

impl<E: Endpoint + 'static> TrimSlashes<E> {
    pub(in crate::api) fn new(inner: E) -> Self {
        let plain = Arc::new(inner);
        Self {
            trimming: Arc::clone(&plain).with(NormalizePath::new(TrailingSlash::Trim)),
            plain,
        }
    }
}

impl<E: Endpoint> Endpoint for TrimSlashes<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> Result<E::Output> {
        let path = request.uri().path();
        match path.ends_with('/') || path.contains("//") {
            true => self.trimming.call(request).await,
            false => self.plain.call(request).await,
        }
    }
}
