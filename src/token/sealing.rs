//! Private keys at rest: encrypted with a key that is not in the database.

use std::{fmt, str::FromStr};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use thiserror::Error;
use zeroize::Zeroizing;

/// The key that private keys are encrypted with (AES-256-GCM). It does not print.
///
/// ```
/// # use scopegate::token::{KeyEncryptionKey, SealingError};
/// let key: KeyEncryptionKey = "0f".repeat(32).parse()?;
/// let sealed = key.seal("a kid", b"a private key")?;
/// assert_eq!(key.open("a kid", &sealed)?.as_slice(), b"a private key");
/// assert_eq!(key.open("another kid", &sealed), Err(SealingError::Opening));
/// assert_ne!(key.seal("a kid", b"a private key")?, sealed);
/// # Ok::<(), SealingError>(())
/// ```
#[derive(Clone)]
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

/// Why a private key cannot be encrypted or decrypted.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum SealingError {
    #[error("a key encryption key must have 64 hexadecimal digits")]
    NotHex,
    #[error("it cannot be encrypted")]
    Sealing,
    #[error("it was encrypted with another key, or changed since")]
    Opening,
}

impl FromStr for KeyEncryptionKey {
    type Err = SealingError;

    fn from_str(text: &str) -> Result<Self, SealingError> {
        let mut key = Zeroizing::new([0; 32]);
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SealingError::NotHex);
        }
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| SealingError::NotHex)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| SealingError::NotHex)?;
        }
        Ok(Self(key))
    }
}

impl KeyEncryptionKey {
    /// Encrypts a private key: a random nonce, then what it encrypts to. The id
    /// is bound to it, so that it cannot stand in for another key's.
    pub fn seal(&self, id: &str, private: &[u8]) -> Result<Vec<u8>, SealingError> {
        let mut encrypted = private.to_vec();
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(id), &mut encrypted)
            .map_err(|_| SealingError::Sealing)?;
        Ok([&nonce.as_ref()[..], &encrypted].concat())
    }

    /// Decrypts what [`seal`](Self::seal) encrypted.
    pub fn open(&self, id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (nonce, encrypted) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealingError::Opening)?;
        let mut private = Zeroizing::new(encrypted.to_vec());
        let length = self
            .cipher()?
            .open_in_place(Nonce::from(nonce), Aad::from(id), &mut private)
            .map_err(|_| SealingError::Opening)?
            .len();
        private.truncate(length);
        Ok(private)
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, SealingError> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0[..]).map_err(|_| SealingError::Sealing)
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(…)")
    }
}
