//! The public keys that clients sign assertions with (RFC 7523).

use jsonwebtoken::{
    DecodingKey,
    jwk::{Jwk, JwkSet},
};

/// The algorithm of a public key: by the key, never by the assertion's header.
pub fn algorithm(key: &Jwk) -> Option<jsonwebtoken::Algorithm> {
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
