//! Tokens that are refused although they have not expired.

use std::ops::RangeInclusive;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{
    audit_event::{Action, Event},
    subject::Subject,
};

use super::{
    Change, Pools, Result, Store, Transaction, connections, read, row,
    transaction::{Lock, within},
};

/// Reads a line: a token's `jti`, a tab, and its `exp`.
fn read_line(line: &str) -> Option<(&str, i64)> {
    let (token_id, expires_at) = line.split_once('\t')?;
    Some((token_id, expires_at.parse().ok()?))
}

/// Which tokens to revoke.
#[derive(Clone, Copy, Debug)]
pub enum Revoke<'a> {
    /// One token, by its `jti`.
    Token(&'a str),
    /// All tokens of a subject.
    Subject(&'a str),
    /// All tokens of all subjects of a kind.
    SubjectKind(&'a str),
    /// All tokens that were issued to a client, or came through it.
    Client(&'a str),
    /// All tokens of a family of refresh tokens.
    Grant(&'a str),
}

impl<'a> Revoke<'a> {
    /// What finds the tokens, and the value that it looks for.
    pub(super) fn condition(self) -> (&'static str, &'a str) {
        match self {
            Self::Token(id) => ("id = $1", id),
            Self::Subject(subject) => ("subject = $1", subject),
            Self::SubjectKind(kind) => ("subject LIKE $1 || ':%'", kind),
            Self::Client(client) => (
                "(client_id = $1
                  OR id IN (SELECT token_id FROM token_clients WHERE client_id = $1))",
                client,
            ),
            Self::Grant(grant) => ("grant_id = $1", grant),
        }
    }

    /// What the audit log tells of it.
    fn event(self, revoked: u64) -> Event {
        let (kind, id) = match self {
            Self::Token(id) => ("token", id),
            Self::Subject(subject) => subject.split_once(':').unwrap_or(("subject", subject)),
            Self::SubjectKind(kind) => ("subject-kind", kind),
            Self::Client(client) => (Subject::CLIENT, client),
            Self::Grant(grant) => ("grant", grant),
        };
        let says = match revoked {
            1 => "1 access token".to_owned(),
            others => format!("{others} access tokens"),
        };
        Event::new(Action::TokensRevoked, kind, id).saying(says)
    }

    /// What finds the families of refresh tokens among them, and the value that it
    /// looks for.
    fn condition_of_grants(self) -> Option<(&'static str, &'a str)> {
        match self {
            Self::Token(_) | Self::SubjectKind(_) => None,
            Self::Subject(subject) => {
                let username = subject.strip_prefix("username:")?;
                let condition = "user_id = (SELECT id FROM users WHERE username = $1)";
                Some((condition, username))
            }
            Self::Client(client) => Some(("client_id = $1", client)),
            Self::Grant(grant) => Some(("id = $1", grant)),
        }
    }
}

row! {
    /// A token that is revoked.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Revocation {
        /// The number of the change that revoked it.
        pub seq: i64,
        /// Its `jti`.
        pub token_id: String,
        /// Its `exp`.
        pub expires_at: i64,
    }
}

impl Store {
    /// The revocations and withdrawals behind a number of tokens that expire after a time: some
    /// `most`, in the order of their numbers, and of each number all. The second is whether
    /// there are more.
    pub async fn revocations_after(
        &self,
        seq: i64,
        time: i64,
        most: usize,
    ) -> Result<(Vec<Revocation>, bool)> {
        let mut rows: Vec<Revocation> = read!(self, |connection| {
            sqlx::query_as(
                "SELECT * FROM (
                     SELECT seq, token_id, expires_at FROM revocations
                     WHERE seq > $1 AND expires_at > $2 ORDER BY seq LIMIT $3
                 ) AS revoked
                 UNION ALL
                 SELECT * FROM (
                     SELECT seq, token_id, expires_at FROM withdrawals
                     WHERE seq > $1 AND expires_at > $2 ORDER BY seq LIMIT $3
                 ) AS withdrawn
                 ORDER BY seq LIMIT $3",
            )
            .bind(seq)
            .bind(time)
            .bind(i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1))
            .fetch_all(&mut *connection)
            .await?
        });
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok((rows, false));
        };
        let (first, last) = (first.seq, last.seq);
        if rows.len() <= most {
            return Ok((rows, false));
        }
        if first < last {
            rows.retain(|row| row.seq < last);
            return Ok((rows, true));
        }
        let whole = read!(self, |connection| {
            sqlx::query_as(
                "SELECT seq, token_id, expires_at FROM revocations
                 WHERE seq = $1 AND expires_at > $2
                 UNION ALL
                 SELECT seq, token_id, expires_at FROM withdrawals
                 WHERE seq = $1 AND expires_at > $2",
            )
            .bind(first)
            .bind(time)
            .fetch_all(&mut *connection)
            .await?
        });
        Ok((whole, true))
    }

    /// Hands over the revocations of a range of changes, each a token's `jti` and its `exp`,
    /// one by one: there may be millions. Whether their tokens have expired is no matter: the clock may be wrong.
    pub async fn revocations_of(
        &self,
        changes: RangeInclusive<i64>,
        mut each: impl FnMut(&str, i64),
    ) -> Result<()> {
        read!(self, |connection| {
            let mut rows = sqlx::query_as(
                "SELECT token_id, expires_at FROM revocations
                 WHERE seq BETWEEN $1 AND $2",
            )
            .bind(*changes.start())
            .bind(*changes.end())
            .fetch(&mut *connection);
            while let Some((token_id, expires_at)) = rows.try_next().await? {
                let token_id: String = token_id;
                each(&token_id, expires_at);
            }
        });
        Ok(())
    }

    /// Hands over all revocations: a server that starts waits for it, so that they do not
    /// come as rows, each of which costs more than what is in it.
    pub async fn all_revocations(&self, mut each: impl FnMut(&str, i64)) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { file, readers, .. } => {
                file.check()?;
                let mut connection = readers.acquire().await?;
                let mut batch = batch_after(&mut connection, i64::MIN).await?;
                while let Some((lines, end)) = batch {
                    // One is read while the other is worked on.
                    let (next, ()) = tokio::join!(batch_after(&mut connection, end), async {
                        lines
                            .lines()
                            .filter_map(read_line)
                            .for_each(|(token_id, expires_at)| each(token_id, expires_at));
                    });
                    batch = next?;
                }
                Ok(())
            }
            Pools::Postgres(pool) => {
                let mut connection = connections::acquire(pool).await?;
                let copy = "COPY revocations (token_id, expires_at) TO STDOUT";
                let mut lines = connection.copy_out_raw(copy).await?;
                while let Some(line) = lines.try_next().await? {
                    let line = std::str::from_utf8(&line).unwrap_or_default();
                    line.lines()
                        .filter_map(read_line)
                        .for_each(|(token_id, expires_at)| each(token_id, expires_at));
                }
                Ok(())
            }
        }
    }

    /// The earliest expiry of a revoked token: what had expired before was removed.
    pub async fn earliest_revoked_expiry(&self) -> Result<Option<i64>> {
        Ok(read!(self, |connection| {
            sqlx::query_scalar("SELECT min(expires_at) FROM revocations")
                .fetch_one(&mut *connection)
                .await?
        }))
    }
}

