//! From a text to verified claims, or to the first reason to refuse it.

use std::{collections::HashMap, ops::Deref};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::IgnoredAny};
use thiserror::Error;

use super::{Algorithm, Claims, Jwk, VerificationKey, claims::Wire};
use crate::{es256, json};

/// By how many seconds the clocks of issuer and verifier may differ.
///
/// ```
/// assert_eq!(scopegate_guard::token::LEEWAY_SECONDS, 5);
/// ```
pub const LEEWAY_SECONDS: i64 = 5;

/// The most bytes of a token; longer ones are refused unread.
///
/// ```
/// assert_eq!(scopegate_guard::token::MAX_TOKEN_BYTES, 16_384);
/// ```
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token is not accepted: the first check that it fails.
///
/// ```
/// use scopegate_guard::token::Refused;
///
/// assert_eq!(Refused::Expired.to_string(), "the token has expired");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The token is longer than 16,384 bytes.
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// The token is not three parts of base64url joined by dots.
    #[error("the token is not three parts of base64url joined by dots")]
    NotCompact,
    /// The token's header is not a JSON object with `alg`, `kid` and `typ`.
    #[error("the token's header is not a JSON object with `alg`, `kid` and `typ`")]
    BadHeader,
    /// The token's `typ` is not `at+jwt`.
    #[error("the token's `typ` is not `at+jwt`")]
    WrongType,
    /// The token's header asks for an extension (`crit`) that is not known.
    #[error("the token's header requires an unknown extension (`crit`)")]
    UnknownExtension,
    /// No key has the token's `kid`.
    #[error("no key has the token's `kid`")]
    UnknownKey,
    /// The token's `alg` is not the algorithm of its key.
    #[error("the token's `alg` is not the algorithm of its key")]
    WrongAlgorithm,
    /// The token's signature does not hold.
    #[error("the token's signature is invalid")]
    BadSignature,
    /// The token's claims are not those of an access token.
    #[error("the token's claims are not those of an access token")]
    BadClaims,
    /// The token is from another issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// The token is for another audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// What came from a verifier and from nowhere else.
///
/// ```
/// use scopegate_guard::token::{Claims, Verified};
///
/// /// Cannot be called with claims that nobody verified.
/// fn greet(claims: &Verified<Claims>) -> String {
///     format!("hello, {}", claims.subject.id())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Who must have made a token, and for whom.
///
/// ```
/// use scopegate_guard::token::Expected;
///
/// let expected = Expected {
///     issuer: "https://login.example".to_owned(),
///     audience: Some("https://api.example".to_owned()),
/// };
/// # drop(expected);
/// ```
#[derive(Clone, Debug)]
pub struct Expected {
    /// The only `iss`.
    pub issuer: String,
    /// What `aud` must contain; none where the issuer looks at tokens that it
    /// made for others.
    pub audience: Option<String>,
}

/// The keys that tokens are verified with, by `kid`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"spare","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// use scopegate_guard::token::{Expected, Keys, Refused};
///
/// let keys = Keys::from_jwks(jwks)?;
/// let expected = Expected {
///     issuer: "https://login.example".to_owned(),
///     audience: Some("https://api.example".to_owned()),
/// };
/// let now = 1_800_000_000;
/// assert!(matches!(keys.verify("abc", &expected, now), Err(Refused::NotCompact)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Keys(HashMap<String, VerificationKey>);

impl FromIterator<VerificationKey> for Keys {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        let named = |key: VerificationKey| (key.id.clone(), key);
        Self(keys.into_iter().map(named).collect())
    }
}

impl Keys {
    /// The keys of a JWK set as JSON (RFC 7517 §5); those that no token of
    /// Scopegate's is signed with are left out.
    ///
    /// # Errors
    /// The text is not a JWK set.
    pub fn from_jwks(json: &str) -> Result<Self, serde_json::Error> {
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(json)?;
        let keys = set.keys.into_iter();
        Ok(keys
            .filter_map(|jwk| VerificationKey::from_jwk(jwk).ok())
            .collect())
    }

