//! Problem details (RFC 9457), the shape of every error outside OAuth.

use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use crate::{
    guard::Denied, problem_kind::ProblemKind, request_context::RequestContext, scope::ScopeSet,
    throttle::Throttled,
};

pub(in crate::api) const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong (RFC 9457).
#[derive(Object, Clone, Debug)]
#[oai(skip_serializing_if_is_none)]
pub(in crate::api) struct Problem {
    /// A URI that names the kind of problem; a page there says what to do. Its last part is
    /// `bad-request`, `token-required`, `invalid-token`, `insufficient-scope`, `beyond-you`,
    /// `not-found`, `method-not-allowed`, `conflict`, `too-large`, `unsupported-media-type`,
    /// `invalid-fields`, `too-many-attempts`, `unavailable` or `internal`.
    #[oai(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status code.
    status: u16,
    /// What went wrong here, and what would be right.
    detail: String,
    /// The scopes that the token lacks, separated by spaces.
    scope: Option<String>,
    /// The id of the request, as in the log and the header `X-Request-Id`.
    request_id: Option<String>,
    /// One entry for each field that is not valid.
    errors: Option<Vec<FieldProblem>>,
    /// After how many seconds to try again: a header of the answer.
    #[oai(skip)]
    retry_after: Option<u64>,
}

/// A field that is not valid.
#[derive(Object, Clone, Debug, PartialEq, Eq)]
pub(in crate::api) struct FieldProblem {
    /// The field, as a path within the body, or a parameter's name.
    pub field: String,
    /// What it should be.
    pub detail: String,
}

impl Problem {
    pub(in crate::api) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let kind = ProblemKind::of_status(status.as_u16());
        Self {
            kind: kind.name().to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            scope: None,
            request_id: None,
            errors: None,
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    /// What a guard refuses.
    pub(in crate::api) fn denied(status: StatusCode, denied: &Denied) -> Self {
        let (kind, scope) = match denied {
            Denied::NoToken => (ProblemKind::TokenRequired, None),
            Denied::InsufficientScope(needed) => {
                (ProblemKind::InsufficientScope, Some(needed.to_string()))
            }
            _ => (ProblemKind::of_status(status.as_u16()), None),
        };
        Self {
            kind: kind.name().to_owned(),
            scope,
            ..Self::new(status, denied.to_string())
        }
    }

    /// Somebody lacks scopes that they would give or touch.
    pub(in crate::api) fn beyond(detail: String, lacking: &ScopeSet) -> Self {
        Self {
            scope: Some(lacking.to_string()),
            ..Self::new(StatusCode::FORBIDDEN, detail)
        }
    }

    /// The same with the whole address of its kind's page, which is below that of the server.
    pub(in crate::api) fn at(self, issuer: &str) -> Self {
        Self {
            kind: format!("{issuer}{}/{}", ProblemKind::PATH, self.kind),
            ..self
        }
    }

    /// The same with the id of the request at hand.
    pub(in crate::api) fn of_this_request(self) -> Self {
        Self {
            request_id: RequestContext::current().map(|request| request.id.to_string()),
            ..self
        }
    }

    /// Why, for the audit log, where somebody asked for what is not theirs.
    pub(in crate::api) fn offence(&self) -> Option<String> {
        let is_one =
            matches!(self.status, 401 | 403) && self.kind != ProblemKind::TokenRequired.name();
        is_one.then(|| match &self.scope {
            Some(scope) if !self.detail.contains(scope) => format!("{} ({scope})", self.detail),
            _ => self.detail.clone(),
        })
    }

    /// What went wrong here.
    pub(in crate::api) fn detail(&self) -> &str {
        &self.detail
    }

    /// A body or a parameter that can be read and does not fit.
    pub(in crate::api) fn unfit(errors: Vec<FieldProblem>) -> Self {
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("these fields do not fit: {}", fields.join(", "));
        Self {
            errors: Some(errors),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// Too many attempts have failed.
    pub(in crate::api) fn throttled(throttled: Throttled) -> Self {
        Self {
            retry_after: Some(throttled.retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, throttled.to_string())
        }
    }

    /// After how many seconds to try again.
    pub(in crate::api) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub(in crate::api) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A problem gets its body and its headers on its way out ([`super::errors::Answers`]),
/// where the address of the server is known, and the shape of the operation's errors.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let mut error = Self::from_status(problem.status());
        error.set_data(problem);
        error
    }
}

/// The error of an operation, with the statuses that are its own: what every
/// operation of a kind can answer is added where the document is written.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
pub(in crate::api) struct Failure<const A: u16, const B: u16 = 0, const C: u16 = 0>(Box<Problem>);

impl<const A: u16, const B: u16, const C: u16> From<Problem> for Failure<A, B, C> {
    fn from(problem: Problem) -> Self {
        Self(problem.into())
    }
}

impl<const A: u16, const B: u16, const C: u16> From<Failure<A, B, C>> for poem::Error {
    fn from(failure: Failure<A, B, C>) -> Self {
        (*failure.0).into()
    }
}

impl<const A: u16, const B: u16, const C: u16> ApiResponse for Failure<A, B, C> {
    fn meta() -> MetaResponses {
        let statuses = [A, B, C].into_iter().filter(|status| *status != 0);
        MetaResponses {
            responses: statuses.map(meta_of).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

/// An error response in the document.
pub(in crate::api) fn meta_of(status: u16) -> MetaResponse {
    MetaResponse {
        description: describe(status),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: CONTENT_TYPE,
            schema: Problem::schema_ref(),
        }],
        headers: vec![],
    }
}

/// What a status means, for the document.
pub(in crate::api) fn describe(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "The token is missing or not valid (RFC 6750)",
        403 => "The token lacks a scope, or may not do this (RFC 6750)",
        404 => "Not found",
        405 => "The method is not one of this path",
        409 => "It conflicts with something that exists",
        413 => "The body is larger than 64 KiB",
        415 => "The media type of the body is not supported",
        422 => "The request is well formed but not valid",
        429 => "Too many attempts failed: try again later",
        503 => "The server is overloaded, or its database cannot be reached: try again later",
        _ => "An error",
    }
}
