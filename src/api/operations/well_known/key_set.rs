//! The public keys (RFC 7517).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::{
    ApiResponse, Object,
    payload::Json,
    types::{Example, ToJSON},
};
use sha2::{Digest, Sha256};

use super::cacheable;
use crate::{authority::Authority, token::Jwk};

/// A public key (RFC 7517 §4).
#[derive(Object, Default)]
#[oai(skip_serializing_if_is_none)]
struct JsonWebKey {
    /// The kind of key: `EC`, `OKP` or `RSA`.
    kty: String,
    /// Always `sig`.
    #[oai(rename = "use")]
    usage: String,
    /// The only algorithm of its tokens.
    alg: String,
    /// The key id: its thumbprint (RFC 7638).
    kid: String,
    /// The curve of an `EC` or `OKP` key.
    crv: Option<String>,
    /// A coordinate of an `EC` key, or an `OKP` key.
    x: Option<String>,
    /// The other coordinate of an `EC` key.
    y: Option<String>,
    /// The modulus of an `RSA` key.
    n: Option<String>,
    /// The exponent of an `RSA` key.
    e: Option<String>,
}

impl From<&Jwk> for JsonWebKey {
    fn from(jwk: &Jwk) -> Self {
        let members = serde_json::to_value(jwk).unwrap_or_default();
        let optional = |name: &str| members[name].as_str().map(str::to_owned);
        let required = |name: &str| optional(name).unwrap_or_default();
        Self {
            kty: required("kty"),
            usage: required("use"),
            alg: required("alg"),
            kid: required("kid"),
            crv: optional("crv"),
            x: optional("x"),
            y: optional("y"),
            n: optional("n"),
            e: optional("e"),
        }
    }
}

/// The public keys that tokens are verified with (RFC 7517 §5).
#[derive(Object)]
#[oai(example)]
pub(super) struct JsonWebKeySet {
    /// The keys: the one that signs, those that will, and those whose tokens are still valid.
    keys: Vec<JsonWebKey>,
}

impl Example for JsonWebKeySet {
    fn example() -> Self {
        Self {
            keys: vec![JsonWebKey {
                kty: "EC".to_owned(),
                usage: "sig".to_owned(),
                alg: "ES256".to_owned(),
                kid: "ZJ3bCS0ULtkhvBEYVkAvbP2JX8I4w0M0qxfRB0rTTpI".to_owned(),
                crv: Some("P-256".to_owned()),
                x: Some("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".to_owned()),
                y: Some("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".to_owned()),
                ..JsonWebKey::default()
            }],
        }
    }
}

#[derive(ApiResponse)]
pub(super) enum KeySetAnswer {
    /// The keys.
    #[oai(status = 200)]
    Keys(
        Json<JsonWebKeySet>,
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
        /// The value to send as `If-None-Match` next time.
        #[oai(header = "ETag")]
        String,
    ),
    /// The copy with this `ETag` is the current one.
    #[oai(status = 304)]
    NotModified(
        /// How long the copy may be used.
        #[oai(header = "Cache-Control")]
        String,
        /// The value to send as `If-None-Match` next time.
        #[oai(header = "ETag")]
        String,
    ),
}

/// The keys as they are now, unless the caller has a copy with their tag.
pub(super) fn answer(authority: &Authority, known: Option<&str>) -> KeySetAnswer {
    let keys = authority.live.keys();
    let published = keys.verification.published(authority.clock.now());
    let set = JsonWebKeySet {
        keys: published.into_iter().map(JsonWebKey::from).collect(),
    };
    let digest = Sha256::digest(set.to_json_string());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..15]));
    match known.is_some_and(|known| names(known, &tag)) {
        true => KeySetAnswer::NotModified(cacheable(), tag),
        false => KeySetAnswer::Keys(Json(set), cacheable(), tag),
    }
}

/// Whether `If-None-Match` names a tag; weak comparison (RFC 9110 §13.1.2).
fn names(known: &str, tag: &str) -> bool {
    let mut tags = known.split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
