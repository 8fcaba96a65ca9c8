//! The transport under hyper: it notes when a request's first byte arrives, and
//! closes in a way that lets the client read the last answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use super::{Limits, activity::Activity, framing::Head};

/// What an HTTP/2 client with prior knowledge sends first (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much is taken in of what a client still sends after the answer.
const LINGER_BYTES: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// The first bytes of a connection, read to tell its protocol.
pub(super) struct Opening {
    pub(super) protocol: Protocol,
    pub(super) bytes: Bytes,
    pub(super) began: Instant,
}

/// Reads as much as it takes to tell HTTP/1.1 from HTTP/2.
pub(super) async fn open(tcp: &TcpStream) -> io::Result<Opening> {
    let mut read = [0; HTTP2_PREFACE.len()];
    let mut length = 0;
    let mut began = None;
    while length < read.len() && HTTP2_PREFACE.starts_with(&read[..length]) {
        tcp.readable().await?;
        match tcp.try_read(&mut read[length..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        began.get_or_insert_with(Instant::now);
    }
    let protocol = match read[..length] == *HTTP2_PREFACE {
        true => Protocol::Http2,
        false => Protocol::Http1,
    };
    Ok(Opening {
        protocol,
        bytes: Bytes::copy_from_slice(&read[..length]),
        began: began.unwrap_or_else(Instant::now),
    })
}

pub(super) struct Wire<S> {
    inner: S,
    /// Bytes that were read before hyper took over.
    opening: Bytes,
    activity: Arc<Activity>,
    /// The next byte to arrive is the first of a request.
    expecting: bool,
    /// The head of the request that arrives, on HTTP/1.1.
    head: Option<Head>,
    header_bytes: usize,
    linger_time: Duration,
    linger: Option<Linger>,
}

struct Linger {
    deadline: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<S> Wire<S> {
    pub(super) fn new(
        inner: S,
        protocol: Protocol,
        activity: Arc<Activity>,
        limits: &Limits,
    ) -> Self {
        Self {
            inner,
            head: (protocol == Protocol::Http1).then(Head::default),
            header_bytes: limits.header_bytes,
            opening: Bytes::new(),
            activity,
            expecting: true,
            linger_time: limits.linger_time,
            linger: None,
        }
    }

    /// A transport whose first bytes were read already.
    pub(super) fn opened(mut self, opening: Opening) -> Self {
        self.activity.request_begins(opening.began);
        self.look_at(&opening.bytes);
        Self {
            opening: opening.bytes,
            expecting: false,
            ..self
        }
    }

    fn look_at(&mut self, arrived: &[u8]) {
        let most = self.header_bytes;
        if let Some(head) = &mut self.head
            && head.takes(arrived, most)
        {
            self.activity.request_has_two_lengths();
        }
    }

    fn request_begins(&mut self) {
        self.expecting = false;
        self.activity.request_begins(Instant::now());
        if let Some(head) = &mut self.head {
            *head = Head::default();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.opening.is_empty() {
            let length = self.opening.len().min(buf.remaining());
            buf.put_slice(&self.opening[..length]);
            self.opening.advance(length);
            return Poll::Ready(Ok(()));
        }

        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if self.expecting && buf.filled().len() > before {
            self.request_begins();
        }
        self.look_at(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.expecting = true;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.expecting = true;
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// Ends the sending side, then takes in what the client still sends. To
    /// close with unread bytes would reset the connection, and the client
    /// could lose the 408, 413 or 431 that it was just sent (RFC 9112 §9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
        }
        let linger = this.linger.get_or_insert_with(|| Linger {
            deadline: Box::pin(sleep(this.linger_time)),
            bytes: 0,
        });

        let mut scrap = [0; 4096];
        while linger.bytes < LINGER_BYTES && linger.deadline.as_mut().poll(cx).is_pending() {
            let mut scrap = ReadBuf::new(&mut scrap);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut scrap)) {
                Ok(()) if !scrap.filled().is_empty() => linger.bytes += scrap.filled().len(),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
