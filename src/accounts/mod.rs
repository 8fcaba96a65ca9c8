//! What is done to users, scopes and keys: the operations that the API, the pages and
//! the commands share. Each checks its input, writes, and returns when the
//! change is on disk and in force in this server.

mod builtin;
mod clients;
pub mod fields;
pub mod import;
mod keys;
mod scopes;
mod shared;
mod subject_kinds;
mod tokens;
mod users;

pub use builtin::BuiltinScope;
pub use clients::{
    ClientPatch, NewAuthentication, NewClient, Redirection, add_client, change_client, client,
    clients, end_consent, remove_client, rotate_secret,
};
pub use keys::{
    DEFAULT_GRACE, JWKS_MAX_AGE, Key, adopt_algorithm, generate_key, keys, retire_key, rotate_keys,
};
pub use scopes::{add_scope, remove_scope};
pub use shared::{SharedUsers, are_own_users, forget_shared};
pub use subject_kinds::{add_subject_kind, remove_subject_kind};
pub use tokens::{
    Made, Minting, Personal, acting_user, make_personal, mint, revoke, revoke_personal,
    revoke_token, tokens,
};
pub use users::{
    NewAccount, Patch, add, change, change_own_password, change_scopes, list, profile, remove, user,
};

use thiserror::Error;

use crate::{
    actor::BeyondPower,
    authority::Authority,
    hashing::Overloaded,
    infrastructure::{Infrastructure, from_infrastructure},
    live::{KeyRingError, LiveError},
    opaque::NoRandomness,
    password::{HashError, Refused},
    scope::{Scope, ScopeSet},
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
    /// Where they live.
    #[error("the users live in {0}: this is done there")]
    UsersElsewhere(String),
    #[error("there is no scope `{0}`")]
    NoSuchScope(String),
    #[error("there is a scope `{0}` already")]
    ScopeExists(String),
    #[error("there is no client `{0}`")]
    NoSuchClient(String),
    #[error("there is a client `{0}` already")]
    ClientExists(String),
    #[error("the client `{0}` has no secret")]
    HasNoSecret(String),
    #[error("there is no subject kind `{0}`")]
    NoSuchSubjectKind(String),
    #[error("there is a subject kind `{0}` already")]
    SubjectKindExists(String),
    #[error("there is no live token `{0}`")]
    NoSuchToken(String),
    #[error("this token is not about a user")]
    NotAUser,
    #[error("the scope `{0}` is built in and stays")]
    BuiltinScope(String),
    #[error("OpenID Connect is not on here")]
    NoOpenIdConnect,
    #[error("there is no signing key `{0}`")]
    NoSuchKey(String),
    #[error("a rotation is under way: the key `{0}` is about to sign")]
    RotationUnderWay(String),
    #[error("the secret of HS256 is a setting: change it there")]
    SecretOfSettings,
    /// A field does not fit: its name and what it should be.
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error("the current password is another")]
    WrongPassword,
    #[error(transparent)]
    BeyondPower(#[from] BeyondPower),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error("the stored password hash cannot be verified: {0}")]
    StoredHash(#[from] Refused),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(Error: store::Error, LiveError, KeyRingError, NoRandomness, Overloaded, HashError);

impl From<NotAdmitted> for Error {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(error) => error.into(),
            NotAdmitted::Overloaded(error) => error.into(),
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

fn fit(field: &'static str, checked: Result<(), String>) -> Result<(), Error> {
    checked.map_err(|reason| Error::Field { field, reason })
}

/// Refuses scopes that are not in the catalogue, and more than a token can carry.
fn check_scopes(authority: &Authority, name: &'static str, scopes: &ScopeSet) -> Result<(), Error> {
    known_scopes(authority, name, scopes)?;
    fit(
        name,
        scopes.check_limits().map_err(|error| error.to_string()),
    )
}

/// Refuses scopes that are not in the catalogue.
fn known_scopes(authority: &Authority, name: &'static str, scopes: &ScopeSet) -> Result<(), Error> {
    let catalogue = authority.live.catalogue();
    let is_unknown = |scope: &&Scope| !catalogue.contains(*scope);
    let unknown: ScopeSet = scopes.iter().filter(is_unknown).cloned().collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(field(name, format!("not in the catalogue: {unknown}"))),
    }
}
