//! What the time of a request goes to, as spans of OpenTelemetry.
//!
//! They have a target of their own, to which only the exporter of the feature `otlp`
//! listens: without it, a span costs the reading of a flag.

use std::net::IpAddr;

use poem::http::{HeaderMap, Method, StatusCode};
use tracing::{Level, Span, field::Empty, trace_span};

/// The target of every span.
pub const TARGET: &str = "scopegate::traces";

/// The whole of a request, by OpenTelemetry's conventions for HTTP servers.
///
/// `route` gives the path as the document has it: paths themselves have names in them.
pub(crate) fn of_request(
    method: &Method,
    route: impl FnOnce() -> Option<String>,
    id: &str,
    client: IpAddr,
) -> Span {
    if !tracing::enabled!(target: TARGET, Level::TRACE) {
        return Span::none();
    }
    let (method, route) = (standard(method), route());
    let name = match &route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    trace_span!(
        target: TARGET,
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        client.address = %client,
        request_id = id,
    )
}

/// A method that is known, or what stands for one that is not.
fn standard(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "_OTHER",
    }
}

/// Takes note of how a request was answered.
pub(crate) fn answered(request: &Span, status: StatusCode) {
    request.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        request.record("otel.status_code", "ERROR");
    }
}

/// A part of a request's work; nothing where no request is worked on.
pub(crate) fn part(name: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    trace_span!(target: TARGET, "part", otel.name = name)
}

/// Makes the span of a request part of the trace that its sender has begun (W3C Trace Context).
#[cfg(feature = "otlp")]
pub(crate) fn join_sender(request: &Span, headers: &HeaderMap) {
    use opentelemetry::propagation::TextMapPropagator;
    use opentelemetry_http::HeaderExtractor;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let sender = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if let Err(error) = request.set_parent(sender) {
        tracing::debug!(%error, "the sender's trace cannot be joined");
    }
}

/// There is nothing to join without an exporter.
#[cfg(not(feature = "otlp"))]
pub(crate) fn join_sender(_: &Span, _: &HeaderMap) {}
