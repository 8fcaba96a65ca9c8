//! What clients send to register themselves, and what they are answered.

use poem_openapi::{
    Object,
    types::{Any, Example, Password as Hidden},
};
use serde_json::Value;

use crate::{
    api::plumbing::{
        body::{Rule, Rules},
        tag::path_segment,
    },
    client::Authentication,
    oauth::{self, Registered},
    redirect_uri::RedirectUri,
};

/// A client's metadata (RFC 7591 §2). Unknown members are ignored.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none, skip_serializing_if_is_empty)]
pub(super) struct ClientMetadata {
    /// Its redirect URIs: https, http on loopback, or for a native application a scheme of its own
    /// that contains a dot. At most ten.
    redirect_uris: Vec<String>,
    /// How it authenticates: `none`, `client_secret_basic` (the default),
    /// `client_secret_post` or `private_key_jwt`.
    token_endpoint_auth_method: Option<String>,
    /// `authorization_code` (the default) and `refresh_token`. Others are left out.
    grant_types: Option<Vec<String>>,
    /// `code`, which is the default.
    response_types: Option<Vec<String>>,
    /// The name that users see.
    client_name: Option<String>,
    /// The scopes that it may ask for, separated by spaces, and those that it gets if it asks for
    /// none. If omitted, it may ask for all that are open to such clients, and gets none by
    /// default.
    scope: Option<String>,
    /// `web` or `native`; if omitted, native when all of its redirect URIs are on the user's
    /// device.
    application_type: Option<String>,
    /// Where the browser may be sent after a logout that the client requested.
    #[oai(default)]
    post_logout_redirect_uris: Vec<String>,
    /// Its public keys for `private_key_jwt`: a JWK set.
    jwks: Option<Any<Value>>,
    /// Not supported: a JWK set elsewhere.
    jwks_uri: Option<String>,
    /// Its id, when it replaces its registration.
    pub(super) client_id: Option<String>,
    /// Its secret, when it replaces its registration; optional.
    pub(super) client_secret: Option<Hidden>,
}

impl Example for ClientMetadata {
    fn example() -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            redirect_uris: vec!["http://127.0.0.1:8765/callback".to_owned()],
            token_endpoint_auth_method: text(Authentication::NONE),
            grant_types: Some(vec!["authorization_code".to_owned()]),
            response_types: None,
            client_name: text("An agent"),
            scope: text("me"),
            application_type: None,
            post_logout_redirect_uris: Vec::new(),
            jwks: None,
            jwks_uri: None,
            client_id: None,
            client_secret: None,
        }
    }
}

impl From<ClientMetadata> for oauth::ClientMetadata {
    fn from(metadata: ClientMetadata) -> Self {
        Self {
            redirect_uris: metadata.redirect_uris,
            post_logout_redirect_uris: metadata.post_logout_redirect_uris,
            token_endpoint_auth_method: metadata.token_endpoint_auth_method,
            grant_types: metadata.grant_types,
            response_types: metadata.response_types,
            client_name: metadata.client_name,
            scope: metadata.scope,
            application_type: metadata.application_type,
            jwks: metadata.jwks.map(|jwks| jwks.0),
            jwks_uri: metadata.jwks_uri,
        }
    }
}

/// A client as it is registered (RFC 7591 §3.2.1, RFC 7592 §3).
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
pub(super) struct RegisteredClient {
    /// Its id.
    client_id: String,
    /// When it was registered, in seconds since 1970.
    client_id_issued_at: i64,
    /// A secret that was made for it: shown only once.
    client_secret: Option<String>,
    /// When the secret expires: 0, never.
    client_secret_expires_at: Option<i64>,
    /// The token to read, replace and remove the registration with.
    registration_access_token: String,
    /// The URL to do that at.
    registration_client_uri: String,
    /// Its redirect URIs.
    redirect_uris: Vec<String>,
    /// How it authenticates.
    token_endpoint_auth_method: String,
    /// The grants that it may use.
    grant_types: Vec<String>,
    /// Always `code`.
    response_types: Vec<String>,
    /// The name that users see.
    client_name: String,
    /// The scopes that it may ask for, separated by spaces.
    scope: String,
    /// `web` or `native`.
    application_type: String,
    /// Where the browser may be sent after a logout that the client requested.
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Its public keys.
    jwks: Option<Any<Value>>,
}

