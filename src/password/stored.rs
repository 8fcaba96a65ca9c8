//! What a scheme has to offer of a stored hash.

use std::fmt;

use super::{CurrentScheme, Refused, Scheme};

/// A stored hash that was read, and whose cost is within the limits.
pub(super) trait StoredHash {
    fn scheme(&self) -> Scheme;

    fn parameters(&self) -> Vec<Parameter>;

    /// Computes; compares in constant time.
    fn matches(&self, password: &[u8]) -> Result<bool, Refused>;

    /// Whether new hashes would be in this scheme, and cost no more.
    fn is_current(&self, _current: CurrentScheme) -> bool {
        false
    }

    /// Whether the hash is of every byte of a password that it matches.
    fn stands_for_all_of(&self, _password: &[u8]) -> bool {
        true
    }
}

/// A named parameter of a stored hash, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub value: String,
}

impl Parameter {
    pub(super) fn new(name: &'static str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        Self { name, value }
    }
}
