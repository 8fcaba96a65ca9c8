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
    #[error("user `{0}` not found")]
    NoSuchUser(String),
    #[error("user `{0}` already exists")]
    UserExists(String),
    /// Where they live.
    #[error("users are managed in {0}: make this change there")]
    UsersElsewhere(String),
    #[error("scope `{0}` not found")]
    NoSuchScope(String),
    #[error("scope `{0}` already exists")]
    ScopeExists(String),
    #[error("client `{0}` not found")]
    NoSuchClient(String),
    #[error("client `{0}` already exists")]
    ClientExists(String),
    #[error("the client `{0}` has no secret")]
    HasNoSecret(String),
    #[error("subject kind `{0}` not found")]
    NoSuchSubjectKind(String),
    #[error("subject kind `{0}` already exists")]
    SubjectKindExists(String),
    #[error("live token `{0}` not found")]
    NoSuchToken(String),
    #[error("you already have {0} personal tokens: revoke one first")]
    TooManyTokens(u32),
    #[error("this token's subject is not a user")]
    NotAUser,
    #[error("the scope `{0}` is built in and cannot be removed")]
    BuiltinScope(String),
    #[error("OpenID Connect is turned off on this server")]
    NoOpenIdConnect,
    #[error("signing key `{0}` not found")]
    NoSuchKey(String),
    #[error("`{0}` is not one of `allowed-audience`")]
    NoSuchResource(String),
    #[error("a rotation is under way: the key `{0}` is about to sign")]
    RotationUnderWay(String),
    #[error("the secret of HS256 is a setting: change it there")]
    SecretOfSettings,
    #[error(transparent)]
    Field(#[from] Unfit),
    #[error("the current password is wrong")]
    WrongPassword,
    #[error(transparent)]
    BeyondPower(#[from] BeyondPower),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

from_infrastructure!(Error: store::Error, LiveError, KeyRingError, NoRandomness, Overloaded, HashError);
