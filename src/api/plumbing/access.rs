//! Who may call: tokens verified against the live state.

use std::sync::Arc;

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions, OAuthScopes,
    registry::{MetaOAuthFlow, MetaOAuthFlows, MetaSecurityScheme, Registry},
};

use crate::{
    actor::{Actor, Power},
    authority::{Authority, NotAccepted},
    builtin_scope::BuiltinScope,
    config::{Config, RESOURCE_METADATA},
    error::Error,
    guard::{Authenticate, Caller, Denied, Realm},
};

/// In whose name requests are refused, and where that is described (RFC 9728 §5.1).
pub(in crate::api) fn realm(config: &Config) -> Realm {
    Realm::new("scopegate").with_metadata(&config.well_known(RESOURCE_METADATA))
}

/// The name of the security scheme.
pub(in crate::api) const SCHEME: &str = "scopegate";

/// The caller that the guard has let in. As a parameter it declares that its operation wants a
/// token, and by `scope` what that has to hold.
pub(in crate::api) struct Auth(pub Arc<Caller>);

// By hand, since the one that poem-openapi derives reads the query and the token once more.
impl<'a> ApiExtractor<'a> for Auth {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(SCHEME, scheme());
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let caller = request.extensions().get::<Arc<Caller>>();
        let caller = caller.ok_or_else(|| Denied::NoToken.in_realm("scopegate"))?;
        Ok(Self(Arc::clone(caller)))
    }
}

fn scheme() -> MetaSecurityScheme {
    let flow = |authorization_url| MetaOAuthFlow {
        authorization_url,
        token_url: Some("/token"),
        refresh_url: None,
        scopes: BuiltinScope::meta(),
    };
    MetaSecurityScheme {
        ty: "oauth2",
        description: Some(
            "Log in with the password flow, or with the authorization code flow on a page of\n\
             this server; tick the scopes that you need, and call.",
        ),
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: Some(MetaOAuthFlows {
            implicit: None,
            password: Some(flow(None)),
            client_credentials: None,
            authorization_code: Some(flow(Some("/authorize"))),
        }),
        openid_connect_url: None,
    }
}

impl Auth {
    /// The name of the user who calls; other subjects have no profile.
    pub(in crate::api) fn username(&self) -> Option<&str> {
        self.0.subject.username()
    }

    /// The caller, with power over what this token holds, or with `users:grant` over
    /// what the account may hold.
    pub(in crate::api) async fn actor(
        &self,
        authority: &Authority,
    ) -> std::result::Result<Actor, Error> {
        match self.0.scopes.contains(BuiltinScope::USERS_GRANT) {
            true => self.owner(authority).await,
            false => Ok(self.limited_actor()),
        }
    }

    /// The caller, who changes what is their own: with power over what the account may
    /// hold, whatever this token holds.
    pub(in crate::api) async fn owner(
        &self,
        authority: &Authority,
    ) -> std::result::Result<Actor, Error> {
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
    async fn authenticate(&self, token: &str) -> std::result::Result<Arc<Caller>, Denied> {
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
