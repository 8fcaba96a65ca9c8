//! Signing keys.

use std::fmt;

use super::{Change, Result, Store, announce, commit, read};

/// A signing key as it is stored. Its private part does not print.
#[derive(sqlx::FromRow)]
pub struct KeyRow {
    pub id: String,
    pub algorithm: String,
    pub private_key: Vec<u8>,
    pub state: String,
    pub created_at: i64,
}

impl KeyRow {
    /// The state of the key that signs.
    pub const ACTIVE: &'static str = "active";
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRow({} {})", self.algorithm, self.id)
    }
}

impl Store {
    /// All keys that tokens may be verified with, the oldest first.
    pub async fn keys(&self) -> Result<Vec<KeyRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT id, algorithm, private_key, state, created_at FROM signing_keys
                 ORDER BY created_at, id",
            )
            .fetch_all(&mut *connection)
            .await?
        }))
    }

    /// Stores a key unless an active one of its algorithm is there already: of
    /// two servers that start at once on a new database, one generates it.
    pub async fn add_first_key(&self, key: &KeyRow) -> Result<()> {
        commit!(self, |transaction| {
            // Locks the counter's row before it looks, so that the second waits.
            announce!(transaction, Change::KEYS, "", key.created_at);
            let active: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM signing_keys WHERE algorithm = $1 AND state = 'active'",
            )
            .bind(&key.algorithm)
            .fetch_one(&mut *transaction)
            .await?;
            if active == 0 {
                sqlx::query(
                    "INSERT INTO signing_keys (id, algorithm, private_key, state, created_at)
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(&key.id)
                .bind(&key.algorithm)
                .bind(&key.private_key)
                .bind(&key.state)
                .bind(key.created_at)
                .execute(&mut *transaction)
                .await?;
            }
        });
        Ok(())
    }
}
