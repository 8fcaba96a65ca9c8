//! The scopes of Scopegate's own API.

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
    /// Add, change and remove users, up to the scopes that your own account may hold.
    #[oai(rename = "users:write")]
    UsersWrite,
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
    /// Read OAuth clients.
    #[oai(rename = "clients:read")]
    ClientsRead,
    /// Add, change and remove OAuth clients.
    #[oai(rename = "clients:write")]
    ClientsWrite,
    /// Rotate and retire signing keys.
    #[oai(rename = "keys:write")]
    KeysWrite,
    /// Read the audit log.
    #[oai(rename = "audit:read")]
    AuditRead,
    /// Ask whether a token is active.
    #[oai(rename = "introspect")]
    Introspect,
    /// Stay signed in: get a refresh token.
    #[oai(rename = "offline_access")]
    OfflineAccess,
}

impl BuiltinScope {
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
