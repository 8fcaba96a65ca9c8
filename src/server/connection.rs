//! One connection, from its first byte to its last.

use std::{convert::Infallible, fmt, net::SocketAddr, pin::pin, sync::Arc};

use http_body_util::BodyExt;
use hyper::{
    body::{Body as _, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use poem::{
    Addr, Body, Request, RequestParts, Response,
    endpoint::BoxEndpoint,
    http::{
        StatusCode, Version, header,
        uri::{Authority, Scheme},
    },
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::{
    Limits,
    activity::{Activity, Mood, Visit},
    body::{Late, TimedBody},
    wire::{Protocol, Wire, open},
};

/// The smallest that hyper allows for its buffer.
const LEAST_BUFFER: usize = 8192;

/// What all connections share.
pub(super) struct Server {
    endpoint: BoxEndpoint<'static>,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Server {
    pub(super) fn new(
        endpoint: BoxEndpoint<'static>,
        limits: Limits,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        Self {
            http1: http1(&limits),
            http2: http2(&limits),
            endpoint,
            limits,
            tls,
        }
    }

    /// Serves a connection until it ends, or until `stopping` changes and what
    /// was begun is finished.
    pub(super) async fn serve(
        self: Arc<Self>,
        tcp: TcpStream,
        peer: SocketAddr,
        activity: &Arc<Activity>,
        mut stopping: watch::Receiver<()>,
    ) {
        let here = Ends {
            local: tcp.local_addr().map(Addr::from).map(LocalAddr),
            peer: RemoteAddr(peer.into()),
            scheme: match self.tls {
                Some(_) => Scheme::HTTPS,
                None => Scheme::HTTP,
            },
        };
        let accepted = Instant::now();
        match &self.tls {
            None => {
                let opening = timeout(self.limits.request_time, open(&tcp));
                let opening = tokio::select! {
                    opening = opening => opening,
                    _ = stopping.changed() => return,
                };
                let Ok(Ok(opening)) = opening else {
                    return debug!(%peer, "closed: nothing was sent");
                };
                let protocol = opening.protocol;
                let wire = self.wire(tcp, protocol, activity).opened(opening);
                self.converse(wire, protocol, here, activity, accepted, stopping)
                    .await;
            }
            Some(tls) => {
                let handshake = timeout(self.limits.handshake_time, tls.accept(tcp));
                let handshake = tokio::select! {
                    handshake = handshake => handshake,
                    _ = stopping.changed() => return,
                };
                let stream = match handshake {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(error)) => return debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => return debug!(%peer, "TLS handshake took too long"),
                };
                let protocol = match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => Protocol::Http2,
                    _ => Protocol::Http1,
                };
                let opened = Instant::now();
                activity.request_begins(opened);
                let wire = self.wire(stream, protocol, activity);
                self.converse(wire, protocol, here, activity, opened, stopping)
                    .await;
            }
        }
    }

    fn wire<S>(&self, stream: S, protocol: Protocol, activity: &Arc<Activity>) -> Wire<S> {
        Wire::new(stream, protocol, activity.clone(), &self.limits)
    }

    async fn converse<S>(
        self: &Arc<Self>,
        wire: Wire<S>,
        protocol: Protocol,
        ends: Ends,
        activity: &Arc<Activity>,
        opened: Instant,
        stopping: watch::Receiver<()>,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(wire);
        let service = service_fn({
            let server = self.clone();
            let ends = Arc::new(ends);
            let activity = Arc::clone(activity);
            move |request: hyper::Request<Incoming>| {
                let visit = activity.enter();
                let version = request.version();
                // What waits for the answer has no room for the request, which would be copied.
                let received = server.received(request, &ends, &visit);
                let server = Arc::clone(&server);
                async move {
                    let _ends_with_the_answer = visit;
                    let (request, late) = match received {
                        Ok(received) => received,
                        Err(BadHead(detail)) => {
                            let refusal = refusal(version, StatusCode::BAD_REQUEST, detail);
                            return Ok::<_, Infallible>(refusal.into());
                        }
                    };
                    let answer = server.endpoint.call(request).await;
                    if late.is_some_and(|late| late.is_set()) {
                        let detail = "The request did not arrive in time.";
                        let refusal = refusal(version, StatusCode::REQUEST_TIMEOUT, detail);
                        return Ok(refusal.into());
                    }
                    let response = answer.unwrap_or_else(poem::Error::into_response);
                    Ok(response.into())
                }
            }
        });
        let watched = Watched {
            activity: Arc::clone(activity),
            opened,
            limits: &self.limits,
            stopping,
        };
        match protocol {
            Protocol::Http1 => {
                watched
                    .drive(self.http1.serve_connection(io, service))
                    .await;
            }
            Protocol::Http2 => {
                watched
                    .drive(self.http2.serve_connection(io, service))
                    .await;
            }
        }
    }

    /// A request for the endpoint, and the mark of one whose body does not arrive in time; or
    /// what is wrong with its head.
    fn received(
        &self,
        request: hyper::Request<Incoming>,
        ends: &Ends,
        visit: &Visit,
    ) -> Result<(Request, Option<Late>), BadHead> {
        let (parts, body) = request.into_parts();
        let version = parts.version;
        if visit.has_two_lengths {
            return Err(BadHead("Content-Length stands beside Transfer-Encoding."));
        }
        if let Some(problem) = host_problem(&parts) {
            return Err(BadHead(problem));
        }
        let (body, late) = if body.is_end_stream() {
            (Body::empty(), None)
        } else {
            let began = match version {
                Version::HTTP_2 => Instant::now(),
                _ => visit.began,
            };
            let deadline = began + self.limits.request_time;
            let (body, late) = TimedBody::new(body, deadline, visit.awaits_body());
            (Body::from(body.boxed()), Some(late))
        };
        let local = match &ends.local {
            Ok(local) => local.clone(),
            Err(_) => LocalAddr::default(),
        };
        let parts = RequestParts::from((parts, local, ends.peer.clone(), ends.scheme.clone()));
        Ok((Request::from_parts(parts, body), late))
    }
}

/// What is wrong with the head of a request.
struct BadHead(&'static str);

/// What is wrong with the `Host` of a request (RFC 9112 §3.2): HTTP/1.1 has exactly one.
fn host_problem(parts: &hyper::http::request::Parts) -> Option<&'static str> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Some("There must be one Host header.");
    }
    match host {
        None if parts.version == Version::HTTP_11 => Some("The Host header is missing."),
        None => None,
        Some(host) => {
            let authority = Authority::try_from(host.as_bytes());
            let is_host = authority.is_ok_and(|host| !host.as_str().contains('@'));
            (!is_host).then_some("The Host header is not a host with or without a port.")
        }
    }
}

