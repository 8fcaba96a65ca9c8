//! Who holds a connection, and who gives one up where all are taken: those that the
//! server waits for, the longest first. Half a request, however many send one, never
//! keeps a newcomer waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};

use super::activity::Activity;

/// The connections that are open.
#[derive(Default)]
pub(super) struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, (Arc<Activity>, Arc<Notify>)>,
}

/// A connection's place; free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    pub(super) activity: Arc<Activity>,
    called: Arc<Notify>,
}

impl Seats {
    pub(super) fn take(self: &Arc<Self>) -> Seat {
        let (activity, called) = (Activity::new(Instant::now()), Arc::default());
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        let entry = (Arc::clone(&activity), Arc::clone(&called));
        taken.seats.insert(number, entry);
        Seat {
            seats: Arc::clone(self),
            number,
            activity,
            called,
        }
    }

    /// Calls away those that have been waited for longest, `count` at most, where `all`
    /// seats are taken by others than those who were called already: in a burst these leave
    /// later than newcomers arrive, and the last to come must not be called for them.
    pub(super) fn call_away(&self, count: usize, all: usize) {
        let mut taken = self.taken();
        if taken.seats.len() < all {
            return;
        }
        let mut waiting: Vec<(Instant, u64)> = taken
            .seats
            .iter()
            .filter_map(|(number, (activity, _))| Some((activity.waiting_since()?, *number)))
            .collect();
        waiting.sort_unstable();
        waiting.truncate(count);
        for (_, number) in &waiting {
            if let Some((_, called)) = taken.seats.remove(number) {
                called.notify_one();
            }
        }
    }

    /// The map is whole between any two calls, so a panic elsewhere does not spoil it.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Completes when the place is wanted for somebody else.
    pub(super) async fn called_away(&self) {
        self.called.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}
