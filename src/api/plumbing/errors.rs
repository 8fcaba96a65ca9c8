//! Errors on their way out: each becomes a response here and nowhere else, in
//! the shape that its place has. RFC 6749 for the OAuth endpoints, RFC 6750 for
//! what guards refuse ([`crate::guard::Denied`]), RFC 9457 for all else, what
//! the HTTP library itself refuses included.
//!
//! A client is told what it did wrong. What went wrong in here goes to the log,
//! and outside is 503 or 500 without a word of it.

use std::{pin::pin, sync::Arc, time::Instant};

use ipnet::IpNet;
use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    error::ResponseError,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
};
use poem_openapi::types::ToJSON;
use serde_json::json;
use tracing::Instrument;

use crate::api::plumbing::methods::Methods;
use crate::api::plumbing::problem::{CONTENT_TYPE, Failure, FieldProblem, Problem};
use crate::{
    actor::{Actor, BeyondPower},
    address::{client_address, comes_from},
    audit_event::{Action, Event, Outcome},
    authority::Authority,
    error::Error,
    guard::{self, quotable},
    oauth,
    request_context::RequestContext,
    traces,
};

impl<const A: u16, const B: u16, const C: u16> From<Error> for Failure<A, B, C> {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let problem = match error {
            Error::NoSuchUser(_)
            | Error::NoSuchScope(_)
            | Error::NoSuchClient(_)
            | Error::NoSuchSubjectKind(_)
            | Error::NoSuchToken(_)
            | Error::NoSuchKey(_)
            | Error::NoSuchResource(_)
            | Error::NotAUser
            | Error::NoOpenIdConnect => Problem::new(StatusCode::NOT_FOUND, detail),
            Error::UserExists(_)
            | Error::UsersElsewhere(_)
            | Error::ScopeExists(_)
            | Error::BuiltinScope(_)
            | Error::ClientExists(_)
            | Error::HasNoSecret(_)
            | Error::TooManyTokens(_)
            | Error::SubjectKindExists(_)
            | Error::RotationUnderWay(_)
            | Error::SecretOfSettings => Problem::new(StatusCode::CONFLICT, detail),
            Error::Field(unfit) => Problem::unfit(vec![FieldProblem {
                field: unfit.field.to_owned(),
                detail: unfit.reason,
            }]),
            Error::WrongPassword => Problem::unfit(vec![FieldProblem {
                field: "current_password".to_owned(),
                detail,
            }]),
            Error::BeyondPower(BeyondPower(scopes)) => Problem::beyond(detail, &scopes),
            Error::Throttled(throttled) => Problem::throttled(throttled),
            Error::Infrastructure(failure) => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, failure.report())
            }
        };
        problem.into()
    }
}

pub(in crate::api) fn unavailable() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the server cannot do this at the moment",
    )
}

/// Why the token endpoint refused (RFC 6749 §5.2).
impl ResponseError for oauth::Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidClient(_) => StatusCode::UNAUTHORIZED,
            Self::Infrastructure(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RegistrationOff => StatusCode::NOT_FOUND,
            Self::RegistrationToken { .. } => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn as_response(&self) -> Response {
        self.log();
        let code = match self {
            Self::InvalidRequest(_) | Self::TooLarge | Self::RegistrationOff => "invalid_request",
            Self::RegistrationToken { .. } => "invalid_token",
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidClientMetadata(_) => "invalid_client_metadata",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidGrant(_)
            | Self::InvalidRefreshToken(_)
            | Self::InvalidCode(_)
            | Self::NotYourToken => "invalid_grant",
            Self::AuthorizationRequest(code, _) => code,
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::AccessDenied => "access_denied",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidTarget => "invalid_target",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope(_) => "invalid_scope",
            Self::Throttled(_) | Self::Infrastructure(_) => "temporarily_unavailable",
        };
        let description = match self {
            Self::Infrastructure(failure) => failure.report(),
            _ => self.to_string(),
        };
        let body = json!({"error": code, "error_description": quotable(&description)});
        let mut response = Response::builder()
            .status(self.status())
            .content_type("application/json")
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::PRAGMA, "no-cache");
        let challenge = match self {
            Self::InvalidClient(_) => Some("Basic realm=\"scopegate\""),
            Self::RegistrationToken { is_given: false } => Some("Bearer realm=\"scopegate\""),
            Self::RegistrationToken { is_given: true } => {
                Some("Bearer realm=\"scopegate\", error=\"invalid_token\"")
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            response = response.header(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response = response.header(header::RETRY_AFTER, "1");
        }
        if let Self::Throttled(throttled) = self {
            response = response.header(header::RETRY_AFTER, throttled.retry_after);
        }
        let mut response = response.body(body.to_string());
        if let Some(why) = self.offence() {
            response.extensions_mut().insert(Offence(why));
        }
        response
    }
}

/// Why a request was refused, for the audit log.
#[derive(Clone)]
struct Offence(String);

/// Answers requests, and sees to it that every error has its shape.
pub(in crate::api) struct Answers<E> {
    inner: E,
    methods: Methods,
    authority: Arc<Authority>,
}

impl<E> Answers<E> {
    pub(in crate::api) fn new(inner: E, methods: Methods, authority: Arc<Authority>) -> Self {
        Self {
            inner,
            methods,
            authority,
        }
    }
}

impl<E: Endpoint> Endpoint for Answers<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let began = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        let proxies = &self.authority.config.trusted_proxies;
        let id = proxys_id(&request, proxies).unwrap_or_else(RequestContext::fresh_id);
        let shown = HeaderValue::from_str(&id).ok();
        let address = client_address(&request, proxies);
        let route = || self.methods.route(request.uri().path());
        let span = traces::of_request(request.method(), route, &id, address);
        if !span.is_none() && comes_from(&request, proxies) {
            traces::join_sender(&span, request.headers());
        }
        let context = RequestContext { id, address };
        // Pinned where it is made: it takes some kilobytes, which would be copied.
        let answer = pin!(self.answer(request, began));
        let mut response = context.around(answer.instrument(span.clone())).await;
        traces::answered(&span, response.status());
        if let Some(id) = shown {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        Ok(response)
    }
}

