//! Revocation (RFC 7009).

use std::sync::Arc;

use super::{Error, Requester, accept};
use crate::{
    authority::Authority,
    clock,
    guard::Caller,
    opaque::{Digest, Opaque},
    store::Revoke,
};

/// Who wants a token revoked.
pub enum Revoker {
    /// A client: its own tokens.
    Client(Requester),
    /// Whoever holds a token: this one and others about the same subject, or
    /// with `tokens:write` anyone's.
    Holder(Arc<Caller>),
}

impl Revoker {
    fn may_revoke(&self, client_id: &str, subject: &str) -> bool {
        match self {
            Self::Client(client) => client.id() == client_id,
            Self::Holder(caller) => {
                caller.subject.as_str() == subject || caller.scopes.contains("tokens:write")
            }
        }
    }
}

/// Ends an access token, or a refresh token and all that came of it. A token
/// that is not known is as good as revoked (§2.2).
pub async fn revoke(authority: &Authority, revoker: &Revoker, token: &str) -> Result<(), Error> {
    let (which, client_id, subject) = match token.starts_with(Opaque::REFRESH_TOKEN) {
        true => match authority.store.refresh_token(&Digest::of(token)).await? {
            Some(row) => (
                Found::Grant(row.grant_id),
                row.client_id,
                format!("username:{}", row.username),
            ),
            None => return Ok(()),
        },
        false => match accept(authority, token).await? {
            Ok(accepted) => {
                let claims = &accepted.claims;
                let found = Found::Token(claims.id.to_string());
                (found, claims.client_id.clone(), claims.subject.to_string())
            }
            Err(_) => return Ok(()),
        },
    };
    if !revoker.may_revoke(&client_id, &subject) {
        return Err(Error::NotYourToken);
    }
    let which = match &which {
        Found::Grant(id) => Revoke::Grant(id),
        Found::Token(id) => Revoke::Token(id),
    };
    authority.store.revoke(which, clock::now()).await?;
    Ok(authority.live.catch_up().await?)
}

enum Found {
    Grant(String),
    Token(String),
}
