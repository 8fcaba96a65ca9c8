//! What a client asks for at the authorization endpoint (RFC 6749 §4.1.1), read and
//! checked. Whether the user may grant it is another question.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    ClientRefused, Error, Requester, audience,
    authorization_answer::{Answer, NotAuthorized, Unanswerable},
    know_client, scope_policy,
};
use crate::{
    authority::Authority,
    client::GrantType,
    redirect_uri::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    store::audience_in_words,
    subject::Subject,
    token::Unverified,
};

/// How the authorization endpoint answers.
pub const RESPONSE_MODES: &[&str] = &["query", "form_post"];

/// Where Swagger UI is answered.
pub const DOCS_REDIRECT: &str = "/docs/oauth2-redirect.html";

/// The most characters of `state` and `nonce`.
const MAX_ECHO: usize = 2048;

/// The parameters of an authorization request; an empty one counts as left out.
#[derive(Default)]
pub struct AuthorizationParameters {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Option<String>,
    pub max_age: Option<String>,
    pub id_token_hint: Option<String>,
    pub ui_locales: Option<String>,
    pub resources: Vec<String>,
    /// A request as a JWT, which is not taken (OpenID Connect Core §6.1).
    pub request: Option<String>,
    /// A reference to a request; one that was pushed does not come here.
    pub request_uri: Option<String>,
    /// The first parameter that is repeated.
    pub repeated: Option<String>,
}

/// A request that a client may make. Whether the user may grant it is another question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the request named it; the token request has to do the same.
    pub(super) names_redirect_uri: bool,
    state: Option<String>,
    /// What the client asks for of what it may ask for.
    pub asked: ScopeSet,
    /// Whether scopes were asked for, or those of the client's defaults are meant.
    pub(super) names_scopes: bool,
    pub(super) challenge: String,
    pub(super) audience: String,
    pub(super) nonce: Option<String>,
    /// Whether the answer is posted as a form.
    #[serde(default)]
    posts: bool,
    pub(super) prompt: Vec<Prompt>,
    /// Since when the user must have typed the password, in seconds since 1970.
    max_age: Option<i64>,
    /// Which user it must be: the subject of an ID token.
    #[serde(default)]
    hinted: Option<String>,
    /// The languages that the client wishes for the pages, best first.
    #[serde(default)]
    pub ui_locales: Option<String>,
}

/// What the user must be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Prompt {
    None,
    Login,
    Consent,
}

impl AuthorizationRequest {
    /// The client that asks.
    pub fn client(&self, authority: &Authority) -> Result<Requester, Error> {
        let client = Requester::named(authority, &self.client_id);
        client.ok_or_else(|| ClientRefused::Gone(self.client_id.clone()).into())
    }

    /// Whether a password that was typed then need not be typed again.
    pub(super) fn is_recent(&self, auth_time: i64) -> bool {
        let must_log_in = self.prompt.contains(&Prompt::Login);
        !must_log_in && self.max_age.is_none_or(|since| auth_time > since)
    }

    /// The same for the user who logs in next, if it asks for a login.
    pub(super) fn met_by_login(mut self, now: i64) -> Option<Self> {
        if !self.prompt.contains(&Prompt::Login) {
            return None;
        }
        self.prompt.retain(|prompt| *prompt != Prompt::Login);
        self.max_age = Some(now - 1);
        Some(self)
    }

    /// Whether it may be answered for this user.
    pub(super) fn is_for(&self, username: &str) -> bool {
        let subject = Subject::new(Subject::USERNAME, username);
        let is_of = |hinted: &str| subject.is_ok_and(|subject| subject.as_str() == hinted);
        self.hinted.as_deref().is_none_or(is_of)
    }

    pub(super) fn answer<'a>(&'a self, authority: &'a Authority) -> Answer<'a> {
        Answer {
            issuer: &authority.config.issuer,
            redirect_uri: &self.redirect_uri,
            state: self.state.as_deref(),
            posts: self.posts,
        }
    }
}

