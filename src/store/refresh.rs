//! Refresh tokens, in families: a family is what one login or consent gave, and
//! lives and dies as one.

use super::{
    Result, Store, TokenRow, commit, read,
    tokens::{insert_token, insert_token_statement},
};
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

/// Inserts a refresh token of the family of an access token.
macro_rules! insert_refresh {
    ($transaction:ident, $token:expr, $refresh:expr) => {
        sqlx::query("INSERT INTO refresh_tokens (hash, grant_id, expires_at) VALUES ($1, $2, $3)")
            .bind($refresh.hash.as_stored())
            .bind(&$token.grant_id)
            .bind($refresh.expires_at)
            .execute(&mut *$transaction)
            .await?;
    };
}

/// Inserts the family that an access token begins.
macro_rules! insert_grant {
    ($transaction:ident, $token:expr, $user_id:expr) => {
        sqlx::query(
            "INSERT INTO grants (id, user_id, client_id, scopes, audience, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&$token.grant_id)
        .bind($user_id)
        .bind(&$token.client_id)
        .bind(&$token.scopes)
        .bind(&$token.audience)
        .bind($token.issued_at)
        .execute(&mut *$transaction)
        .await?;
    };
}

pub(super) use {insert_grant, insert_refresh};

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

    /// Begins a family with its first refresh token and its first access token,
    /// unless the user was removed or disabled meanwhile; says whether it did.
    pub async fn begin_grant(
        &self,
        token: &TokenRow,
        user_id: &str,
        refresh: &NewRefresh,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let recorded = insert_token!(
                transaction,
                token,
                insert_token_statement!("FROM users WHERE id = $12 AND disabled = $13")
            )
            .bind(user_id)
            .bind(false)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0;
            if recorded {
                insert_grant!(transaction, token, user_id);
                insert_refresh!(transaction, token, refresh);
            }
            recorded
        }))
    }

    /// Spends a refresh token for the next one and an access token; says
    /// whether this call was the one that spent it.
    pub async fn rotate(
        &self,
        spent: &Digest,
        next: &NewRefresh,
        token: &TokenRow,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let was_spent = sqlx::query(
                "UPDATE refresh_tokens SET spent_at = $2
                 WHERE hash = $1 AND spent_at IS NULL AND expires_at > $2
                     AND EXISTS (SELECT 1 FROM grants JOIN users ON users.id = user_id
                                 WHERE grants.id = grant_id AND revoked_at IS NULL
                                     AND disabled = $3)",
            )
            .bind(spent.as_stored())
            .bind(token.issued_at)
            .bind(false)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0;
            if was_spent {
                insert_token!(
                    transaction,
                    token,
                    insert_token_statement!("FROM grants WHERE id = $8")
                )
                .execute(&mut *transaction)
                .await?;
                insert_refresh!(transaction, token, next);
            }
            was_spent
        }))
    }
}
