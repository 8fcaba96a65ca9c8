//! The change log: what running servers must learn of.

use super::{Result, Store, read};

/// One row of the change log.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Change {
    /// Its number; higher ones were committed later.
    pub seq: i64,
    /// What changed: one of the constants of [`Change`].
    pub kind: String,
    /// Which one: a username for [`Change::USER`], an id for others.
    pub key: String,
}

impl Change {
    /// A user was added, changed or removed.
    pub const USER: &'static str = "user";
    /// The catalogue of scopes changed, and with it what users hold.
    pub const SCOPES: &'static str = "scopes";
    /// Tokens were revoked: rows of `revocations` with this change's number.
    pub const REVOCATIONS: &'static str = "revocations";
    /// A client was added, changed or removed.
    pub const CLIENTS: &'static str = "clients";
    /// A personal token was made; the key is its `jti`.
    pub const PERSONAL_TOKEN: &'static str = "personal_token";
    /// A kind of subjects was added or removed.
    pub const SUBJECT_KINDS: &'static str = "subject_kinds";
    /// A signing key came or went.
    pub const KEYS: &'static str = "keys";
}

impl Store {
    /// The number of the latest change.
    pub async fn latest_change(&self) -> Result<i64> {
        Ok(read!(self, |connection| {
            sqlx::query_scalar("SELECT seq FROM change_counter")
                .fetch_one(&mut *connection)
                .await?
        }))
    }

    /// The changes behind a number, in order.
    pub async fn changes_after(&self, seq: i64) -> Result<Vec<Change>> {
        Ok(read!(self, |connection| {
            sqlx::query_as("SELECT seq, kind, key FROM changes WHERE seq > $1 ORDER BY seq")
                .bind(seq)
                .fetch_all(&mut *connection)
                .await?
        }))
    }
}
