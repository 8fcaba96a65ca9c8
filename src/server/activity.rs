//! What a connection is doing, as its timers have to know.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Shared by a connection's transport, its service and its timer.
pub(super) struct Activity(Mutex<State>);

struct State {
    in_progress: usize,
    /// Of those, whose body has not arrived in full.
    awaited: usize,
    used: bool,
    quiet_since: Instant,
    first_byte: Instant,
    two_lengths: bool,
}

/// A connection, as the timer finds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// No request has arrived yet.
    Unused,
    /// A request is being handled.
    Busy,
    /// The last request was handled then.
    Quiet(Instant),
}

/// A request in progress; it ends when this is dropped.
pub(super) struct Visit {
    activity: Arc<Activity>,
    /// When the first byte of the request arrived. On HTTP/2, where requests
    /// share the transport, the first byte of the latest.
    pub(super) began: Instant,
    /// Whether its head says in two ways how long the body is.
    pub(super) has_two_lengths: bool,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            in_progress: 0,
            awaited: 0,
            used: false,
            quiet_since: now,
            first_byte: now,
            two_lengths: false,
        })))
    }

    /// Notes when the first byte of a request arrived.
    pub(super) fn request_begins(&self, at: Instant) {
        self.state().first_byte = at;
    }

    /// Notes that the request which begins has two lengths.
    pub(super) fn request_has_two_lengths(&self) {
        self.state().two_lengths = true;
    }

    /// Notes that a request's head is complete and its handling begins.
    pub(super) fn enter(self: &Arc<Self>) -> Visit {
        let mut state = self.state();
        state.in_progress += 1;
        state.used = true;
        Visit {
            activity: self.clone(),
            began: state.first_byte,
            has_two_lengths: state.two_lengths,
        }
    }

    pub(super) fn mood(&self) -> Mood {
        let state = self.state();
        match (state.used, state.in_progress) {
            (false, _) => Mood::Unused,
            (true, 0) => Mood::Quiet(state.quiet_since),
            (true, _) => Mood::Busy,
        }
    }

    /// Since when the server has been waiting for the client, unless it is at work.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state();
        match state.in_progress {
            0 => Some(state.quiet_since),
            in_progress if in_progress == state.awaited => Some(state.first_byte),
            _ => None,
        }
    }

    /// The state is whole between any two statements, so a panic elsewhere
    /// while it was locked does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that has not arrived in full; it has when this is dropped.
pub(super) struct Awaited(Arc<Activity>);

impl Visit {
    /// Notes that the request has a body that is still to come.
    pub(super) fn awaits_body(&self) -> Awaited {
        self.activity.state().awaited += 1;
        Awaited(Arc::clone(&self.activity))
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.state().awaited -= 1;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.in_progress -= 1;
        state.quiet_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_busy_while_a_visit_lasts() {
        let activity = Activity::new(Instant::now());
        assert_eq!(activity.mood(), Mood::Unused);

        let visit = activity.enter();
        assert_eq!(activity.mood(), Mood::Busy);

        drop(visit);
        assert!(matches!(activity.mood(), Mood::Quiet(_)));
    }
}
