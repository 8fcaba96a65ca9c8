//! Tokens that are refused although they have not expired.

use super::{Result, Store, read};

/// A token that was revoked.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Revocation {
    /// The token's `jti`.
    pub token_id: String,
    /// Its `exp`, behind which the revocation can be forgotten.
    pub expires_at: i64,
}

/// Revokes, within a transaction, the live tokens of a subject, but for one
/// that is kept.
macro_rules! revoke_tokens_of {
    ($transaction:ident, $subject:expr, $kept:expr, $now:expr) => {{
        let kept: Option<&str> = $kept;
        let seq =
            $crate::store::announce!($transaction, $crate::store::Change::REVOCATIONS, "", $now);
        sqlx::query(
            "INSERT INTO revocations (token_id, expires_at, seq)
             SELECT id, expires_at, $1 FROM tokens
             WHERE subject = $2 AND id <> $3 AND expires_at + 5 > $4
             ON CONFLICT (token_id) DO NOTHING",
        )
        .bind(seq)
        .bind($subject)
        .bind(kept.unwrap_or_default())
        .bind($now)
        .execute(&mut *$transaction)
        .await?;
    }};
}

pub(super) use revoke_tokens_of;

impl Store {
    /// The revocations of changes behind a number whose tokens are still alive.
    pub async fn revocations_after(&self, seq: i64, now: i64) -> Result<Vec<Revocation>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT token_id, expires_at FROM revocations
                 WHERE seq > $1 AND expires_at + 5 > $2",
            )
            .bind(seq)
            .bind(now)
            .fetch_all(&mut *connection)
            .await?
        }))
    }
}
