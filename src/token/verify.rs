//! From a text to verified claims, or to the first reason to refuse it.

use std::{collections::HashMap, ops::Deref};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::IgnoredAny};
use thiserror::Error;

use super::{Algorithm, Claims, Jwk, VerificationKey, claims::Wire};
use crate::json;

/// By how many seconds the clocks of issuer and verifier may differ.
pub const LEEWAY_SECONDS: i64 = 5;

/// The most bytes of a token; longer ones are refused unread.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The order of the P-256 group (SP 800-186 §3.2.1.3), and half of it.
pub(super) const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
pub(super) const P256_HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Why a token is not accepted: the first check that it fails.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    #[error("the token is not three parts of base64url joined by dots")]
    NotCompact,
    #[error("the token's header is not a JSON object with `alg`, `kid` and `typ`")]
    BadHeader,
    #[error("the token's `typ` is not `at+jwt`")]
    WrongType,
    #[error("the token's header asks for an extension (`crit`) that is not known")]
    UnknownExtension,
    #[error("no key has the token's `kid`")]
    UnknownKey,
    #[error("the token's `alg` is not the algorithm of its key")]
    WrongAlgorithm,
    #[error("the token's signature does not hold")]
    BadSignature,
    #[error("the token's claims are not those of an access token")]
    BadClaims,
    #[error("the token is from another issuer")]
    WrongIssuer,
    #[error("the token is for another audience")]
    WrongAudience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// What came from a verifier and from nowhere else.
#[derive(Clone, Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Who must have made a token, and for whom.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The only `iss`.
    pub issuer: String,
    /// What `aud` must contain; none where the issuer looks at tokens that it
    /// made for others.
    pub audience: Option<String>,
}

/// The keys that tokens are verified with, by `kid`.
#[derive(Clone, Debug, Default)]
pub struct Keys(HashMap<String, VerificationKey>);

impl FromIterator<VerificationKey> for Keys {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        let named = |key: VerificationKey| (key.id.clone(), key);
        Self(keys.into_iter().map(named).collect())
    }
}

impl Keys {
    /// The keys, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.0.values()
    }

    /// The public keys at a time, in seconds since 1970, by `kid`: what a JWKS
    /// shows. A secret is not among them.
    pub fn published(&self, now: i64) -> Vec<&Jwk> {
        let valid = self.iter().filter(|key| key.is_valid_at(now));
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
        let claims = self.verify_signature(token, now)?;
        check_claims(claims, expected, now).map(Verified)
    }

    fn verify_signature(&self, token: &str, now: i64) -> Result<Wire, Refused> {
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
        if !is_access_token(&header.typ) {
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
        if key.algorithm == Algorithm::Es256 && !is_canonical_es256(&signature_bytes) {
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
        json::from_slice(&payload).map_err(|_| Refused::BadClaims)
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

fn is_canonical_es256(signature: &[u8]) -> bool {
    signature.len() == 64 && signature[32..] <= P256_HALF_ORDER[..]
}
