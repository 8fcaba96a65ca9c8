//! The catalogue of scopes.

use uuid::Uuid;

use super::{
    Change, Result, Store, Transaction, read, row,
    transaction::{Lock, within},
    withdrawals::Lost,
};
use crate::{
    audit_event::{Action, Event},
    scope::ScopeSet,
};
use sqlx::AssertSqlSafe;

row! {
    /// A scope of the catalogue.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ScopeRow {
        pub name: String,
        pub description: String,
        pub builtin: bool,
        pub created_at: i64,
    }
}

/// The columns in which scopes are joined by single spaces.
const SCOPE_LISTS: [(&str, &str); 8] = [
    ("clients", "scopes"),
    ("clients", "default_scopes"),
    ("consents", "asked"),
    ("consents", "granted"),
    ("authorization_codes", "scopes"),
    ("device_codes", "scopes"),
    ("grants", "scopes"),
    ("tokens", "scopes"),
];

/// A column of scopes without the one that a parameter names, in SQL; a space around it.
fn without(column: &str, parameter: usize) -> String {
    format!("replace(' ' || {column} || ' ', ' ' || ${parameter} || ' ', ' ')")
}

/// Whether a column of scopes has the one that a parameter names, in SQL.
pub(super) fn has(column: &str, parameter: usize) -> String {
    format!("{} <> ' ' || {column} || ' '", without(column, parameter))
}

impl Store {
    /// The scopes of the catalogue whose name had another scope before, each with the id
    /// that the tokens of that one sort before.
    pub async fn scopes_made_anew(&self) -> Result<Vec<(String, String)>> {
        Ok(read!(self, |connection| {
            sqlx::query_as(
                "SELECT name, fence FROM removed_scopes WHERE name IN (SELECT name FROM scopes)",
            )
            .fetch_all(&mut *connection)
            .await?
        }))
    }

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
        transaction.lock_administrators().await?;
        // Before the rest, since it makes servers that start together wait for each other.
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
    /// Adds a scope; [`Error::Exists`](super::Error::Exists) where there is one of that name.
    pub async fn add_scope(&mut self, scope: &ScopeRow) -> Result<()> {
        self.insert_scope(scope).await?;
        self.record(Event::new(Action::ScopeAdded, "scope", &scope.name));
        self.announce(Change::SCOPES, "", scope.created_at).await?;
        Ok(())
    }

    /// Gives a scope another description.
    pub async fn describe_scope(&mut self, name: &str, description: &str, now: i64) -> Result<()> {
        within!(self, |connection| {
            sqlx::query("UPDATE scopes SET description = $2 WHERE name = $1")
                .bind(name)
                .bind(description)
                .execute(&mut *connection)
                .await?;
        });
        self.record(Event::new(Action::ScopeChanged, "scope", name).saying("description"));
        self.announce(Change::SCOPES, "", now).await?;
        Ok(())
    }

    /// Removes a scope that is not built in, from the catalogue and from all who hold
    /// it: users, kinds, clients, what users agreed to, and what was issued. Says whether
    /// it was there.
    pub async fn remove_scope(&mut self, name: &str, now: i64) -> Result<bool> {
        let removed = within!(self, |connection| {
            sqlx::query("DELETE FROM scopes WHERE name = $1 AND builtin = $2")
                .bind(name)
                .bind(false)
                .execute(&mut *connection)
                .await?
                .rows_affected()
        });
        if removed == 0 {
            return Ok(false);
        }
        // Before the tokens lose it.
        let lost = Lost::Scopes(ScopeSet::from_stored(name));
        self.withdraw(None, &lost, now).await?;
        within!(self, |connection| {
            for (table, column) in SCOPE_LISTS {
                let statement = format!(
                    "UPDATE {table} SET {column} = trim({}) WHERE {}",
                    without(column, 1),
                    has(column, 1)
                );
                sqlx::query(AssertSqlSafe(statement))
                    .bind(name)
                    .execute(&mut *connection)
                    .await?;
            }
            sqlx::query(
                "INSERT INTO removed_scopes (name, fence) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET fence = $2",
            )
            .bind(name)
            .bind(Uuid::now_v7().to_string())
            .execute(&mut *connection)
            .await?;
        });
        self.record(Event::new(Action::ScopeRemoved, "scope", name));
        self.announce(Change::SCOPES, "", now).await?;
        Ok(true)
    }

    /// Users are locked before the change counter.
    async fn lock_administrators(&mut self) -> Result<()> {
        let statement = "SELECT id FROM users WHERE administrator ORDER BY id";
        let statement = self.locking(statement, Lock::Update);
        within!(self, |connection| {
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut *connection)
                .await?;
        });
        Ok(())
    }

    /// Administrators hold a new scope as well, so that they can give it to somebody.
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
                 SELECT id, $1 FROM users WHERE administrator",
            )
            .bind(&scope.name)
            .execute(&mut *connection)
            .await?;
        });
        Ok(())
    }
}
