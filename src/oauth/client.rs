//! Who asks for a token (RFC 6749 §2.3, §3.2.1).

use super::Error;

/// The built-in first-party client, assumed where none is named: public, and
/// the one that Swagger UI uses.
pub const BUILTIN_CLIENT: &str = "scopegate-docs";

/// How clients authenticate, as the metadata names it (RFC 8414 §2): a public
/// one does not.
pub const CLIENT_AUTHENTICATION_METHODS: &[&str] = &["none"];

/// How a client named itself, and the secret that it showed.
#[derive(Default)]
pub struct ClientCredentials {
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
}

/// A client that may ask.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
}

impl Client {
    /// The client of these credentials.
    pub fn authenticate(credentials: &ClientCredentials) -> Result<Self, Error> {
        let id = credentials.client_id.as_deref().unwrap_or_default();
        let has_secret = credentials
            .client_secret
            .as_deref()
            .is_some_and(|secret| !secret.is_empty());
        // A public client has no secret to show.
        if has_secret || !(id.is_empty() || id == BUILTIN_CLIENT) {
            return Err(Error::InvalidClient);
        }
        Ok(Self {
            id: BUILTIN_CLIENT.to_owned(),
        })
    }
}
