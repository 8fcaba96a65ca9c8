//! Clients in the document.

use poem_openapi::{Enum, Object, types::Example};

use crate::api::plumbing::body::{Rule, Rules};
use crate::{
    client::{self, Authentication, GrantType},
    fields,
    redirect_uri::{ApplicationType, RedirectUri},
};

/// How a client authenticates (RFC 7591 §2).
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthenticationMethod {
    /// A public client.
    #[oai(rename = "none")]
    None,
    /// By a secret, in the header or in the body.
    #[oai(rename = "client_secret_basic")]
    Secret,
    /// By assertions that it signs (RFC 7523).
    #[oai(rename = "private_key_jwt")]
    PrivateKey,
}

/// A grant that a client may use.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[oai(rename = "GrantType")]
pub(in crate::api) enum Grant {
    #[oai(rename = "password")]
    Password,
    #[oai(rename = "refresh_token")]
    RefreshToken,
    #[oai(rename = "authorization_code")]
    AuthorizationCode,
    #[oai(rename = "client_credentials")]
    ClientCredentials,
    #[oai(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
    #[oai(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl From<Grant> for GrantType {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::Password => Self::Password,
            Grant::RefreshToken => Self::RefreshToken,
            Grant::AuthorizationCode => Self::AuthorizationCode,
            Grant::ClientCredentials => Self::ClientCredentials,
            Grant::TokenExchange => Self::TokenExchange,
            Grant::DeviceCode => Self::DeviceCode,
        }
    }
}

impl From<GrantType> for Grant {
    fn from(grant: GrantType) -> Self {
        match grant {
            GrantType::Password => Self::Password,
            GrantType::RefreshToken => Self::RefreshToken,
            GrantType::AuthorizationCode => Self::AuthorizationCode,
            GrantType::ClientCredentials => Self::ClientCredentials,
            GrantType::TokenExchange => Self::TokenExchange,
            GrantType::DeviceCode => Self::DeviceCode,
        }
    }
}

/// What kind of program a client is (OpenID Connect Registration §2).
#[derive(Enum, Clone, Copy)]
#[oai(rename = "ApplicationType", rename_all = "snake_case")]
pub(super) enum Application {
    Web,
    Native,
}

impl From<Application> for ApplicationType {
    fn from(kind: Application) -> Self {
        match kind {
            Application::Web => Self::Web,
            Application::Native => Self::Native,
        }
    }
}

impl From<ApplicationType> for Application {
    fn from(kind: ApplicationType) -> Self {
        match kind {
            ApplicationType::Web => Self::Web,
            ApplicationType::Native => Self::Native,
        }
    }
}

fn texts(uris: &[RedirectUri]) -> Vec<String> {
    uris.iter().map(ToString::to_string).collect()
}

/// An OAuth client.
#[derive(Object)]
#[oai(rename = "OAuthClient", example)]
pub(super) struct Client {
    /// The client id.
    pub client_id: String,
    /// The name that users see.
    pub client_name: String,
    /// How it authenticates.
    pub token_endpoint_auth_method: AuthenticationMethod,
    /// The grants that it may use.
    pub grant_types: Vec<Grant>,
    /// The scopes that it may ask for, sorted.
    pub scopes: Vec<String>,
    /// The scopes that it gets if it asks for none, sorted.
    pub default_scopes: Vec<String>,
    /// The audiences that it may ask tokens for beside this server's, and whose
    /// tokens it may introspect.
    pub audiences: Vec<String>,
    /// `native` for a program on a device of its user, whose loopback addresses
    /// have any port (RFC 8252); else `web`.
    pub application_type: Application,
    /// The redirect URIs for `/authorize`, compared exactly.
    pub redirect_uris: Vec<String>,
    /// Where the browser may be sent after a logout that the client requested.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether it is a first-party client: users are not asked for consent.
    pub first_party: bool,
    /// Whether it registered itself (RFC 7591).
    pub self_registered: bool,
    /// Whether the client and the tokens issued to it are refused.
    pub disabled: bool,
}

impl Example for Client {
    fn example() -> Self {
        Self {
            client_id: "billing".to_owned(),
            client_name: "Billing".to_owned(),
            token_endpoint_auth_method: AuthenticationMethod::Secret,
            grant_types: vec![Grant::ClientCredentials],
            scopes: vec!["items".to_owned()],
            default_scopes: Vec::new(),
            audiences: Vec::new(),
            application_type: Application::Web,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            first_party: false,
            self_registered: false,
            disabled: false,
        }
    }
}

impl From<client::Client> for Client {
    fn from(client: client::Client) -> Self {
        Self {
            token_endpoint_auth_method: match client.authentication {
                Authentication::None => AuthenticationMethod::None,
                Authentication::Secret(_) => AuthenticationMethod::Secret,
                Authentication::PrivateKey(_) => AuthenticationMethod::PrivateKey,
            },
            client_id: client.id,
            client_name: client.name,
            grant_types: client.grants.into_iter().map(Grant::from).collect(),
            scopes: client.scopes.to_strings(),
            default_scopes: client.default_scopes.to_strings(),
            audiences: client.audiences,
            application_type: client.application_type.into(),
            redirect_uris: texts(&client.redirect_uris),
            post_logout_redirect_uris: texts(&client.post_logout_redirect_uris),
            first_party: client.first_party,
            self_registered: client.registration.is_some(),
            disabled: client.disabled,
        }
    }
}

