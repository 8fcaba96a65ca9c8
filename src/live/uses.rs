//! When personal tokens were used last: noted in memory, written now and then.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use uuid::Uuid;

/// The personal tokens that are alive.
#[derive(Default)]
pub struct Uses(RwLock<HashMap<Uuid, Use>>);

struct Use {
    expires_at: i64,
    /// Seconds since 1970; 0 before the first use.
    last: AtomicI64,
    written: AtomicI64,
}

impl Uses {
    /// Begins to watch a token.
    pub(super) fn watch(&self, token_id: Uuid, expires_at: i64) {
        let fresh = Use {
            expires_at,
            last: AtomicI64::new(0),
            written: AtomicI64::new(0),
        };
        let mut uses = self.0.write().unwrap_or_else(PoisonError::into_inner);
        uses.entry(token_id).or_insert(fresh);
    }

    /// Notes that a token is used, if it is watched.
    pub fn note(&self, token_id: &Uuid, now: i64) {
        let uses = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = uses.get(token_id) {
            token.last.store(now, Ordering::Relaxed);
        }
    }

    /// What is not written yet. Forgets tokens that have expired.
    pub(super) fn take_unwritten(&self, now: i64) -> Vec<(String, i64)> {
        let mut uses = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let unwritten = uses.iter().filter_map(|(id, token)| {
            let last = token.last.load(Ordering::Relaxed);
            (token.written.swap(last, Ordering::Relaxed) != last).then(|| (id.to_string(), last))
        });
        let unwritten = unwritten.collect();
        uses.retain(|_, token| token.expires_at > now);
        unwritten
    }
}