/// Reads a request: the client becomes known, where the document at its id describes it,
/// and may ask for this. That the document is of no use is told to the person.
pub async fn authorization_request(
    authority: &Authority,
    parameters: AuthorizationParameters,
    address: IpAddr,
) -> Result<AuthorizationRequest, NotAuthorized> {
    let client_id = parameters.client_id.as_deref().unwrap_or_default();
    match know_client(authority, client_id, address).await {
        Ok(()) => check_authorization(authority, parameters),
        Err(Error::InvalidClientMetadata(why) | Error::InvalidRedirectUri(why)) => {
            Err(NotAuthorized::Page(Unanswerable::UnusableClient(why)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Checks a request. That the client or its address is not known is told to the
/// person: an answer to an address that nobody registered would be one to a thief.
fn check_authorization(
    authority: &Authority,
    parameters: AuthorizationParameters,
) -> Result<AuthorizationRequest, NotAuthorized> {
    if let Some(name) = parameters
        .repeated
        .as_deref()
        .filter(|name| ["client_id", "redirect_uri"].contains(name))
    {
        let why = Unanswerable::RepeatedParameter(name.to_owned());
        return Err(NotAuthorized::Page(why));
    }
    let client_id = parameters.client_id.as_deref().unwrap_or_default();
    let client = Requester::named(authority, client_id)
        .ok_or(NotAuthorized::Page(Unanswerable::UnknownClient))?;
    let named = parameters.redirect_uri.as_deref();
    let redirect_uri = redirect_uri(authority, &client, named)
        .ok_or(NotAuthorized::Page(Unanswerable::UnregisteredRedirect))?;
    let answer = Answer {
        issuer: &authority.config.issuer,
        redirect_uri: &redirect_uri,
        state: parameters
            .state
            .as_deref()
            .filter(|state| state.len() <= MAX_ECHO),
        posts: wants_post(&parameters),
    };
    read_request(authority, &client, &parameters, redirect_uri.clone())
        .map_err(|(error, text)| answer.error(error, &text))
}

/// Checks a request of a client that has authenticated: it is told itself what is wrong.
pub(super) fn check_for(
    authority: &Authority,
    client: &Requester,
    parameters: &AuthorizationParameters,
) -> Result<AuthorizationRequest, Told> {
    let named = parameters.redirect_uri.as_deref();
    let redirect_uri = redirect_uri(authority, client, named);
    let text = "`redirect_uri` must be one that is registered for the client";
    let redirect_uri = redirect_uri.ok_or(("invalid_request", text.to_owned()))?;
    read_request(authority, client, parameters, redirect_uri)
}

fn wants_post(parameters: &AuthorizationParameters) -> bool {
    parameters.response_mode.as_deref() == Some("form_post")
}

/// The code of an error (RFC 6749 §4.1.2.1), and what it means here.
pub(super) type Told = (&'static str, String);

/// Reads what a known client asks for, to be answered at an address of its own.
fn read_request(
    authority: &Authority,
    client: &Requester,
    parameters: &AuthorizationParameters,
    redirect_uri: String,
) -> Result<AuthorizationRequest, Told> {
    let refuse = |error, text: &str| (error, text.to_owned());
    if let Some(name) = &parameters.repeated {
        let text = format!("the parameter `{name}` is repeated");
        return Err(("invalid_request", text));
    }
    if client.may_use(GrantType::AuthorizationCode).is_err() {
        return Err(refuse(
            "unauthorized_client",
            "this client may not use this grant",
        ));
    }
    check_kind(parameters)?;
    let challenge = challenge(parameters)?;
    let prompt = prompts(parameters.prompt.as_deref()).ok_or_else(|| {
        refuse(
            "invalid_request",
            "`prompt` must be none, login, consent or select_account",
        )
    })?;
    let max_age = match parameters.max_age.as_deref().map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(authority.clock.now() - i64::from(seconds)),
        Some(Err(_)) => {
            return Err(refuse(
                "invalid_request",
                "`max_age` must be a number of seconds",
            ));
        }
    };
    let hinted = hinted(parameters)?;
    let asked = scope_policy::askable(authority, client, parameters.scope.as_deref())
        .map_err(|error| ("invalid_scope", error.to_string()))?;
    let audience = audience::requested(authority, client, &parameters.resources)
        .map_err(|error| ("invalid_target", error.to_string()))?;
    Ok(AuthorizationRequest {
        client_id: client.id().to_owned(),
        names_redirect_uri: parameters.redirect_uri.is_some(),
        state: parameters.state.clone(),
        names_scopes: parameters.scope.is_some(),
        asked,
        challenge,
        audience: audience_in_words(&audience),
        nonce: parameters.nonce.clone(),
        posts: wants_post(parameters),
        prompt,
        max_age,
        hinted,
        ui_locales: parameters.ui_locales.clone(),
        redirect_uri,
    })
}

/// The subject of the ID token that says who should be signed in (OpenID Connect Core
/// §3.1.2.1). It may have expired, and proves nothing: it is compared with whoever is.
fn hinted(parameters: &AuthorizationParameters) -> Result<Option<String>, Told> {
    let Some(hint) = &parameters.id_token_hint else {
        return Ok(None);
    };
    let subject = Unverified::read(hint)
        .and_then(|token| token.claims.get("sub")?.as_str().map(str::to_owned));
    let unreadable = || {
        (
            "invalid_request",
            "`id_token_hint` must be an ID token".to_owned(),
        )
    };
    subject.ok_or_else(unreadable).map(Some)
}

/// Whether it is a request of the one kind that is taken.
fn check_kind(parameters: &AuthorizationParameters) -> Result<(), Told> {
    let told = |error, text: &str| Err((error, text.to_owned()));
    if parameters.request.is_some() {
        return told("request_not_supported", "requests as JWTs are not taken");
    }
    if parameters.request_uri.is_some() {
        let text = "`request_uri` must be one that was pushed here, beside `client_id`";
        return told("request_uri_not_supported", text);
    }
    match parameters.response_type.as_deref() {
        Some("code") => {}
        Some(_) => {
            return told(
                "unsupported_response_type",
                "`response_type` must be `code`",
            );
        }
        None => {
            return told(
                "invalid_request",
                "the parameter `response_type` is missing",
            );
        }
    }
    let mode = parameters.response_mode.as_deref().unwrap_or("query");
    if !RESPONSE_MODES.contains(&mode) {
        return told(
            "invalid_request",
            "`response_mode` must be `query` or `form_post`",
        );
    }
    let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > MAX_ECHO);
    if [&parameters.state, &parameters.nonce, &parameters.ui_locales]
        .into_iter()
        .any(too_long)
    {
        return told(
            "invalid_request",
            "`state`, `nonce` and `ui_locales` have 2,048 bytes at most",
        );
    }
    Ok(())
}

/// The challenge of PKCE, which everybody has to use (RFC 7636 §4.3).
fn challenge(parameters: &AuthorizationParameters) -> Result<String, Told> {
    let told = |text: &str| ("invalid_request", text.to_owned());
    if parameters.code_challenge_method.as_deref() != Some("S256") {
        return Err(told("PKCE with `code_challenge_method=S256` is required"));
    }
    let challenge = parameters.code_challenge.clone();
    challenge
        .filter(|text| is_challenge(text))
        .ok_or_else(|| told("`code_challenge` must be a SHA-256 in base64url: 43 characters"))
}

fn is_challenge(text: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() == 43 && text.bytes().all(is_base64url)
}

fn prompts(text: Option<&str>) -> Option<Vec<Prompt>> {
    let words = text.unwrap_or_default().split_ascii_whitespace();
    let read = |word| match word {
        "none" => Some(Prompt::None),
        "login" | "select_account" => Some(Prompt::Login),
        "consent" => Some(Prompt::Consent),
        _ => None,
    };
    let prompts: Vec<Prompt> = words.map(read).collect::<Option<_>>()?;
    let is_alone = prompts.len() == 1 || !prompts.contains(&Prompt::None);
    is_alone.then_some(prompts)
}

/// The address to answer at: the one that is named, if it is registered, or the
/// only one.
fn redirect_uri(authority: &Authority, client: &Requester, named: Option<&str>) -> Option<String> {
    let Some(client) = client.registered() else {
        let named = named?;
        let issuer = &authority.config.issuer;
        let own = RedirectUri::parse(&format!("{issuer}{DOCS_REDIRECT}"), ApplicationType::Native);
        return own
            .ok()?
            .allows(named, ApplicationType::Native)
            .then(|| named.to_owned());
    };
    let kind = client.application_type;
    match (named, client.redirect_uris.as_slice()) {
        (Some(named), uris) => {
            let is_registered = uris.iter().any(|uri| uri.allows(named, kind));
            is_registered.then(|| named.to_owned())
        }
        (None, [only]) => Some(only.to_string()),
        (None, _) => None,
    }
}
