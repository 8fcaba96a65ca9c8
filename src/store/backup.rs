//! A copy of a database that is in use.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use thiserror::Error;

use super::{Pools, Store};

/// Why there is no copy.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error("back up a PostgreSQL database with pg_dump --format=custom")]
    Postgres,
    #[error("{0} already exists")]
    Exists(String),
    #[error("{path} cannot be written: {source}")]
    File { path: String, source: io::Error },
    #[error("the database cannot be copied: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the copy is not sound: {0}")]
    Unsound(String),
}

impl Store {
    /// Writes a copy of a SQLite database into a new file (mode 0600), as of one moment,
    /// while others read and write; gives its length in bytes.
    pub async fn back_up(&self, path: &Path) -> Result<u64, BackupError> {
        let Pools::Sqlite { readers, .. } = &self.pools else {
            return Err(BackupError::Postgres);
        };
        let shown = path.display().to_string();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(shown.clone()),
            _ => BackupError::File {
                path: shown.clone(),
                source,
            },
        };
        let mut create = OpenOptions::new();
        create.write(true).create_new(true).mode(0o600);
        create.open(path).map_err(failed)?;
        let copied = async {
            let mut connection = readers.acquire().await?;
            sqlx::query("VACUUM INTO $1")
                .bind(&shown)
                .execute(&mut *connection)
                .await?;
            check(path).await
        };
        let copied: Result<(), BackupError> = copied.await;
        let written = copied.and_then(|()| {
            let file = File::open(path).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            Ok(file.metadata().map_err(failed)?.len())
        });
        if written.is_err() {
            // Half a copy is worse than none.
            let _ = fs::remove_file(path);
        }
        written
    }
}

async fn check(path: &Path) -> Result<(), BackupError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(true)
        .immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let found: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    match found == "ok" {
        true => Ok(()),
        false => Err(BackupError::Unsound(found)),
    }
}
