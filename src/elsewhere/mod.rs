//! Another application's users: its tables and files, read to import them or to serve
//! logins straight from them.

mod auth0;
mod csv;
mod django;
mod documents;
mod firebase;
mod flask;
mod input;
mod jsonl;
mod keycloak;
mod lines;
mod passlib;
mod rows;
mod rules;
mod shared;
mod source;
mod source_error;
mod tables;

pub use rows::{Account, Entry, Place, Reason, Refusal, digest_of};
pub use rules::{Notes, ScopeRules};
pub use shared::{SharedUsers, credential};
pub use source::Source;
pub use source_error::SourceError;
pub use tables::{Field, Mapping};

use crate::{
    password::Wrapper,
    scope::{Scope, ScopeSet},
    secret::Secret,
};

/// What an import does beside adding users that there are not.
#[derive(Debug, Default)]
pub struct Options {
    /// Read, check and compare, and write nothing.
    pub dry_run: bool,
    /// Bring users that there are to what the source says.
    pub update: bool,
    /// What was done to passwords before they were hashed, where the hashes do
    /// not say so.
    pub wrapper: Option<Wrapper>,
    /// What every imported user may hold, whatever the source says.
    pub everyone: ScopeSet,
}

/// Another application's table of users, which logins are served from.
#[derive(Clone, Debug)]
pub struct SharedSource {
    pub site: Site,
    /// The other application's database.
    pub url: Secret,
    pub mapping: Mapping,
    /// Whether the case of e-mail addresses as names does not count there.
    pub ignores_case: bool,
    /// What was done to passwords there before they were hashed.
    pub wrapper: Option<Wrapper>,
    /// What members of a group or role may hold.
    pub groups: Vec<(String, Scope)>,
    pub superusers: SuperuserScopes,
    /// What every user may hold.
    pub everyone: ScopeSet,
}

/// What kind of application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    Django,
    Flask,
}

/// What those may hold who may do everything there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuperuserScopes {
    /// Every scope of the catalogue.
    All,
    These(ScopeSet),
}
