//! A row of a source, and what has to hold for it to become a user.

use std::{collections::HashSet, fmt};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    fields::{self, Unfit, fit},
    password::{Context, PasswordHash, Refused, Wrapper},
    profile::ProfilePatch,
    scope::{Scope, ScopeError, ScopeSet},
    store::KnownUser,
};

use super::Options;

/// A row, or why it could not even be read.
pub type Entry = Result<Row, Refusal>;

/// Where a row is in its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, from 1 on.
    Line(u64),
    /// A row of a table, by its id.
    Id(String),
    /// A row of a table without ids, from 1 on.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Id(id) => write!(f, "id {id}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

/// A row that is not imported.
#[derive(Debug)]
pub struct Refusal {
    pub place: Place,
    pub username: Option<String>,
    pub reason: Reason,
}

/// Why a row is not imported. None of these carries a hash.
#[derive(Debug, Error)]
pub enum Reason {
    #[error("it has no username")]
    NoUsername,
    #[error("an earlier row has this username")]
    Repeated,
    #[error("its e-mail address is the username of somebody else")]
    NameTaken,
    #[error("{0}")]
    Field(Unfit),
    #[error("{0}")]
    Hash(Refused),
    #[error("scopes: {0}")]
    Scopes(ScopeError),
    #[error("scopes: not in the catalogue: {0}")]
    UnknownScopes(ScopeSet),
    /// What it should be.
    #[error("{0}")]
    Unreadable(String),
}

/// A user as a source has it. Of the optional fields `None` is what the source
/// does not speak of, `Some(None)` what it leaves empty.
#[derive(Debug)]
pub struct Row {
    pub place: Place,
    pub username: Option<String>,
    /// The username is the e-mail address, for want of another.
    pub borrows_name: bool,
    pub password_hash: Option<Option<PasswordHash>>,
    pub profile: ProfilePatch,
    pub disabled: Option<bool>,
    pub scopes: Option<ScopeSet>,
}

/// A row that fits.
#[derive(Debug)]
pub struct Account {
    place: Place,
    pub username: String,
    borrows_name: bool,
    /// Control characters were taken out of the full name.
    pub has_cleaned_name: bool,
    pub password_hash: Option<Option<PasswordHash>>,
    pub profile: ProfilePatch,
    pub disabled: Option<bool>,
    pub scopes: Option<ScopeSet>,
}

impl Row {
    pub fn empty(place: Place) -> Self {
        Self {
            place,
            username: None,
            borrows_name: false,
            password_hash: None,
            profile: ProfilePatch::default(),
            disabled: None,
            scopes: None,
        }
    }

    pub fn refusal(self, reason: Reason) -> Refusal {
        Refusal {
            place: self.place,
            username: self.username,
            reason,
        }
    }

    /// Checks everything but whether there is such a user.
    pub fn check(
        mut self,
        context: &Context,
        catalogue: &HashSet<Scope>,
        options: &Options,
    ) -> Result<Account, Refusal> {
        let Some(username) = self.username.take().filter(|name| !name.is_empty()) else {
            return Err(self.refusal(Reason::NoUsername));
        };
        let password_hash = self.password_hash.take();
        let has_cleaned_name = clean(&mut self.profile.full_name);
        let account = Account {
            place: self.place,
            username,
            borrows_name: self.borrows_name,
            has_cleaned_name,
            password_hash: None,
            profile: self.profile.without_empty_texts(),
            disabled: self.disabled,
            scopes: with_everyones(self.scopes, &options.everyone),
        };
        if let Err(reason) = account.check_fields(catalogue) {
            return Err(account.refusal(reason));
        }
        match password_hash.map(|hash| usable(hash, context, options.wrapper)) {
            Some(Err(refused)) => Err(account.refusal(Reason::Hash(refused))),
            Some(Ok(hash)) => Ok(Account {
                password_hash: Some(hash),
                ..account
            }),
            None => Ok(account),
        }
    }
}

impl Account {
    fn check_fields(&self, catalogue: &HashSet<Scope>) -> Result<(), Reason> {
        fit("username", fields::username(&self.username)).map_err(Reason::Field)?;
        let profile = self.profile.clone().filled();
        profile.check().map_err(Reason::Field)?;
        let scopes = self.scopes.iter().flat_map(ScopeSet::iter);
        let unknown: ScopeSet = scopes
            .filter(|scope| !catalogue.contains(*scope))
            .cloned()
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Reason::UnknownScopes(unknown))
    }

    /// Whether a user of this name is not the one of this row: a name that is
    /// borrowed from the e-mail address is worth no more than the address.
    pub fn is_somebody_else(&self, user: &KnownUser) -> bool {
        self.borrows_name && self.profile.email.as_ref() != Some(&user.profile.email)
    }

    pub fn refusal(self, reason: Reason) -> Refusal {
        Refusal {
            place: self.place,
            username: Some(self.username),
            reason,
        }
    }
}

/// Takes control characters out of a name; says whether there were any.
fn clean(name: &mut Option<Option<String>>) -> bool {
    let Some(Some(name)) = name else { return false };
    if !name.contains(char::is_control) {
        return false;
    }
    let words: Vec<&str> = name.split(char::is_control).map(str::trim).collect();
    words.join(" ").trim().clone_into(name);
    true
}

/// The SHA-256 of a stored hash, in hexadecimal.
pub fn digest_of(hash: &PasswordHash) -> String {
    let digest = Sha256::digest(hash.expose().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with_everyones(scopes: Option<ScopeSet>, everyone: &ScopeSet) -> Option<ScopeSet> {
    match scopes {
        None if everyone.is_empty() => None,
        scopes => {
            let scopes = scopes.unwrap_or_default();
            Some(scopes.iter().chain(everyone.iter()).cloned().collect())
        }
    }
}

/// The hash to be stored; none for an account without a password: NULL, empty,
/// Django's `!…`, the `*` of password files.
fn usable(
    hash: Option<PasswordHash>,
    context: &Context,
    wrapper: Option<Wrapper>,
) -> Result<Option<PasswordHash>, Refused> {
    let Some(hash) = hash.filter(|hash| !matches!(hash.expose(), "" | "*")) else {
        return Ok(None);
    };
    let hash = match wrapper {
        Some(wrapper) => PasswordHash::wrapped(wrapper, hash.expose()),
        None => hash,
    };
    let has_salt = context.policy().flask_security_salt.is_some();
    match context.identify(&hash) {
        Ok(identified) if identified.wrapper == Some(Wrapper::FlaskSecurity) && !has_salt => {
            Err(Refused::MissingSiteSalt)
        }
        Ok(_) => Ok(Some(hash)),
        Err(Refused::Unusable) => Ok(None),
        Err(refused) => Err(refused),
    }
}
