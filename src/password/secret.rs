//! The three values of this module that must not be printed: a password, a
//! stored hash, and the salt of a whole site. Each is wiped when dropped.

use std::fmt;

use zeroize::Zeroizing;

use super::Wrapper;

/// A password as somebody typed it: bytes, as given, never normalised.
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// The most bytes that a password may have. What some schemes compute grows
    /// with the square of the length, so longer ones are refused outright.
    pub const MAX_BYTES: usize = 1024;

    /// Takes over a typed password; its bytes are those of the UTF-8 text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::from_bytes(text.into().into_bytes())
    }

    /// Takes over a password that is not necessarily text.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes to be hashed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password hash as it is stored. It can be handed to the store by
/// [`expose`](Self::expose), and not be printed by accident.
#[derive(Clone)]
pub struct PasswordHash(Zeroizing<String>);

impl PasswordHash {
    /// A string from the store or an import; nothing is checked here.
    pub fn from_stored(stored: impl Into<String>) -> Self {
        Self(Zeroizing::new(stored.into()))
    }

    /// An imported hash that does not say how the password was treated before
    /// it was hashed, marked with what the importer was told.
    pub fn wrapped(wrapper: Wrapper, inner: &str) -> Self {
        Self::from_stored(format!("{}{inner}", wrapper.prefix()))
    }

    /// The string to be stored, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The salt that a whole Flask-Security site shares, its
/// `SECURITY_PASSWORD_SALT`. It comes from the configuration and is not stored
/// with the hashes.
#[derive(Clone)]
pub struct SiteSalt(Zeroizing<String>);

impl SiteSalt {
    /// The text of the setting, as in the application's configuration.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for SiteSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteSalt(…)")
    }
}
