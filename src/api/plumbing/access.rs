//! Who may call: tokens verified against the live state.

use std::sync::Arc;

use poem_openapi::SecurityScheme;

use crate::{
    actor::{Actor, Power},
    authority::{Authority, NotAccepted},
    builtin_scope::BuiltinScope,
    config::{Config, RESOURCE_METADATA},
    error::Error,
    guard::{self, Authenticate, Caller, Denied, Realm},
};

/// In whose name requests are refused, and where that is described (RFC 9728 §5.1).
pub(in crate::api) fn realm(config: &Config) -> Realm {
    Realm::new("scopegate").with_metadata(&config.well_known(RESOURCE_METADATA))
}

/// The name of the security scheme.
pub(in crate::api) const SCHEME: &str = "scopegate";

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
pub(in crate::api) struct Auth(pub Arc<Caller>);

impl Auth {
    /// The name of the user who calls; other subjects have no profile.
    pub(in crate::api) fn username(&self) -> Option<&str> {
        self.0.subject.username()
    }

    /// The caller, with power over what this token holds, or with `users:grant` over
    /// what the account may hold.
    pub(in crate::api) async fn actor(&self, authority: &Authority) -> Result<Actor, Error> {
        match self.0.scopes.contains(BuiltinScope::USERS_GRANT) {
            true => self.owner(authority).await,
            false => Ok(self.limited_actor()),
        }
    }

    /// The caller, who changes what is their own: with power over what the account may
    /// hold, whatever this token holds.
    pub(in crate::api) async fn owner(&self, authority: &Authority) -> Result<Actor, Error> {
        let held = match self.username() {
            Some(username) => authority.user_state(username).await?,
            None => None,
        };
        let held = held.map_or_else(|| self.0.scopes.clone(), |user| user.scopes.clone());
        Ok(Actor {
            power: Power::Scopes(held),
            ..self.limited_actor()
        })
    }

    /// The caller, with power over what this very token holds.
    pub(in crate::api) fn limited_actor(&self) -> Actor {
        Actor::from(&*self.0)
    }
}

/// Verifies tokens by the keys and the state in memory.
pub(in crate::api) struct LiveAccess(pub Arc<Authority>);

impl Authenticate for LiveAccess {
    async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        self.0.caller(token).await.map_err(|reason| {
            self.0.metrics.refused(reason.name());
            denied(reason)
        })
    }
}

fn denied(reason: NotAccepted) -> Denied {
    match reason {
        NotAccepted::Stale => Denied::Unavailable,
        NotAccepted::Store(error) => {
            tracing::error!(%error, "the state of a token cannot be read");
            Denied::Unavailable
        }
        refused => {
            tracing::info!(why = %refused, "token refused");
            Denied::InvalidToken(refused.to_string())
        }
    }
}
