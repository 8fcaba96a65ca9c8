//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use poem::{Request, http::header};
use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json, types::Password as Hidden};

use super::{address::client_address, document::Tag, form::OAuthForm};
use crate::{
    authority::Authority,
    guard::Public,
    oauth::{self, ClientCredentials, PasswordGrant},
    password::Password,
};

pub(super) struct TokenApi(pub Arc<Authority>);

/// The parameters of a token request. An empty one counts as left out.
#[derive(Object)]
struct TokenRequest {
    /// How you show that you may have a token: `password`.
    grant_type: Option<String>,
    /// Who logs in, for the grant `password`.
    username: Option<String>,
    /// The user's password, for the grant `password`.
    password: Option<Hidden>,
    /// The scopes that are wanted, separated by spaces. What is granted is what
    /// the user may hold of them.
    scope: Option<String>,
    /// The client, where it is not in the `Authorization` header.
    client_id: Option<String>,
    /// The client's secret, where it is not in the `Authorization` header.
    client_secret: Option<Hidden>,
}

/// A token was issued (RFC 6749 §5.1).
#[derive(Object)]
#[oai(example)]
struct TokenAnswer {
    /// The token, a JWT: send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// For how many seconds the token is valid.
    expires_in: u64,
    /// The scopes that were granted, separated by spaces.
    scope: String,
}

impl poem_openapi::types::Example for TokenAnswer {
    fn example() -> Self {
        Self {
            access_token: "eyJhbGciOiJFUzI1NiIsImtpZCI6Im…".to_owned(),
            token_type: "bearer".to_owned(),
            expires_in: 1800,
            scope: "items me".to_owned(),
        }
    }
}

/// An error of OAuth 2.0 (RFC 6749 §5.2).
#[derive(Object)]
struct OAuthProblem {
    /// A code: `invalid_request`, `invalid_client`, `invalid_grant`,
    /// `unsupported_grant_type`, `invalid_scope` or `temporarily_unavailable`.
    error: String,
    /// The reason in words.
    error_description: String,
}

#[derive(ApiResponse)]
enum TokenAnswered {
    /// The token.
    #[oai(status = 200)]
    Issued(
        Json<TokenAnswer>,
        /// The answer is not to be stored.
        #[oai(header = "Cache-Control")]
        String,
        /// The same for HTTP/1.0.
        #[oai(header = "Pragma")]
        String,
    ),
}

/// What a token request is refused with: the document's side of
/// [`oauth::Error`], which becomes a response in `errors.rs`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Refusal(#[from] oauth::Error);

impl From<Refusal> for poem::Error {
    fn from(refusal: Refusal) -> Self {
        refusal.0.into()
    }
}

impl ApiResponse for Refusal {
    fn meta() -> poem_openapi::registry::MetaResponses {
        RefusalShapes::meta()
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        RefusalShapes::register(registry);
    }
}

#[derive(ApiResponse)]
enum RefusalShapes {
    /// The request is refused: the code says why.
    #[oai(status = 400)]
    _Refused(Json<OAuthProblem>),
    /// The client is not known or did not authenticate.
    #[oai(status = 401)]
    _Client(
        Json<OAuthProblem>,
        /// How to authenticate.
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// The body is larger than 64 KiB.
    #[oai(status = 413)]
    _TooLarge(Json<OAuthProblem>),
    /// Too many logins have failed for this user or from this address.
    #[oai(status = 429)]
    _Throttled(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
    /// The server is overloaded, or its database is away: try again later.
    #[oai(status = 503)]
    _Unavailable(
        Json<OAuthProblem>,
        /// After how many seconds to try again.
        #[oai(header = "Retry-After")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl TokenApi {
    /// Get a token
    ///
    /// The grant `password` logs a user in (RFC 6749 §4.3). A wrong password, an
    /// unknown user and a disabled user get the same answer. Without a client
    /// the request is that of the built-in public client `scopegate-docs`. Passwords
    /// are compared as the bytes that were typed, without Unicode normalization.
    #[oai(path = "/token", method = "post", operation_id = "createToken")]
    async fn create_token(
        &self,
        _open: Public,
        request: &Request,
        form: OAuthForm<TokenRequest>,
    ) -> Result<TokenAnswered, Refusal> {
        let form = form.0;
        let client = client_credentials(request, form.client_id, form.client_secret)?;
        let issued = match form.grant_type.as_deref() {
            Some("password") => {
                let grant = PasswordGrant {
                    username: form.username,
                    password: form.password.map(|password| Password::new(password.0)),
                    scope: form.scope,
                    client,
                    address: client_address(request, &self.0.config.trusted_proxies),
                };
                oauth::password(&self.0, grant).await?
            }
            Some(_) => return Err(oauth::Error::UnsupportedGrantType.into()),
            None => return Err(oauth::Error::missing("grant_type").into()),
        };
        let answer = TokenAnswer {
            access_token: issued.access_token,
            token_type: "bearer".to_owned(),
            expires_in: issued.expires_in,
            scope: issued.scopes.to_string(),
        };
        Ok(TokenAnswered::Issued(
            Json(answer),
            "no-store".to_owned(),
            "no-cache".to_owned(),
        ))
    }
}

/// The client's id and secret, from the header or from the body and not from
/// both (RFC 6749 §2.3).
fn client_credentials(
    request: &Request,
    client_id: Option<String>,
    client_secret: Option<Hidden>,
) -> Result<ClientCredentials, oauth::Error> {
    let client_secret = client_secret.map(|secret| secret.0);
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let Some(value) = headers.next() else {
        return Ok(ClientCredentials {
            client_id,
            client_secret,
        });
    };
    let refuse = |reason: &str| oauth::Error::InvalidRequest(reason.to_owned());
    if headers.next().is_some() {
        return Err(refuse("there are two Authorization headers"));
    }
    let (id, secret) = value
        .to_str()
        .ok()
        .and_then(basic)
        .ok_or(oauth::Error::InvalidClient)?;
    if client_secret.is_some() || client_id.is_some_and(|in_body| in_body != id) {
        return Err(refuse("the client is named in the header and in the body"));
    }
    Ok(ClientCredentials {
        client_id: Some(id),
        client_secret: Some(secret),
    })
}

/// `Basic` with id and secret, each form-encoded (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| super::form::decode(text.as_bytes()).ok();
    Some((decode(id)?, decode(secret)?))
}
