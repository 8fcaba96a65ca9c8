//! What is done to users and scopes: the operations that the API, the pages and
//! the commands share. Each checks its input, writes, and returns when the
//! change is on disk and in force in this server.

mod builtin;
mod fields;
pub mod import;
mod scopes;
mod users;

pub use builtin::BuiltinScope;
pub use scopes::{add_scope, remove_scope};
pub use users::{Grantor, NewAccount, Patch, add, change, change_own_password, list, remove, user};

use thiserror::Error;

use crate::{
    hashing::Overloaded,
    live::LiveError,
    password::{HashError, Refused},
    scope::{Scope, ScopeError, ScopeSet},
    store,
    throttle::{NotAdmitted, Throttled},
};

/// Why an operation was not carried out.
#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no user `{0}`")]
    NoSuchUser(String),
    #[error("there is a user `{0}` already")]
    UserExists(String),
    #[error("there is no scope `{0}`")]
    NoSuchScope(String),
    #[error("there is a scope `{0}` already")]
    ScopeExists(String),
    #[error("the scope `{0}` is built in and stays")]
    BuiltinScope(String),
    /// A field does not fit: its name and what it should be.
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error("the current password is another")]
    WrongPassword,
    #[error("this needs scopes that you may not hold yourself: {0}")]
    BeyondYou(ScopeSet),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] HashError),
    #[error("the stored password hash cannot be verified: {0}")]
    StoredHash(#[from] Refused),
}

impl From<NotAdmitted> for Error {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(error) => error.into(),
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

fn field(field: &'static str, reason: impl Into<String>) -> Error {
    Error::Field {
        field,
        reason: reason.into(),
    }
}

fn parse_scope(name: &str) -> Result<Scope, Error> {
    Scope::parse(name).map_err(|error: ScopeError| field("name", error.to_string()))
}
