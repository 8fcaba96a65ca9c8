//! Kinds of subjects beside users and clients.

use super::{
    Change, Result, Revoke, Store, Transaction, read,
    transaction::within,
    withdrawals::{Lost, names},
};
use crate::{
    audit_event::{Action, Event},
    scope::ScopeSet,
};

/// A kind and the scopes that tokens of its subjects may carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKindRow {
    pub name: String,
    pub scopes: ScopeSet,
}

impl Store {
    /// All kinds, by name.
    pub async fn subject_kinds(&self) -> Result<Vec<SubjectKindRow>> {
        let rows: Vec<(String, Option<String>)> = read!(self, |connection| {
            sqlx::query_as(
                "SELECT kind, (SELECT string_agg(scope, ' ') FROM subject_kind_scopes
                               WHERE kind = subject_kinds.kind)
                 FROM subject_kinds ORDER BY kind",
            )
            .fetch_all(&mut *connection)
            .await?
        });
        let read = |(name, scopes): (String, Option<String>)| SubjectKindRow {
            name,
            scopes: ScopeSet::from_stored(scopes.as_deref().unwrap_or_default()),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

impl Transaction {
    /// Adds a kind; [`Error::Exists`](super::Error::Exists) where it already exists,
    /// [`Error::MissingReference`](super::Error::MissingReference) where a scope is not in the catalogue.
    pub async fn add_subject_kind(&mut self, kind: &SubjectKindRow, now: i64) -> Result<()> {
        within!(self, |connection| {
            sqlx::query("INSERT INTO subject_kinds (kind, created_at) VALUES ($1, $2)")
                .bind(&kind.name)
                .bind(now)
                .execute(&mut *connection)
                .await?;
        });
        self.put_kind_scopes(kind, Action::SubjectKindAdded, now)
            .await
    }

    /// Changes the scopes of a kind; tokens of its subjects lose the scopes that it lost.
    pub async fn change_subject_kind(&mut self, kind: &SubjectKindRow, now: i64) -> Result<()> {
        let before = within!(self, |connection| {
            sqlx::query_scalar("DELETE FROM subject_kind_scopes WHERE kind = $1 RETURNING scope")
                .bind(&kind.name)
                .fetch_all(&mut *connection)
                .await?
        });
        let lost = Lost::Scopes(names(before).difference(&kind.scopes));
        let whose = Revoke::SubjectKind(&kind.name);
        self.withdraw(Some(whose), &lost, now).await?;
        self.put_kind_scopes(kind, Action::SubjectKindChanged, now)
            .await
    }

    async fn put_kind_scopes(
        &mut self,
        kind: &SubjectKindRow,
        action: Action,
        now: i64,
    ) -> Result<()> {
        within!(self, |connection| {
            for scope in kind.scopes.iter() {
                sqlx::query("INSERT INTO subject_kind_scopes (kind, scope) VALUES ($1, $2)")
                    .bind(&kind.name)
                    .bind(scope.as_str())
                    .execute(&mut *connection)
                    .await?;
            }
        });
        let event = Event::new(action, "subject-kind", &kind.name);
        self.record(event.saying(format!("scopes: {}", kind.scopes)));
        self.announce(Change::SUBJECT_KINDS, &kind.name, now)
            .await?;
        Ok(())
    }

    /// Removes a kind and ends all tokens of its subjects; says whether it was
    /// there.
    pub async fn remove_subject_kind(&mut self, name: &str, now: i64) -> Result<bool> {
        let removed = within!(self, |connection| {
            sqlx::query("DELETE FROM subject_kinds WHERE kind = $1")
                .bind(name)
                .execute(&mut *connection)
                .await?
                .rows_affected()
        });
        // What is no kind of these may be one that is built in.
        if removed > 0 {
            self.revoke(Revoke::SubjectKind(name), None, now).await?;
            self.record(Event::new(Action::SubjectKindRemoved, "subject-kind", name));
            self.announce(Change::SUBJECT_KINDS, name, now).await?;
        }
        Ok(removed > 0)
    }
}
