//! The OAuth 2.0 protocol (RFC 6749), without HTTP: a file a grant. Each takes
//! the [`Authority`](crate::authority::Authority) and a request, and gives a
//! response or an [`enum@Error`] that maps to one of the protocol's codes.

mod client;
mod issue;
mod password;
mod scope_policy;

pub use client::{BUILTIN_CLIENT, Client, ClientCredentials};
pub use issue::TokenResponse;
pub use password::{PasswordGrant, password};

use thiserror::Error;

use crate::{
    hashing::Overloaded,
    live::LiveError,
    store,
    throttle::{NotAdmitted, Throttled},
    token::KeyError,
};

/// Why a request was refused (RFC 6749 §5.2), or could not be answered.
#[derive(Debug, Error)]
pub enum Error {
    /// A parameter is missing, repeated or malformed: which, and how.
    #[error("{0}")]
    InvalidRequest(String),
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    #[error("the client is not known or did not authenticate")]
    InvalidClient,
    /// One text for every reason, so that none can be told from another.
    #[error("the username or the password is wrong")]
    InvalidGrant,
    #[error("this grant is not offered here")]
    UnsupportedGrantType,
    #[error("{0}")]
    InvalidScope(String),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] KeyError),
}

impl From<NotAdmitted> for Error {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(error) => error.into(),
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

impl Error {
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::InvalidRequest(format!("the parameter `{parameter}` is missing"))
    }
}
