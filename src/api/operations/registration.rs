//! Clients that register themselves (RFC 7591) and manage that (RFC 7592).

use std::sync::Arc;

use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi,
    param::Path,
    payload::Json,
    registry::{MetaResponses, MetaSecurityScheme, Registry},
    types::{Any, Example, Password as Hidden},
};
use serde_json::Value;

use crate::address::client_address;
use crate::api::plumbing::{
    access::Auth,
    body::{Body, Rule, Rules},
    done::Done,
    form::OAuthJson,
    problem::Failure,
    refusal::OAuthProblem,
    tag::{Tag, path_segment},
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    client::{Authentication, Client},
    guard::{Denied, NO_CREDENTIAL, bearer_token},
    oauth::{self, OwnNames, Registered},
};

pub(in crate::api) struct RegistrationApi(pub Arc<Authority>);

/// The scheme of registration tokens, which the operations check.
const SCHEME: &str = "registration";
const SELF_CHECKED_SCHEME: &str = "(self-checked) registration";

/// The declaration of an operation for holders of a registration token.
struct WithToken;

/// The same where the setting may admit everybody.
struct WithTokenOrOpen;

macro_rules! declaration {
    ($name:ident, $schemes:expr) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(SCHEME, scheme());
            }

            fn security_schemes() -> Vec<&'static str> {
                $schemes.to_vec()
            }

            async fn from_request(
                _request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                Ok(Self)
            }
        }
    };
}
declaration!(WithToken, [SELF_CHECKED_SCHEME]);
declaration!(WithTokenOrOpen, [SELF_CHECKED_SCHEME, NO_CREDENTIAL]);

fn scheme() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some(
            "A registration token: an initial one of `scopegate client registration-token`, or \
             the `registration_access_token` of a client.",
        ),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}

/// What a client says of itself (RFC 7591 §2). Members that are not here are ignored.
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none, skip_serializing_if_is_empty)]
struct ClientMetadata {
    /// Where it may be answered: https, http on loopback, or for a native application a
    /// scheme of its own with a dot in it. Ten at most.
    redirect_uris: Vec<String>,
    /// How it authenticates: `none`, `client_secret_basic` (the default),
    /// `client_secret_post` or `private_key_jwt`.
    token_endpoint_auth_method: Option<String>,
    /// `authorization_code` (the default) and `refresh_token`. Others are left out.
    grant_types: Option<Vec<String>>,
    /// `code`, which is the default.
    response_types: Option<Vec<String>>,
    /// The name that users see.
    client_name: Option<String>,
    /// The scopes that it may ask for, separated by spaces, and those that it gets where
    /// it asks for none. Left out: whatever is open to such clients, and none by default.
    scope: Option<String>,
    /// `web` or `native`; left out, it is native where all of its addresses are on the
    /// user's device.
    application_type: Option<String>,
    /// Where the browser may be sent after a logout that the client requested.
    #[oai(default)]
    post_logout_redirect_uris: Vec<String>,
    /// Its public keys for `private_key_jwt`: a JWK set.
    jwks: Option<Any<Value>>,
    /// Not supported: a JWK set elsewhere.
    jwks_uri: Option<String>,
    /// Its id, where it replaces what it registered.
    client_id: Option<String>,
    /// Its secret, where it replaces what it registered; may be left out.
    client_secret: Option<Hidden>,
}

impl Example for ClientMetadata {
    fn example() -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            redirect_uris: vec!["http://127.0.0.1:8765/callback".to_owned()],
            token_endpoint_auth_method: text(Authentication::NONE),
            grant_types: Some(vec!["authorization_code".to_owned()]),
            response_types: None,
            client_name: text("An agent"),
            scope: text("me"),
            application_type: None,
            post_logout_redirect_uris: Vec::new(),
            jwks: None,
            jwks_uri: None,
            client_id: None,
            client_secret: None,
        }
    }
}

