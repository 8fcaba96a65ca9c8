//! Opening, creating and migrating a database.

use std::{
    io,
    path::PathBuf,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, SqlitePool,
    error::DatabaseError,
    migrate::MigrateError,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;
use tokio::{time::timeout, try_join};

use super::{
    DatabaseFile, Pools, Result, Store,
    clear_text::warn_of_clear_text,
    commit,
    connections::{self, no_answer},
    migrations,
    transaction::begin_writing,
};

/// How long a statement waits for a lock or for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// How PostgreSQL treats our connections. Its notices tell an operator nothing.
const SESSION: [(&str, &str); 4] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    // A server that is frozen within a transaction holds up the others for no longer.
    ("idle_in_transaction_session_timeout", "5s"),
    ("client_min_messages", "warning"),
];

/// Why a database cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("a database URL must begin with `sqlite:` or `postgres://`")]
    UnknownKind,
    #[error("the database file {path} cannot be created: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the database file {0} not found")]
    NoFile(PathBuf),
    #[error("the database cannot be opened: {0}")]
    Connect(#[from] sqlx::Error),
    #[error("the database was written by a newer Scopegate (migration {0}): run that one")]
    Newer(i64),
    #[error("the database cannot be migrated: {0}")]
    Migrate(MigrateError),
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migrate(other),
        }
    }
}

/// Whether a URL names a kind of database that is supported.
pub fn can_open(url: &str) -> bool {
    is_sqlite(url) || is_postgres(url)
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Connects to a SQLite file. Where others turn a new file to its write-ahead log at the same
/// moment, SQLite refuses at once whatever the timeout: it is asked again.
async fn connect_sqlite(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
) -> sqlx::Result<SqlitePool> {
    let started = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            done => return done,
        }
    }
}

/// Whether it is SQLite's `SQLITE_BUSY`, the low byte of its extended codes.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

impl Store {
    /// Opens the database of a URL, creates a missing SQLite file
    /// (mode 0600), and brings the schema up to date.
    pub async fn open(url: &str) -> std::result::Result<Self, OpenError> {
        if is_sqlite(url) {
            Self::open_sqlite(SqliteConnectOptions::from_str(url)?).await
        } else if is_postgres(url) {
            Self::open_postgres(PgConnectOptions::from_str(url)?).await
        } else {
            Err(OpenError::UnknownKind)
        }
    }

    /// The same for an existing database.
    pub async fn open_existing(url: &str) -> std::result::Result<Self, OpenError> {
        if is_sqlite(url) {
            let path = SqliteConnectOptions::from_str(url)?;
            let path = path.get_filename();
            if !path.exists() {
                return Err(OpenError::NoFile(path.to_owned()));
            }
        }
        Self::open(url).await
    }

    async fn open_sqlite(options: SqliteConnectOptions) -> std::result::Result<Self, OpenError> {
        let path = options.get_filename();
        let file = DatabaseFile::create(path).map_err(|source| OpenError::File {
            path: path.to_owned(),
            source,
        })?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is overwritten or deleted, as a plain private key, is gone from the file.
            .pragma("secure_delete", "ON")
            .busy_timeout(PATIENCE);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            // Where the disk is full SQLite ends a transaction on its own, and the connection
            // believes to be in it for ever: then another takes its place.
            .before_acquire(|connection, _| {
                let is_sound = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_sound) })
            });
        let writer = connect_sqlite(writer, &options).await?;
        // In one transaction, which others who open the file at the same time wait for.
        let mut migration = begin_writing(&writer).await?;
        migrations::sqlite().run(&mut *migration).await?;
        migration.commit().await?;
        // A quarter of what SQLite takes by itself: what is read again and again is in memory
        // already, and the file is in that of the system.
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options.pragma("cache_size", "-512"));
        Ok(Self {
            pools: Pools::Sqlite {
                file,
                readers,
                writer,
            },
        })
    }

    async fn open_postgres(options: PgConnectOptions) -> std::result::Result<Self, OpenError> {
        let options = options.options(SESSION);
        let pool = connections::pool(16, PATIENCE).connect_lazy_with(options.clone());
        // By itself, since a pool would try again and again, and not say why; and one of the
        // pool's at the same time, since over TLS each takes a while.
        let first = async {
            let first = timeout(PATIENCE, PgConnection::connect_with(&options)).await;
            first.map_err(|_| no_answer())?
        };
        let (mut first, _) = try_join!(first, pool.acquire())?;
        warn_of_clear_text(&options, &mut first).await;
        migrations::postgres().run(&mut first).await?;
        first.close().await?;
        Ok(Self {
            pools: Pools::Postgres(pool),
        })
    }

    /// The same database by connections of its own, for the change log, of which on
    /// PostgreSQL one listens: it is not held up by requests that wait for connections or
    /// locks.
    #[must_use]
    pub fn for_change_log(&self) -> Self {
        let pools = match &self.pools {
            Pools::Sqlite {
                file,
                readers,
                writer,
            } => Pools::Sqlite {
                file: file.clone(),
                readers: SqlitePoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(PATIENCE)
                    .connect_lazy_with(readers.connect_options().as_ref().clone()),
                writer: writer.clone(),
            },
            Pools::Postgres(pool) => Pools::Postgres(
                connections::pool(2, PATIENCE)
                    .connect_lazy_with(pool.connect_options().as_ref().clone()),
            ),
        };
        Self { pools }
    }

    /// Asks the database for an answer.
    pub async fn ping(&self) -> Result<()> {
        self.latest_change().await.map(drop)
    }

    /// Writes a row that is never read.
    pub async fn try_writing(&self) -> Result<()> {
        commit!(self, |transaction| {
            sqlx::query("UPDATE write_probe SET number = number + 1")
                .execute(&mut *transaction)
                .await?;
        });
        Ok(())
    }

    /// Takes from SQLite's log what was overwritten since; others that read at
    /// the moment keep it there until the log is next reset.
    pub(super) async fn forget_overwritten(&self) -> Result<()> {
        if let Pools::Sqlite { writer, .. } = &self.pools {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(writer)
                .await?;
        }
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite {
                readers, writer, ..
            } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
