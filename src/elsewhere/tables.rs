//! Tables of users in other applications' databases.

use std::{collections::BTreeMap, fmt, pin::pin, str::FromStr};

use futures_util::StreamExt;
use thiserror::Error;
use tokio::sync::mpsc::Sender;

use crate::{
    password::PasswordHash,
    profile::ProfilePatch,
    store::{Foreign, ForeignUser, UserTable},
};

use super::{
    rows::{Entry, Place, Row},
    rules::{Notes, ScopeRules},
    source_error::SourceError,
};

/// A field of a user that a column of a table can be named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Id,
    Username,
    PasswordHash,
    Email,
    FullName,
    Active,
    Disabled,
    Superuser,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Id,
        Self::Username,
        Self::PasswordHash,
        Self::Email,
        Self::FullName,
        Self::Active,
        Self::Disabled,
        Self::Superuser,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::PasswordHash => "password_hash",
            Self::Email => "email",
            Self::FullName => "full_name",
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Superuser => "superuser",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`Field`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is none of id, username, password_hash, email, full_name, active, disabled, superuser"
)]
pub struct UnknownField(String);

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<Self, UnknownField> {
        let mut all = Self::ALL.into_iter();
        all.find(|field| field.name() == name)
            .ok_or_else(|| UnknownField(name.to_owned()))
    }
}

/// Which table and columns hold users, where they are not those that are
/// usual; an empty name leaves a column out.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub table: Option<String>,
    pub columns: BTreeMap<Field, String>,
}

/// A table with its columns.
pub(super) struct Columns<'a> {
    pub table: String,
    pub names: Vec<String>,
    mapping: &'a Mapping,
}

impl<'a> Columns<'a> {
    /// Finds the mapped table, or else the first of some names.
    pub(super) async fn find(
        foreign: &mut Foreign,
        mapping: &'a Mapping,
        usual: &[&str],
    ) -> Result<Self, SourceError> {
        let wanted = match &mapping.table {
            Some(table) => vec![table.as_str()],
            None => usual.to_vec(),
        };
        for table in &wanted {
            let names = foreign.columns(table).await?;
            if !names.is_empty() {
                return Ok(Self {
                    table: (*table).to_owned(),
                    names,
                    mapping,
                });
            }
        }
        Err(SourceError::NoTable(wanted.join("` or `")))
    }

    /// The column that a field is mapped to, or else the first of some names.
    pub(super) fn of(&self, field: Field, usual: &[&str]) -> Result<Option<String>, SourceError> {
        match self.mapping.columns.get(&field) {
            Some(column) if column.is_empty() => Ok(None),
            Some(column) if self.has(column) => Ok(Some(column.clone())),
            Some(column) => Err(self.lacks(&format!("`{column}`"))),
            None => {
                let found = usual.iter().find(|column| self.has(column));
                Ok(found.map(|column| (*column).to_owned()))
            }
        }
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    pub(super) fn lacks(&self, wanted: &str) -> SourceError {
        SourceError::NoColumn {
            table: self.table.clone(),
            wanted: wanted.to_owned(),
            columns: self.names.join(", "),
        }
    }

    /// The columns of a name: one, or those of its parts.
    pub(super) fn full_name(&self, usual: &[&str]) -> Result<Vec<String>, SourceError> {
        let parts = ["first_name", "last_name"];
        Ok(match self.of(Field::FullName, usual)? {
            Some(column) => vec![column],
            None if self.mapping.columns.contains_key(&Field::FullName) => Vec::new(),
            None => parts
                .iter()
                .filter(|part| self.has(part))
                .map(|part| (*part).to_owned())
                .collect(),
        })
    }
}

/// Sends every user of a table.
pub(super) async fn send_users(
    mut foreign: Foreign,
    table: &UserTable,
    rules: &ScopeRules,
    rows: &Sender<Entry>,
) -> Result<Notes, SourceError> {
    let mut notes = Notes::default();
    {
        let mut users = pin!(foreign.users(table));
        let mut number = 0;
        while let Some(user) = users.next().await {
            number += 1;
            let row = row_of(user?, number, table, rules, &mut notes);
            if rows.send(Ok(row)).await.is_err() {
                break;
            }
        }
    }
    foreign.close().await?;
    Ok(notes)
}

fn row_of(
    user: ForeignUser,
    number: u64,
    table: &UserTable,
    rules: &ScopeRules,
    notes: &mut Notes,
) -> Row {
    let scopes = rules.scopes_of(&user, notes);
    let disabled = user.is_disabled(table);
    let name = user.username.filter(|name| !name.is_empty());
    let borrows_name = name.is_none() && user.email.as_ref().is_some_and(|email| !email.is_empty());
    notes.borrowed_names += u64::from(borrows_name);
    let asked = |column: bool, value: Option<String>| column.then_some(value);
    Row {
        place: user.id.map_or(Place::Row(number), Place::Id),
        username: name.or_else(|| user.email.clone()),
        borrows_name,
        password_hash: asked(table.password_hash.is_some(), user.password_hash)
            .map(|hash| hash.map(PasswordHash::from_stored)),
        profile: ProfilePatch {
            email: asked(table.email.is_some(), user.email),
            full_name: asked(!table.full_name.is_empty(), user.full_name),
            locale: None,
        },
        disabled: (table.active.is_some() || table.disabled.is_some()).then_some(disabled),
        scopes,
    }
}