/// Revocations behind a row, each a line, and the last row.
async fn batch_after(connection: &mut SqliteConnection, row: i64) -> Result<Option<(String, i64)>> {
    let (lines, end): (Option<String>, Option<i64>) = sqlx::query_as(
        "SELECT group_concat(token_id || char(9) || expires_at, char(10)), max(rowid)
         FROM (SELECT rowid, token_id, expires_at FROM revocations
               WHERE rowid > $1 ORDER BY rowid LIMIT 10000)",
    )
    .bind(row)
    .fetch_one(connection)
    .await?;
    Ok(lines.zip(end))
}

impl Transaction {
    /// Revokes tokens but for one that is `kept`, what was derived from them, and
    /// the refresh tokens that belong to them; gives how many access tokens were
    /// alive and are revoked now. The tokens are locked first: what is derived from
    /// one at this moment is either seen here or refused there.
    pub async fn revoke(&mut self, which: Revoke<'_>, kept: Option<&str>, now: i64) -> Result<u64> {
        let mut families = 0;
        if let Some((condition, value)) = which.condition_of_grants() {
            let statement = format!(
                "UPDATE grants SET revoked_at = $2 WHERE {condition} AND revoked_at IS NULL"
            );
            families = within!(self, |connection| {
                sqlx::query(AssertSqlSafe(statement))
                    .bind(value)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?
                    .rows_affected()
            });
        }
        let (condition, value) = which.condition();
        let lock =
            format!("SELECT id FROM tokens WHERE {condition} AND expires_at + 5 > $2 ORDER BY id");
        let lock = self.locking(&lock, Lock::Update);
        let revoke = format!(
            "INSERT INTO revocations (token_id, expires_at, seq)
             SELECT id, expires_at, $3 FROM tokens
             WHERE {condition} AND expires_at + 5 > $2 AND id <> $4
             ON CONFLICT (token_id) DO NOTHING"
        );
        within!(self, |connection| {
            sqlx::query(AssertSqlSafe(lock))
                .bind(value)
                .bind(now)
                .execute(&mut *connection)
                .await?;
        });
        let seq = self.announce(Change::REVOCATIONS, "", now).await?;
        let kept = kept.unwrap_or_default();
        let revoked = within!(self, |connection| {
            sqlx::query(AssertSqlSafe(revoke))
                .bind(value)
                .bind(now)
                .bind(seq)
                .bind(kept)
                .execute(&mut *connection)
                .await?
                .rows_affected()
        });
        let revoked = revoked + self.revoke_derived(seq, kept, now).await?;
        if families + revoked > 0 {
            self.record(which.event(revoked));
        }
        Ok(revoked)
    }

    /// Revokes what was derived from the tokens that a change revoked, one
    /// generation after the other.
    async fn revoke_derived(&mut self, seq: i64, kept: &str, now: i64) -> Result<u64> {
        let lock = self.locking(
            "SELECT id FROM tokens
             WHERE parent_id IN (SELECT token_id FROM revocations WHERE seq = $1)
                 AND id <> $2 AND expires_at + 5 > $3
                 AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = id)
             ORDER BY id",
            Lock::Update,
        );
        let mut revoked = 0;
        loop {
            let generation = within!(self, |connection| {
                sqlx::query(AssertSqlSafe(lock.clone()))
                    .bind(seq)
                    .bind(kept)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query(
                    "INSERT INTO revocations (token_id, expires_at, seq)
                     SELECT id, expires_at, $1 FROM tokens
                     WHERE parent_id IN (SELECT token_id FROM revocations WHERE seq = $1)
                         AND id <> $2 AND expires_at + 5 > $3
                     ON CONFLICT (token_id) DO NOTHING",
                )
                .bind(seq)
                .bind(kept)
                .bind(now)
                .execute(&mut *connection)
                .await?
                .rows_affected()
            });
            if generation == 0 {
                return Ok(revoked);
            }
            revoked += generation;
        }
    }
}
