//! The access tokens that were issued.

use crate::audit_event::{Action, Event, scopes_in_words};

use super::{Change, Result, Store, Transaction, commit, read, row, transaction::within};

row! {
    /// An issued access token.
    #[derive(Clone, Debug)]
    pub struct TokenRow {
        /// Its `jti`.
        pub id: String,
        /// How it came about: one of the constants of [`TokenRow`].
        pub kind: String,
        pub subject: String,
        pub client_id: String,
        /// Its scopes, joined by spaces.
        pub scopes: String,
        /// Its audiences, joined by spaces.
        pub audience: String,
        /// What its owner calls it.
        pub name: Option<String>,
        /// The family of refresh tokens that it belongs to.
        pub grant_id: Option<String>,
        /// The token that it was exchanged for.
        pub parent_id: Option<String>,
        pub issued_at: i64,
        pub expires_at: i64,
        pub last_used_at: Option<i64>,
    }
}

impl TokenRow {
    /// Given out by the token endpoint.
    pub const ACCESS: &'static str = "access";
    /// Made by a user for a third party.
    pub const PERSONAL: &'static str = "personal";
    /// Made for a subject without an account.
    pub const MINTED: &'static str = "minted";
}

impl TokenRow {
    /// What the audit log tells of it.
    fn issue(&self) -> Event {
        let Self {
            kind,
            subject,
            scopes,
            ..
        } = self;
        let scopes = scopes_in_words(scopes);
        Event::new(Action::TokenIssued, "token", &self.id)
            .saying(format!("{kind}, for {subject}, {scopes}"))
    }
}

/// Which tokens to list, the oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFilter<'a> {
    pub subject: Option<&'a str>,
    pub kind: Option<&'a str>,
    /// Those with a higher id.
    pub after: &'a str,
    pub limit: u32,
}

macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, subject, client_id, scopes, audience, name, grant_id, parent_id,
                    issued_at, expires_at, last_used_at
             FROM tokens ",
            $rest
        )
    };
}

impl Store {
    /// The token of a `jti`.
    pub async fn token(&self, id: &str) -> Result<Option<TokenRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(select_tokens!("WHERE id = $1"))
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?
        }))
    }

    /// The live tokens that fit a filter, by id, which is by age.
    pub async fn tokens(&self, filter: &TokenFilter<'_>, now: i64) -> Result<Vec<TokenRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(select_tokens!(
                "WHERE id > $1 AND expires_at > $2
                     AND (CAST($3 AS TEXT) IS NULL OR subject = $3)
                     AND (CAST($4 AS TEXT) IS NULL OR kind = $4)
                     AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = tokens.id)
                 ORDER BY id LIMIT $5"
            ))
            .bind(filter.after)
            .bind(now)
            .bind(filter.subject)
            .bind(filter.kind)
            .bind(i64::from(filter.limit))
            .fetch_all(&mut *connection)
            .await?
        }))
    }

    /// The personal tokens that have not expired: id and expiry.
    pub async fn personal_tokens(&self, now: i64) -> Result<Vec<(String, i64)>> {
        Ok(read!(self, |connection| {
            sqlx::query_as("SELECT id, expires_at FROM tokens WHERE kind = $1 AND expires_at > $2")
                .bind(TokenRow::PERSONAL)
                .bind(now)
                .fetch_all(&mut *connection)
                .await?
        }))
    }

    /// Writes when tokens were used last.
    pub async fn touch_tokens(&self, uses: &[(String, i64)]) -> Result<()> {
        commit!(self, |transaction| {
            for (id, used_at) in uses {
                sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
                    .bind(id)
                    .bind(used_at)
                    .execute(&mut *transaction)
                    .await?;
            }
        });
        Ok(())
    }
}

impl Transaction {
    /// How many live personal tokens a subject has.
    pub async fn count_personal_tokens(&mut self, subject: &str, now: i64) -> Result<i64> {
        Ok(within!(self, |connection| {
            sqlx::query_scalar(
                "SELECT count(*) FROM tokens WHERE subject = $1 AND kind = $2 AND expires_at > $3
                     AND NOT EXISTS (SELECT 1 FROM revocations WHERE token_id = tokens.id)",
            )
            .bind(subject)
            .bind(TokenRow::PERSONAL)
            .bind(now)
            .fetch_one(&mut *connection)
            .await?
        }))
    }

    /// Records a token before it is handed out, with the other clients that it came
    /// through. What it rests on has been checked in this transaction ([`holds`](Self::holds)).
    pub async fn add_token(&mut self, token: &TokenRow, via: &[String]) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO tokens (id, kind, subject, client_id, scopes, audience, name, grant_id,
                                     parent_id, issued_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(&token.id)
            .bind(&token.kind)
            .bind(&token.subject)
            .bind(&token.client_id)
            .bind(&token.scopes)
            .bind(&token.audience)
            .bind(&token.name)
            .bind(&token.grant_id)
            .bind(&token.parent_id)
            .bind(token.issued_at)
            .bind(token.expires_at)
            .execute(&mut *connection)
            .await?;
        });
        for client_id in via {
            within!(self, |connection| {
                sqlx::query("INSERT INTO token_clients (token_id, client_id) VALUES ($1, $2)")
                    .bind(&token.id)
                    .bind(client_id)
                    .execute(&mut *connection)
                    .await?;
            });
        }
        self.record(token.issue());
        if token.kind == TokenRow::PERSONAL {
            self.announce(Change::PERSONAL_TOKEN, &token.id, token.issued_at)
                .await?;
        }
        Ok(())
    }
}
