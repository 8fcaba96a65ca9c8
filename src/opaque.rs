//! Secrets that mean nothing but themselves: refresh tokens, codes, sessions, client secrets.
//! Each is 256 random bits behind a prefix that scanners for leaked secrets can
//! look for; the database holds its SHA-256, which suffices for what cannot be
//! guessed.

use std::fmt;

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The operating system gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system provides no random numbers")]
pub struct NoRandomness;

/// A secret in clear: shown once, and kept nowhere.
pub struct Opaque(Zeroizing<String>);

impl Opaque {
    /// Begins a refresh token.
    pub const REFRESH_TOKEN: &'static str = "sgr_";
    /// Begins an authorization code.
    pub const AUTHORIZATION_CODE: &'static str = "sga_";
    /// Begins what a browser holds of its session.
    pub const SESSION: &'static str = "sgs_";
    /// Begins what an authorization request is kept under.
    pub const REQUEST: &'static str = "sgq_";
    /// Begins a device code.
    pub const DEVICE_CODE: &'static str = "sgd_";
    /// Begins a token that a client registers or manages itself with.
    pub const REGISTRATION_TOKEN: &'static str = "sgi_";
    /// Begins a client's secret.
    pub const CLIENT_SECRET: &'static str = "sgc_";

    /// Makes a new one.
    pub fn generate(prefix: &str) -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut *bytes).map_err(|_| NoRandomness)?;
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(*bytes));
        Ok(Self(Zeroizing::new(text)))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(…)")
    }
}

/// The SHA-256 of a secret, as it is stored.
#[derive(Clone)]
pub struct Digest(String);

impl Digest {
    /// The digest of what somebody presents as the secret.
    pub fn of(secret: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
    }

    /// A digest from the database.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that is stored.
    pub fn as_stored(&self) -> &str {
        &self.0
    }

    /// Whether this is the digest of that secret, in a time that does not tell
    /// how much of it fits.
    pub fn is_of(&self, secret: &str) -> bool {
        self.0
            .as_bytes()
            .ct_eq(Self::of(secret).0.as_bytes())
            .into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}
