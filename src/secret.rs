//! Values of settings that must not be printed.

use std::fmt;

use zeroize::Zeroizing;

use crate::token::Algorithm;

/// The secret of the FastAPI tutorial and of many copies of it: as secret as a
/// street sign.
const TUTORIAL_SECRETS: [&str; 3] = [
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "a-string-secret-at-least-256-bits-long",
    "your-256-bit-secret-your-256-bit-secret",
];

/// A text that does not print.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// A secret that tokens may be signed with, or why it may not.
    pub fn for_signing(text: &str) -> Result<Self, String> {
        if TUTORIAL_SECRETS.contains(&text) {
            return Err("this secret is printed in a tutorial: \
                        `openssl rand -hex 32` makes one"
                .to_owned());
        }
        if text.len() < Algorithm::MIN_SECRET_BYTES {
            return Err(format!(
                "the secret has {} bytes and needs {}: `openssl rand -hex 32` makes one",
                text.len(),
                Algorithm::MIN_SECRET_BYTES
            ));
        }
        Ok(Self::new(text))
    }

    /// The text, for its one use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
