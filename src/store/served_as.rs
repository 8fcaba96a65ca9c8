//! What `serve` was last started with.

use super::{Result, Store, commit, read, row};

row! {
    /// Of the settings, those that decide whether a token is valid.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ServedAs {
        pub issuer: String,
        pub audience: String,
        pub algorithm: String,
    }
}

impl Store {
    /// What `serve` was last started with; none where it never was.
    pub async fn served_as(&self) -> Result<Option<ServedAs>> {
        Ok(read!(self, |connection| {
            sqlx::query_as("SELECT issuer, audience, algorithm FROM served_as")
                .fetch_optional(&mut *connection)
                .await?
        }))
    }

    /// Remembers what `serve` is started with.
    pub async fn remember_served_as(&self, served: &ServedAs) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO served_as (only_row, issuer, audience, algorithm)
                 VALUES (1, $1, $2, $3)
                 ON CONFLICT (only_row) DO UPDATE SET issuer = $1, audience = $2, algorithm = $3",
            )
            .bind(&served.issuer)
            .bind(&served.audience)
            .bind(&served.algorithm)
            .execute(&mut *transaction)
            .await?;
        });
        Ok(())
    }
}
