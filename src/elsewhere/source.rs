//! Where users come from.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::PathBuf,
};

use thiserror::Error;
use tokio::{
    sync::mpsc::Sender,
    task::{JoinError, spawn_blocking},
};

use crate::{
    scope::{Scope, ScopeSet},
    store::{Foreign, ForeignError, ForeignUser},
};

use super::{csv, django, flask, jsonl, passlib, rows::Entry, tables, tables::Mapping};

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
    /// A JSON object a line.
    JsonLines(PathBuf),
}

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
    #[error("the first line names the columns: {0}")]
    Header(String),
    #[error("the reader of the file stopped: {0}")]
    Reader(#[from] JoinError),
}

/// Which scopes the users of a database may hold.
#[derive(Debug, Default)]
pub struct ScopeRules {
    /// What members of a group or role may hold.
    pub groups: Vec<(String, Scope)>,
    /// What those may hold who may do everything there.
    pub superusers: ScopeSet,
}

/// What an import did not use of a source.
#[derive(Debug, Default)]
pub struct Notes {
    /// Groups that no rule is about, and how many users were in them.
    pub unmapped_groups: BTreeMap<String, u64>,
    /// Those who may do everything there, and for whom there is no rule.
    pub unmapped_superusers: u64,
    /// Users without a name, who were given their e-mail address for one.
    pub borrowed_names: u64,
}

impl ScopeRules {
    /// The scopes of a user; `None` where there are no rules at all.
    pub(super) fn scopes_of(&self, user: &ForeignUser, notes: &mut Notes) -> Option<ScopeSet> {
        let mut scopes: Vec<Scope> = Vec::new();
        for group in user.groups() {
            let rules = self.groups.iter().filter(|(name, _)| name == group);
            let before = scopes.len();
            scopes.extend(rules.map(|(_, scope)| scope.clone()));
            if scopes.len() == before {
                *notes.unmapped_groups.entry(group.to_owned()).or_default() += 1;
            }
        }
        if user.is_superuser() {
            notes.unmapped_superusers += u64::from(self.superusers.is_empty());
            scopes.extend(self.superusers.iter().cloned());
        }
        if self.groups.is_empty() && self.superusers.is_empty() {
            return None;
        }
        Some(scopes.into_iter().collect())
    }
}

impl Source {
    /// Sends every row; ends early when nobody receives them.
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
        }
    }
}

/// A file, or standard input.
pub(super) type Input = BufReader<Box<dyn Read + Send>>;

/// Reads a file on a thread that may wait for it.
async fn read_file(
    path: PathBuf,
    rows: Sender<Entry>,
    send: fn(&mut Input, &Sender<Entry>) -> Result<(), FileError>,
) -> Result<Notes, SourceError> {
    spawn_blocking(move || {
        let name = path.display().to_string();
        let sent = open(&path).and_then(|mut input| send(&mut input, &rows));
        sent.map_err(|error| match error {
            FileError::Io(error) => SourceError::File { path: name, error },
            FileError::Header(reason) => SourceError::Header(reason),
        })
    })
    .await??;
    Ok(Notes::default())
}

/// Why a file cannot be read.
pub(super) enum FileError {
    Io(io::Error),
    Header(String),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn open(path: &std::path::Path) -> Result<Input, FileError> {
    let file: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    Ok(BufReader::new(file))
}
