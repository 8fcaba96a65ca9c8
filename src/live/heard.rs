//! Which changes of the log a server has applied.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::store::{self, Change, Store};

/// How long a number that is missing is waited for. Its change may not be committed yet,
/// which no transaction leaves open for so long; after that it never will be.
const WAIT: Duration = Duration::from_mins(5);

/// The numbers of the applied changes: all up to one, and others beyond it.
pub(super) struct Heard {
    up_to: i64,
    beyond: BTreeSet<i64>,
    /// Since when the number behind `up_to` is missing, while others beyond it are there.
    missing_since: Option<Instant>,
}

impl Heard {
    /// What whoever loads everything from now on knows already. The changes that are
    /// under way are not among it.
    pub async fn before_loading(store: &Store) -> Result<Self, store::Error> {
        let latest = store.latest_change().await?;
        let up_to = (latest - store.uncommitted_changes()).max(0);
        let seen = store.changes_after(up_to).await?;
        let mut heard = Self {
            up_to,
            beyond: BTreeSet::new(),
            missing_since: None,
        };
        heard.note(&seen, latest, Instant::now());
        Ok(heard)
    }

    /// The number up to which every change was applied.
    pub fn up_to(&self) -> i64 {
        self.up_to
    }

    /// Whether there is nothing else up to a number.
    pub fn has_all_up_to(&self, latest: i64) -> bool {
        self.up_to >= latest
    }

    /// Leaves those that were not applied yet.
    pub fn leave_unseen(&self, changes: &mut Vec<Change>) {
        changes.retain(|change| !self.beyond.contains(&change.seq));
    }

    /// Whether the next number is missing, and that is new.
    pub fn misses_the_next(&self, changes: &[Change]) -> bool {
        let next = self.up_to + 1;
        self.missing_since.is_none() && changes.iter().all(|change| change.seq != next)
    }

    /// Notes that changes were applied, of those up to the latest number that was given.
    pub fn note(&mut self, applied: &[Change], latest: i64, now: Instant) {
        self.beyond.extend(applied.iter().map(|change| change.seq));
        let before = self.up_to;
        self.join();
        let waited = self.missing_since.filter(|_| before == self.up_to);
        if waited.is_some_and(|since| now.duration_since(since) > WAIT) {
            self.up_to = self.beyond.first().map_or(latest, |first| first - 1);
            self.join();
        }
        let is_missing = !self.has_all_up_to(latest);
        let waited = waited.filter(|_| before == self.up_to);
        self.missing_since = is_missing.then(|| waited.unwrap_or(now));
    }

    /// Goes on as far as there is no gap.
    fn join(&mut self) {
        while self.beyond.first() == Some(&(self.up_to + 1)) {
            self.beyond.pop_first();
            self.up_to += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(numbers: &[i64]) -> Vec<Change> {
        let change = |seq: &i64| Change {
            seq: *seq,
            kind: Change::USER.to_owned(),
            key: String::new(),
        };
        numbers.iter().map(change).collect()
    }

    fn at_ten() -> Heard {
        Heard {
            up_to: 10,
            beyond: BTreeSet::new(),
            missing_since: None,
        }
    }

    #[test]
    fn a_number_that_comes_late_is_waited_for_and_none_is_applied_twice() {
        let (mut heard, now) = (at_ten(), Instant::now());
        let mut first = changes(&[11, 13, 14]);
        heard.leave_unseen(&mut first);
        assert_eq!(first.len(), 3);
        assert!(!heard.misses_the_next(&first));
        heard.note(&first, 14, now);
        assert_eq!(heard.up_to(), 11);
        assert!(!heard.has_all_up_to(14));

        let mut second = changes(&[12, 13, 14]);
        heard.leave_unseen(&mut second);
        assert_eq!(second, changes(&[12]));
        heard.note(&second, 14, now);
        assert!(heard.has_all_up_to(14));
    }

    #[test]
    fn a_number_whose_transaction_failed_is_given_up() {
        let (mut heard, now) = (at_ten(), Instant::now());
        assert!(heard.misses_the_next(&changes(&[12])));
        heard.note(&changes(&[12]), 13, now);
        assert!(!heard.misses_the_next(&[]), "that it is missing is known");
        heard.note(&[], 13, now + WAIT);
        assert_eq!(heard.up_to(), 10);
        let later = now + WAIT + Duration::from_secs(1);
        heard.note(&[], 13, later);
        assert_eq!(heard.up_to(), 12);
        // Each is waited for separately.
        heard.note(&[], 13, later + WAIT);
        assert_eq!(heard.up_to(), 12);
        heard.note(&[], 13, later + WAIT + Duration::from_secs(1));
        assert!(heard.has_all_up_to(13));
    }
}