impl From<ClientMetadata> for oauth::ClientMetadata {
    fn from(metadata: ClientMetadata) -> Self {
        Self {
            redirect_uris: metadata.redirect_uris,
            post_logout_redirect_uris: metadata.post_logout_redirect_uris,
            token_endpoint_auth_method: metadata.token_endpoint_auth_method,
            grant_types: metadata.grant_types,
            response_types: metadata.response_types,
            client_name: metadata.client_name,
            scope: metadata.scope,
            application_type: metadata.application_type,
            jwks: metadata.jwks.map(|jwks| jwks.0),
            jwks_uri: metadata.jwks_uri,
        }
    }
}

/// A client as it is registered (RFC 7591 §3.2.1, RFC 7592 §3).
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
struct RegisteredClient {
    /// Its id.
    client_id: String,
    /// When it was registered, in seconds since 1970.
    client_id_issued_at: i64,
    /// A secret that was made for it: shown only once.
    client_secret: Option<String>,
    /// When the secret expires: 0, never.
    client_secret_expires_at: Option<i64>,
    /// The token that it reads, replaces and removes its registration with.
    registration_access_token: String,
    /// Where it does that.
    registration_client_uri: String,
    /// Where it may be answered.
    redirect_uris: Vec<String>,
    /// How it authenticates.
    token_endpoint_auth_method: String,
    /// The grants that it may use.
    grant_types: Vec<String>,
    /// Always `code`.
    response_types: Vec<String>,
    /// The name that users see.
    client_name: String,
    /// The scopes that it may ask for, separated by spaces.
    scope: String,
    /// `web` or `native`.
    application_type: String,
    /// Where the browser may be sent after a logout that the client requested.
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Its public keys.
    jwks: Option<Any<Value>>,
}

impl Example for RegisteredClient {
    fn example() -> Self {
        let text = str::to_owned;
        Self {
            client_id: text("01991f3c-7a5b-7c3d-9e4f-5a6b7c8d9e0f"),
            client_id_issued_at: 1_767_225_600,
            registration_access_token: text("sgi_…"),
            registration_client_uri: text(
                "https://login.example/register/01991f3c-7a5b-7c3d-9e4f-5a6b7c8d9e0f",
            ),
            redirect_uris: vec![text("http://127.0.0.1:8765/callback")],
            token_endpoint_auth_method: text(Authentication::NONE),
            grant_types: vec![text("authorization_code")],
            response_types: vec![text("code")],
            client_name: text("An agent"),
            scope: text("me"),
            application_type: text("native"),
            ..Self::default()
        }
    }
}

impl RegisteredClient {
    fn new(issuer: &str, registered: Registered, access_token: &str) -> Self {
        let Registered { client, secret } = registered;
        let is_in_body = client.registration.is_some_and(|of| of.secret_in_body);
        let (method, jwks, expires_at) = match client.authentication {
            Authentication::None => (Authentication::NONE, None, None),
            Authentication::Secret(_) if is_in_body => {
                (Authentication::SECRET_IN_BODY, None, Some(0))
            }
            Authentication::Secret(_) => (Authentication::SECRET, None, Some(0)),
            Authentication::PrivateKey(jwks) => {
                let jwks = serde_json::from_str(&jwks).ok();
                (Authentication::PRIVATE_KEY, jwks.map(Any), None)
            }
        };
        let texts = |uris: &[crate::redirect_uri::RedirectUri]| {
            uris.iter().map(ToString::to_string).collect()
        };
        Self {
            registration_client_uri: format!("{issuer}/register/{}", path_segment(&client.id)),
            registration_access_token: access_token.to_owned(),
            client_id: client.id,
            client_id_issued_at: client.created_at,
            client_secret: secret.map(|secret| secret.expose().to_owned()),
            client_secret_expires_at: expires_at,
            redirect_uris: texts(&client.redirect_uris),
            token_endpoint_auth_method: method.to_owned(),
            grant_types: client.grants.iter().map(ToString::to_string).collect(),
            response_types: vec!["code".to_owned()],
            client_name: client.name,
            scope: client.scopes.to_string(),
            application_type: client.application_type.name().to_owned(),
            post_logout_redirect_uris: Some(texts(&client.post_logout_redirect_uris))
                .filter(|uris: &Vec<String>| !uris.is_empty()),
            jwks,
        }
    }
}

