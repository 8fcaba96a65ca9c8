//! Who may call: tokens verified against the live state.

use std::sync::Arc;

use poem_openapi::SecurityScheme;

use crate::{
    accounts::{BuiltinScope, Grantor},
    authority::Authority,
    clock,
    guard::{self, Authenticate, Caller, Denied},
    scope::ScopeSet,
};

/// Log in with the password flow, tick the scopes that you need, and call.
#[derive(SecurityScheme)]
#[oai(
    rename = "scopegate",
    ty = "oauth2",
    flows(password(token_url = "/token", scopes = "BuiltinScope")),
    checker = "guard::caller"
)]
pub(super) struct Auth(pub Arc<Caller>);

impl Auth {
    /// The name of the user who calls; other subjects have no profile.
    pub(super) fn username(&self) -> Option<&str> {
        self.0.subject.username()
    }

    /// By whose power the caller changes users: what the user may hold, or what
    /// the token of any other subject holds.
    pub(super) async fn grantor(
        &self,
        authority: &Authority,
    ) -> Result<Grantor, crate::accounts::Error> {
        let held = match self.username() {
            Some(username) => authority.live.user(username).await?,
            None => None,
        };
        Ok(Grantor::Holder(held.map_or_else(
            || self.0.scopes.clone(),
            |user| user.scopes.clone(),
        )))
    }
}

/// Verifies tokens by the keys and the state in memory.
pub(super) struct LiveAccess(pub Arc<Authority>);

impl Authenticate for LiveAccess {
    async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        let authority = &self.0;
        if !authority.live.is_fresh() {
            return Err(Denied::Unavailable);
        }
        let claims = authority
            .live
            .keys()
            .verification
            .verify(token, &authority.expected, clock::now())
            .map_err(|refused| Denied::InvalidToken(refused.to_string()))?;
        if authority.live.is_revoked(&claims.id) {
            return Err(Denied::InvalidToken("the token was revoked".to_owned()));
        }
        let scopes = still_held(authority, &claims.subject, &claims.scopes).await?;
        Ok(Arc::new(Caller {
            subject: claims.subject.clone(),
            scopes,
            client_id: claims.client_id.clone(),
            token_id: claims.id,
        }))
    }
}

/// The scopes of a token that its subject still holds.
async fn still_held(
    authority: &Authority,
    subject: &crate::subject::Subject,
    scopes: &ScopeSet,
) -> Result<ScopeSet, Denied> {
    let gone = || Denied::InvalidToken("the token's subject is not active".to_owned());
    let username = subject.username().ok_or_else(gone)?;
    match authority.live.user(username).await {
        Ok(Some(user)) if !user.disabled => Ok(scopes.intersection(&user.scopes)),
        Ok(_) => Err(gone()),
        Err(error) => {
            tracing::error!(%error, "the state of a user cannot be read");
            Err(Denied::Unavailable)
        }
    }
}
