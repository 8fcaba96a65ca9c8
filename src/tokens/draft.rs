//! Access tokens on their way out: what a token is to say becomes claims and what
//! is stored of it, and the claims are signed once that is stored.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::{
    authority::Authority,
    client::Client,
    issued_token::{Token, TokenKind},
    live::KeyRingError,
    scope::ScopeSet,
    subject::Subject,
    token::{Actor, Audience, Claims, IdClaims, sign},
};

/// What a token is to say.
pub struct Draft {
    pub kind: TokenKind,
    pub subject: Subject,
    pub client_id: String,
    pub scopes: ScopeSet,
    pub audience: Audience,
    /// Its life in seconds.
    pub expires_in: u64,
    /// When what it was made from ends, in seconds since 1970: it ends no later.
    pub not_after: Option<i64>,
    pub actor: Option<Actor>,
    /// The other clients that it came through.
    pub via: Vec<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// The family of refresh tokens that it belongs to.
    pub grant_id: Option<String>,
    /// The `jti` of the token that it ends with.
    pub parent_id: Option<String>,
}

impl Draft {
    /// A token for the audience and with the life of the settings.
    pub fn new(authority: &Authority, subject: Subject, client_id: &str, scopes: ScopeSet) -> Self {
        Self {
            kind: TokenKind::Access,
            subject,
            client_id: client_id.to_owned(),
            scopes,
            audience: Audience::One(authority.config.audience.clone()),
            expires_in: authority.config.access_token_ttl.as_secs(),
            not_after: None,
            actor: None,
            via: Vec::new(),
            name: None,
            grant_id: None,
            parent_id: None,
        }
    }

    /// The same, derived from what came through these clients.
    #[must_use]
    pub fn by_way_of<'a>(self, clients: impl Iterator<Item = &'a str>) -> Self {
        let others = clients.filter(|id| *id != Client::BUILTIN && *id != self.client_id);
        let via: BTreeSet<&str> = others.collect();
        Self {
            via: via.into_iter().map(str::to_owned).collect(),
            ..self
        }
    }

    /// The claims, and the token to store before they are signed.
    pub fn prepare(self, authority: &Authority) -> (Claims, Token) {
        let issued_at = authority.clock.now();
        let expires_at = issued_at.saturating_add_unsigned(self.expires_in);
        let claims = Claims {
            issuer: authority.config.issuer.clone(),
            audience: self.audience,
            subject: self.subject,
            scopes: self.scopes,
            client_id: self.client_id,
            issued_at,
            expires_at: expires_at.min(self.not_after.unwrap_or(expires_at)),
            id: Uuid::now_v7(),
            actor: self.actor,
            via: self.via,
        };
        let token = Token {
            id: claims.id.to_string(),
            kind: self.kind,
            subject: claims.subject.clone(),
            client_id: claims.client_id.clone(),
            scopes: claims.scopes.clone(),
            audience: claims.audience.clone(),
            name: self.name,
            grant_id: self.grant_id,
            parent_id: self.parent_id,
            issued_at,
            expires_at: claims.expires_at,
            last_used_at: None,
        };
        (claims, token)
    }
}

impl Authority {
    /// Signs the claims of a token that is stored: a secret.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyRingError> {
        let keys = self.live.keys();
        Ok(sign(claims, keys.signing(claims.issued_at)?)?)
    }

    /// Signs an ID token.
    pub fn sign_id_token(&self, claims: &IdClaims) -> Result<String, KeyRingError> {
        let keys = self.live.keys();
        Ok(claims.sign(keys.signing(claims.issued_at)?)?)
    }
}