/// Who talks to whom.
struct Ends {
    local: std::io::Result<LocalAddr>,
    peer: RemoteAddr,
    scheme: Scheme,
}

/// A connection's timer.
struct Watched<'a> {
    activity: Arc<Activity>,
    opened: Instant,
    limits: &'a Limits,
    stopping: watch::Receiver<()>,
}

impl Watched<'_> {
    async fn drive<C>(mut self, connection: C)
    where
        C: GracefulConnection<Error: fmt::Display>,
    {
        let patience = self.limits.request_time;
        let mut connection = pin!(connection);
        let mut look_again = self.opened + patience;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    return if let Err(error) = ended {
                        debug!(%error, "connection ended");
                    };
                }
                _ = self.stopping.changed() => break,
                () = sleep_until(look_again) => match self.activity.mood() {
                    Mood::Unused => return debug!("closed: no request in time"),
                    Mood::Busy => look_again = Instant::now() + patience,
                    Mood::Quiet(since) if since + patience <= Instant::now() => break,
                    Mood::Quiet(since) => look_again = since + patience,
                },
            }
        }

        connection.as_mut().graceful_shutdown();
        match timeout(self.limits.drain_time, connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "connection ended"),
            Err(_) => debug!("closed: unfinished when the drain time was over"),
        }
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1
        // Slow clients are the business of [`Watched`], whose timer is not set anew for each
        // request.
        .header_read_timeout(None)
        // Answers are small, and cheaper to copy into one piece than to send in two.
        .writev(false)
        .max_header_size(limits.header_bytes)
        // hyper reads ahead of what it parses, so the buffer is the larger.
        .max_buf_size(LEAST_BUFFER.max(limits.header_bytes.saturating_mul(2)));
    http1
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams)
        // Rapid reset: streams that a client opens and cancels at once
        // (CVE-2023-44487), or makes the server cancel (CVE-2025-8671).
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .max_send_buf_size(64 * 1024)
        .keep_alive_interval(limits.request_time)
        .keep_alive_timeout(limits.request_time);
    http2
}

/// RFC 9457 problem details, and the end of the connection.
fn refusal(version: Version, status: StatusCode, detail: &str) -> Response {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/problem+json");
    // HTTP/2 has no such field (RFC 9113 §8.2.2); there the stream ends.
    if version < Version::HTTP_2 {
        response = response.header(header::CONNECTION, "close");
    }
    response.body(problem.to_string())
}
