//! Why a change is refused: one type for all rooms that change something, since the
//! API, the pages and the commands say it in one way.

use thiserror::Error;

use crate::{
    actor::BeyondPower,
    fields::Unfit,
    hashing::Overloaded,
    infrastructure::{Infrastructure, from_infrastructure},
    live::{KeyRingError, LiveError},
    opaque::NoRandomness,
    password::HashError,
    store,
    throttle::Throttled,
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
    #[error("you have {0} personal tokens already: revoke one first")]
    TooManyTokens(u32),
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
    #[error(transparent)]
    Field(#[from] Unfit),
    #[error("the current password is another")]
    WrongPassword,
    #[error(transparent)]
    BeyondPower(#[from] BeyondPower),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(Error: store::Error, LiveError, KeyRingError, NoRandomness, Overloaded, HashError);
