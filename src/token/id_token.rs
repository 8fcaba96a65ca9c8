//! ID tokens: what an application is told of a login (OpenID Connect Core §2).

use serde::Serialize;

use super::{KeyError, SigningKey, sign::sign_as};
use crate::subject::Subject;

/// The claims of an ID token. It opens no endpoint: its `typ` is `JWT`, and its
/// `aud` is a client.
#[derive(Clone, Debug, Serialize)]
pub struct IdClaims {
    /// Who made it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The user who logged in.
    #[serde(rename = "sub")]
    pub subject: Subject,
    /// The client that it is for.
    #[serde(rename = "aud")]
    pub client_id: String,
    /// In seconds since 1970.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// In seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// When the user typed the password, in seconds since 1970.
    pub auth_time: i64,
    /// What the authorization request said, so that nobody can slip in the token
    /// of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl IdClaims {
    /// Signs them: a JWS in compact form.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        sign_as("JWT", self, key)
    }
}
