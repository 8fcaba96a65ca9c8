//! The catalogue of scopes.

use super::{Change, Result, Store, Transaction, read, transaction::within};

/// A scope of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ScopeRow {
    pub name: String,
    pub description: String,
    pub builtin: bool,
    pub created_at: i64,
}

impl Store {
    /// The catalogue, by name.
    pub async fn scopes(&self) -> Result<Vec<ScopeRow>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT name, description, builtin, created_at FROM scopes ORDER BY name",
            )
            .fetch_all(&mut *connection)
            .await?
        }))
    }

    /// Brings the built-in scopes and their descriptions up to date; announces
    /// nothing where they are.
    pub async fn put_builtin_scopes(&self, scopes: &[(&str, &str)], now: i64) -> Result<()> {
        let known = self.scopes().await?;
        let is_known = |(name, description): &(&str, &str)| {
            let same = |row: &ScopeRow| {
                row.builtin && row.name == *name && row.description == *description
            };
            known.iter().any(same)
        };
        if scopes.iter().all(is_known) {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        // First, since it makes servers that start together wait for each other.
        transaction.announce(Change::SCOPES, "", now).await?;
        for (name, description) in scopes {
            let updated = within!(transaction, |connection| {
                sqlx::query("UPDATE scopes SET description = $2, builtin = $3 WHERE name = $1")
                    .bind(*name)
                    .bind(*description)
                    .bind(true)
                    .execute(&mut *connection)
                    .await?
                    .rows_affected()
            });
            if updated == 0 {
                let scope = ScopeRow {
                    name: (*name).to_owned(),
                    description: (*description).to_owned(),
                    builtin: true,
                    created_at: now,
                };
                transaction.insert_scope(&scope).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl Transaction {
    /// Adds a scope; [`Error::Exists`](super::Error::Exists) where it is there.
    pub async fn add_scope(&mut self, scope: &ScopeRow) -> Result<()> {
        self.insert_scope(scope).await?;
        self.announce(Change::SCOPES, "", scope.created_at).await?;
        Ok(())
    }

    /// Removes a scope that is not built in, from the catalogue and from all
    /// who hold it; says whether it was there.
    pub async fn remove_scope(&mut self, name: &str, now: i64) -> Result<bool> {
        let removed = within!(self, |connection| {
            sqlx::query("DELETE FROM scopes WHERE name = $1 AND builtin = $2")
                .bind(name)
                .bind(false)
                .execute(&mut *connection)
                .await?
                .rows_affected()
        });
        self.announce(Change::SCOPES, "", now).await?;
        Ok(removed > 0)
    }

    /// Users who hold all other scopes hold a new one as well, so that
    /// administrators can give it to somebody.
    async fn insert_scope(&mut self, scope: &ScopeRow) -> Result<()> {
        within!(self, |connection| {
            sqlx::query(
                "INSERT INTO scopes (name, description, builtin, created_at)
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(&scope.name)
            .bind(&scope.description)
            .bind(scope.builtin)
            .bind(scope.created_at)
            .execute(&mut *connection)
            .await?;
            sqlx::query(
                "INSERT INTO user_scopes (user_id, scope)
                 SELECT user_id, $1 FROM user_scopes GROUP BY user_id
                 HAVING count(*) = (SELECT count(*) - 1 FROM scopes)",
            )
            .bind(&scope.name)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }
}
