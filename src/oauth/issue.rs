//! Issuing an access token.

use uuid::Uuid;

use crate::{
    authority::Authority,
    clock,
    scope::ScopeSet,
    store::{TokenRow, UserRow},
    subject::Subject,
    token::{Audience, Claims, sign},
};

use super::{Client, Error};

/// The successful answer of the token endpoint (RFC 6749 §5.1).
pub struct TokenResponse {
    /// The token: a secret.
    pub access_token: String,
    /// Its life in seconds.
    pub expires_in: u64,
    /// What was granted.
    pub scopes: ScopeSet,
}

/// Issues a token about a user, who must still exist and be enabled when the
/// token is recorded.
pub(super) async fn issue_for_user(
    authority: &Authority,
    user: &UserRow,
    client: &Client,
    scopes: ScopeSet,
) -> Result<TokenResponse, Error> {
    let issued_at = clock::now();
    let expires_in = authority.config.access_token_ttl.as_secs();
    let claims = Claims {
        issuer: authority.config.issuer.clone(),
        audience: Audience::One(authority.config.audience.clone()),
        subject: Subject::new(Subject::USERNAME, &user.username)
            .map_err(|_| Error::InvalidGrant)?,
        scopes,
        client_id: client.id.clone(),
        issued_at,
        expires_at: issued_at.saturating_add_unsigned(expires_in),
        id: Uuid::now_v7(),
    };
    let row = TokenRow {
        id: claims.id.to_string(),
        subject: claims.subject.to_string(),
        client_id: claims.client_id.clone(),
        scopes: claims.scopes.to_string(),
        issued_at,
        expires_at: claims.expires_at,
    };
    if !authority.store.add_user_token(&row, &user.id).await? {
        return Err(Error::InvalidGrant);
    }
    Ok(TokenResponse {
        access_token: sign(&claims, authority.live.keys().signing(issued_at)?)?,
        expires_in,
        scopes: claims.scopes,
    })
}
