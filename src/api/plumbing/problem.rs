//! Problem details (RFC 9457), the shape of every error outside OAuth.

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};

use crate::throttle::Throttled;

pub(in crate::api) const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong (RFC 9457).
#[derive(Object, Debug)]
#[oai(skip_serializing_if_is_none)]
pub(in crate::api) struct Problem {
    /// A URI that names the kind of problem.
    #[oai(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status code.
    status: u16,
    /// What went wrong here, and what would be right.
    detail: String,
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
        Self {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: None,
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
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

    /// Too many tries have failed.
    pub(in crate::api) fn throttled(throttled: Throttled) -> Self {
        Self {
            retry_after: Some(throttled.retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, throttled.to_string())
        }
    }

    fn response(&self) -> Response {
        let mut response = Response::builder()
            .status(self.status())
            .content_type(CONTENT_TYPE);
        if let Some(seconds) = self.retry_after {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        response.body(self.to_json_string())
    }

    pub(in crate::api) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response()
    }
}

/// The error of an operation, with the statuses that are its own: what every
/// operation of a kind can answer is added where the document is written.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
pub(in crate::api) struct Failure<const A: u16, const B: u16 = 0, const C: u16 = 0>(pub Problem);

impl<const A: u16, const B: u16, const C: u16> ResponseError for Failure<A, B, C> {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn as_response(&self) -> Response {
        self.0.response()
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
        401 => "There is no token, or it is not valid (RFC 6750)",
        403 => "The token lacks a scope, or may not do this (RFC 6750)",
        404 => "Not found",
        405 => "The method is not one of this path",
        409 => "It conflicts with something that exists",
        413 => "The body is larger than 64 KiB",
        415 => "The media type of the body is not supported",
        422 => "The request is well formed but not valid",
        429 => "Too many attempts failed: try again later",
        503 => "The server is overloaded, or its database is away: try again later",
        _ => "An error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_come_back_later_is_told_when() {
        let unavailable = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy");
        for response in [
            unavailable().into_response(),
            Failure::<503>(unavailable()).as_response(),
        ] {
            assert_eq!(response.header(header::RETRY_AFTER), Some("1"));
        }
    }
}
