//! The initial access tokens that clients register themselves with (RFC 7591 §3).

use super::{Result, Store, Transaction, read, transaction::within};
use crate::{
    audit_event::{Action, Event},
    opaque::Digest,
};

impl Store {
    /// Whether such a token is valid.
    pub async fn has_registration_token(&self, hash: &Digest, now: i64) -> Result<bool> {
        let expires_at: Option<i64> = read!(self, |connection| {
            sqlx::query_scalar(
                "SELECT expires_at FROM registration_tokens WHERE hash = $1 AND expires_at > $2",
            )
            .bind(hash.as_stored())
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?
        });
        Ok(expires_at.is_some())
    }
}

impl Transaction {
    /// Adds one.
    pub async fn add_registration_token(
        &mut self,
        hash: &Digest,
        now: i64,
        expires_at: i64,
    ) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO registration_tokens (hash, created_at, expires_at)
                 VALUES ($1, $2, $3)",
            )
            .bind(hash.as_stored())
            .bind(now)
            .bind(expires_at)
            .execute(&mut *connection)
            .await?;
        });
        self.record(Event::new(
            Action::RegistrationTokenAdded,
            "registration-token",
            "*",
        ));
        Ok(())
    }

    /// Removes all; gives how many there were.
    pub async fn remove_registration_tokens(&mut self) -> Result<u64> {
        self.record(Event::new(
            Action::RegistrationTokensRemoved,
            "registration-token",
            "*",
        ));
        Ok(within!(self, |connection| {
            sqlx::query("DELETE FROM registration_tokens")
                .execute(&mut *connection)
                .await?
                .rows_affected()
        }))
    }
}
