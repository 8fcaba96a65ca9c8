//! What a token says, whether it is to be believed or not: for explanations,
//! never for decisions.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{claims::Wire, verify::MAX_TOKEN_BYTES};
use crate::json;

/// Header and claims of a token that nobody has verified.
///
/// ```
/// use scopegate_guard::token::Unverified;
///
/// // {"alg":"none"} and {"sub":"car:1"}
/// let token = Unverified::read("eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYXI6MSJ9.").unwrap();
/// assert_eq!(token.claims["sub"], "car:1");
/// assert!(token.claims_problem().is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Unverified {
    /// The header, as far as it is JSON.
    pub header: Value,
    /// The claims, as far as they are JSON.
    pub claims: Value,
    payload: Vec<u8>,
}

impl Unverified {
    /// Takes a token apart; none where it has not the form of one.
    pub fn read(token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (header, rest) = token.split_once('.')?;
        let (payload, _) = rest.split_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        Some(Self {
            header: serde_json::from_slice(&header).unwrap_or_default(),
            claims: serde_json::from_slice(&payload).unwrap_or_default(),
            payload,
        })
    }

    /// Why the claims are not those of an access token, where they are not.
    pub fn claims_problem(&self) -> Option<String> {
        let wire: Wire = match json::from_slice(&self.payload) {
            Ok(wire) => wire,
            Err(error) => return Some(error.to_string()),
        };
        match wire.into_claims() {
            Some(_) => None,
            None => Some("`scope` and `scopes` say different things".to_owned()),
        }
    }
}
