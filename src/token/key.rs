//! Keys that sign tokens.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{EncodingKey, jwk::ThumbprintHash};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Algorithm, Jwk, KeyError, VerificationKey};

/// A key that signs tokens: PKCS#8 for the asymmetric algorithms, the secret
/// itself for HS256. It does not print.
pub struct SigningKey {
    id: String,
    algorithm: Algorithm,
    private: Zeroizing<Vec<u8>>,
    pub(super) encoding: EncodingKey,
}

impl SigningKey {
    /// A new key of an asymmetric algorithm.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let unspecified = |_| KeyError::Generation;
        let random = SystemRandom::new();
        let pkcs8 = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map_err(unspecified)?
                    .as_ref()
                    .to_vec()
            }
            // The first version of PKCS#8: jsonwebtoken reads no public key behind the private one.
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random)
                .map_err(unspecified)?
                .as_ref()
                .to_vec(),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072)
                .and_then(|pair| AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pair))
                .map_err(unspecified)?
                .as_ref()
                .to_vec(),
            Algorithm::Hs256 => return Err(KeyError::SecretNotGenerated),
        };
        Self::from_private(algorithm, pkcs8)
    }

    /// A key from what [`expose`](Self::expose) gave, or from a secret for HS256.
    pub fn from_private(algorithm: Algorithm, private: Vec<u8>) -> Result<Self, KeyError> {
        let private = Zeroizing::new(private);
        let encoding = match algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_der(&private),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&private),
            Algorithm::Rs256 => rsa_encoding_key(&private)?,
            Algorithm::Hs256 if private.len() < Algorithm::MIN_SECRET_BYTES => {
                return Err(KeyError::ShortSecret);
            }
            Algorithm::Hs256 => EncodingKey::from_secret(&private),
        };
        let mut key = Self {
            id: String::new(),
            algorithm,
            private,
            encoding,
        };
        key.id = key.fingerprint()?;
        Ok(key)
    }

    /// The `kid`: the RFC 7638 thumbprint of the public key; for a secret a
    /// digest that tells nothing of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key's one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The private key, to be stored and for nothing else.
    pub fn expose(&self) -> &[u8] {
        &self.private
    }

    /// The key that verifies what this one signs.
    pub fn verification_key(&self) -> Result<VerificationKey, KeyError> {
        match self.algorithm {
            Algorithm::Hs256 => {
                let id = self.id.clone();
                Ok(VerificationKey::from_secret(id, &self.private))
            }
            _ => VerificationKey::from_jwk(self.public_jwk()?),
        }
    }

    fn public_jwk(&self) -> Result<Jwk, KeyError> {
        let mut jwk = Jwk::from_encoding_key(&self.encoding, self.algorithm.of_library())
            .map_err(|_| KeyError::Malformed)?;
        jwk.common.key_id = Some(self.id.clone());
        jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        Ok(jwk)
    }

    fn fingerprint(&self) -> Result<String, KeyError> {
        if self.algorithm == Algorithm::Hs256 {
            let mut digest = Sha256::new();
            digest.update(b"scopegate kid\0");
            digest.update(&self.private);
            return Ok(URL_SAFE_NO_PAD.encode(&digest.finalize()[..12]));
        }
        self.public_jwk()?
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| KeyError::Malformed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.id)
    }
}

/// A secret for HS256 or a key encryption key: 32 random bytes in hexadecimal.
pub fn random_secret() -> Result<Zeroizing<String>, KeyError> {
    let mut bytes = Zeroizing::new([0; Algorithm::MIN_SECRET_BYTES]);
    aws_lc_rs::rand::fill(&mut bytes[..]).map_err(|_| KeyError::Generation)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in &*bytes {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    Ok(text)
}

/// jsonwebtoken wants the PKCS#1 key that is inside the PKCS#8, and finds it
/// in the PEM form alone.
fn rsa_encoding_key(pkcs8: &[u8]) -> Result<EncodingKey, KeyError> {
    let body = Zeroizing::new(STANDARD.encode(pkcs8));
    let pem = Zeroizing::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        body.as_str()
    ));
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::Malformed)
}
