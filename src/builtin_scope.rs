//! The scopes of Scopegate's own API.

use std::collections::HashSet;

use poem_openapi::OAuthScopes;

/// A built-in scope. Its documentation comment is its description in the
/// catalogue and in the OpenAPI document.
#[derive(OAuthScopes, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltinScope {
    /// Read your own profile.
    #[oai(rename = "me")]
    Me,
    /// Change your own profile and password.
    #[oai(rename = "me:write")]
    MeWrite,
    /// Read all users.
    #[oai(rename = "users:read")]
    UsersRead,
    /// Add, change and remove users, and give them scopes of this very token.
    #[oai(rename = "users:write")]
    UsersWrite,
    /// Give scopes up to what your own account may hold, whatever this token holds.
    #[oai(rename = "users:grant")]
    UsersGrant,
    /// Add and remove scopes of the catalogue.
    #[oai(rename = "scopes:write")]
    ScopesWrite,
    /// Create, list and revoke your own personal tokens.
    #[oai(rename = "tokens")]
    Tokens,
    /// Make tokens for other subjects.
    #[oai(rename = "tokens:mint")]
    TokensMint,
    /// List the tokens of anyone.
    #[oai(rename = "tokens:read")]
    TokensRead,
    /// Revoke the tokens of anyone.
    #[oai(rename = "tokens:write")]
    TokensWrite,
    /// Learn which tokens were revoked, to refuse them in other APIs.
    #[oai(rename = "revocations:read")]
    RevocationsRead,
    /// Read OAuth clients.
    #[oai(rename = "clients:read")]
    ClientsRead,
    /// Add, change and remove OAuth clients.
    #[oai(rename = "clients:write")]
    ClientsWrite,
    /// Rotate and retire signing keys.
    #[oai(rename = "keys:write")]
    KeysWrite,
    /// Read the audit log, which is yet to come.
    #[oai(rename = "audit:read")]
    AuditRead,
    /// Ask whether a token is active.
    #[oai(rename = "introspect")]
    Introspect,
    /// Stay signed in: get a refresh token.
    #[oai(rename = "offline_access")]
    OfflineAccess,
    /// Tell an application who you are (OpenID Connect).
    #[oai(rename = "openid")]
    OpenId,
    /// Tell an application your name (OpenID Connect).
    #[oai(rename = "profile")]
    Profile,
    /// Tell an application your email address (OpenID Connect).
    #[oai(rename = "email")]
    Email,
}

impl BuiltinScope {
    /// Those that tell an application who a user is, and keep the user signed in to it.
    pub const OF_IDENTITY: &'static [&'static str] = &[
        "me",
        Self::OPENID,
        Self::PROFILE,
        Self::EMAIL,
        Self::OFFLINE_ACCESS,
    ];

    /// The scope that gives its holder the power of the account.
    pub const USERS_GRANT: &'static str = "users:grant";
    /// The scope that opens one's own personal tokens.
    pub const TOKENS: &'static str = "tokens";
    /// The scope that asks for a refresh token.
    pub const OFFLINE_ACCESS: &'static str = "offline_access";
    /// The scope that asks for an ID token (OpenID Connect Core §3.1.2.1).
    pub const OPENID: &'static str = "openid";
    /// The scope that opens the name (OpenID Connect Core §5.4).
    pub const PROFILE: &'static str = "profile";
    /// The scope that opens the email address (OpenID Connect Core §5.4).
    pub const EMAIL: &'static str = "email";

    /// The names.
    pub fn names() -> HashSet<&'static str> {
        let scopes = <Self as OAuthScopes>::meta().into_iter();
        scopes.map(|scope| scope.name).collect()
    }

    /// Names and descriptions.
    pub fn catalogue() -> Vec<(&'static str, &'static str)> {
        let described = |scope: poem_openapi::registry::MetaOAuthScope| {
            (scope.name, scope.description.unwrap_or_default())
        };
        <Self as OAuthScopes>::meta()
            .into_iter()
            .map(described)
            .collect()
    }
}