/// A client to be added.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
pub(super) struct ClientCreate {
    /// The client id; generated if omitted.
    #[oai(validator(min_length = 1, max_length = 255))]
    pub client_id: Option<String>,
    /// The name that users see.
    #[oai(validator(min_length = 1, max_length = 255))]
    pub client_name: String,
    /// How it authenticates: `client_secret_basic` if left out.
    pub token_endpoint_auth_method: Option<AuthenticationMethod>,
    /// Its public keys as a JWK set in JSON, for `private_key_jwt`.
    pub jwks: Option<String>,
    /// The grants that it may use.
    pub grant_types: Vec<Grant>,
    /// The scopes that it may ask for.
    #[oai(default, validator(max_items = 64))]
    pub scopes: Vec<String>,
    /// The scopes that it gets if it asks for none.
    #[oai(default, validator(max_items = 64))]
    pub default_scopes: Vec<String>,
    /// The audiences that it may ask tokens for beside this server's.
    #[oai(default)]
    pub audiences: Vec<String>,
    /// `native` for a program on a device of its user, whose loopback addresses
    /// have any port (RFC 8252); else `web`.
    pub application_type: Option<Application>,
    /// The redirect URIs for `/authorize`, compared exactly.
    #[oai(default)]
    pub redirect_uris: Vec<String>,
    /// Where the browser may be sent after a logout that the client requested.
    #[oai(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether it is a first-party client: users are not asked for consent.
    #[oai(default)]
    pub first_party: bool,
}

impl Example for ClientCreate {
    fn example() -> Self {
        Self {
            client_id: Some("billing".to_owned()),
            client_name: "Billing".to_owned(),
            token_endpoint_auth_method: Some(AuthenticationMethod::Secret),
            jwks: None,
            grant_types: vec![Grant::ClientCredentials],
            scopes: vec!["items".to_owned()],
            default_scopes: Vec::new(),
            audiences: Vec::new(),
            application_type: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            first_party: false,
        }
    }
}

impl Rules for ClientCreate {
    const RULES: &'static [(&'static str, Rule)] = &[
        ("client_id", fields::client_id),
        ("client_name", fields::full_name),
        ("scopes", fields::scope),
        ("default_scopes", fields::scope),
        ("audiences", fields::audience),
    ];
}

/// Changes to a client. An omitted field stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
pub(super) struct ClientUpdate {
    /// The name that users see.
    #[oai(validator(min_length = 1, max_length = 255))]
    pub client_name: Option<String>,
    /// The grants that it may use: the whole list, not additions to it.
    pub grant_types: Option<Vec<Grant>>,
    /// The scopes that it may ask for: all of them.
    #[oai(validator(max_items = 64))]
    pub scopes: Option<Vec<String>>,
    /// The scopes that it gets if it asks for none: all of them.
    #[oai(validator(max_items = 64))]
    pub default_scopes: Option<Vec<String>>,
    /// The audiences that it may ask tokens for: all of them.
    pub audiences: Option<Vec<String>>,
    /// `native` for a program on a device of its user, whose loopback addresses
    /// have any port (RFC 8252); else `web`.
    pub application_type: Option<Application>,
    /// The redirect URIs for `/authorize`, compared exactly.
    pub redirect_uris: Option<Vec<String>>,
    /// Where the browser may be sent after a logout that the client requested.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Whether it is a first-party client: users are not asked for consent.
    pub first_party: Option<bool>,
    /// Whether the client and the tokens issued to it are refused.
    pub disabled: Option<bool>,
}

impl Example for ClientUpdate {
    fn example() -> Self {
        Self {
            client_name: None,
            grant_types: None,
            scopes: Some(vec!["items".to_owned()]),
            default_scopes: None,
            audiences: None,
            application_type: None,
            redirect_uris: None,
            post_logout_redirect_uris: None,
            first_party: None,
            disabled: Some(false),
        }
    }
}

impl Rules for ClientUpdate {
    const RULES: &'static [(&'static str, Rule)] = ClientCreate::RULES;
}

/// A client's secret, shown only once.
#[derive(Object)]
#[oai(example)]
pub(super) struct ClientSecret {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
}

impl Example for ClientSecret {
    fn example() -> Self {
        Self {
            client_id: "billing".to_owned(),
            client_secret: "sgc_…".to_owned(),
        }
    }
}

/// A client that was added.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(super) struct CreatedClient {
    /// The client.
    #[oai(flatten)]
    pub client: Client,
    /// Its secret, if it has one: shown only once.
    pub client_secret: Option<String>,
}

impl Example for CreatedClient {
    fn example() -> Self {
        Self {
            client: Client::example(),
            client_secret: Some("sgc_…".to_owned()),
        }
    }
}
