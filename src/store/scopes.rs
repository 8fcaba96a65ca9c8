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

/// Inserts a scope. Users who hold all others hold it as well, so that
/// administrators can give it to somebody.
macro_rules! insert_scope {
    ($transaction:ident, $name:expr, $description:expr, $builtin:expr, $now:expr) => {
        sqlx::query(
            "INSERT INTO scopes (name, description, builtin, created_at)
             VALUES ($1, $2, $3, $4)",
        )
        .bind($name)
        .bind($description)
        .bind($builtin)
        .bind($now)
        .execute(&mut *$transaction)
        .await?;
        sqlx::query(
            "INSERT INTO user_scopes (user_id, scope)
             SELECT user_id, $1 FROM user_scopes GROUP BY user_id
             HAVING count(*) = (SELECT count(*) - 1 FROM scopes)",
        )
        .bind($name)
        .execute(&mut *$transaction)
        .await?;
    };
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
    pub async fn add_scope(&self, scope: &ScopeRow) -> Result<()> {
        commit!(self, |transaction| {
            insert_scope!(
                transaction,
                scope.name.as_str(),
                scope.description.as_str(),
                scope.builtin,
                scope.created_at
            );
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
            // First, since it makes servers that start together wait for each other.
            announce!(transaction, Change::SCOPES, "", now);
            for (name, description) in scopes {
                let updated =
                    sqlx::query("UPDATE scopes SET description = $2, builtin = $3 WHERE name = $1")
                        .bind(*name)
                        .bind(*description)
                        .bind(true)
                        .execute(&mut *transaction)
                        .await?
                        .rows_affected();
                if updated == 0 {
                    insert_scope!(transaction, *name, *description, true, now);
                }
            }
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
