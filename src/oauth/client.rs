//! Who asks for a token (RFC 6749 §2.3, §3.2.1).

use std::sync::Arc;

use super::{ClientRefused, Error};
use crate::{
    authority::Authority,
    client::{Authentication, Client, GrantType},
    scope::ScopeSet,
};

/// How clients authenticate, as the metadata names it (RFC 8414 §2).
pub const CLIENT_AUTHENTICATION_METHODS: &[&str] = &[
    Authentication::NONE,
    Authentication::SECRET,
    Authentication::SECRET_IN_BODY,
    Authentication::PRIVATE_KEY,
];

/// How a client named itself, and what it showed.
#[derive(Default)]
pub struct ClientCredentials {
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// `client_assertion`, a JWT (RFC 7523 §2.2).
    pub assertion: Option<String>,
}

/// A client that may ask.
#[derive(Clone, Debug)]
pub enum Requester {
    /// The built-in first-party client.
    Builtin,
    Registered(Arc<Client>),
}

impl Requester {
    /// The client of these credentials; an unknown client and a wrong secret
    /// are one answer.
    pub async fn authenticate(
        authority: &Authority,
        credentials: &ClientCredentials,
    ) -> Result<Self, Error> {
        if let Some(assertion) = &credentials.assertion {
            return super::client_assertion::authenticate(authority, credentials, assertion).await;
        }
        let id = credentials.client_id.as_deref().unwrap_or_default();
        let secret = credentials.client_secret.as_deref().unwrap_or_default();
        // A public client has no secret to show.
        if (id.is_empty() || id == Client::BUILTIN) && secret.is_empty() {
            return Ok(Self::Builtin);
        }
        let client = authority.live.registry.client(id);
        let client = client.ok_or(ClientRefused::Unknown)?;
        match &client.authentication {
            Authentication::None if secret.is_empty() => {}
            Authentication::Secret(digest) if digest.is_of(secret) => {}
            Authentication::Secret(_) if !secret.is_empty() => {
                return Err(Error::from(ClientRefused::WrongSecret(client.id.clone())));
            }
            _ => return Err(Error::from(ClientRefused::WrongMethod(client.id.clone()))),
        }
        Ok(Self::Registered(client))
    }

    /// The client of an id, which is not asked to authenticate.
    pub(super) fn named(authority: &Authority, id: &str) -> Option<Self> {
        match id {
            Client::BUILTIN => Some(Self::Builtin),
            id => authority.live.registry.client(id).map(Self::Registered),
        }
    }

    /// Its `client_id`.
    pub fn id(&self) -> &str {
        match self {
            Self::Builtin => Client::BUILTIN,
            Self::Registered(client) => &client.id,
        }
    }

    /// The name that users see.
    pub fn name(&self) -> &str {
        match self {
            Self::Builtin => "Scopegate's own documentation",
            Self::Registered(client) => &client.name,
        }
    }

    /// Whether it has shown a secret or a key.
    pub fn is_confidential(&self) -> bool {
        self.registered().is_some_and(|client| !client.is_public())
    }

    /// The client, where it is one of the registry.
    pub fn registered(&self) -> Option<&Client> {
        match self {
            Self::Builtin => None,
            Self::Registered(client) => Some(client),
        }
    }

    /// Refuses a grant that the client was not given by name. The built-in
    /// client has those of people and their tokens.
    pub(super) fn may_use(&self, grant: GrantType) -> Result<(), Error> {
        let may = match self {
            Self::Builtin => grant != GrantType::ClientCredentials,
            Self::Registered(client) => client.grants.contains(&grant),
        };
        if may {
            Ok(())
        } else {
            Err(Error::UnauthorizedClient)
        }
    }

    /// What tokens that it is given rest on; the built-in client is always there.
    pub(super) fn basis(&self) -> Option<(&str, i64)> {
        let client = self.registered()?;
        Some((&client.id, client.created_at))
    }

    /// What it may ask for: none where that is not limited.
    pub(super) fn scopes(&self) -> Option<&ScopeSet> {
        self.registered().map(|client| &client.scopes)
    }

    /// What it gets where it asks for nothing.
    pub(super) fn default_scopes(&self) -> ScopeSet {
        self.registered()
            .map_or_else(ScopeSet::default, |client| client.default_scopes.clone())
    }

    /// Whether it speaks for an API: one with credentials, to which the operator gave this
    /// audience by name.
    pub(super) fn speaks_for(&self, audience: &str) -> bool {
        self.is_confidential() && self.has_audience(audience)
    }

    fn has_audience(&self, audience: &str) -> bool {
        let registered = self.registered();
        registered.is_some_and(|client| client.audiences.iter().any(|one| one == audience))
    }

    /// Whether it may ask tokens for an audience.
    pub(super) fn may_address(&self, authority: &Authority, audience: &str) -> bool {
        let config = &authority.config;
        audience == config.audience
            || config.allowed_audiences.iter().any(|one| one == audience)
            || self.has_audience(audience)
    }
}
