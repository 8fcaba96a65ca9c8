//! The listener: accepts connections, speaks HTTP/1.1 and HTTP/2 on them, and
//! keeps slow or greedy clients from harming the others.
//!
//! poem's own server sets no timer, so that half a header or half a body holds
//! its connection for ever. Here each stage has its time ([`Limits`]):
//!
//! | a client that | gets |
//! | --- | --- |
//! | sends nothing, or half a header, however slowly | closed after `request_time`, without an answer |
//! | is silent in the TLS handshake | closed after `handshake_time` |
//! | sends half a body | 408 at `request_time` after the first byte of the request, and closed |
//! | sends more header than `header_bytes` | 431 |
//! | rests after an answer | closed after `request_time`; on HTTP/2, GOAWAY first |
//! | does not read its response | closed after `request_time` and `drain_time` |
//! | opens and resets HTTP/2 streams | GOAWAY |
//! | keeps a connection open for a request to come, where all connections are taken | closed, the one that has waited longest first |
//!
//! The 408 takes the place of whatever the endpoint made of the body's error,
//! so no handler has to know of it. A response has `request_time` and
//! `drain_time` together to reach its reader: enough for pages and documents,
//! not for a stream without end.
//!
//! With TLS the protocol is what ALPN chose; without, HTTP/2 is understood from
//! clients that begin with it (prior knowledge).

mod activity;
mod body;
mod connection;
mod framing;
mod limits;
mod seats;
mod tls;
mod wire;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use poem::endpoint::BoxEndpoint;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tracing::{debug, error, info, warn};

use self::{connection::Server, seats::Seats};
pub use self::{
    limits::Limits,
    tls::{Tls, TlsError},
};

/// How many connections may wait to be accepted. The usual 128 overflow in a
/// burst, and a client whose connection is dropped tries again after a second.
const BACKLOG: u32 = 4096;

/// Listens on an address, with room for a burst of connections. It has to be
/// called within a tokio runtime.
///
/// # Errors
///
/// If the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart need not wait for the last server's connections to time out.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `endpoint` on `listener` until `shutdown` completes. Requests that
/// are in progress then are finished, within [`Limits::drain_time`].
///
/// # Errors
///
/// If the listener is of no use. That one connection cannot be accepted, or
/// that file descriptors have run out, is survived.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    endpoint: BoxEndpoint<'static>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut helpers = JoinSet::new();
    let acceptor = tls.map(|tls| {
        let acceptor = tls.acceptor();
        helpers.spawn(Arc::new(tls).follow());
        acceptor
    });
    let server = Server::new(endpoint, limits.clone(), acceptor);
    let (stop, _) = watch::channel(());
    let mut connections = JoinSet::new();

    let accepting = accept(listener, Arc::new(server), &limits, &stop, &mut connections);
    tokio::select! {
        failed = accepting => failed?,
        () = shutdown => {}
    }

    info!(connections = connections.len(), "finishing requests");
    stop.send_replace(());
    let drained = timeout(limits.drain_time, async {
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    });
    if drained.await.is_err() {
        warn!(connections = connections.len(), "cut off at shutdown");
    }
    connections.shutdown().await;
    Ok(())
}

/// Accepts connections until that cannot be done at all.
async fn accept(
    listener: TcpListener,
    server: Arc<Server>,
    limits: &Limits,
    stop: &watch::Sender<()>,
    connections: &mut JoinSet<()>,
) -> io::Result<()> {
    let mut trouble = Trouble::default();
    let seats = Arc::new(Seats::default());
    // A newcomer is let in before somebody is asked to leave.
    let most = limits.connections.saturating_add(1);
    loop {
        tokio::select! {
            Some(ended) = connections.join_next() => note_panic(ended),
            accepted = trouble.accept(&listener), if connections.len() < most => {
                if let Some((tcp, peer)) = trouble.check(accepted)? {
                    // Answers are small and written whole: waiting to fill a
                    // segment would only delay them. A socket that refuses
                    // works all the same.
                    let _ = tcp.set_nodelay(true);
                    let (server, seat) = (Arc::clone(&server), seats.take());
                    let stopping = stop.subscribe();
                    connections.spawn(async move {
                        tokio::select! {
                            () = server.serve(tcp, peer, &seat.activity, stopping) => {}
                            () = seat.called_away() => {
                                debug!(%peer, "closed: the connection is needed for another client");
                            }
                        }
                    });
                    // Some at once, since to find them all have to be looked at.
                    seats.call_away(1 + limits.connections / 64, limits.connections);
                }
            }
        }
    }
}

fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        error!("a request handler panicked; its connection was closed");
    }
}

type Accepted = (TcpStream, SocketAddr);

/// An episode of `accept()` failing, as when file descriptors have run out:
/// waits longer each time, and is logged once.
#[derive(Default)]
struct Trouble(Option<Pause>);

struct Pause {
    length: Duration,
    until: Instant,
}

impl Trouble {
    const SHORTEST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_millis(500);

    async fn accept(&self, listener: &TcpListener) -> io::Result<Accepted> {
        if let Some(pause) = &self.0 {
            sleep_until(pause.until).await;
        }
        listener.accept().await
    }

    fn check(&mut self, accepted: io::Result<Accepted>) -> io::Result<Option<Accepted>> {
        match accepted {
            Ok(accepted) => {
                if self.0.take().is_some() {
                    info!("connections are accepted again");
                }
                Ok(Some(accepted))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(error),
            Err(error) if is_of_one_connection(&error) => Ok(None),
            Err(error) => {
                self.pause(&error);
                Ok(None)
            }
        }
    }

    fn pause(&mut self, error: &io::Error) {
        let length = if let Some(pause) = &self.0 {
            Self::LONGEST.min(pause.length * 2)
        } else {
            error!(%error, "cannot accept connections; trying again");
            Self::SHORTEST
        };
        let until = Instant::now() + length;
        self.0 = Some(Pause { length, until });
    }
}

/// Whether the failure was of the connection being accepted (`accept(2)`), so
/// that the next may well succeed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | ConnectionRefused
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECONNABORTED: i32 = 103;
    const EMFILE: i32 = 24;

    fn failed(errno: i32) -> io::Result<Accepted> {
        Err(io::Error::from_raw_os_error(errno))
    }

    #[test]
    fn a_connection_that_was_aborted_is_skipped_at_once() {
        let mut trouble = Trouble::default();
        assert!(matches!(trouble.check(failed(ECONNABORTED)), Ok(None)));
        assert!(trouble.0.is_none());
    }

    #[test]
    fn running_out_of_descriptors_is_waited_out_ever_longer() {
        let mut trouble = Trouble::default();
        let waits = [50, 100, 200, 400, 500, 500].map(Duration::from_millis);
        for wait in waits {
            assert!(matches!(trouble.check(failed(EMFILE)), Ok(None)));
            assert_eq!(trouble.0.as_ref().map(|pause| pause.length), Some(wait));
        }
    }
}
