//! A transaction: what a change reads and writes, all of it or nothing.
//!
//! What a change rests on is locked as it is read (`FOR UPDATE` or `FOR SHARE` on
//! PostgreSQL; SQLite has one writer at a time), so that two changes of the same
//! thing, and a change beside the issuing of a token that rests on it, come one
//! after the other. Locks are taken in one order: users, clients, subject kinds,
//! grants and what belongs to them, tokens.

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;

use super::{Pools, Result, Store, answered, connections};
use crate::audit_event::Event;

/// A transaction on either database. Dropped without [`commit`](Self::commit) it
/// leaves nothing behind.
pub struct Transaction {
    pub(super) inner: Inner,
    pub(super) announces: bool,
    /// What it does, for the audit log.
    pub(super) events: Vec<Event>,
}

pub(super) enum Inner {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// How a row is locked as it is read.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    /// It is about to change.
    Update,
    /// Something is about to be made that rests on it.
    Share,
}

/// Begins a transaction of SQLite. It is a writer from its start: one that turned into a
/// writer halfway could find that another had been faster. Boxed like what is
/// [`answered`](super::answered).
pub(super) fn begin_writing(
    writer: &SqlitePool,
) -> BoxFuture<'_, sqlx::Result<sqlx::Transaction<'static, sqlx::Sqlite>>> {
    Box::pin(writer.begin_with("BEGIN IMMEDIATE"))
}

impl Store {
    /// Begins a transaction.
    pub async fn begin(&self) -> Result<Transaction> {
        let inner = match &self.pools {
            Pools::Sqlite { file, writer, .. } => {
                file.check()?;
                Inner::Sqlite(begin_writing(writer).await?)
            }
            Pools::Postgres(pool) => {
                let begin = async { Ok(connections::begin(pool).await?) };
                Inner::Postgres(answered(begin).await?)
            }
        };
        Ok(Transaction {
            inner,
            announces: false,
            events: Vec::new(),
        })
    }
}

impl Transaction {
    /// Puts it on disk; says whether it announced something that running servers
    /// must learn of.
    pub async fn commit(self) -> Result<bool> {
        match self.inner {
            Inner::Sqlite(transaction) => transaction.commit().await?,
            Inner::Postgres(transaction) => {
                answered(async { Ok(transaction.commit().await?) }).await?;
            }
        }
        Ok(self.announces)
    }

    /// What a statement that reads a row ends with.
    pub(super) fn locking(&self, statement: &str, lock: Lock) -> String {
        let clause = match (&self.inner, lock) {
            (Inner::Sqlite(_), _) => "",
            (Inner::Postgres(_), Lock::Update) => " FOR UPDATE",
            (Inner::Postgres(_), Lock::Share) => " FOR SHARE",
        };
        format!("{statement}{clause}")
    }

    /// Announces a change to all servers on this database, and gives its number.
    pub(super) async fn announce(&mut self, kind: &str, key: &str, now: i64) -> Result<i64> {
        self.announces = true;
        if let Inner::Sqlite(connection) = &mut self.inner {
            sqlx::query("UPDATE change_counter SET seq = seq + 1 WHERE only_row = 1")
                .execute(&mut **connection)
                .await?;
        }
        let statement = match self.inner {
            Inner::Sqlite(_) => {
                "INSERT INTO changes (seq, kind, key, created_at)
                 VALUES ((SELECT seq FROM change_counter), $1, $2, $3) RETURNING seq"
            }
            // Those who listen are told once this is committed.
            Inner::Postgres(_) => {
                "INSERT INTO changes (seq, kind, key, created_at)
                 VALUES (nextval('change_numbers'), $1, $2, $3)
                 RETURNING seq, pg_notify('scopegate_changes', '')"
            }
        };
        Ok(within!(self, |connection| {
            sqlx::query_scalar(statement)
                .bind(kind)
                .bind(key)
                .bind(now)
                .fetch_one(&mut *connection)
                .await?
        }))
    }
}

/// Runs statements on the connection of a transaction of either database.
macro_rules! within {
    ($transaction:expr, |$connection:ident| $body:expr) => {{
        let statements = ::std::pin::pin!(async {
            let outcome =
                $crate::store::transaction::within_any_time!($transaction, |$connection| $body);
            Ok::<_, $crate::store::Error>(outcome)
        });
        $crate::store::answered(statements).await?
    }};
}

/// The same for statements that may take any time.
macro_rules! within_any_time {
    ($transaction:expr, |$connection:ident| $body:expr) => {
        match &mut $transaction.inner {
            $crate::store::transaction::Inner::Sqlite(inner) => {
                let $connection = &mut **inner;
                $body
            }
            $crate::store::transaction::Inner::Postgres(inner) => {
                let $connection = &mut **inner;
                $body
            }
        }
    };
}
pub(super) use {within, within_any_time};
