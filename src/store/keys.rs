//! Signing keys.

use std::fmt;

use super::{Change, Result, Store, Transaction, commit, read, row, transaction::within};

row! {
    /// A signing key as it is stored. Its private part does not print.
    #[derive(Clone)]
    pub struct KeyRow {
        pub id: String,
        pub algorithm: String,
        /// Empty once the key is retired.
        pub private_key: Vec<u8>,
        /// Whether the private key is encrypted.
        pub sealed: bool,
        /// When it is published.
        pub created_at: i64,
        /// From when on it signs; without it the key waits for a rotation.
        pub activates_at: Option<i64>,
        /// From when on a successor signs.
        pub retires_at: Option<i64>,
        /// From when on no token of it is accepted.
        pub verifies_until: Option<i64>,
    }
}

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; the tokens that it signed are still accepted.
    Retiring,
    /// No token of it is accepted.
    Retired,
}

impl KeyState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

impl KeyRow {
    /// The state at a time: it follows from the stored times alone, so that no
    /// server has to do anything for it to change. A key without its private
    /// part is retired, also for a server whose clock is behind.
    pub fn state(&self, now: i64) -> KeyState {
        let is_past = |time: Option<i64>| time.is_some_and(|time| time <= now);
        if is_past(self.verifies_until) || self.private_key.is_empty() {
            KeyState::Retired
        } else if is_past(self.retires_at) {
            KeyState::Retiring
        } else if is_past(self.activates_at) {
            KeyState::Active
        } else {
            KeyState::Pending
        }
    }

    /// Whether it is about to become the active key.
    pub fn is_scheduled(&self, now: i64) -> bool {
        self.activates_at.is_some() && self.state(now) == KeyState::Pending
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRow({} {})", self.algorithm, self.id)
    }
}

/// All keys, the oldest first.
const SELECT_KEYS: &str = "SELECT id, algorithm, private_key, sealed, created_at, activates_at,
         retires_at, verifies_until
     FROM signing_keys ORDER BY created_at, id";

impl Store {
    /// All keys, the oldest first.
    pub async fn keys(&self) -> Result<Vec<KeyRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(SELECT_KEYS)
                .fetch_all(&mut *connection)
                .await?
        }))
    }

    /// Puts encrypted private keys in the place of plain ones. It is no change
    /// that running servers must learn of: the keys stay the same.
    pub async fn seal_keys(&self, sealed: &[(String, Vec<u8>)]) -> Result<()> {
        commit!(self, |transaction| {
            for (id, private_key) in sealed {
                sqlx::query(
                    "UPDATE signing_keys SET private_key = $1, sealed = $2
                     WHERE id = $3 AND sealed = $4",
                )
                .bind(private_key)
                .bind(true)
                .bind(id)
                .bind(false)
                .execute(&mut *transaction)
                .await?;
            }
        });
        self.forget_overwritten().await
    }
}

impl Transaction {
    /// All keys, which nobody else changes until the transaction ends, and the
    /// latest expiry of any token.
    pub async fn keys(&mut self, now: i64) -> Result<(Vec<KeyRow>, Option<i64>)> {
        // Locks the counter's row, so that two changes wait for each other.
        self.announce(Change::KEYS, "", now).await?;
        Ok(within!(self, |connection| {
            let rows = sqlx::query_as(SELECT_KEYS)
                .fetch_all(&mut *connection)
                .await?;
            let latest_expiry = sqlx::query_scalar("SELECT max(expires_at) FROM tokens")
                .fetch_one(&mut *connection)
                .await?;
            (rows, latest_expiry)
        }))
    }

    /// Writes keys, those that are there and new ones.
    pub async fn put_keys(&mut self, rows: &[KeyRow]) -> Result<()> {
        for row in rows {
            within!(self, |connection| {
                sqlx::query(
                    "INSERT INTO signing_keys (id, algorithm, private_key, sealed, created_at,
                         activates_at, retires_at, verifies_until)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                     ON CONFLICT (id) DO UPDATE SET private_key = $3, sealed = $4,
                         activates_at = $6, retires_at = $7, verifies_until = $8",
                )
                .bind(&row.id)
                .bind(&row.algorithm)
                .bind(&row.private_key)
                .bind(row.sealed)
                .bind(row.created_at)
                .bind(row.activates_at)
                .bind(row.retires_at)
                .bind(row.verifies_until)
                .execute(&mut *connection)
                .await?;
            });
        }
        Ok(())
    }
}
