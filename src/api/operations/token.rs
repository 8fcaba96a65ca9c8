//! The token endpoint (RFC 6749 §3.2).

use std::{net::IpAddr, sync::Arc};

use poem::Request;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::Json,
    types::{Example, Password as Hidden},
};

use crate::api::operations::clients::objects::Grant;
use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    client_auth::{ClientFields, client_credentials},
    form::OAuthForm,
    refusal::Refusal,
    required::Required,
};
use crate::{
    address::client_address,
    authority::Authority,
    client::GrantType,
    guard::OptionalClient,
    oauth::{
        self, ACCESS_TOKEN, AuthorizationCodeGrant, ClientCredentials, ClientCredentialsGrant,
        DeviceCodeGrant, PasswordGrant, RefreshGrant, TokenExchange, TokenResponse,
    },
    password::Password,
};

pub(in crate::api) struct TokenApi(pub Arc<Authority>);

/// The parameters of a token request. An empty parameter counts as omitted.
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none, skip_serializing_if_is_empty)]
struct TokenRequest {
    /// The grant.
    grant_type: Required<Grant>,
    /// The username, for the grant `password`.
    username: Option<String>,
    /// The user's password, for the grant `password`.
    password: Option<Hidden>,
    /// The refresh token, for the grant `refresh_token`: it can be used once.
    refresh_token: Option<Hidden>,
    /// The authorization code, for the grant `authorization_code`.
    code: Option<Hidden>,
    /// The redirect URI of the authorization request, if that had one.
    redirect_uri: Option<String>,
    /// The verifier of the code challenge (RFC 7636).
    code_verifier: Option<Hidden>,
    /// The device code, for the grant `device_code`.
    device_code: Option<Hidden>,
    /// The token to be narrowed, for the token exchange.
    subject_token: Option<Hidden>,
    /// `urn:ietf:params:oauth:token-type:access_token`, for the token exchange.
    subject_token_type: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token` or left out.
    requested_token_type: Option<String>,
    /// Not supported: the acting party is the client that authenticates.
    actor_token: Option<Hidden>,
    /// Not supported.
    actor_token_type: Option<String>,
    /// The requested scopes, separated by spaces. Those that both the user and the client may hold
    /// are granted; a refresh or an exchange can only narrow them.
    scope: Option<String>,
    /// The API that the token is for (RFC 8707), if not this server. May be repeated.
    #[oai(default)]
    resource: Vec<String>,
    /// The same for the token exchange (RFC 8693). May be repeated.
    #[oai(default)]
    audience: Vec<String>,
    /// The requested lifetime in seconds, for the token exchange: at most what the token has left.
    expires_in: Option<String>,
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

impl Example for TokenRequest {
    fn example() -> Self {
        Self {
            grant_type: Required::new("password"),
            username: Some("johndoe".to_owned()),
            password: Some(Hidden("secret".to_owned())),
            scope: Some("items me".to_owned()),
            client_id: Some("scopegate-docs".to_owned()),
            ..Self::default()
        }
    }
}

/// A token was issued (RFC 6749 §5.1).
#[derive(Object)]
#[oai(example, skip_serializing_if_is_none)]
struct TokenAnswer {
    /// The token, a JWT: send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// For how many seconds the token is valid.
    expires_in: u64,
    /// The scopes that were granted, separated by spaces.
    scope: String,
    /// The refresh token, where `offline_access` was granted.
    refresh_token: Option<String>,
    /// The ID token, where `openid` was granted
    /// (OpenID Connect Core §2).
    id_token: Option<String>,
    /// What kind of token it is, after a token exchange (RFC 8693 §2.2.1).
    issued_token_type: Option<String>,
}

impl Example for TokenAnswer {
    fn example() -> Self {
        Self {
            access_token: "eyJhbGciOiJFUzI1NiIsImtpZCI6Im…".to_owned(),
            token_type: "bearer".to_owned(),
            expires_in: 1800,
            scope: "items me".to_owned(),
            refresh_token: None,
            id_token: None,
            issued_token_type: None,
        }
    }
}

impl From<TokenResponse> for TokenAnswer {
    fn from(issued: TokenResponse) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "bearer".to_owned(),
            expires_in: issued.expires_in,
            scope: issued.scopes.to_string(),
            refresh_token: issued.refresh_token.map(|token| token.expose().to_owned()),
            id_token: issued.id_token,
            issued_token_type: issued.is_exchanged.then(|| ACCESS_TOKEN.to_owned()),
        }
    }
}

#[derive(ApiResponse)]
enum TokenAnswered {
    /// The token.
    #[oai(status = 200)]
    Issued(
        Json<TokenAnswer>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
        /// The same for HTTP/1.0.
        #[oai(header = "Pragma")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl TokenApi {
    /// Get a token
    ///
    /// By one of these grants. `password` logs a user in (RFC 6749 §4.3): a wrong password, an
    /// unknown user and a disabled user get the same answer, and passwords are compared as the
    /// bytes that were typed, without Unicode normalization. `authorization_code` redeems the code
    /// that a user's consent gave (§4.1), with PKCE (RFC 7636). `refresh_token` spends a refresh
    /// token for the next tokens (§6), with an ID token where the first ones had one.
    /// `client_credentials` gives a confidential client a token about itself (§4.4). The token
    /// exchange (RFC 8693) gives a narrower token to hand on. `device_code` (RFC 8628) gives a
    /// device its token once its user has approved. A request that names no client is made by the
    /// built-in public client `scopegate-docs`.
    #[oai(path = "/token", method = "post", operation_id = "createToken")]
    async fn create_token(
        &self,
        _client: OptionalClient,
        request: &Request,
        form: OAuthForm<TokenRequest>,
    ) -> Result<TokenAnswered, Refusal> {
        let mut form = form.0;
        let fields = ClientFields {
            client_id: form.client_id.take(),
            client_secret: form.client_secret.take(),
            client_assertion_type: form.client_assertion_type.take(),
            client_assertion: form.client_assertion.take(),
        };
        let client = client_credentials(request, fields)?;
        let address = client_address(request, &self.0.config.trusted_proxies);
        let issued = issue(&self.0, form, client, address).await?;
        Ok(TokenAnswered::Issued(
            Json(issued.into()),
            "no-store".to_owned(),
            "no-cache".to_owned(),
        ))
    }
}

async fn issue(
    authority: &Arc<Authority>,
    form: TokenRequest,
    client: ClientCredentials,
    address: IpAddr,
) -> Result<TokenResponse, oauth::Error> {
    let named = form
        .grant_type
        .0
        .ok_or_else(|| oauth::Error::missing("grant_type"))?;
    let grant = GrantType::ALL
        .into_iter()
        .find(|grant| grant.name() == named);
    let grant = grant.ok_or(oauth::Error::UnsupportedGrantType)?;
    let issued = match grant {
        GrantType::Password => {
            let grant = PasswordGrant {
                username: form.username,
                password: form.password.map(|password| Password::new(password.0)),
                scope: form.scope,
                resources: form.resource,
                client,
                address,
            };
            oauth::password(authority, grant).await
        }
        GrantType::RefreshToken => {
            let grant = RefreshGrant {
                refresh_token: form.refresh_token.map(|token| token.0),
                scope: form.scope,
                resources: form.resource,
                client,
                address,
            };
            oauth::refresh(authority, grant).await
        }
        GrantType::AuthorizationCode => {
            let grant = AuthorizationCodeGrant {
                code: form.code.map(|code| code.0),
                redirect_uri: form.redirect_uri,
                code_verifier: form.code_verifier.map(|verifier| verifier.0),
                resources: form.resource,
                client,
            };
            oauth::authorization_code(authority, grant).await
        }
        GrantType::ClientCredentials => {
            let grant = ClientCredentialsGrant {
                scope: form.scope,
                resources: form.resource,
                client,
            };
            oauth::client_credentials(authority, grant).await
        }
        GrantType::TokenExchange => {
            let grant = TokenExchange {
                subject_token: form.subject_token.map(|token| token.0),
                subject_token_type: form.subject_token_type,
                requested_token_type: form.requested_token_type,
                actor_token: form.actor_token.map(|token| token.0),
                scope: form.scope,
                audiences: [form.resource, form.audience].concat(),
                expires_in: form.expires_in.as_deref().map(seconds).transpose()?,
                client,
            };
            oauth::token_exchange(authority, grant).await
        }
        GrantType::DeviceCode => {
            let grant = DeviceCodeGrant {
                device_code: form.device_code.map(|code| code.0),
                client,
            };
            oauth::device_code(authority, grant).await
        }
    }?;
    authority.metrics.issued(grant.name());
    Ok(issued)
}

fn seconds(text: &str) -> Result<u64, oauth::Error> {
    match text.parse() {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(oauth::Error::InvalidRequest(
            "expires_in is a number of seconds".to_owned(),
        )),
    }
}
