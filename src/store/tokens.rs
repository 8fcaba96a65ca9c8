//! The access tokens that were issued.

use super::{Result, Store, commit};

/// An issued access token.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TokenRow {
    /// Its `jti`.
    pub id: String,
    pub subject: String,
    pub client_id: String,
    /// Its scopes, joined by spaces.
    pub scopes: String,
    pub issued_at: i64,
    pub expires_at: i64,
}

impl Store {
    /// Records a user's token before it is handed out, unless the user was
    /// removed or disabled meanwhile; says whether it was recorded.
    pub async fn add_user_token(&self, token: &TokenRow, user_id: &str) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO tokens (id, subject, client_id, scopes, issued_at, expires_at)
                 SELECT $1, $2, $3, $4, $5, $6 FROM users WHERE id = $7 AND disabled = $8",
            )
            .bind(&token.id)
            .bind(&token.subject)
            .bind(&token.client_id)
            .bind(&token.scopes)
            .bind(token.issued_at)
            .bind(token.expires_at)
            .bind(user_id)
            .bind(false)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0
        }))
    }
}
