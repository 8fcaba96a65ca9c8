//! The catalogue of scopes.

use super::{Change, Result, Store, announce, commit, read};

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

    /// Adds a scope; [`Error::Exists`](super::Error::Exists) where it is there.
    /// Users who hold all others hold it as well, so that administrators can
    /// give it to somebody.
    pub async fn add_scope(&self, scope: &ScopeRow) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query(
                "INSERT INTO scopes (name, description, builtin, created_at)
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(&scope.name)
            .bind(&scope.description)
            .bind(scope.builtin)
            .bind(scope.created_at)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "INSERT INTO user_scopes (user_id, scope)
                 SELECT user_id, $1 FROM user_scopes GROUP BY user_id
                 HAVING count(*) = (SELECT count(*) - 1 FROM scopes)",
            )
            .bind(&scope.name)
            .execute(&mut *transaction)
            .await?;
            announce!(transaction, Change::SCOPES, "", scope.created_at);
        });
        Ok(())
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
        commit!(self, |transaction| {
            for (name, description) in scopes {
                sqlx::query(
                    "INSERT INTO scopes (name, description, builtin, created_at)
                     VALUES ($1, $2, $3, $4)
                     ON CONFLICT (name) DO UPDATE SET description = $2, builtin = $3",
                )
                .bind(*name)
                .bind(*description)
                .bind(true)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
            }
            announce!(transaction, Change::SCOPES, "", now);
        });
        Ok(())
    }

    /// Removes a scope that is not built in, from the catalogue and from all
    /// who hold it; says whether it was there.
    pub async fn remove_scope(&self, name: &str, now: i64) -> Result<bool> {
        Ok(commit!(self, |transaction| {
            let removed = sqlx::query("DELETE FROM scopes WHERE name = $1 AND builtin = $2")
                .bind(name)
                .bind(false)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            announce!(transaction, Change::SCOPES, "", now);
            removed > 0
        }))
    }
}
