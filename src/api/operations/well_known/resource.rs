//! What a protected resource says of itself (RFC 9728).

use poem_openapi::{Object, types::Example};

use crate::{authority::Authority, builtin_scope::BuiltinScope, error::Error, scope::Scope};

/// A protected resource's description of itself (RFC 9728 §2).
#[derive(Object)]
#[oai(example)]
pub(super) struct ResourceMetadata {
    /// The resource: the `aud` of its tokens.
    resource: String,
    /// The issuers whose tokens it accepts.
    authorization_servers: Vec<String>,
    /// The scopes that its operations ask for.
    scopes_supported: Vec<String>,
    /// How it accepts tokens: always `header`.
    bearer_methods_supported: Vec<String>,
}

impl Example for ResourceMetadata {
    fn example() -> Self {
        let issuer = "https://login.example".to_owned();
        Self {
            resource: issuer.clone(),
            authorization_servers: vec![issuer],
            scopes_supported: vec!["me".to_owned()],
            bearer_methods_supported: vec!["header".to_owned()],
        }
    }
}

impl ResourceMetadata {
    /// That of this server's own API, or of another one.
    ///
    /// # Errors
    /// No such API is known.
    pub(super) fn of(authority: &Authority, other: Option<String>) -> Result<Self, Error> {
        let config = &authority.config;
        let is_known = |other: &String| config.allowed_audiences.contains(other);
        let is_other = other.is_some();
        let resource = match other {
            Some(other) if !is_known(&other) => return Err(Error::NoSuchResource(other)),
            Some(other) => other,
            None => config.issuer.clone(),
        };
        let builtin = BuiltinScope::names();
        // Scopegate's own operations ask for the built-in scopes, and other APIs for the rest.
        let is_its_own = |scope: &&Scope| builtin.contains(scope.as_str()) != is_other;
        let catalogue = authority.live.catalogue();
        let scopes = catalogue.iter().filter(is_its_own);
        let mut scopes_supported: Vec<String> = scopes.map(ToString::to_string).collect();
        scopes_supported.sort();
        Ok(Self {
            resource,
            authorization_servers: vec![config.issuer.clone()],
            scopes_supported,
            bearer_methods_supported: vec!["header".to_owned()],
        })
    }
}
