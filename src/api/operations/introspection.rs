//! What becomes of tokens that are out: revocation (RFC 7009) and introspection
//! (RFC 7662).

use std::sync::Arc;

use poem::Request;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::Json,
    types::{Example, Password as Hidden},
};

use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    access::{LiveAccess, realm},
    client_auth::{ClientFields, ClientOrHolder, client_credentials},
    form::OAuthForm,
    refusal::Refusal,
    required::Required,
};
use crate::{
    authority::Authority,
    builtin_scope::BuiltinScope,
    guard::{Authenticate, Denied, OptionalClient, bearer_token},
    oauth::{self, Active, ClientRefused, Inquirer, Requester, Revoker},
    subject::Subject,
    token::Audience,
};

pub(in crate::api) struct IntrospectionApi(pub Arc<Authority>);

/// The token in question, and the client that asks.
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
struct TokenQuestion {
    /// The access token or refresh token.
    token: Required<Hidden>,
    /// `access_token` or `refresh_token`: a hint, which may be wrong.
    token_type_hint: Option<String>,
    /// The client's id, if it is not in the `Authorization` header.
    client_id: Option<String>,
    /// The client's secret, if it is not in the `Authorization` header.
    client_secret: Option<Hidden>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with
    /// `client_assertion`.
    client_assertion_type: Option<String>,
    /// A JWT that the client signed (RFC 7523), instead of a secret.
    client_assertion: Option<Hidden>,
}

impl Example for TokenQuestion {
    fn example() -> Self {
        Self {
            token: Required::new("eyJhbGciOiJFUzI1NiIsImtpZCI6Im…"),
            client_id: Some("billing".to_owned()),
            client_secret: Some(Hidden("sgc_…".to_owned())),
            ..Self::default()
        }
    }
}

impl TokenQuestion {
    fn split(self) -> (Option<String>, ClientFields) {
        let fields = ClientFields {
            client_id: self.client_id,
            client_secret: self.client_secret,
            client_assertion_type: self.client_assertion_type,
            client_assertion: self.client_assertion,
        };
        (self.token.0, fields)
    }
}

/// What a token is (RFC 7662 §2.2). Of one that is not active, nothing else is present.
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none)]
struct Introspection {
    /// Whether the token is active.
    active: bool,
    /// The subject, as in `username:johndoe`.
    sub: Option<String>,
    /// The user's name, where it is about a user.
    username: Option<String>,
    /// The scopes that its subject still holds, separated by spaces.
    scope: Option<String>,
    /// The same as an array.
    scopes: Option<Vec<String>>,
    /// The client that it was issued to.
    client_id: Option<String>,
    /// `bearer` or `refresh_token`.
    token_type: Option<String>,
    /// When it expires, in seconds since 1970.
    exp: Option<i64>,
    /// When it was issued, in seconds since 1970.
    iat: Option<i64>,
    /// The issuer.
    iss: Option<String>,
    /// The audience.
    aud: Option<Vec<String>>,
    /// Its id.
    jti: Option<String>,
    /// Who acts for the subject (RFC 8693 §4.1).
    act: Option<serde_json::Value>,
}

impl Example for Introspection {
    fn example() -> Self {
        Self {
            active: true,
            sub: Some("username:johndoe".to_owned()),
            username: Some("johndoe".to_owned()),
            scope: Some("me".to_owned()),
            scopes: Some(vec!["me".to_owned()]),
            client_id: Some("scopegate-docs".to_owned()),
            token_type: Some("bearer".to_owned()),
            exp: Some(1_800_001_800),
            iat: Some(1_800_000_000),
            iss: Some("http://127.0.0.1:8000".to_owned()),
            aud: Some(vec!["http://127.0.0.1:8000".to_owned()]),
            jti: Some("019a2f2e-8c5e-7b5a-9f0c-3f1d2f6f7c11".to_owned()),
            act: None,
        }
    }
}

