//! The authorization code flow: requests that wait, codes, and what users agreed to.

use super::{Result, Revoke, Store, Transaction, commit, read, row, transaction::within};
use crate::{
    audit_event::{Action, Event},
    opaque::Digest,
    subject::Subject,
};

row! {
    /// An authorization code, and what it is bound to.
    #[derive(Clone, Debug)]
    pub struct CodeRow {
        pub client_id: String,
        pub user_id: String,
        pub username: String,
        /// The family of what it gave or will give.
        pub grant_id: String,
        /// As the request named it.
        pub redirect_uri: Option<String>,
        /// `S256` of the verifier (RFC 7636 §4.2).
        pub challenge: String,
        pub scopes: String,
        pub audience: String,
        pub nonce: Option<String>,
        /// When the user had signed in.
        pub auth_time: i64,
        pub expires_at: i64,
        pub spent_at: Option<i64>,
    }
}

row! {
    /// What a user let a client have.
    #[derive(Clone, Debug)]
    pub struct ConsentRow {
        pub client_id: String,
        /// What the client asked for.
        pub asked: String,
        /// What of it the user left ticked.
        pub granted: String,
        pub created_at: i64,
    }
}

impl Store {
    /// Keeps an authorization request.
    pub async fn add_authorization_request(
        &self,
        hash: &Digest,
        request: &str,
        expires_at: i64,
    ) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO authorization_requests (hash, request, expires_at)
                 VALUES ($1, $2, $3)",
            )
            .bind(hash.as_stored())
            .bind(request)
            .bind(expires_at)
            .execute(&mut *transaction)
            .await?;
        });
        Ok(())
    }

    /// Changes a request that is kept.
    pub async fn change_authorization_request(&self, hash: &Digest, request: &str) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query("UPDATE authorization_requests SET request = $2 WHERE hash = $1")
                .bind(hash.as_stored())
                .bind(request)
                .execute(&mut *transaction)
                .await?;
        });
        Ok(())
    }

    /// A request that is kept.
    pub async fn authorization_request(&self, hash: &Digest, now: i64) -> Result<Option<String>> {
        Ok(read!(self, |connection| {
            sqlx::query_scalar(
                "SELECT request FROM authorization_requests WHERE hash = $1 AND expires_at > $2",
            )
            .bind(hash.as_stored())
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// Takes a stored request: it can be taken once.
    pub async fn take_authorization_request(
        &self,
        hash: &Digest,
        now: i64,
    ) -> Result<Option<String>> {
        Ok(commit!(self, |transaction| {
            sqlx::query_scalar(
                "DELETE FROM authorization_requests WHERE hash = $1 AND expires_at > $2
                 RETURNING request",
            )
            .bind(hash.as_stored())
            .bind(now)
            .fetch_optional(&mut *transaction)
            .await?
        }))
    }

    /// The code of a digest.
    pub async fn code(&self, hash: &Digest) -> Result<Option<CodeRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT client_id, user_id, username, grant_id, redirect_uri, challenge, scopes,
                        audience, nonce, auth_time, expires_at, spent_at
                 FROM authorization_codes JOIN users ON users.id = user_id
                 WHERE hash = $1",
            )
            .bind(hash.as_stored())
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// What a user let a client have.
    pub async fn consent(&self, user_id: &str, client_id: &str) -> Result<Option<ConsentRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT client_id, asked, granted, created_at FROM consents
                 WHERE user_id = $1 AND client_id = $2",
            )
            .bind(user_id)
            .bind(client_id)
            .fetch_optional(&mut *connection)
            .await?
        }))
    }

    /// The clients that were given something by or for a user, with what the user
    /// agreed to.
    pub async fn consents(&self, user_id: &str) -> Result<Vec<ConsentRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT client_id, asked, granted, created_at FROM consents
                 WHERE user_id = $1 ORDER BY client_id",
            )
            .bind(user_id)
            .fetch_all(&mut *connection)
            .await?
        }))
    }
}

impl Transaction {
    /// Remembers what a user agreed to.
    pub async fn put_consent(&mut self, user_id: &str, consent: &ConsentRow) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO consents (user_id, client_id, asked, granted, created_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (user_id, client_id)
                 DO UPDATE SET asked = $3, granted = $4, created_at = $5",
            )
            .bind(user_id)
            .bind(&consent.client_id)
            .bind(&consent.asked)
            .bind(&consent.granted)
            .bind(consent.created_at)
            .execute(&mut *connection)
            .await?;
        });
        let event = Event::new(Action::ConsentGiven, Subject::CLIENT, &consent.client_id);
        self.record(event.saying(format!("scopes: {}", consent.granted)));
        Ok(())
    }

    /// Stores a code.
    pub async fn add_code(&mut self, hash: &Digest, code: &CodeRow) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO authorization_codes (hash, client_id, user_id, grant_id, redirect_uri,
                     challenge, scopes, audience, nonce, auth_time, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(hash.as_stored())
            .bind(&code.client_id)
            .bind(&code.user_id)
            .bind(&code.grant_id)
            .bind(&code.redirect_uri)
            .bind(&code.challenge)
            .bind(&code.scopes)
            .bind(&code.audience)
            .bind(&code.nonce)
            .bind(code.auth_time)
            .bind(code.expires_at)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Spends a code; says whether this call was the one that spent it.
    pub async fn spend_code(&mut self, hash: &Digest, now: i64) -> Result<bool> {
        Ok(within!(self, |connection| {
            sqlx::query(
                "UPDATE authorization_codes SET spent_at = $2
                 WHERE hash = $1 AND spent_at IS NULL AND expires_at > $2",
            )
            .bind(hash.as_stored())
            .bind(now)
            .execute(&mut *connection)
            .await?
            .rows_affected()
                > 0
        }))
    }

    /// Deletes what a user consented to for a client, and ends the tokens issued for it.
    pub async fn end_consent(&mut self, user_id: &str, client_id: &str, now: i64) -> Result<()> {
        let families: Vec<String> = within!(self, |connection| {
            sqlx::query("DELETE FROM consents WHERE user_id = $1 AND client_id = $2")
                .bind(user_id)
                .bind(client_id)
                .execute(&mut *connection)
                .await?;
            // Codes that were not redeemed yet would begin families anew.
            sqlx::query(
                "DELETE FROM authorization_codes
                 WHERE user_id = $1 AND client_id = $2 AND spent_at IS NULL",
            )
            .bind(user_id)
            .bind(client_id)
            .execute(&mut *connection)
            .await?;
            sqlx::query_scalar(
                "UPDATE grants SET revoked_at = $3
                 WHERE user_id = $1 AND client_id = $2 AND revoked_at IS NULL RETURNING id",
            )
            .bind(user_id)
            .bind(client_id)
            .bind(now)
            .fetch_all(&mut *connection)
            .await?
        });
        self.record(Event::new(Action::ConsentEnded, Subject::CLIENT, client_id));
        for family in &families {
            self.revoke(Revoke::Grant(family), None, now).await?;
        }
        Ok(())
    }
}
