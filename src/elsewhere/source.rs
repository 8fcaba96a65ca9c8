//! Where users come from.

use std::path::PathBuf;

use tokio::{sync::mpsc::Sender, task::spawn_blocking};

use crate::store::Foreign;

use super::{
    csv, django, documents, firebase, flask,
    input::{FileError, Input, open},
    jsonl, keycloak, passlib,
    rows::Entry,
    rules::{Notes, ScopeRules},
    source_error::SourceError,
    tables,
    tables::Mapping,
};

/// A source of users.
#[derive(Debug)]
pub enum Source {
    /// A Django database: `auth_user` and its groups.
    Django {
        database: String,
        mapping: Mapping,
        rules: ScopeRules,
    },
    /// A Flask database: a table of users, and of roles where there is one.
    Flask {
        database: String,
        mapping: Mapping,
        rules: ScopeRules,
    },
    /// Lines of `username:hash`, or CSV where the first line is its header.
    Passlib(PathBuf),
    /// CSV with a header.
    Csv(PathBuf),
    /// One JSON object per line.
    JsonLines(PathBuf),
    /// What Auth0 exports: an object a line.
    Auth0(PathBuf),
    /// What `firebase auth:export` writes as JSON.
    Firebase(PathBuf),
    /// What `kc.sh export` writes.
    Keycloak(PathBuf),
    /// Supabase's table `auth.users` as CSV.
    Supabase(PathBuf),
}

impl Source {
    /// Sends every row; stops when the receiver is gone.
    pub async fn read(self, rows: Sender<Entry>) -> Result<Notes, SourceError> {
        match self {
            Self::Django {
                database,
                mapping,
                rules,
            } => {
                let mut foreign = Foreign::open(&database).await?;
                let table = django::table(&mut foreign, &mapping).await?;
                tables::send_users(foreign, &table, &rules, &rows).await
            }
            Self::Flask {
                database,
                mapping,
                rules,
            } => {
                let mut foreign = Foreign::open(&database).await?;
                let table = flask::table(&mut foreign, &mapping).await?;
                tables::send_users(foreign, &table, &rules, &rows).await
            }
            Self::Passlib(path) => read_file(path, rows, passlib::send_users).await,
            Self::Csv(path) => read_file(path, rows, csv::send_users).await,
            Self::JsonLines(path) => read_file(path, rows, jsonl::send_users).await,
            Self::Auth0(path) => read_file(path, rows, jsonl::send_auth0_users).await,
            Self::Firebase(path) => {
                read_file(path, rows, |input, rows| {
                    documents::send_users(input, rows, firebase::User::put)
                })
                .await
            }
            Self::Keycloak(path) => {
                read_file(path, rows, |input, rows| {
                    documents::send_users(input, rows, keycloak::User::put)
                })
                .await
            }
            Self::Supabase(path) => read_file(path, rows, csv::send_supabase_users).await,
        }
    }
}

/// Reads a file on a thread that may wait for it.
async fn read_file(
    path: PathBuf,
    rows: Sender<Entry>,
    send: fn(&mut Input, &Sender<Entry>) -> Result<Notes, FileError>,
) -> Result<Notes, SourceError> {
    spawn_blocking(move || {
        let name = path.display().to_string();
        let sent = open(&path).and_then(|mut input| send(&mut input, &rows));
        sent.map_err(|error| match error {
            FileError::Io(error) => SourceError::File { path: name, error },
            FileError::Header(reason) => SourceError::Header(reason),
            FileError::Document(reason) => SourceError::Document { path: name, reason },
        })
    })
    .await?
}
