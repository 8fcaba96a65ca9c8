//! From claims to a token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::json;

use scopegate_guard::es256;

use super::{Algorithm, Claims, KeyError, SigningKey};

/// Signs claims: a JWS in compact form with `typ: at+jwt` (RFC 9068 §2.1).
pub fn sign(claims: &Claims, key: &SigningKey) -> Result<String, KeyError> {
    sign_as("at+jwt", claims, key)
}

/// Signs what a token says, as a token of a type.
pub(super) fn sign_as(
    typ: &str,
    claims: &impl Serialize,
    key: &SigningKey,
) -> Result<String, KeyError> {
    let header = json!({"alg": key.algorithm().name(), "kid": key.id(), "typ": typ});
    let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Malformed)?;
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = jsonwebtoken::crypto::sign(
        signed.as_bytes(),
        &key.encoding,
        key.algorithm().of_library(),
    )
    .map_err(|_| KeyError::Malformed)?;
    let signature = match key.algorithm() {
        Algorithm::Es256 => with_low_s(&signature).ok_or(KeyError::Malformed)?,
        _ => signature,
    };
    Ok(format!("{signed}.{signature}"))
}

/// Of the two ECDSA signatures (r, s) and (r, n - s) that hold for a message,
/// the one with the lower s: the verifier takes no other, so that nobody can
/// make a second text of a token.
fn with_low_s(signature: &str) -> Option<String> {
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let s = bytes.get_mut(32..64)?;
    if *s > es256::HALF_ORDER[..] {
        let mut borrow = 0_i16;
        for (digit, order) in s.iter_mut().zip(es256::ORDER).rev() {
            let difference = i16::from(order) - i16::from(*digit) - borrow;
            borrow = i16::from(difference < 0);
            *digit = difference.rem_euclid(256) as u8;
        }
    }
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