impl From<Active> for Introspection {
    fn from(active: Active) -> Self {
        match active {
            Active::Access { claims, scopes } => Self {
                active: true,
                username: claims.subject.username().map(str::to_owned),
                sub: Some(claims.subject.to_string()),
                scope: Some(scopes.to_string()),
                scopes: Some(scopes.to_strings()),
                client_id: Some(claims.client_id),
                token_type: Some("bearer".to_owned()),
                exp: Some(claims.expires_at),
                iat: Some(claims.issued_at),
                iss: Some(claims.issuer),
                aud: Some(audiences(&claims.audience)),
                jti: Some(claims.id.to_string()),
                act: claims
                    .actor
                    .and_then(|actor| serde_json::to_value(actor).ok()),
            },
            Active::Refresh {
                client_id,
                username,
                scopes,
                expires_at,
            } => Self {
                active: true,
                sub: Some(format!("{}:{username}", Subject::USERNAME)),
                username: Some(username),
                scope: Some(scopes),
                client_id: Some(client_id),
                token_type: Some("refresh_token".to_owned()),
                exp: Some(expires_at),
                ..Self::default()
            },
        }
    }
}

fn audiences(audience: &Audience) -> Vec<String> {
    audience.iter().map(str::to_owned).collect()
}

#[derive(ApiResponse)]
enum Introspected {
    /// What the token is, if it is active.
    #[oai(status = 200)]
    Answer(
        Json<Introspection>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum Revoked {
    /// The token is revoked, or is not a token.
    #[oai(status = 200)]
    Done(
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl IntrospectionApi {
    /// Revoke a token
    ///
    /// Ends an access token, or a refresh token and everything derived from it, at once and on
    /// every server (RFC 7009). A client can revoke the tokens that were issued to it; a request
    /// that names no client is made by the built-in public client. With `Authorization: Bearer …`
    /// you can revoke tokens about yourself, and with `tokens:write` anyone's.
    #[oai(path = "/revoke", method = "post", operation_id = "revokeToken")]
    async fn revoke_token(
        &self,
        _client: OptionalClient,
        request: &Request,
        form: OAuthForm<TokenQuestion>,
    ) -> Result<Revoked, Refusal> {
        let (token, fields) = form.0.split();
        let revoker = match bearer_token(request.headers()) {
            Err(Denied::NoToken) => {
                let credentials = client_credentials(request, fields)?;
                Revoker::Client(Requester::authenticate(&self.0, &credentials).await?)
            }
            bearer => {
                let access = LiveAccess(Arc::clone(&self.0));
                let caller = match bearer {
                    Ok(token) => access.authenticate(token).await,
                    Err(denied) => Err(denied),
                };
                Revoker::Holder(caller.map_err(|denied| denied.in_realm(realm(&self.0.config)))?)
            }
        };
        let token = token.ok_or_else(|| oauth::Error::missing("token"))?;
        oauth::revoke(&self.0, &revoker, &token).await?;
        Ok(Revoked::Done("no-store".to_owned()))
    }

    /// Ask whether a token is active
    ///
    /// For confidential clients, which learn about their own tokens and those for an audience that
    /// they serve, and for bearers of a token with the scope `introspect` (RFC 7662). For a token
    /// that is not active, or that you may not see, the answer is only `{"active":false}`.
    #[oai(
        path = "/introspect",
        method = "post",
        operation_id = "introspectToken"
    )]
    async fn introspect_token(
        &self,
        #[oai(scope = "BuiltinScope::Introspect")] holder: ClientOrHolder,
        request: &Request,
        form: OAuthForm<TokenQuestion>,
    ) -> Result<Introspected, Refusal> {
        let (token, fields) = form.0.split();
        let inquirer = if holder.0.is_some() {
            Inquirer::Operator
        } else {
            let credentials = client_credentials(request, fields)?;
            let client = Requester::authenticate(&self.0, &credentials).await?;
            if !client.is_confidential() {
                let id = client.id().to_owned();
                return Err(oauth::Error::from(ClientRefused::WrongMethod(id)).into());
            }
            Inquirer::Client(client)
        };
        let token = token.ok_or_else(|| oauth::Error::missing("token"))?;
        let active = oauth::introspect(&self.0, &inquirer, &token).await?;
        let answer = active.map_or_else(Introspection::default, Introspection::from);
        Ok(Introspected::Answer(Json(answer), "no-store".to_owned()))
    }
}
