//! Tokens that are refused although they have not expired.

use futures_util::TryStreamExt;

use super::{Result, Store, commit, read};

/// A token that was revoked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Revocation {
    /// The token's `jti`.
    pub token_id: String,
    /// Its `exp`, behind which the revocation can be forgotten.
    pub expires_at: i64,
}

/// By what tokens are found that are to be revoked.
#[derive(Clone, Copy, Debug)]
pub enum Revoke<'a> {
    /// One token, by its `jti`.
    Token(&'a str),
    /// All tokens of a subject.
    Subject(&'a str),
    /// All tokens of all subjects of a kind.
    SubjectKind(&'a str),
    /// All tokens that were given to a client.
    Client(&'a str),
    /// All tokens of a family of refresh tokens.
    Grant(&'a str),
}

impl<'a> Revoke<'a> {
    /// The statement that revokes, and the value that it looks for.
    pub(super) fn statement(self) -> (&'static str, &'a str) {
        macro_rules! revoke_where {
            ($condition:literal) => {
                concat!(
                    "INSERT INTO revocations (token_id, expires_at, seq)
                     SELECT id, expires_at, $1 FROM tokens
                     WHERE ",
                    $condition,
                    " AND id <> $3 AND expires_at + 5 > $4
                     ON CONFLICT (token_id) DO NOTHING"
                )
            };
        }
        match self {
            Self::Token(id) => (revoke_where!("id = $2"), id),
            Self::Subject(subject) => (revoke_where!("subject = $2"), subject),
            Self::SubjectKind(kind) => (revoke_where!("subject LIKE $2 || ':%'"), kind),
            Self::Client(client) => (revoke_where!("client_id = $2"), client),
            Self::Grant(grant) => (revoke_where!("grant_id = $2"), grant),
        }
    }

    /// The statement that ends the families of refresh tokens among them, and
    /// the value that it looks for.
    fn end_of_grants(self) -> Option<(&'static str, &'a str)> {
        macro_rules! end_where {
            ($condition:literal) => {
                concat!(
                    "UPDATE grants SET revoked_at = $2 WHERE revoked_at IS NULL AND ",
                    $condition
                )
            };
        }
        match self {
            Self::Token(_) | Self::SubjectKind(_) => None,
            Self::Subject(subject) => {
                let username = subject.strip_prefix("username:")?;
                let statement = end_where!("user_id = (SELECT id FROM users WHERE username = $1)");
                Some((statement, username))
            }
            Self::Client(client) => Some((end_where!("client_id = $1"), client)),
            Self::Grant(grant) => Some((end_where!("id = $1"), grant)),
        }
    }
}

/// Revokes tokens within a transaction, but for one that is kept, and with them
/// what was derived from them by token exchange; gives how many.
macro_rules! revoke {
    ($transaction:ident, $which:expr, $kept:expr, $now:expr) => {{
        let kept: Option<&str> = $kept;
        let kept = kept.unwrap_or_default();
        let (statement, value) = $which.statement();
        let seq =
            $crate::store::announce!($transaction, $crate::store::Change::REVOCATIONS, "", $now);
        let mut revoked = sqlx::query(statement)
            .bind(seq)
            .bind(value)
            .bind(kept)
            .bind($now)
            .execute(&mut *$transaction)
            .await?
            .rows_affected();
        let mut generation = revoked;
        while generation > 0 {
            generation = sqlx::query(
                "INSERT INTO revocations (token_id, expires_at, seq)
                 SELECT id, expires_at, $1 FROM tokens
                 WHERE parent_id IN (SELECT token_id FROM revocations WHERE seq = $1)
                     AND id <> $2 AND expires_at + 5 > $3
                 ON CONFLICT (token_id) DO NOTHING",
            )
            .bind(seq)
            .bind(kept)
            .bind($now)
            .execute(&mut *$transaction)
            .await?
            .rows_affected();
            revoked += generation;
        }
        revoked
    }};
}

pub(super) use revoke;

impl Store {
    /// Hands over the revocations of changes behind a number whose tokens are
    /// still alive, one by one: there may be millions.
    pub async fn revocations_after(
        &self,
        seq: i64,
        now: i64,
        mut each: impl FnMut(Revocation),
    ) -> Result<()> {
        read!(self, |connection| {
            let mut rows = sqlx::query_as(
                "SELECT token_id, expires_at FROM revocations
                 WHERE seq > $1 AND expires_at + 5 > $2",
            )
            .bind(seq)
            .bind(now)
            .fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                each(row);
            }
        });
        Ok(())
    }

    /// Revokes tokens, what was derived from them and the refresh tokens that
    /// belong to them; gives how many access tokens were alive and are revoked
    /// now.
    pub async fn revoke(&self, which: Revoke<'_>, now: i64) -> Result<u64> {
        Ok(commit!(self, |transaction| {
            if let Some((statement, value)) = which.end_of_grants() {
                sqlx::query(statement)
                    .bind(value)
                    .bind(now)
                    .execute(&mut *transaction)
                    .await?;
            }
            revoke!(transaction, which, None, now)
        }))
    }
}
