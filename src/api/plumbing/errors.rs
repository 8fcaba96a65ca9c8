//! Errors on their way out: each becomes a response here and nowhere else, in
//! the shape that its place has. RFC 6749 for the OAuth endpoints, RFC 6750 for
//! what guards refuse ([`crate::guard::Denied`]), RFC 9457 for all else, what
//! the HTTP library itself refuses included.
//!
//! A client is told what it did wrong. What went wrong in here goes to the log,
//! and outside is 503 or 500 without a word of it.

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::types::ToJSON;
use serde_json::json;

use crate::api::plumbing::problem::{CONTENT_TYPE, Failure, FieldProblem, Problem};
use crate::{
    actor::BeyondPower,
    error::Error,
    guard::{self, quotable},
    oauth,
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
pub(super) struct Offence(pub String);

/// An error as a response; what a guard refuses is a problem like any other.
pub(super) fn refused(error: poem::Error) -> Response {
    let refusal = match error.downcast::<guard::Refusal>() {
        Ok(refusal) => refusal,
        Err(error) => return error.into_response(),
    };
    let mut response = refusal.as_response();
    let problem = Problem::denied(refusal.status(), refusal.denied());
    response.extensions_mut().insert(problem);
    response
}

pub(super) fn put_problem(response: &mut Response, problem: Problem) {
    let kind = HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.set_body(problem.to_json_string());
}

/// A problem where errors are those of OAuth (RFC 6749 §5.2, RFC 6750 §3.1).
pub(super) fn put_oauth_error(response: &mut Response, problem: &Problem) {
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

/// Gives an error that the library wrote as plain text its shape; the text
/// becomes the detail where it is about the request.
pub(super) async fn in_shape(response: Response, path: &str) -> Response {
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

pub(super) fn is_in_shape(response: &Response) -> bool {
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
