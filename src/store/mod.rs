//! The database, and the only place that knows SQL.
//!
//! SQLite and PostgreSQL run the same statements: they are written once, in the
//! language that both speak, and `read!` and `commit!` run them on the one
//! that the URL names. A call that wrote something returns after its commit is
//! on disk (`synchronous=FULL`; PostgreSQL's default). Changes are methods of a
//! [`Transaction`]: whatever a running server holds in memory is announced in the
//! table `changes` by the transaction that changes it, so that every server on the
//! database learns of it.

mod assertions;
mod audit;
mod authorizations;
mod backup;
mod basis;
mod changes;
mod clear_text;
mod clients;
mod conflict;
mod connections;
mod devices;
mod file;
mod foreign;
mod housekeeping;
mod imports;
mod issuing;
mod keys;
mod logins;
mod migrations;
mod moving;
mod open;
mod refresh;
mod registration_tokens;
mod revocations;
mod scopes;
mod served_as;
mod sessions;
mod shared;
mod shared_table;
mod subject_kinds;
mod tokens;
mod transaction;
mod users;
mod withdrawals;

pub use audit::{AuditEntry, AuditFilter, Chain, Link};
pub use authorizations::{CodeRow, ConsentRow};
pub use backup::BackupError;
pub use basis::{Basis, UserBasis};
pub use changes::Change;
pub use conflict::{MayConflict, unless_in_conflict};
pub use devices::{Decision, DeviceRow};
use file::DatabaseFile;
pub use foreign::{Foreign, ForeignError, ForeignUser, GroupTables, UserTable, can_read};
pub use housekeeping::{Expired, Keep};
pub use imports::{Addition, Alteration, KnownUser};
pub use issuing::{Issuance, Issued, Issuing, Renewal};
pub use keys::{KeyRow, KeyState};
pub use logins::{Counted, Ending, Window};
pub use moving::MoveError;
pub use open::{OpenError, can_open};
pub use refresh::{NewRefresh, RefreshRow, Spending};
pub use revocations::{Revocation, Revoke};
pub use scopes::ScopeRow;
pub use served_as::ServedAs;
pub use sessions::SessionRow;
pub use shared::Anchor;
pub use shared_table::{LoginColumn, SharedTable};
pub use subject_kinds::SubjectKindRow;
pub use tokens::{TokenFilter, audience_in_words, audience_of};
pub use transaction::Transaction;
pub use users::{NewUser, UserPage, UserPatch, UserRow};

use std::{path::PathBuf, time::Duration};

use sqlx::{PgPool, SqlitePool, error::ErrorKind};
use thiserror::Error;
use tokio::time::timeout;

/// A database: a pool of connections to SQLite or PostgreSQL.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
}

/// SQLite has one writer at a time: a pool of one connection makes writers of
/// this process wait for each other instead of for the file's lock.
#[derive(Clone, Debug)]
enum Pools {
    Sqlite {
        file: DatabaseFile,
        readers: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

/// Why the database did not do it.
#[derive(Debug, Error)]
pub enum Error {
    /// A row of this name already exists.
    #[error("it already exists")]
    Exists,
    /// A row that this one names is not there.
    #[error("it refers to something that does not exist")]
    MissingReference,
    /// Another transaction was in its way (a serialization failure, a deadlock). Nothing was
    /// written, and the same may succeed now.
    #[error("it conflicts with another transaction: {0}")]
    Conflict(sqlx::Error),
    /// The database cannot be reached, is locked or full, or its content is not what was written.
    #[error("the database did not answer: {0}")]
    Unavailable(sqlx::Error),
    /// A database file that was removed or replaced while it was open.
    #[error("{0} was removed or replaced: put it back, or restart the server")]
    FileGone(PathBuf),
    /// The other application's database, where users live, did not answer
    /// or is not what it was.
    #[error("the users' database: {0}")]
    Foreign(#[from] ForeignError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let Some(said) = error.as_database_error() else {
            return Self::Unavailable(error);
        };
        match said.kind() {
            ErrorKind::UniqueViolation => Self::Exists,
            ErrorKind::ForeignKeyViolation => Self::MissingReference,
            _ if conflict::is_conflict(said) => Self::Conflict(error),
            _ => Self::Unavailable(error),
        }
    }
}

impl Store {
    /// How many connections are used, and how many are idle.
    pub fn connections(&self) -> (usize, usize) {
        let count = |size: u32, idle: usize| {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            (size.saturating_sub(idle), idle)
        };
        match &self.pools {
            Pools::Sqlite {
                readers, writer, ..
            } => {
                let idle = readers.num_idle() + writer.num_idle();
                count(readers.size() + writer.size(), idle)
            }
            Pools::Postgres(pool) => count(pool.size(), pool.num_idle()),
        }
    }
}

/// What the store's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Runs statements on a connection of either database.
macro_rules! read {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let statements = async {
            let outcome = match &$store.pools {
                $crate::store::Pools::Sqlite { file, readers, .. } => {
                    file.check()?;
                    let mut $connection = readers.acquire().await?;
                    $body
                }
                $crate::store::Pools::Postgres(pool) => {
                    let mut $connection = $crate::store::connections::acquire(pool).await?;
                    $body
                }
            };
            Ok::<_, $crate::store::Error>(outcome)
        };
        $crate::store::answered(statements).await?
    }};
}

/// Runs statements in a transaction of its own and commits it, again where another one was
/// in its way: for what the server notes for itself. What somebody changes goes through
/// [`Transaction`].
macro_rules! commit {
    ($store:expr, |$transaction:ident| $body:expr) => {
        match &$store.pools {
            $crate::store::Pools::Sqlite { file, writer, .. } => {
                file.check()?;
                let mut $transaction = $crate::store::transaction::begin_writing(writer).await?;
                let outcome = $body;
                $transaction.commit().await?;
                outcome
            }
            $crate::store::Pools::Postgres(pool) => {
                let attempt = async || {
                    $crate::store::answered(async {
                        let mut $transaction = $crate::store::connections::begin(pool).await?;
                        let outcome = $body;
                        $transaction.commit().await?;
                        Ok::<_, $crate::store::Error>(outcome)
                    })
                    .await
                };
                $crate::store::unless_in_conflict(attempt).await?
            }
        }
    };
}

/// Declares a struct with how it is read from a row: each field from the column of its
/// name. (The derive of sqlx does the same, and brings a second build of both databases'
/// drivers for itself.)
macro_rules! row {
    (
        $(#[$about:meta])*
        $visible:vis struct $name:ident {
            $($(#[$about_field:meta])* $field_visible:vis $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        $visible struct $name {
            $($(#[$about_field])* $field_visible $field: $type,)*
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self {
                    $($field: row.try_get(stringify!($field))?,)*
                })
            }
        }
    };
}

/// How long a few statements may take. PostgreSQL ends each of them earlier by itself
/// ([`open`]): they take longer only where the connection is lost and nobody has said so.
const LOST_AFTER: Duration = Duration::from_secs(20);

/// Waits for the database's answer to a few statements.
///
/// # Errors
/// Their own, or that there is no answer.
fn answered<T>(statements: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    // Boxed before it waits: what acquires a connection takes kilobytes, for which every handler
    // that ever asks the database would have room, and which would be copied with each request.
    let statements = timeout(LOST_AFTER, Box::pin(statements));
    async { statements.await.map_err(|_| connections::no_answer())? }
}

/// What is stored and cannot be read.
fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable(sqlx::Error::Decode(error.into()))
}

use {commit, read, row};
