//! Tokens verified by the issuer's public keys alone.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use thiserror::Error;

use crate::{
    Authenticate, Caller, Denied,
    token::{Expected, Keys},
};

/// Verifies tokens by a JWKS (RFC 7517), without a question to their issuer. What
/// the issuer takes back is accepted until it expires.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"spare","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// use scopegate_guard::{Authenticate, Denied, Offline};
///
/// // `jwks` as fetched from https://login.example/.well-known/jwks.json
/// let tokens = Offline::new(jwks, "https://login.example", "https://api.example")?;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = tokens.authenticate("not a token").await;
/// assert!(matches!(answer, Err(Denied::InvalidToken(_))));
/// # });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Offline {
    keys: Keys,
    expected: Expected,
}

/// A text that is not a set of public keys.
///
/// ```
/// use scopegate_guard::Offline;
///
/// let error = Offline::new("<html>", "https://login.example", "https://api.example").unwrap_err();
/// assert!(error.to_string().starts_with("not a JWK set"));
/// ```
#[derive(Debug, Error)]
#[error("not a JWK set: {0}")]
pub struct NotAJwks(String);

impl Offline {
    /// Takes the issuer's JWKS as JSON, its `iss`, and the `aud` that tokens for
    /// this API have. Keys of algorithms that Scopegate does not sign with are left
    /// out.
    ///
    /// # Errors
    /// The text is not a JWK set.
    pub fn new(jwks: &str, issuer: &str, audience: &str) -> Result<Self, NotAJwks> {
        Ok(Self {
            keys: Keys::from_jwks(jwks).map_err(|error| NotAJwks(error.to_string()))?,
            expected: Expected {
                issuer: issuer.to_owned(),
                audience: Some(audience.to_owned()),
            },
        })
    }
}

/// The time in seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.map_or(0, |since| since.as_secs())).unwrap_or(i64::MAX)
}

impl Authenticate for Offline {
    async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        let claims = self
            .keys
            .verify(token, &self.expected, now())
            .map_err(|refused| Denied::InvalidToken(refused.to_string()))?;
        Ok(Arc::new(Caller::from(&*claims)))
    }
}
