//! Refresh tokens, in families: a family is what one login or consent gave, and
//! lives and dies as one.

use sqlx::QueryBuilder;

use super::{Result, Store, Transaction, audience_in_words, read, row, transaction::within};
use crate::{issued_token::Token, opaque::Digest};

row! {
    /// A refresh token and the family that it belongs to.
    #[derive(Clone, Debug)]
    pub struct RefreshRow {
        pub grant_id: String,
        pub user_id: String,
        pub username: String,
        pub client_id: String,
        /// The scopes of the family, joined by spaces.
        pub scopes: String,
        pub audience: String,
        pub expires_at: i64,
        /// When the family began.
        pub created_at: i64,
        /// When the user typed the password; unknown of families that are older than
        /// this column.
        pub auth_time: Option<i64>,
        /// When it was used, which it can be once.
        pub spent_at: Option<i64>,
        /// From which address; unknown of uses that are older than this column.
        pub spent_from: Option<String>,
        /// When its family ended.
        pub revoked_at: Option<i64>,
    }
}

/// The use of a refresh token.
#[derive(Clone, Debug)]
pub struct Spending {
    /// In seconds since 1970.
    pub at: i64,
    /// The address of who spends it.
    pub from: String,
    /// For how many seconds it may be used once more from there.
    pub grace: i64,
}

impl Spending {
    /// Whether a token may serve once more, whose first use was then and from there.
    pub fn may_follow(&self, at: i64, from: &str) -> bool {
        self.grace > 0 && self.at - at <= self.grace && self.from == from
    }
}

/// A refresh token that is stored anew: its digest and its end.
#[derive(Clone, Debug)]
pub struct NewRefresh {
    pub hash: Digest,
    pub expires_at: i64,
}

impl Store {
    /// The refresh token of a digest.
    pub async fn refresh_token(&self, hash: &Digest) -> Result<Option<RefreshRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT grant_id, user_id, username, client_id, scopes, audience,
                        refresh_tokens.expires_at, grants.created_at,
                        auth_time, spent_at, spent_from, revoked_at
                 FROM refresh_tokens
                     JOIN grants ON grants.id = grant_id
                     JOIN users ON users.id = user_id
                 WHERE hash = $1",
            )
            .bind(hash.as_stored())
            .fetch_optional(&mut *connection)
            .await?
        }))
    }
}

impl Transaction {
    /// Begins a family, with the access token that it begins with.
    pub async fn add_grant(&mut self, token: &Token, user_id: &str, auth_time: i64) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO grants
                     (id, user_id, client_id, scopes, audience, created_at, auth_time)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&token.grant_id)
            .bind(user_id)
            .bind(&token.client_id)
            .bind(token.scopes.to_string())
            .bind(audience_in_words(&token.audience))
            .bind(token.issued_at)
            .bind(auth_time)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Adds a refresh token to the family of an access token.
    pub async fn add_refresh_token(&mut self, token: &Token, refresh: &NewRefresh) -> Result<()> {
        self.add_refresh_tokens(&[(token, refresh)]).await
    }

    /// Adds a refresh token to the family of each of some access tokens.
    pub(super) async fn add_refresh_tokens(
        &mut self,
        tokens: &[(&Token, &NewRefresh)],
    ) -> Result<()> {
        if tokens.is_empty() {
            return Ok(());
        }
        within!(self, |connection| {
            let mut insert =
                QueryBuilder::new("INSERT INTO refresh_tokens (hash, grant_id, expires_at) ");
            insert.push_values(tokens, |mut row, (token, refresh)| {
                row.push_bind(refresh.hash.as_stored())
                    .push_bind(&token.grant_id)
                    .push_bind(refresh.expires_at);
            });
            let insert = insert.build().persistent(tokens.len() == 1);
            insert.execute(&mut *connection).await?;
        });
        Ok(())
    }

    /// Spends a refresh token; says whether it may serve: for the first time, or once
    /// more from the same address within the grace.
    pub async fn spend_refresh_token(
        &mut self,
        hash: &Digest,
        spending: &Spending,
    ) -> Result<bool> {
        Ok(within!(self, |connection| {
            let is_first = sqlx::query(
                "UPDATE refresh_tokens SET spent_at = $2, spent_from = $3
                 WHERE hash = $1 AND spent_at IS NULL AND expires_at > $2",
            )
            .bind(hash.as_stored())
            .bind(spending.at)
            .bind(&spending.from)
            .execute(&mut *connection)
            .await?
            .rows_affected()
                > 0;
            if is_first {
                true
            } else {
                let first: Option<(i64, String)> = sqlx::query_as(
                    "SELECT spent_at, spent_from FROM refresh_tokens
                     WHERE hash = $1 AND spent_from IS NOT NULL",
                )
                .bind(hash.as_stored())
                .fetch_optional(&mut *connection)
                .await?;
                first.is_some_and(|(at, from)| spending.may_follow(at, &from))
            }
        }))
    }
}
