//! What a request needs and the server cannot give now. None of it says
//! anything about the request, and outside it is one answer: 503.

use thiserror::Error;

use crate::{
    hashing::Overloaded,
    live::{KeyRingError, LiveError},
    opaque::NoRandomness,
    password::HashError,
    store::{self, MayConflict},
};

/// A part of the server that failed.
#[derive(Debug, Error)]
pub enum Infrastructure {
    /// All places of the hash pool are taken.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The change log does not answer: whether a token is revoked cannot be known.
    #[error("the change log does not answer")]
    Stale,
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no key to sign with: {0}")]
    Keys(#[from] KeyRingError),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] HashError),
}

impl Infrastructure {
    /// What a caller is told. All but the overload goes to the log, and nothing of
    /// it outside.
    pub fn report(&self) -> String {
        if let Self::Overloaded(overloaded) = self {
            return overloaded.to_string();
        }
        tracing::error!(error = %self, "a request could not be answered");
        "the server cannot do this at the moment".to_owned()
    }
}

impl MayConflict for Infrastructure {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

impl From<LiveError> for Infrastructure {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Store(error) => Self::Store(error),
            LiveError::Keys(error) => Self::Keys(error),
        }
    }
}

/// Lets `?` turn what fails in the infrastructure into an error that has a variant
/// `Infrastructure`, and tell what of it is worth another attempt.
macro_rules! from_infrastructure {
    ($error:ty: $($source:ty),+ $(,)?) => {
        $(impl From<$source> for $error {
            fn from(error: $source) -> Self {
                Self::Infrastructure(error.into())
            }
        })+

        impl $crate::store::MayConflict for $error {
            fn is_conflict(&self) -> bool {
                matches!(self, Self::Infrastructure(error) if error.is_conflict())
            }
        }
    };
}
pub(crate) use from_infrastructure;
