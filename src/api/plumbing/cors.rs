//! Cross-origin requests (the Fetch standard's CORS protocol), for configured
//! origins alone and without credentials: a page of another origin sends its
//! token in a header that it sets itself. A request from any other origin is
//! answered as if it had none, and its browser keeps the answer from its page.

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
/// Swagger UI sends the last at the token endpoint.
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, x-requested-with");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("location, retry-after, www-authenticate, x-request-id");
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// An endpoint that pages of some origins may call.
pub(in crate::api) struct Cors<E> {
    inner: E,
    origins: Arc<[String]>,
}

impl<E> Cors<E> {
    pub(in crate::api) fn new(inner: E, origins: Vec<String>) -> Self {
        Self {
            inner,
            origins: origins.into(),
        }
    }

    fn allowed_origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let is_allowed = self
            .origins
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes());
        is_allowed.then(|| origin.clone())
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Cors<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if self.origins.is_empty() {
            return self.inner.call(request).await;
        }
        let origin = self.allowed_origin(&request);
        let mut response = if origin.is_some() && is_preflight(&request) {
            preflight()
        } else {
            self.inner.call(request).await?
        };
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        Ok(response)
    }
}

fn is_preflight(request: &Request) -> bool {
    let asks = |headers: &HeaderMap| headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    request.method() == Method::OPTIONS && asks(request.headers())
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    response
}
