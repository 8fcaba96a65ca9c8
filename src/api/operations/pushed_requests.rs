//! Pushed authorization requests (RFC 9126).

use std::sync::Arc;

use poem::Request;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    payload::Json,
    types::{Example, Password as Hidden},
};

use crate::address::client_address;
use crate::api::plumbing::tag::Tag;
use crate::api::plumbing::{
    client_auth::{ClientFields, client_credentials},
    form::OAuthForm,
    refusal::Refusal,
};
use crate::{
    authority::Authority,
    client::Client,
    guard::OptionalClient,
    oauth::{self, AuthorizationParameters, PushedRequest, REQUEST_LIFE},
};

pub(in crate::api) struct PushedRequestsApi(pub Arc<Authority>);

/// The parameters of an authorization request, and the client.
#[derive(Object, Default)]
#[oai(example, skip_serializing_if_is_none, skip_serializing_if_is_empty)]
struct PushedRequestForm {
    /// Always `code`.
    response_type: Option<String>,
    /// The redirect URI; required if the client has registered more than one.
    redirect_uri: Option<String>,
    /// `query` or `form_post`.
    response_mode: Option<String>,
    /// The requested scopes, separated by spaces.
    scope: Option<String>,
    /// Returned with the response.
    state: Option<String>,
    /// The code challenge (RFC 7636).
    code_challenge: Option<String>,
    /// Always `S256`.
    code_challenge_method: Option<String>,
    /// Returned in the ID token.
    nonce: Option<String>,
    /// `none`, `login`, `consent` or `select_account`, separated by spaces.
    prompt: Option<String>,
    /// At most how many seconds ago the user may have typed the password.
    max_age: Option<String>,
    /// An ID token of the user who must be signed in.
    id_token_hint: Option<Hidden>,
    /// The preferred languages of the pages (BCP 47), best first, separated by spaces.
    ui_locales: Option<String>,
    /// The API that the token is for (RFC 8707), if not this server. May be repeated.
    #[oai(default)]
    resource: Vec<String>,
    /// Not supported: a request as a JWT.
    request: Option<String>,
    /// Must be left out (RFC 9126 §2.1).
    request_uri: Option<String>,
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

impl Example for PushedRequestForm {
    fn example() -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            client_id: text(Client::BUILTIN),
            response_type: text("code"),
            redirect_uri: text("http://127.0.0.1:8000/docs/oauth2-redirect.html"),
            scope: text("items me"),
            code_challenge: text("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            code_challenge_method: text("S256"),
            ..Self::default()
        }
    }
}

/// What to send the browser to the authorization endpoint with (RFC 9126 §2.2).
#[derive(Object)]
#[oai(example)]
struct PushedRequestAnswer {
    /// The value of the parameter `request_uri`, to be sent with `client_id`: it can be used once.
    request_uri: String,
    /// For how many seconds the reference is valid.
    expires_in: i64,
}

impl Example for PushedRequestAnswer {
    fn example() -> Self {
        Self {
            request_uri: "urn:ietf:params:oauth:request_uri:sgq_…".to_owned(),
            expires_in: REQUEST_LIFE,
        }
    }
}

#[derive(ApiResponse)]
enum PushedRequestAnswered {
    /// The request was stored.
    #[oai(status = 201)]
    Kept(
        Json<PushedRequestAnswer>,
        /// Answers must not be cached.
        #[oai(header = "Cache-Control")]
        String,
        /// The same for old caches.
        #[oai(header = "Pragma")]
        String,
    ),
}

#[OpenApi(tag = "Tag::OAuth")]
impl PushedRequestsApi {
    /// Push an authorization request
    ///
    /// The client sends its request here before it sends the browser to `/authorize` with
    /// `client_id` and `request_uri` (RFC 9126): nobody can read or change the parameters on the
    /// way, and errors in them are reported here.
    #[oai(
        path = "/par",
        method = "post",
        operation_id = "pushAuthorizationRequest"
    )]
    async fn push_authorization_request(
        &self,
        _client: OptionalClient,
        request: &Request,
        form: OAuthForm<PushedRequestForm>,
    ) -> Result<PushedRequestAnswered, Refusal> {
        let form = form.0;
        let fields = ClientFields {
            client_id: form.client_id,
            client_secret: form.client_secret,
            client_assertion_type: form.client_assertion_type,
            client_assertion: form.client_assertion,
        };
        let pushed = PushedRequest {
            client: client_credentials(request, fields)?,
            address: client_address(request, &self.0.config.trusted_proxies),
            parameters: AuthorizationParameters {
                client_id: None,
                redirect_uri: form.redirect_uri,
                response_type: form.response_type,
                response_mode: form.response_mode,
                scope: form.scope,
                state: form.state,
                code_challenge: form.code_challenge,
                code_challenge_method: form.code_challenge_method,
                nonce: form.nonce,
                prompt: form.prompt,
                max_age: form.max_age,
                id_token_hint: form.id_token_hint.map(|hint| hint.0),
                ui_locales: form.ui_locales,
                resources: form.resource,
                request: form.request,
                request_uri: form.request_uri,
                repeated: None,
            },
        };
        let answer = PushedRequestAnswer {
            request_uri: oauth::push_request(&self.0, pushed).await?,
            expires_in: REQUEST_LIFE,
        };
        let (cache_control, pragma) = ("no-store".to_owned(), "no-cache".to_owned());
        Ok(PushedRequestAnswered::Kept(
            Json(answer),
            cache_control,
            pragma,
        ))
    }
}
