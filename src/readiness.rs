//! Whether the server is ready for requests: asked for often, by load balancers.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use crate::store::Store;

/// For how long it stays true that the database could be written: each try is a write.
const WRITE_HOLDS: Duration = Duration::from_secs(5);

/// What is known of it.
#[derive(Default)]
pub struct Readiness {
    is_stopping: AtomicBool,
    written: Mutex<Option<Instant>>,
}

impl Readiness {
    /// Whether the server is not about to stop, and its database can be written.
    pub async fn is_given(&self, store: &Store) -> bool {
        if self.is_stopping() {
            return false;
        }
        let mut written = self.written.lock().await;
        if written.is_some_and(|at| at.elapsed() < WRITE_HOLDS) {
            return true;
        }
        let tried = store.try_writing().await;
        *written = tried.is_ok().then(Instant::now);
        if let Err(error) = &tried {
            tracing::warn!(%error, "not ready: the database cannot be written");
        }
        tried.is_ok()
    }

    /// Whether the server is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// The server is about to stop: send it no further requests.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }
}