impl<E: Endpoint> Answers<E> {
    async fn answer(&self, request: Request, began: Option<Instant>) -> Response {
        let credentials = request.headers().get(header::AUTHORIZATION).cloned();
        let path = request.uri().path().to_owned();
        let method = request.method().clone();
        let is_encoded = request
            .header(header::CONTENT_ENCODING)
            .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
        let response = if is_encoded {
            let detail = "bodies are taken as they are, without a Content-Encoding";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into_response()
        } else if has_nul(request.uri()) {
            let detail = "the address must not contain a NUL character (%00)";
            Problem::new(StatusCode::BAD_REQUEST, detail).into_response()
        } else {
            // Boxed: each layer around it would have room for it twice, and copy it.
            match Box::pin(self.inner.call(request)).await {
                Ok(response) => response.into_response(),
                Err(error) => refused(error),
            }
        };
        let mut response = if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            self.method_not_allowed(&method, &path)
        } else if is_in_shape(&response) {
            response
        } else {
            Box::pin(in_shape(response, &path)).await
        };
        let mut offence = response.extensions_mut().remove::<Offence>();
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            offence = offence.or_else(|| problem.offence().map(Offence));
            if let Some(seconds) = problem.retry_after() {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            match self.methods.is_oauth(&path, &method) {
                true => put_oauth_error(&mut response, &problem),
                false => put_problem(
                    &mut response,
                    problem.at(&self.authority.config.issuer).of_this_request(),
                ),
            }
        }
        if let Some(Offence(why)) = offence {
            self.notice(credentials.as_ref(), format!("{method} {path}"), why);
        }
        let status = response.status().as_u16();
        self.authority.metrics.answered(status);
        if let Some(began) = began {
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

/// The header with a request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that a proxy may give.
const LONGEST_ID: usize = 128;

/// The id that a trusted proxy gave a request.
fn proxys_id(request: &Request, proxies: &[IpNet]) -> Option<Arc<str>> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let fits =
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    (fits && comes_from(request, proxies)).then(|| id.into())
}

/// An error as a response; what a guard refuses is a problem like any other.
fn refused(error: poem::Error) -> Response {
    let refusal = match error.downcast::<guard::Refusal>() {
        Ok(refusal) => refusal,
        Err(error) => return error.into_response(),
    };
    let mut response = refusal.as_response();
    let problem = Problem::denied(refusal.status(), refusal.denied());
    response.extensions_mut().insert(problem);
    response
}

fn put_problem(response: &mut Response, problem: Problem) {
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.set_body(problem.to_json_string());
}

/// A problem where errors are those of OAuth (RFC 6749 §5.2, RFC 6750 §3.1).
fn put_oauth_error(response: &mut Response, problem: &Problem) {
    let code = match response.status().as_u16() {
        401 => "invalid_token",
        403 => "insufficient_scope",
        429 | 503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    };
    // A request that is not one of OAuth is refused with 400, whatever is wrong with it.
    if code == "invalid_request" {
        response.set_status(StatusCode::BAD_REQUEST);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let description = quotable(problem.detail());
    let body = json!({"error": code, "error_description": description});
    response.set_body(body.to_string());
}

/// No name, cursor or prefix has a NUL, and not every database can be asked for one.
fn has_nul(uri: &Uri) -> bool {
    uri.path_and_query()
        .is_some_and(|text| text.as_str().contains("%00"))
}

impl<E> Answers<E> {
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
}

/// Gives an error that the library wrote as plain text its shape; the text
/// becomes the detail where it is about the request.
async fn in_shape(response: Response, path: &str) -> Response {
    let status = response.status();
    let text = response.into_body().into_string().await.unwrap_or_default();
    if status.is_server_error() {
        tracing::error!(path, error = text, "a request failed");
        return Problem::new(status, "the server could not answer").into_response();
    }
    if status == StatusCode::NOT_FOUND {
        return Problem::new(status, format!("there is nothing at {path}")).into_response();
    }
    match misfit_of(&text) {
        Some(misfit) => Problem::unfit(vec![misfit]),
        None => Problem::new(status, text),
    }
    .into_response()
}

fn is_in_shape(response: &Response) -> bool {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Problem>().is_some() {
        return true;
    }
    let content_type = response.content_type().unwrap_or_default();
    [CONTENT_TYPE, "application/json", "text/html"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

/// poem-openapi says: failed to parse parameter `limit`: failed to parse "limit": must be …
/// (occurred while parsing "optional_limit")
fn misfit_of(text: &str) -> Option<FieldProblem> {
    let rest = text.strip_prefix("failed to parse parameter `")?;
    let (field, rest) = rest.split_once('`')?;
    let reason = rest.trim_start_matches(": ");
    let detail = match reason.strip_prefix("failed to parse \"") {
        Some(typed) => typed.split_once("\": ").map_or(typed, |(_, detail)| detail),
        None => reason,
    };
    let detail = detail
        .split_once(" (occurred while parsing")
        .map_or(detail, |(detail, _)| detail);
    let detail = match detail {
        "Type \"string\" expects an input value." => "is required",
        other => other,
    };
    Some(FieldProblem {
        field: field.to_owned(),
        detail: detail.to_owned(),
    })
}
