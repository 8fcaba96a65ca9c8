//! The body of a request, which has to arrive in time.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Awaited;

/// Set once a body was not read in time.
#[derive(Clone, Default)]
pub(super) struct Late(Arc<AtomicBool>);

impl Late {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A body that fails when the client keeps the reader waiting past a deadline.
/// What has arrived can be read even then.
pub(super) struct TimedBody {
    body: Incoming,
    deadline: Instant,
    /// Made when the reader first has to wait, which most never do.
    timer: Option<Pin<Box<Sleep>>>,
    late: Late,
    /// Until all of it has arrived.
    awaited: Option<Awaited>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming, deadline: Instant, awaited: Awaited) -> (Self, Late) {
        let late = Late::default();
        let body = Self {
            body,
            deadline,
            timer: None,
            late: late.clone(),
            awaited: Some(awaited),
        };
        (body, late)
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if frame.is_none() || this.body.is_end_stream() {
                this.awaited = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let deadline = this.deadline;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        timer.as_mut().poll(cx).map(|()| {
            this.late.0.store(true, Ordering::Release);
            Some(Err(io::ErrorKind::TimedOut.into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
