//! Why a hash cannot be used, a password not be hashed, a policy not be taken.
//! None of these carries a hash, a salt or a password.

use super::{Family, Scheme};

/// Why a stored hash was not computed at all. Outside it looks like a wrong
/// password; in the log it says what an administrator has to know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Empty, plain text, or anything else without the shape of a hash.
    #[error("the stored value is not a password hash")]
    Unrecognised,
    /// Longer than any hash is.
    #[error("the stored value has {length} bytes, more than the {limit} a hash may have")]
    TooLong { length: usize, limit: usize },
    /// A known prefix, and then not what the scheme writes.
    #[error("malformed {scheme} hash: {reason}")]
    Malformed {
        scheme: Scheme,
        reason: &'static str,
    },
    /// Well-formed, but it would take more time or memory than is allowed.
    #[error("{scheme} hash with {parameter} {value}, over the limit of {limit}")]
    OverLimit {
        scheme: Scheme,
        parameter: &'static str,
        value: u64,
        limit: u64,
    },
    /// A format that exists, and that this server does not verify.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Django's mark for an account without a password.
    #[error("the account has no usable password")]
    Unusable,
    /// The policy refuses the scheme's family.
    #[error("{0} hashes are refused by the configuration")]
    SchemeRefused(Scheme),
    /// A Flask-Security hash, and no site salt in the policy.
    #[error("the hash needs the Flask-Security site salt, and none is configured")]
    MissingSiteSalt,
    /// A hash of Firebase's, and no parameters of the project in the policy.
    #[error("the hash needs the Firebase project's parameters, and none are configured")]
    MissingFirebaseProject,
    /// The password, not the hash, is over [`Password::MAX_BYTES`](super::Password::MAX_BYTES).
    #[error("the password has more than {limit} bytes")]
    PasswordTooLong { limit: usize },
    /// The memory that the parameters ask for could not be had.
    #[error("not enough memory to compute a hash of the scheme {0}")]
    OutOfMemory(Scheme),
}

/// Why a password could not be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Over [`Password::MAX_BYTES`](super::Password::MAX_BYTES).
    #[error("the password has more than {limit} bytes")]
    PasswordTooLong { limit: usize },
    /// The memory of the current scheme could not be had.
    #[error("not enough memory to hash a password")]
    OutOfMemory,
    /// The source of randomness failed.
    #[error("no randomness for a salt")]
    Randomness,
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The current scheme's parameter is out of its range, or over the policy's
    /// own limit for stored hashes.
    #[error("the {parameter} of new hashes is {value}; it must be from {least} to {most}")]
    OutOfRange {
        parameter: &'static str,
        value: u64,
        least: u64,
        most: u64,
    },
    /// New hashes would be refused at the next login.
    #[error("{0} is refused and is what new hashes need")]
    CurrentRefused(Family),
    /// The source of randomness failed.
    #[error("no randomness for the dummy hash")]
    Randomness,
}

impl Scheme {
    pub(super) fn malformed(self, reason: &'static str) -> Refused {
        Refused::Malformed {
            scheme: self,
            reason,
        }
    }

    pub(super) fn bounded(
        self,
        parameter: &'static str,
        value: u64,
        limit: u32,
    ) -> Result<u32, Refused> {
        match u32::try_from(value) {
            Ok(value) if value <= limit => Ok(value),
            _ => Err(Refused::OverLimit {
                scheme: self,
                parameter,
                value,
                limit: limit.into(),
            }),
        }
    }
}
