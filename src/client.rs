//! OAuth clients (RFC 6749 §2): who may ask for tokens, how, and for which.

use std::{collections::BTreeSet, fmt, str::FromStr};

use thiserror::Error;
use url::Url;

use crate::{
    opaque::Digest,
    redirect_uri::{ApplicationType, RedirectUri},
    scope::ScopeSet,
};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// The name that users see.
    pub name: String,
    pub authentication: Authentication,
    /// The grants that it may use.
    pub grants: BTreeSet<GrantType>,
    /// The scopes that it may ask for.
    pub scopes: ScopeSet,
    /// The scopes that it gets if it asks for none.
    pub default_scopes: ScopeSet,
    /// The audiences that it may ask tokens for beside those of the settings,
    /// and whose tokens it may introspect.
    pub audiences: Vec<String>,
    pub application_type: ApplicationType,
    /// Where the authorization endpoint may answer it.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where the browser may be sent after a logout that the client requested.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Whether it is a first-party client: users are not asked for consent.
    pub first_party: bool,
    /// How it registered itself (RFC 7591); none where an operator added it.
    pub registration: Option<Registration>,
    pub disabled: bool,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// What is kept of a client that registered itself.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Of the token that it manages itself with (RFC 7592 §1.3); none where the document
    /// at its id describes it.
    pub access_token: Option<Digest>,
    /// Whether it said that it sends its secret in the body, if it has one.
    pub secret_in_body: bool,
    /// Whether an operator said what it may ask for.
    pub scopes_fixed: bool,
    /// Until when it is kept without having been used, in seconds since 1970; none once
    /// it was.
    pub unused_until: Option<i64>,
}

impl Client {
    /// The built-in first-party client, assumed where none is named: public, and
    /// the one that Swagger UI uses.
    pub const BUILTIN: &'static str = "scopegate-docs";

    /// Where it is known by the document at its id, a URL: the host of that.
    pub fn document_host(&self) -> Option<String> {
        let is_documented = |of: &Registration| of.access_token.is_none();
        self.registration.as_ref().filter(|of| is_documented(of))?;
        Url::parse(&self.id).ok()?.host_str().map(str::to_owned)
    }

    /// Whether it has nothing to authenticate with (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        matches!(self.authentication, Authentication::None)
    }
}

/// How a client shows that it is itself; the names are those of RFC 7591 §2.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`, and `client_secret_post` as well.
    Secret(Digest),
    /// `private_key_jwt` (RFC 7523): its public keys, a JWK set as JSON.
    PrivateKey(String),
}

impl Authentication {
    pub const NONE: &'static str = "none";
    pub const SECRET: &'static str = "client_secret_basic";
    /// What a client with a secret may do as well.
    pub const SECRET_IN_BODY: &'static str = "client_secret_post";
    pub const PRIVATE_KEY: &'static str = "private_key_jwt";

    /// Its name (RFC 7591 §2).
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => Self::NONE,
            Self::Secret(_) => Self::SECRET,
            Self::PrivateKey(_) => Self::PRIVATE_KEY,
        }
    }
}

/// A way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantType {
    Password,
    RefreshToken,
    AuthorizationCode,
    ClientCredentials,
    TokenExchange,
    DeviceCode,
}

/// A text that names no grant which is offered here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not one of {list}", list = GrantType::list())]
pub struct UnknownGrant(String);

impl GrantType {
    pub const ALL: [Self; 6] = [
        Self::Password,
        Self::RefreshToken,
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::TokenExchange,
        Self::DeviceCode,
    ];

    /// The value of `grant_type` (RFC 6749 §4, §6; RFC 8693 §2.1; RFC 8628 §3.4).
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    fn list() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GrantType {
    type Err = UnknownGrant;

    /// Reads a name; of a URN its last part will do.
    fn from_str(text: &str) -> Result<Self, UnknownGrant> {
        let is_named = |grant: &Self| {
            let short = grant.name().rsplit(':').next();
            text == grant.name() || short == Some(text)
        };
        Self::ALL
            .into_iter()
            .find(is_named)
            .ok_or_else(|| UnknownGrant(text.to_owned()))
    }
}
