//! Revocation (RFC 7009).

use std::sync::Arc;

use super::{ClientRefused, Error, Requester};
use crate::{
    actor::Actor,
    authority::Authority,
    guard::Caller,
    opaque::{Digest, Opaque},
    scope::ScopeSet,
    store::{Revoke, Transaction},
    subject::Subject,
};

/// Who asks for a token to be revoked.
pub enum Revoker {
    /// A client: its own tokens.
    Client(Requester),
    /// The holder of a token: this one and others about the same subject, or
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

impl Revoker {
    fn actor(&self) -> Result<Actor, Error> {
        Ok(match self {
            Self::Client(client) => {
                let subject = Subject::new(Subject::CLIENT, client.id());
                let subject = subject.map_err(|_| ClientRefused::Unknown)?;
                Actor::subject(subject, ScopeSet::default()).through(client.id())
            }
            Self::Holder(caller) => Actor::from(&**caller),
        })
    }
}

/// Ends an access token, or a refresh token and all tokens of its grant. A token
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
        // Whatever has become of its user or its client: who enables them again
        // must not find it alive.
        false => match authority.read(token) {
            Ok(claims) => {
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
    revoke_as(authority, &revoker.actor()?, which).await
}

/// Ends what somebody may have stolen.
pub(super) async fn revoke_at_once(authority: &Authority, which: Revoke<'_>) -> Result<(), Error> {
    revoke_as(authority, &Actor::system(), which).await
}

async fn revoke_as(authority: &Authority, actor: &Actor, which: Revoke<'_>) -> Result<(), Error> {
    let now = authority.clock.now();
    let write = async |transaction: &mut Transaction| {
        transaction.revoke(which, None, now).await?;
        Ok(())
    };
    authority.write(actor, write).await
}

enum Found {
    Grant(String),
    Token(String),
}
