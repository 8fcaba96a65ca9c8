//! Public keys for verifiers without JWKS: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in
//! PEM (RFC 7468 §13).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::jwk::AlgorithmParameters;

use super::Jwk;

/// `id-ecPublicKey` on `prime256v1`, and what begins the key of 65 bytes.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// `id-Ed25519`, and what begins the key of 32 bytes.
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// `rsaEncryption` without parameters.
const RSA: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// A public key as PEM; none of a kind that Scopegate does not sign with.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"spare","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// use scopegate_guard::token::{Keys, public_pem};
///
/// let keys = Keys::from_jwks(jwks)?;
/// let pem = public_pem(keys.published(0)[0]).unwrap_or_default();
/// assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"));
/// # Ok(())
/// # }
/// ```
pub fn public_pem(jwk: &Jwk) -> Option<String> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let der = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(ec) => {
            [&P256[..], &[4], &decode(&ec.x)?, &decode(&ec.y)?].concat()
        }
        AlgorithmParameters::OctetKeyPair(ed) => [&ED25519[..], &decode(&ed.x)?].concat(),
        AlgorithmParameters::RSA(rsa) => {
            let numbers = [integer(&decode(&rsa.n)?), integer(&decode(&rsa.e)?)].concat();
            let bits = [&[0][..], &tagged(0x30, &numbers)].concat();
            tagged(0x30, &[&RSA[..], &tagged(0x03, &bits)].concat())
        }
        _ => return None,
    };
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    Some(pem)
}

/// An INTEGER of DER: not negative, whatever its first bit is.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let sign: &[u8] = if is_negative { &[0] } else { &[] };
    tagged(0x02, &[sign, bytes].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, content.to_vec()].concat()
}
