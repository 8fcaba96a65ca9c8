//! What a connection may take of the server.

use std::time::Duration;

/// How much and how long a client may occupy the server. The default is what
/// the contract promises (§5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The request line and header fields of one request, in bytes; more is
    /// answered with 431. HTTP/1.1 refuses over 100 fields as well.
    pub header_bytes: usize,
    /// From a request's first byte to its last. It is also how long a
    /// connection may rest without a request: before the first one and, as
    /// keep-alive, between two. A proxy in front should keep idle connections
    /// for less.
    pub request_time: Duration,
    /// From the connection to the end of the TLS handshake.
    pub handshake_time: Duration,
    /// How long what was begun may take to finish: at shutdown, and for a
    /// response whose reader is slow, once `request_time` has passed.
    pub drain_time: Duration,
    /// How long a closed connection still takes in what the client was
    /// sending, so that the client gets to read the answer.
    pub linger_time: Duration,
    /// Open connections. At the bound a newcomer takes the place of the one that
    /// the server has waited for longest; where all are at work, newcomers wait in
    /// the kernel's queue. Keep it under the limit of file descriptors, of which the
    /// database needs some.
    pub connections: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 * 1024,
            request_time: Duration::from_secs(10),
            handshake_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(20),
            linger_time: Duration::from_millis(500),
            connections: 10_000,
            streams: 100,
        }
    }
}
