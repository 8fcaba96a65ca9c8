//! Refresh tokens, in families: a family is what one login or consent gave, and
//! lives and dies as one.

use super::{Result, Store, TokenRow, Transaction, read, transaction::within};
use crate::opaque::Digest;

/// A refresh token and the family that it belongs to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RefreshRow {
    pub grant_id: String,
    pub user_id: String,
    pub username: String,
    pub client_id: String,
    /// The scopes of the family, joined by spaces.
    pub scopes: String,
    pub audience: String,
    pub expires_at: i64,
    /// When it was used, which it can be once.
    pub spent_at: Option<i64>,
    /// When its family ended.
    pub revoked_at: Option<i64>,
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
                        refresh_tokens.expires_at, spent_at, revoked_at
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
    pub async fn add_grant(&mut self, token: &TokenRow, user_id: &str) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO grants (id, user_id, client_id, scopes, audience, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&token.grant_id)
            .bind(user_id)
            .bind(&token.client_id)
            .bind(&token.scopes)
            .bind(&token.audience)
            .bind(token.issued_at)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Adds a refresh token to the family of an access token.
    pub async fn add_refresh_token(
        &mut self,
        token: &TokenRow,
        refresh: &NewRefresh,
    ) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO refresh_tokens (hash, grant_id, expires_at) VALUES ($1, $2, $3)",
            )
            .bind(refresh.hash.as_stored())
            .bind(&token.grant_id)
            .bind(refresh.expires_at)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }

    /// Spends a refresh token; says whether this call was the one that spent it.
    pub async fn spend_refresh_token(&mut self, hash: &Digest, now: i64) -> Result<bool> {
        Ok(within!(self, |connection| {
            sqlx::query(
                "UPDATE refresh_tokens SET spent_at = $2
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
}
