//! Cross-origin requests (the Fetch standard's CORS protocol), for configured
//! origins alone and without credentials: a page of another origin sends its
//! token in a header that it sets itself. A request from any other origin is
//! answered as if it had none, and its browser keeps the answer from its page.

use poem::{
    IntoResponse, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
/// Swagger UI sends the last at the token endpoint.
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, x-requested-with");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("location, retry-after, www-authenticate, x-request-id");
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may call.
pub(in crate::api) struct Cors(Vec<String>);

impl Cors {
    pub(in crate::api) fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// The origin of a request, where its pages may call.
    pub(in crate::api) fn allowed_origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let mut allowed = self.0.iter();
        allowed
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }

    /// The answer to a browser that asks first what the page of an allowed `origin` may send.
    pub(in crate::api) fn preflight(
        &self,
        request: &Request,
        origin: Option<&HeaderValue>,
    ) -> Option<Response> {
        let origin = origin.filter(|_| is_preflight(request))?;
        let mut response = preflight();
        self.allow(&mut response, Some(origin.clone()));
        Some(response)
    }

    /// Lets the page of an allowed `origin` read an answer.
    pub(in crate::api) fn allow(&self, response: &mut Response, origin: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
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
