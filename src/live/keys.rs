//! The signing keys in memory: which one signs at a time, which ones verify.

use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::{
    secret::Secret,
    store::{self, KeyRow, KeyState, Store},
    token::{
        Algorithm, KeyEncryptionKey, KeyError, Keys, SealingError, SigningKey, VerificationKey,
    },
};

/// What the settings say of signing keys.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// The algorithm of new keys.
    pub algorithm: Algorithm,
    /// The configured secret, where tokens are signed with HS256.
    pub secret: Option<Secret>,
    /// What private keys are encrypted with in the database.
    pub encryption: Option<KeyEncryptionKey>,
}

/// Why the signing keys cannot be had.
#[derive(Debug, Error)]
pub enum KeyRingError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("a signing key cannot be used: {0}")]
    Key(#[from] KeyError),
    #[error("there is no active signing key")]
    NoActiveKey,
    #[error(
        "the signing key {0} is encrypted: set key-encryption-key or key-encryption-key-file to \
         what it was encrypted with"
    )]
    Encrypted(String),
    #[error("the signing key {0} cannot be decrypted with key-encryption-key: {1}")]
    OtherEncryption(String, SealingError),
    #[error("a signing key cannot be encrypted: {0}")]
    Encryption(#[from] SealingError),
}

/// The signing keys at one state of the database.
pub struct KeyRing {
    /// Another one at every loading.
    pub(super) number: u64,
    /// The keys that tokens are verified with.
    pub verification: Keys,
    algorithm: Algorithm,
    secret: Option<SigningKey>,
    stored: Vec<(KeyRow, SigningKey)>,
}

impl KeyRing {
    /// The key that tokens are signed with at a time, in seconds since 1970.
    pub fn signing(&self, now: i64) -> Result<&SigningKey, KeyRingError> {
        if let Some(secret) = &self.secret {
            return Ok(secret);
        }
        let active = self
            .stored
            .iter()
            .filter(|(row, _)| row.state(now) == KeyState::Active);
        active
            .max_by_key(|(row, key)| (key.algorithm() == self.algorithm, row.activates_at))
            .map(|(_, key)| key)
            .ok_or(KeyRingError::NoActiveKey)
    }

    /// The key of the configured secret.
    pub fn secret(&self) -> Option<&SigningKey> {
        self.secret.as_ref()
    }
}

impl KeySettings {
    /// A new key as it is stored: pending, until a rotation.
    pub fn generate(&self, algorithm: Algorithm, now: i64) -> Result<KeyRow, KeyRingError> {
        let key = SigningKey::generate(algorithm)?;
        let private_key = match &self.encryption {
            Some(encryption) => encryption.seal(key.id(), key.expose())?,
            None => key.expose().to_vec(),
        };
        Ok(KeyRow {
            id: key.id().to_owned(),
            algorithm: algorithm.name().to_owned(),
            private_key,
            sealed: self.encryption.is_some(),
            created_at: now,
            activates_at: None,
            retires_at: None,
            verifies_until: None,
        })
    }

    /// Stores the first key, unless tokens are signed with a secret or there is
    /// a key already: of two servers that start at once on a new database, one
    /// generates it.
    pub(super) async fn ensure_key(&self, store: &Store, now: i64) -> Result<(), KeyRingError> {
        let signs = |row: &KeyRow| row.state(now) == KeyState::Active || row.is_scheduled(now);
        if self.secret.is_some() || store.keys().await?.iter().any(signs) {
            return Ok(());
        }
        let mut key = self.generate(self.algorithm, now)?;
        key.activates_at = Some(now);
        let mut transaction = store.begin().await?;
        let (mut rows, _) = transaction.keys(now).await?;
        if !rows.iter().any(signs) {
            rows.push(key);
            transaction.put_keys(&rows).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Encrypts the private keys that are stored plain, where there is a key for it.
    pub(super) async fn seal(&self, store: &Store) -> Result<(), KeyRingError> {
        let Some(encryption) = &self.encryption else {
            return Ok(());
        };
        let mut sealed = Vec::new();
        for row in store.keys().await? {
            if !row.sealed && !row.private_key.is_empty() {
                let private_key = encryption.seal(&row.id, &row.private_key)?;
                sealed.push((row.id, private_key));
            }
        }
        if sealed.is_empty() {
            return Ok(());
        }
        tracing::info!(keys = sealed.len(), "stored signing keys are now encrypted");
        Ok(store.seal_keys(&sealed).await?)
    }

    /// Loads the keys that are not retired.
    pub(super) async fn load(&self, store: &Store, now: i64) -> Result<KeyRing, KeyRingError> {
        let mut stored = Vec::new();
        for row in store.keys().await? {
            if row.state(now) != KeyState::Retired {
                let private_key = self.private_key(&row)?;
                let key = SigningKey::from_private(row.algorithm.parse()?, private_key)?;
                stored.push((row, key));
            }
        }
        let secret = match &self.secret {
            Some(secret) => Some(secret_key(secret)?),
            None => None,
        };
        let mut verification: Vec<VerificationKey> = Vec::new();
        for (row, key) in &stored {
            verification.push(key.verification_key()?.until(row.verifies_until));
        }
        if let Some(secret) = &secret {
            verification.push(secret.verification_key()?);
        }
        static LOADED: AtomicU64 = AtomicU64::new(0);
        Ok(KeyRing {
            number: LOADED.fetch_add(1, Ordering::Relaxed),
            verification: verification.into_iter().collect(),
            algorithm: self.algorithm,
            secret,
            stored,
        })
    }

    fn private_key(&self, row: &KeyRow) -> Result<Vec<u8>, KeyRingError> {
        if !row.sealed {
            return Ok(row.private_key.clone());
        }
        let encryption = self
            .encryption
            .as_ref()
            .ok_or_else(|| KeyRingError::Encrypted(row.id.clone()))?;
        let opened = encryption.open(&row.id, &row.private_key);
        opened
            .map(|private| private.to_vec())
            .map_err(|error| KeyRingError::OtherEncryption(row.id.clone(), error))
    }
}

fn secret_key(secret: &Secret) -> Result<SigningKey, KeyError> {
    SigningKey::from_private(Algorithm::Hs256, secret.expose().as_bytes().to_vec())
}
