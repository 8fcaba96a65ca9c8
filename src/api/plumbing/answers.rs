//! What every request passes, whatever it asks for: its path is brought into the form that
//! the routes know, it gets an id, pages of other origins are let in, and the answer gets what
//! all answers have. Errors on their way out get their shape ([`super::errors`]).
//!
//! All of it is one layer, and hands the request on before it begins to wait: a layer that
//! waits keeps room for a request, half a kilobyte, and each around it copies that.

use std::{future::ready, sync::Arc, time::Instant};

use futures_util::{FutureExt, future::BoxFuture};
use ipnet::IpNet;
use poem::{
    IntoResponse, Request, Response, Result,
    endpoint::DynEndpoint,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery},
};
use tracing::Instrument;

use super::{
    cors::Cors,
    errors::{Offence, in_shape, is_in_shape, put_oauth_error, put_problem, refused},
    methods::Methods,
    paths::routed,
    problem::Problem,
};
use crate::{
    actor::Actor,
    address::{client_address, comes_from},
    audit_event::{Action, Event, Outcome},
    authority::Authority,
    request_context::{RequestContext, RequestId},
    traces,
};

/// Answers requests.
pub(in crate::api) struct Answers<E> {
    inner: E,
    methods: Methods,
    cors: Cors,
    authority: Arc<Authority>,
}

/// What the answer depends on when the request has been handed on.
struct Asked {
    method: Method,
    path: String,
    credentials: Option<HeaderValue>,
    /// When it began, where that is told.
    began: Option<Instant>,
}

impl<E> Answers<E> {
    pub(in crate::api) fn new(inner: E, methods: Methods, authority: Arc<Authority>) -> Self {
        let cors = Cors::new(authority.config.cors_origins.clone());
        Self {
            inner,
            methods,
            cors,
            authority,
        }
    }
}

impl<E: DynEndpoint<Output = Response>> DynEndpoint for Answers<E> {
    type Output = Response;

    fn call(&self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        if let Some(uri) = routed(request.uri(), self.authority.config.base_path()) {
            *request.uri_mut() = uri;
        }
        let origin = self.cors.allowed_origin(&request);
        if let Some(preflight) = self.cors.preflight(&request, origin.as_ref()) {
            return ready(Ok(preflight)).boxed();
        }
        let proxies = &self.authority.config.trusted_proxies;
        let id = proxys_id(&request, proxies).unwrap_or_else(RequestId::fresh);
        let address = client_address(&request, proxies);
        let route = || self.methods.route(request.uri().path());
        let span = traces::of_request(request.method(), route, id.as_str(), address);
        if !span.is_none() && comes_from(&request, proxies) {
            traces::join_sender(&span, request.headers());
        }
        let asked = Asked {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            credentials: request.headers().get(header::AUTHORIZATION).cloned(),
            began: tracing::enabled!(tracing::Level::DEBUG).then(Instant::now),
        };
        let answer = match misfit(&request) {
            Some(problem) => ready(Ok(problem.into_response())).boxed(),
            None => self.inner.call(request),
        };
        let shown = HeaderValue::from(id.clone());
        let context = RequestContext { id, address };
        async move {
            let answer = async { self.finished(answer.await, asked).await };
            let mut response = context.around(answer.instrument(span.clone())).await;
            traces::answered(&span, response.status());
            response.headers_mut().insert(REQUEST_ID, shown);
            self.cors.allow(&mut response, origin);
            Ok(response)
        }
        .boxed()
    }
}

impl<E> Answers<E> {
    /// An answer with all that answers have.
    async fn finished(&self, answer: Result<Response>, asked: Asked) -> Response {
        let Asked { method, path, .. } = &asked;
        let response = answer.unwrap_or_else(refused);
        let mut response = if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            self.method_not_allowed(method, path)
        } else if is_in_shape(&response) {
            response
        } else {
            in_shape(response, path).boxed().await
        };
        let mut offence = response.extensions_mut().remove::<Offence>();
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            offence = offence.or_else(|| problem.offence().map(Offence));
            if let Some(seconds) = problem.retry_after() {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            match self.methods.is_oauth(path, method) {
                true => put_oauth_error(&mut response, &problem),
                false => put_problem(
                    &mut response,
                    problem.at(&self.authority.config.issuer).of_this_request(),
                ),
            }
        }
        if let Some(Offence(why)) = offence {
            self.notice(asked.credentials.as_ref(), format!("{method} {path}"), why);
        }
        let status = response.status().as_u16();
        self.authority.metrics.answered(status);
        if let Some(began) = asked.began {
            tracing::debug!(%method, path, status, took = ?began.elapsed(), "answered");
        }
        let headers = response.headers_mut();
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }

    fn method_not_allowed(&self, method: &Method, path: &str) -> Response {
        let allow = self.methods.allow(path);
        let mut response = if *method == Method::OPTIONS {
            StatusCode::NO_CONTENT.into_response()
        } else {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("this path takes {allow}"),
            )
            .into_response()
        };
        if let Ok(allow) = HeaderValue::from_str(&allow) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }

    /// Has the audit log tell of a refused request, and of whom its token is, where that was
    /// verified: to verify it again would make garbage twice as dear.
    fn notice(&self, credentials: Option<&HeaderValue>, target: String, why: String) {
        let token = credentials
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .and_then(|(_, token)| self.authority.verified_lately(token.trim()));
        let actor = token.map_or_else(Actor::anonymous, |caller| Actor::from(&*caller));
        let event = Event {
            action: Action::RequestRefused,
            target,
            detail: Some(why),
        };
        let (outcome, now) = (Outcome::Refused, self.authority.clock.now());
        self.authority.noticed.notice(&actor, event, outcome, now);
    }
}

/// What is wrong with a request, whatever it asks for.
fn misfit(request: &Request) -> Option<Problem> {
    let is_encoded = request
        .header(header::CONTENT_ENCODING)
        .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    if is_encoded {
        let detail = "bodies are taken as they are, without a Content-Encoding";
        return Some(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    has_nul(request.uri()).then(|| {
        let detail = "the address must not contain a NUL character (%00)";
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// The header with a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that a trusted proxy gave a request.
fn proxys_id(request: &Request, proxies: &[IpNet]) -> Option<RequestId> {
    let id = RequestId::of(request.headers().get(REQUEST_ID)?)?;
    comes_from(request, proxies).then_some(id)
}

/// No name, cursor or prefix has a NUL, and not every database can be asked for one.
fn has_nul(uri: &Uri) -> bool {
    let text = uri.path_and_query().map_or("", PathAndQuery::as_str);
    text.contains('%') && text.contains("%00")
}