impl Example for RegisteredClient {
    fn example() -> Self {
        let text = str::to_owned;
        Self {
            client_id: text("01991f3c-7a5b-7c3d-9e4f-5a6b7c8d9e0f"),
            client_id_issued_at: 1_767_225_600,
            registration_access_token: text("sgi_…"),
            registration_client_uri: text(
                "https://login.example/register/01991f3c-7a5b-7c3d-9e4f-5a6b7c8d9e0f",
            ),
            redirect_uris: vec![text("http://127.0.0.1:8765/callback")],
            token_endpoint_auth_method: text(Authentication::NONE),
            grant_types: vec![text("authorization_code")],
            response_types: vec![text("code")],
            client_name: text("An agent"),
            scope: text("me"),
            application_type: text("native"),
            ..Self::default()
        }
    }
}

impl RegisteredClient {
    pub(super) fn new(issuer: &str, registered: Registered, access_token: &str) -> Self {
        let Registered { client, secret } = registered;
        let is_in_body = client.registration.is_some_and(|of| of.secret_in_body);
        let (method, jwks, expires_at) = match client.authentication {
            Authentication::None => (Authentication::NONE, None, None),
            Authentication::Secret(_) if is_in_body => {
                (Authentication::SECRET_IN_BODY, None, Some(0))
            }
            Authentication::Secret(_) => (Authentication::SECRET, None, Some(0)),
            Authentication::PrivateKey(jwks) => {
                let jwks = serde_json::from_str(&jwks).ok();
                (Authentication::PRIVATE_KEY, jwks.map(Any), None)
            }
        };
        let texts = |uris: &[RedirectUri]| uris.iter().map(ToString::to_string).collect();
        Self {
            registration_client_uri: format!("{issuer}/register/{}", path_segment(&client.id)),
            registration_access_token: access_token.to_owned(),
            client_id: client.id,
            client_id_issued_at: client.created_at,
            client_secret: secret.map(|secret| secret.expose().to_owned()),
            client_secret_expires_at: expires_at,
            redirect_uris: texts(&client.redirect_uris),
            token_endpoint_auth_method: method.to_owned(),
            grant_types: client.grants.iter().map(ToString::to_string).collect(),
            response_types: vec!["code".to_owned()],
            client_name: client.name,
            scope: client.scopes.to_string(),
            application_type: client.application_type.name().to_owned(),
            post_logout_redirect_uris: Some(texts(&client.post_logout_redirect_uris))
                .filter(|uris: &Vec<String>| !uris.is_empty()),
            jwks,
        }
    }
}

/// An initial access token to be made.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
pub(super) struct RegistrationTokenCreate {
    /// For how many seconds it is valid; 30 days if left out.
    #[oai(validator(minimum(value = "1")))]
    pub(super) expires_in: Option<u32>,
}

impl Example for RegistrationTokenCreate {
    fn example() -> Self {
        Self {
            expires_in: Some(86_400),
        }
    }
}

impl Rules for RegistrationTokenCreate {
    const RULES: &'static [(&'static str, Rule)] = &[];
}

/// An initial access token (RFC 7591 §3), shown only once.
#[derive(Object)]
#[oai(example)]
pub(super) struct RegistrationToken {
    /// The token.
    pub(super) registration_token: String,
    /// For how many seconds it is valid.
    pub(super) expires_in: u64,
}

impl Example for RegistrationToken {
    fn example() -> Self {
        Self {
            registration_token: "sgi_…".to_owned(),
            expires_in: 86_400,
        }
    }
}
