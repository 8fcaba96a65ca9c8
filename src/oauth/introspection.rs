//! Introspection (RFC 7662).

use super::{Error, Requester, accept};
use crate::{
    authority::Authority,
    opaque::{Digest, Opaque},
    scope::ScopeSet,
    token::{Audience, Claims},
};

/// Who asks.
pub enum Inquirer {
    /// A client that authenticated: it is told of its own tokens and of those
    /// for an audience that it serves.
    Client(Requester),
    /// The holder of a token with `introspect` for this server.
    Operator,
}

/// What is active, and all that is told of it.
pub enum Active {
    /// An access token, and what it may do here and now.
    Access { claims: Claims, scopes: ScopeSet },
    /// A refresh token.
    Refresh {
        client_id: String,
        username: String,
        scopes: String,
        expires_at: i64,
    },
}

/// What a token is, or none where it is not active or not the inquirer's
/// business (§2.2: the two are not told apart).
pub async fn introspect(
    authority: &Authority,
    inquirer: &Inquirer,
    token: &str,
) -> Result<Option<Active>, Error> {
    if token.starts_with(Opaque::REFRESH_TOKEN) {
        return refresh_token(authority, inquirer, token).await;
    }
    let Ok(accepted) = accept(authority, token).await? else {
        return Ok(None);
    };
    let claims = (**accepted.claims).clone();
    let is_told = match inquirer {
        Inquirer::Operator => true,
        Inquirer::Client(client) => serves(authority, client, &claims.audience),
    };
    Ok(is_told.then_some(Active::Access {
        claims,
        scopes: accepted.scopes,
    }))
}

/// A client serves the audiences that it was given, and without any that of the
/// settings. A token for another API is none of its business (RFC 7662 §4): many that
/// ask do not look at `aud` themselves.
fn serves(authority: &Authority, client: &Requester, audience: &Audience) -> bool {
    let own = client
        .registered()
        .map(|client| client.audiences.as_slice());
    match own {
        Some(own) if !own.is_empty() => own.iter().any(|own| audience.contains(own)),
        _ => audience.contains(&authority.config.audience),
    }
}

async fn refresh_token(
    authority: &Authority,
    inquirer: &Inquirer,
    token: &str,
) -> Result<Option<Active>, Error> {
    let row = authority.store.refresh_token(&Digest::of(token)).await?;
    let row = row.filter(|row| {
        let is_alive = row.spent_at.is_none()
            && row.revoked_at.is_none()
            && row.expires_at > authority.clock.now();
        let is_told = match inquirer {
            Inquirer::Operator => true,
            Inquirer::Client(client) => client.id() == row.client_id,
        };
        is_alive && is_told
    });
    let Some(row) = row else { return Ok(None) };
    let user = authority.user_state(&row.username).await?;
    let is_enabled = user.is_some_and(|user| !user.disabled);
    Ok(is_enabled.then_some(Active::Refresh {
        client_id: row.client_id,
        username: row.username,
        scopes: row.scopes,
        expires_at: row.expires_at,
    }))
}