    /// The keys, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.0.values()
    }

    /// The keys that verify at a time, in seconds since 1970, in no order.
    pub fn valid(&self, now: i64) -> impl Iterator<Item = &VerificationKey> {
        self.iter().filter(move |key| key.is_valid_at(now))
    }

    /// The public keys at a time, in seconds since 1970, by `kid`: what a JWKS
    /// shows. A secret is not among them.
    pub fn published(&self, now: i64) -> Vec<&Jwk> {
        let valid = self.valid(now);
        let mut shown: Vec<&VerificationKey> = valid.filter(|key| key.jwk().is_some()).collect();
        shown.sort_by(|one, other| one.id.cmp(&other.id));
        shown.into_iter().filter_map(VerificationKey::jwk).collect()
    }

    /// When, after a time, the first of the keys stops verifying; none where all
    /// go on.
    pub fn next_end(&self, now: i64) -> Option<i64> {
        let ends = self.iter().filter_map(VerificationKey::end);
        ends.filter(|end| *end > now).min()
    }

    /// Verifies a token at a time, in seconds since 1970: its form, header,
    /// key, signature, claims, issuer, audience and times, in this order.
    pub fn verify(
        &self,
        token: &str,
        expected: &Expected,
        now: i64,
    ) -> Result<Verified<Claims>, Refused> {
        let payload = self.open(token, is_access_token, now)?;
        let claims = json::from_slice(&payload).map_err(|_| Refused::BadClaims)?;
        check_claims(claims, expected, now).map(Verified)
    }

    /// The payload of a token of a type that is wanted, once its signature holds.
    pub(super) fn open(
        &self,
        token: &str,
        is_wanted: impl FnOnce(&str) -> bool,
        now: i64,
    ) -> Result<Vec<u8>, Refused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(Refused::NotCompact)?;
        let decode = |part| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| Refused::NotCompact)
        };
        let (header, payload) = (decode(header)?, decode(payload)?);
        let signature_bytes = decode(signature)?;

        let header: Header = json::from_slice(&header).map_err(|_| Refused::BadHeader)?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(Refused::UnknownExtension);
        }
        if !is_wanted(&header.typ) {
            return Err(Refused::WrongType);
        }
        let key = self
            .0
            .get(&header.kid)
            .filter(|key| key.is_valid_at(now))
            .ok_or(Refused::UnknownKey)?;
        if header.alg != key.algorithm.name() {
            return Err(Refused::WrongAlgorithm);
        }
        if key.algorithm == Algorithm::Es256 && !es256::is_canonical(&signature_bytes) {
            return Err(Refused::BadSignature);
        }
        let holds = jsonwebtoken::crypto::verify(
            signature,
            signed.as_bytes(),
            &key.decoding,
            key.algorithm.of_library(),
        );
        if !holds.unwrap_or(false) {
            return Err(Refused::BadSignature);
        }
        Ok(payload)
    }
}

fn check_claims(wire: Wire, expected: &Expected, now: i64) -> Result<Claims, Refused> {
    let not_before = wire.nbf;
    let claims = wire.into_claims().ok_or(Refused::BadClaims)?;
    if claims.issuer != expected.issuer {
        return Err(Refused::WrongIssuer);
    }
    let wanted = expected.audience.as_deref();
    if wanted.is_some_and(|wanted| !claims.audience.contains(wanted)) {
        return Err(Refused::WrongAudience);
    }
    if claims.expires_at.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(Refused::Expired);
    }
    let latest_start = now.saturating_add(LEEWAY_SECONDS);
    if claims.issued_at > latest_start || not_before.is_some_and(|start| start > latest_start) {
        return Err(Refused::NotYetValid);
    }
    Ok(claims)
}

/// The header parameters that count; keys and addresses that a token brings
/// along (`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: String,
    #[serde(default)]
    crit: Option<IgnoredAny>,
    #[serde(default)]
    b64: Option<IgnoredAny>,
}

/// A media type, so its case does not count and `application/` may stand
/// before it (RFC 9068 §4).
fn is_access_token(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}
