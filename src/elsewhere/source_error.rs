//! Why a source of users cannot be read.

use std::io;

use thiserror::Error;
use tokio::task::JoinError;

use crate::store::ForeignError;

/// Why a source cannot be read, or not to its end.
#[derive(Debug, Error)]
pub enum SourceError {
    #[error(transparent)]
    Database(#[from] ForeignError),
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
    #[error("the source has no table `{0}`")]
    NoTable(String),
    #[error("the table `{table}` has no column {wanted}; it has {columns}")]
    NoColumn {
        table: String,
        wanted: String,
        columns: String,
    },
    #[error("the first line must name the columns: {0}")]
    Header(String),
    #[error("{path}: not a JSON document of users: {reason}")]
    Document { path: String, reason: String },
    #[error("the reader of the file stopped: {0}")]
    Reader(#[from] JoinError),
}
