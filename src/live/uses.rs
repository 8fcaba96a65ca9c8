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

    /// What is not written yet, by id: servers that write the uses of the same tokens at
    /// once lock their rows in one order. Forgets tokens that have expired.
    pub(super) fn take_unwritten(&self, now: i64) -> Vec<(String, i64)> {
        let mut uses = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let unwritten = uses.iter().filter_map(|(id, token)| {
            let last = token.last.load(Ordering::Relaxed);
            (token.written.swap(last, Ordering::Relaxed) != last).then(|| (id.to_string(), last))
        });
        let mut unwritten: Vec<(String, i64)> = unwritten.collect();
        unwritten.sort_unstable();
        uses.retain(|_, token| token.expires_at > now);
        unwritten
    }

    /// Takes back what could not be written: it is unwritten again.
    pub(super) fn put_back(&self, unwritten: &[(String, i64)]) {
        let uses = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ids = unwritten.iter().filter_map(|(id, _)| id.parse().ok());
        for token in ids.filter_map(|id: Uuid| uses.get(&id)) {
            token.written.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_written_once_and_in_the_order_of_the_ids() {
        let uses = Uses::default();
        let ids: Vec<Uuid> = (0..100).map(|_| Uuid::new_v4()).collect();
        for id in &ids {
            uses.watch(*id, 1_000);
            uses.note(id, 10);
        }
        let taken = uses.take_unwritten(20);
        assert_eq!(taken.len(), 100);
        assert!(taken.is_sorted());
        assert!(uses.take_unwritten(20).is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_written_the_next_time() {
        let uses = Uses::default();
        let id = Uuid::now_v7();
        uses.watch(id, 1_000);
        uses.note(&id, 10);
        let taken = uses.take_unwritten(20);
        uses.put_back(&taken);
        assert_eq!(uses.take_unwritten(20), taken);
    }
}
