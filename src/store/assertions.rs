//! The assertions that clients authenticated with (RFC 7523 §3): each is used once.

use super::{Result, Store, commit};

impl Store {
    /// Notes an assertion as used; says whether it was the first time.
    pub async fn use_assertion(
        &self,
        client_id: &str,
        assertion_id: &str,
        expires_at: i64,
    ) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO client_assertions (client_id, assertion_id, expires_at)
                 VALUES ($1, $2, $3) ON CONFLICT (client_id, assertion_id) DO NOTHING",
            )
            .bind(client_id)
            .bind(assertion_id)
            .bind(expires_at)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0
        }))
    }
}