#[derive(ApiResponse)]
enum ClientRegistered {
    /// The client is registered.
    #[oai(status = 201)]
    Registered(
        Json<RegisteredClient>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum RegistrationAnswer {
    /// The client as it is registered now.
    #[oai(status = 200)]
    Registered(
        Json<RegisteredClient>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// Why a registration is refused.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct NotRegistered(#[from] oauth::Error);

impl From<NotRegistered> for poem::Error {
    fn from(refused: NotRegistered) -> Self {
        refused.0.into()
    }
}

impl ApiResponse for NotRegistered {
    fn meta() -> MetaResponses {
        NotRegisteredShapes::meta()
    }

    fn register(registry: &mut Registry) {
        NotRegisteredShapes::register(registry);
    }
}

#[derive(ApiResponse)]
enum NotRegisteredShapes {
    /// The metadata is refused: the code says why (RFC 7591 §3.2.2).
    #[oai(status = 400)]
    _Refused(Json<OAuthProblem>),
    /// There is no registration token, or it is not valid for this.
    #[oai(status = 401)]
    _Token(
        Json<OAuthProblem>,
        /// How to authenticate.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// Clients cannot register themselves on this server.
    #[oai(status = 404)]
    _Off(Json<OAuthProblem>),
    /// The body is larger than 64 KiB.
    #[oai(status = 413)]
    _TooLarge(Json<OAuthProblem>),
    /// Too many clients have registered themselves from this address.
    #[oai(status = 429)]
    _Throttled(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
    /// The database is away: try again later.
    #[oai(status = 503)]
    _Unavailable(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
}

/// An initial access token to be made.
#[derive(Object)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
struct RegistrationTokenCreate {
    /// For how many seconds it is valid; 30 days if left out.
    #[oai(validator(minimum(value = "1")))]
    expires_in: Option<u32>,
}

impl Example for RegistrationTokenCreate {
    fn example() -> Self {
        Self {
            expires_in: Some(86_400),
        }
    }
}

impl Rules for RegistrationTokenCreate {
    const RULES: &'static [(&'static str, Rule)] = &[];
}

/// An initial access token (RFC 7591 §3), shown only once.
#[derive(Object)]
#[oai(example)]
struct RegistrationToken {
    /// The token.
    registration_token: String,
    /// For how many seconds it is valid.
    expires_in: u64,
}

impl Example for RegistrationToken {
    fn example() -> Self {
        Self {
            registration_token: "sgi_…".to_owned(),
            expires_in: 86_400,
        }
    }
}

#[derive(ApiResponse)]
enum RegistrationTokenCreated {
    /// The token was made.
    #[oai(status = 201)]
    Created(Json<RegistrationToken>),
}

const DEFAULT_LIFE: u32 = 30 * 24 * 60 * 60;

#[OpenApi(tag = "Tag::Clients")]
impl RegistrationApi {
    /// Register a client
    ///
    /// A program registers itself (RFC 7591), where the setting `registration` lets it:
    /// with an initial access token, or open to all. It gets the authorization code
    /// flow, users are always asked for consent, and it may ask for no scope that
    /// administers this server. One that is never used is forgotten after a day.
    #[oai(path = "/register", method = "post", operation_id = "registerClient")]
    async fn register_client(
        &self,
        _token: WithTokenOrOpen,
        request: &Request,
        metadata: OAuthJson<ClientMetadata>,
    ) -> Result<ClientRegistered, NotRegistered> {
        let presented = presented(request);
        let address = client_address(request, &self.0.config.trusted_proxies);
        let metadata = metadata.0.into();
        let (registered, token) = oauth::register(&self.0, presented, address, metadata).await?;
        Ok(ClientRegistered::Registered(
            self.answer(registered, token.expose()),
            "no-store".to_owned(),
        ))
    }

    /// Read a registration
    ///
    /// For the client that registered itself (RFC 7592 §2.1). A secret is not shown
    /// again.
    #[oai(
        path = "/register/:client_id",
        method = "get",
        operation_id = "getRegistration"
    )]
    async fn get_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<RegistrationAnswer, NotRegistered> {
        let token = required(request)?;
        let client = oauth::registration(&self.0, &client_id.0, token).await?;
        Ok(self.answered(client, token))
    }

    /// Replace a registration
    ///
    /// All metadata at once, `client_id` included (RFC 7592 §2.2). The client may ask
    /// for no scope that it could not ask for before.
    #[oai(
        path = "/register/:client_id",
        method = "put",
        operation_id = "replaceRegistration"
    )]
    async fn replace_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
        metadata: OAuthJson<ClientMetadata>,
    ) -> Result<RegistrationAnswer, NotRegistered> {
        let token = required(request)?;
        let mut metadata = metadata.0;
        let own = OwnNames {
            client_id: metadata.client_id.take(),
            client_secret: metadata.client_secret.take().map(|secret| secret.0),
        };
        let (id, metadata) = (&client_id.0, metadata.into());
        let registered = oauth::change_registration(&self.0, id, token, &own, metadata).await?;
        Ok(RegistrationAnswer::Registered(
            self.answer(registered, token),
            "no-store".to_owned(),
        ))
    }

