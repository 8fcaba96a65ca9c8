//! Clients that authenticate by a signed JWT, `private_key_jwt` (RFC 7523 §2.2, §3).

use jsonwebtoken::{
    DecodingKey, Validation,
    dangerous::insecure_decode_claims,
    decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;

use super::{ClientCredentials, Error, Requester};
use crate::{
    authority::Authority,
    client::{Authentication, Client},
    clock,
    token::LEEWAY_SECONDS,
};

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// For how long an assertion may be valid, in seconds: until then its `jti` is
/// remembered.
const MAX_LIFE: i64 = 600;

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    jti: String,
    exp: i64,
}

/// The client that signed an assertion, once.
pub(super) async fn authenticate(
    authority: &Authority,
    credentials: &ClientCredentials,
    assertion: &str,
) -> Result<Requester, Error> {
    if credentials.client_secret.is_some() {
        let reason = "the client shows a secret and an assertion";
        return Err(Error::InvalidRequest(reason.to_owned()));
    }
    let id = match &credentials.client_id {
        Some(id) => id.clone(),
        None => unverified_subject(assertion).ok_or(Error::InvalidClient)?,
    };
    let client = authority.live.registry.client(&id);
    let client = client.ok_or(Error::InvalidClient)?;
    let claims = verify(authority, &client, assertion).ok_or(Error::InvalidClient)?;
    let expires_at = claims.exp.saturating_add(LEEWAY_SECONDS);
    let is_first = authority
        .store
        .use_assertion(&client.id, &claims.jti, expires_at)
        .await?;
    if is_first {
        Ok(Requester::Registered(client))
    } else {
        Err(Error::InvalidClient)
    }
}

/// Whom an assertion claims to come from: to find the key that it must have
/// been signed with, and for nothing else.
fn unverified_subject(assertion: &str) -> Option<String> {
    let claims: Assertion = insecure_decode_claims(assertion).ok()?;
    Some(claims.sub)
}

fn verify(authority: &Authority, client: &Client, assertion: &str) -> Option<Assertion> {
    let Authentication::PrivateKey(jwks) = &client.authentication else {
        return None;
    };
    let keys: JwkSet = serde_json::from_str(jwks).ok()?;
    let header = decode_header(assertion).ok()?;
    let key = keys
        .keys
        .iter()
        .find(|key| header.kid.is_none() || key.common.key_id == header.kid)?;
    let config = &authority.config;
    let mut validation = Validation::new(algorithm(key)?);
    validation.leeway = LEEWAY_SECONDS.unsigned_abs();
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "aud"]);
    validation.set_audience(&[config.issuer.clone(), format!("{}/token", config.issuer)]);
    let decoding = DecodingKey::from_jwk(key).ok()?;
    let claims = decode::<Assertion>(assertion, &decoding, &validation)
        .ok()?
        .claims;
    let is_its_own = claims.iss == client.id && claims.sub == client.id;
    let is_short = claims.exp <= clock::now().saturating_add(MAX_LIFE);
    let has_name = (1..=255).contains(&claims.jti.len());
    (is_its_own && is_short && has_name).then_some(claims)
}

/// The algorithm of a public key: by the key, never by the assertion's header.
fn algorithm(key: &Jwk) -> Option<jsonwebtoken::Algorithm> {
    use jsonwebtoken::{
        Algorithm,
        jwk::{AlgorithmParameters, EllipticCurve, KeyAlgorithm},
    };
    match (&key.algorithm, key.common.key_algorithm) {
        (AlgorithmParameters::EllipticCurve(ec), _) if ec.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        (AlgorithmParameters::EllipticCurve(ec), _) if ec.curve == EllipticCurve::P384 => {
            Some(Algorithm::ES384)
        }
        (AlgorithmParameters::OctetKeyPair(_), _) => Some(Algorithm::EdDSA),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(Algorithm::PS256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS256) | None) => Some(Algorithm::RS256),
        _ => None,
    }
}

/// Whether a text is a set of public keys that assertions can be verified with,
/// or what it should be.
pub fn check_jwks(text: &str) -> Result<(), String> {
    let keys: JwkSet =
        serde_json::from_str(text).map_err(|error| format!("this is no JWK set: {error}"))?;
    let is_usable = |key: &Jwk| algorithm(key).is_some() && DecodingKey::from_jwk(key).is_ok();
    if keys.keys.is_empty() || !keys.keys.iter().all(is_usable) {
        return Err("each key is a public one for ES256, ES384, EdDSA, RS256 or PS256".to_owned());
    }
    if text.contains("\"d\"") {
        return Err("there is a private key among them: a client keeps its own".to_owned());
    }
    Ok(())
}
