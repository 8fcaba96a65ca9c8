//! Failed logins, and the addresses that users usually log in from.

use super::{Result, Store, commit, read};

/// A limit on what may fail within a window, as of now.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub now: i64,
    /// Its length in seconds.
    pub length: i64,
}

impl Window {
    fn start(self) -> i64 {
        self.now - self.length
    }
}

/// What became of a try that was to be counted.
#[derive(Clone, Copy, Debug)]
pub enum Counted {
    /// It was counted, in windows that began then, one a key.
    Yes { since: [i64; 2] },
    /// The limit is reached, until a window that began then is over.
    No { since: i64 },
    /// The limit is reached by tries that are still being checked.
    Undecided { since: i64 },
}

/// How a counted try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Failed,
    /// It takes its count back.
    Forgiven,
}

/// An address that a user has logged in from.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct UsualAddress {
    /// Tries that have failed since `since`.
    pub failures: i64,
    pub since: i64,
    /// When the user last logged in from there, give or take a day.
    pub seen_at: i64,
}

impl Store {
    /// Counts a try under two keys, each with its limit, or under neither.
    pub async fn count_try(&self, keys: [(&str, i64); 2], window: Window) -> Result<Counted> {
        let mut since = [0; 2];
        commit!(self, |transaction| {
            for (began, (key, limit)) in since.iter_mut().zip(keys) {
                let counted: Option<i64> = sqlx::query_scalar(
                    "INSERT INTO login_failures AS row (key, failures, pending, since)
                     VALUES ($1, 1, 1, $2)
                     ON CONFLICT (key) DO UPDATE SET
                         failures = CASE WHEN row.since <= $3 THEN 1 ELSE row.failures + 1 END,
                         pending = CASE WHEN row.since <= $3 THEN 1 ELSE row.pending + 1 END,
                         since = CASE WHEN row.since <= $3 THEN $2 ELSE row.since END
                     WHERE row.since <= $3 OR row.failures < $4
                     RETURNING since",
                )
                .bind(key)
                .bind(window.now)
                .bind(window.start())
                .bind(limit)
                .fetch_optional(&mut *transaction)
                .await?;
                if let Some(counted) = counted {
                    *began = counted;
                    continue;
                }
                let (settled, since): (i64, i64) = sqlx::query_as(
                    "SELECT failures - pending, since FROM login_failures WHERE key = $1",
                )
                .bind(key)
                .fetch_one(&mut *transaction)
                .await?;
                // Returning rolls back what was counted under the first key.
                return Ok(if settled < limit {
                    Counted::Undecided { since }
                } else {
                    Counted::No { since }
                });
            }
        });
        Ok(Counted::Yes { since })
    }

    /// Ends a try that was counted; `usual` is the address to remember.
    pub async fn end_try(
        &self,
        keys: [(&str, i64); 2],
        ending: Ending,
        usual: Option<&str>,
        now: i64,
    ) -> Result<()> {
        commit!(self, |transaction| {
            for (key, since) in keys {
                sqlx::query(
                    "UPDATE login_failures SET pending = pending - 1, failures = failures - $3
                     WHERE key = $1 AND since = $2 AND pending > 0",
                )
                .bind(key)
                .bind(since)
                .bind(i64::from(ending == Ending::Forgiven))
                .execute(&mut *transaction)
                .await?;
            }
            if let Some(key) = usual {
                sqlx::query(
                    "INSERT INTO usual_addresses AS row (key, failures, since, seen_at)
                     VALUES ($1, 0, $2, $2)
                     ON CONFLICT (key) DO UPDATE SET failures = 0, since = $2, seen_at = $2",
                )
                .bind(key)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
            }
        });
        Ok(())
    }

    /// The usual address of a key, if a login from there is later than a time.
    pub async fn usual_address(&self, key: &str, after: i64) -> Result<Option<UsualAddress>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT failures, since, seen_at FROM usual_addresses
                 WHERE key = $1 AND seen_at > $2",
            )
            .bind(key)
            .bind(after)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// Counts a try from a usual address that has failed.
    pub async fn count_failure_at_usual(&self, key: &str, window: Window) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "UPDATE usual_addresses SET
                     failures = CASE WHEN since <= $3 THEN 1 ELSE failures + 1 END,
                     since = CASE WHEN since <= $3 THEN $2 ELSE since END
                 WHERE key = $1",
            )
            .bind(key)
            .bind(window.now)
            .bind(window.start())
            .execute(&mut *transaction)
            .await?;
        });
        Ok(())
    }

    /// Removes a few rows that no longer count.
    pub async fn forget_tries(&self, window: Window, unseen_since: i64) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "DELETE FROM login_failures WHERE key IN
                     (SELECT key FROM login_failures WHERE since <= $1 LIMIT 500)",
            )
            .bind(window.start())
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "DELETE FROM usual_addresses WHERE key IN
                     (SELECT key FROM usual_addresses WHERE seen_at <= $1 LIMIT 500)",
            )
            .bind(unseen_since)
            .execute(&mut *transaction)
            .await?;
        });
        Ok(())
    }
}