    /// Remove a registration
    ///
    /// Ends all tokens that the client was given (RFC 7592 §2.3).
    #[oai(
        path = "/register/:client_id",
        method = "delete",
        operation_id = "deleteRegistration"
    )]
    async fn delete_registration(
        &self,
        _token: WithToken,
        request: &Request,
        /// The client's id.
        client_id: Path<String>,
    ) -> Result<Done, NotRegistered> {
        let token = required(request)?;
        oauth::remove_registration(&self.0, &client_id.0, token).await?;
        Ok(Done::Done)
    }

    /// Make a registration token
    ///
    /// An initial access token (RFC 7591 §3), for programs that register themselves
    /// where the setting `registration` is `token`. It is shown only once.
    #[oai(
        path = "/registration-tokens",
        method = "post",
        operation_id = "createRegistrationToken"
    )]
    async fn create_registration_token(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
        token: Body<RegistrationTokenCreate>,
    ) -> Result<RegistrationTokenCreated, Failure<422>> {
        let actor = auth.actor(&self.0).await?;
        let seconds = u64::from(token.0.expires_in.unwrap_or(DEFAULT_LIFE));
        let life = std::time::Duration::from_secs(seconds);
        let token = oauth::registration_token(&self.0, &actor, life).await?;
        Ok(RegistrationTokenCreated::Created(Json(RegistrationToken {
            registration_token: token.expose().to_owned(),
            expires_in: seconds,
        })))
    }

    /// End all registration tokens
    ///
    /// Those that clients register themselves with; clients that did so stay.
    #[oai(
        path = "/registration-tokens",
        method = "delete",
        operation_id = "deleteRegistrationTokens"
    )]
    async fn delete_registration_tokens(
        &self,
        #[oai(scope = "BuiltinScope::ClientsWrite")] auth: Auth,
    ) -> Result<Done, Failure<403>> {
        let actor = auth.actor(&self.0).await?;
        oauth::end_registration_tokens(&self.0, &actor).await?;
        Ok(Done::Done)
    }
}

impl RegistrationApi {
    fn answer(&self, registered: Registered, token: &str) -> Json<RegisteredClient> {
        Json(RegisteredClient::new(
            &self.0.config.issuer,
            registered,
            token,
        ))
    }

    fn answered(&self, client: Client, token: &str) -> RegistrationAnswer {
        let registered = Registered {
            client,
            secret: None,
        };
        RegistrationAnswer::Registered(self.answer(registered, token), "no-store".to_owned())
    }
}

/// The registration token of a request; an unreadable header is one that is not valid.
fn presented(request: &Request) -> Option<&str> {
    match bearer_token(request.headers()) {
        Ok(token) => Some(token),
        Err(Denied::NoToken) => None,
        Err(_) => Some(""),
    }
}

fn required(request: &Request) -> Result<&str, oauth::Error> {
    presented(request).ok_or(oauth::Error::RegistrationToken { is_given: false })
}
