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

/// What became of an attempt that was to be counted.
#[derive(Clone, Debug)]
pub enum Counted {
    /// It was counted, in windows that began then, one a key.
    Yes { since: Vec<i64> },
    /// The limit is reached, until a window that began then is over.
    No { since: i64 },
    /// The limit is reached by attempts that are still being checked.
    Undecided { since: i64 },
}

/// How a counted attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Failed,
    /// It takes its count back.
    Forgiven,
}

impl Store {
    /// Counts an attempt under keys, each with its limit: under all of them or under none.
    pub async fn count_attempt(&self, keys: &[(&str, i64)], window: Window) -> Result<Counted> {
        Ok(commit!(self, |transaction| {
            let mut since = Vec::new();
            for (key, limit) in keys {
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
                if let Some(began) = counted {
                    since.push(began);
                    continue;
                }
                let (settled, since): (i64, i64) = sqlx::query_as(
                    "SELECT failures - pending, since FROM login_failures WHERE key = $1",
                )
                .bind(key)
                .fetch_one(&mut *transaction)
                .await?;
                // Returning rolls back what was counted under the first key.
                return Ok(if settled < *limit {
                    Counted::Undecided { since }
                } else {
                    Counted::No { since }
                });
            }
            Counted::Yes { since }
        }))
    }

    /// Ends an attempt that was counted; `usual` is the address to remember, where nothing
    /// that failed before counts any longer.
    pub async fn end_attempt(
        &self,
        keys: &[(&str, i64)],
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
                    "INSERT INTO usual_addresses (key, seen_at) VALUES ($1, $2)
                     ON CONFLICT (key) DO UPDATE SET seen_at = $2",
                )
                .bind(key)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
                sqlx::query("UPDATE login_failures SET failures = pending WHERE key = $1")
                    .bind(key)
                    .execute(&mut *transaction)
                    .await?;
            }
        });
        Ok(())
    }

    /// Whether a key is of a usual address: a login from there is later than a time.
    pub async fn is_usual_address(&self, key: &str, after: i64) -> Result<bool> {
        let seen: Option<i64> = read!(self, |connection| {
            sqlx::query_scalar(
                "SELECT seen_at FROM usual_addresses WHERE key = $1 AND seen_at > $2",
            )
            .bind(key)
            .bind(after)
            .fetch_optional(&mut *connection)
            .await?
        });
        Ok(seen.is_some())
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
