//! Keys that tokens are verified with.

use std::{fmt, str::FromStr};

use jsonwebtoken::{
    DecodingKey,
    jwk::{CommonParameters, KeyOperations, PublicKeyUse},
};
use thiserror::Error;

/// A public key as RFC 7517 writes it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"spare","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// use scopegate_guard::token::{Jwk, Keys};
///
/// let keys = Keys::from_jwks(jwks)?;
/// let published: Vec<&Jwk> = keys.published(0);
/// assert_eq!(published[0].common.key_id.as_deref(), Some("spare"));
/// # Ok(())
/// # }
/// ```
pub type Jwk = jsonwebtoken::jwk::Jwk;

/// The algorithms that tokens are signed with.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use scopegate_guard::token::Algorithm;
///
/// assert_eq!("EdDSA".parse::<Algorithm>()?, Algorithm::EdDsa);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 3072 bits.
    Rs256,
    /// HMAC with SHA-256: whoever verifies could sign as well.
    Hs256,
}

impl Algorithm {
    /// The fewest bytes of a secret for HS256 (RFC 7518 §3.2).
    pub const MIN_SECRET_BYTES: usize = 32;

    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Rs256, Self::Hs256];

    /// The name in RFC 7518 and RFC 8037.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// The same in the library that signs and verifies.
    pub fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == text)
            .ok_or(KeyError::UnknownAlgorithm)
    }
}

/// Why a key cannot be had.
///
/// ```
/// use scopegate_guard::token::{Algorithm, KeyError};
///
/// assert!(matches!("none".parse::<Algorithm>(), Err(KeyError::UnknownAlgorithm)));
/// ```
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("the algorithm must be ES256, EdDSA, RS256 or HS256")]
    /// A name of no algorithm.
    UnknownAlgorithm,
    #[error(
        "a secret for HS256 must have at least {} bytes",
        Algorithm::MIN_SECRET_BYTES
    )]
    /// A secret that could be guessed.
    ShortSecret,
    #[error("a secret for HS256 is configured, not generated")]
    /// HS256 has no key pair.
    SecretNotGenerated,
    #[error("the key cannot be generated")]
    /// No randomness, or no memory.
    Generation,
    #[error("the key is not a key of its algorithm")]
    /// Of another algorithm, or no key at all.
    Malformed,
}

/// A key that verifies tokens of one algorithm.
///
/// ```
/// use scopegate_guard::token::{Algorithm, VerificationKey};
///
/// let key = VerificationKey::from_secret("shared".to_owned(), &[7; 32]).until(Some(1_800_000_000));
/// assert_eq!(key.algorithm(), Algorithm::Hs256);
/// assert!(key.jwk().is_none(), "a secret is not published");
/// ```
#[derive(Clone)]
pub struct VerificationKey {
    pub(super) id: String,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    jwk: Option<Jwk>,
    valid_until: Option<i64>,
}

impl VerificationKey {
    /// A public key of a JWK set: its `kid` and its one algorithm.
    ///
    /// # Errors
    /// It has no `kid`, none of the algorithms is its own, or it is for something else
    /// (`use`, `key_ops` and `alg` of RFC 7517 §4).
    pub fn from_jwk(jwk: Jwk) -> Result<Self, KeyError> {
        use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve};

        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                Algorithm::Es256
            }
            AlgorithmParameters::OctetKeyPair(_) => Algorithm::EdDsa,
            AlgorithmParameters::RSA(_) => Algorithm::Rs256,
            _ => return Err(KeyError::Malformed),
        };
        if !is_for(&jwk.common, algorithm) {
            return Err(KeyError::Malformed);
        }
        Ok(Self {
            id: jwk.common.key_id.clone().ok_or(KeyError::Malformed)?,
            algorithm,
            decoding: DecodingKey::from_jwk(&jwk).map_err(|_| KeyError::Malformed)?,
            jwk: Some(jwk),
            valid_until: None,
        })
    }

    /// The secret of HS256, under a `kid`. It is not published.
    pub fn from_secret(id: String, secret: &[u8]) -> Self {
        Self {
            id,
            algorithm: Algorithm::Hs256,
            decoding: DecodingKey::from_secret(secret),
            jwk: None,
            valid_until: None,
        }
    }

    /// The `kid` that tokens name it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The only algorithm that a token of this key may have.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key with an end, in seconds since 1970, behind which it verifies nothing.
    #[must_use]
    pub fn until(self, end: Option<i64>) -> Self {
        Self {
            valid_until: end,
            ..self
        }
    }

    /// When it stops verifying, if it does.
    pub(super) fn end(&self) -> Option<i64> {
        self.valid_until
    }

    pub(super) fn is_valid_at(&self, now: i64) -> bool {
        self.valid_until.is_none_or(|end| now < end)
    }

    /// The key for the JWKS; none for a secret.
    pub fn jwk(&self) -> Option<&Jwk> {
        self.jwk.as_ref()
    }
}

/// Whether a key may verify signatures of an algorithm, by what it says of itself.
fn is_for(common: &CommonParameters, algorithm: Algorithm) -> bool {
    let uses = common.public_key_use.as_ref();
    let operations = common.key_operations.as_ref();
    let of_key = common.key_algorithm;
    uses.is_none_or(|uses| *uses == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
        && of_key.is_none_or(|of_key| of_key.to_string() == algorithm.name())
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({} {})", self.algorithm, self.id)
    }
}
