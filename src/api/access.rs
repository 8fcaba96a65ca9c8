//! Who may call: tokens verified against the live state.

use std::sync::Arc;

use poem_openapi::SecurityScheme;

use crate::{
    accounts::{BuiltinScope, Grantor},
    authority::{Authority, NotAccepted},
    guard::{self, Authenticate, Caller, Denied},
};

/// Log in with the password flow, or with the authorization code flow on a page of
/// this server; tick the scopes that you need, and call.
#[derive(SecurityScheme)]
#[oai(
    rename = "scopegate",
    ty = "oauth2",
    flows(
        password(token_url = "/token", scopes = "BuiltinScope"),
        authorization_code(
            authorization_url = "/authorize",
            token_url = "/token",
            scopes = "BuiltinScope"
        )
    ),
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
            Some(username) => authority.user_state(username).await?,
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
        self.0.caller(token).await.map_err(denied)
    }
}

fn denied(reason: NotAccepted) -> Denied {
    match reason {
        NotAccepted::Stale => Denied::Unavailable,
        NotAccepted::Store(error) => {
            tracing::error!(%error, "the state of a token cannot be read");
            Denied::Unavailable
        }
        refused => Denied::InvalidToken(refused.to_string()),
    }
}
