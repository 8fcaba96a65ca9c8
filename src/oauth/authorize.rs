//! The authorization endpoint (RFC 6749 §4.1.1), without its pages: what a client
//! asks for, whether it may, and where the user goes from there.

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{ClientRefused, Error, Requester, audience, issue::acting, scope_policy};
use crate::{
    authority::Authority,
    client::{Client, GrantType},
    opaque::{Digest, Opaque},
    redirect_uri::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    store::{Basis, CodeRow, ConsentRow, Transaction, UserRow},
};

/// How long a code is valid, in seconds (RFC 6749 §4.1.2 advises ten minutes at most).
const CODE_LIFE: i64 = 60;

/// How long a request waits for the user's answer, in seconds.
pub const REQUEST_LIFE: i64 = 600;

/// How the authorization endpoint answers.
pub const RESPONSE_MODES: &[&str] = &["query", "form_post"];

/// The most characters of `state` and `nonce`.
const MAX_ECHO: usize = 2048;

/// The parameters of an authorization request; an empty one counts as left out.
#[derive(Debug, Default)]
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
    pub resources: Vec<String>,
    /// A request as a JWT, which is not taken (OpenID Connect Core §6.1).
    pub request: Option<String>,
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
    names_redirect_uri: bool,
    state: Option<String>,
    /// What the client asks for of what it may ask for.
    pub asked: ScopeSet,
    /// Whether scopes were asked for, or those of the client's defaults are meant.
    names_scopes: bool,
    challenge: String,
    audience: String,
    nonce: Option<String>,
    /// Whether the answer is posted as a form.
    #[serde(default)]
    posts: bool,
    prompt: Vec<Prompt>,
    /// Since when the user must have typed the password, in seconds since 1970.
    max_age: Option<i64>,
}

/// What the user is to be asked (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Prompt {
    None,
    Login,
    Consent,
}

/// Why a request goes no further.
#[derive(Debug)]
pub enum NotAuthorized {
    /// There is nowhere to answer to that can be trusted: a person is told.
    Page(String),
    /// The client is told, at its redirect URI (RFC 6749 §4.1.2.1).
    Answer(Reply),
    /// It cannot be answered at the moment.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for NotAuthorized {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Someone who has signed in with their browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: UserRow,
    /// When the password was typed, in seconds since 1970.
    pub auth_time: i64,
}

/// What is to happen next.
#[derive(Debug)]
pub enum Step {
    /// The user has to type the password.
    LogIn,
    /// The user has to say what the client may have, of these scopes.
    Consent(ScopeSet),
    /// The client is answered at this address.
    Answer(Reply),
}

/// Checks a request. That the client or its address is not known is told to the
/// person: an answer to an address that nobody registered would be one to a thief.
pub fn check_authorization(
    authority: &Authority,
    parameters: AuthorizationParameters,
) -> Result<AuthorizationRequest, NotAuthorized> {
    let page = |text: &str| NotAuthorized::Page(text.to_owned());
    if let Some(name) = parameters
        .repeated
        .as_deref()
        .filter(|name| ["client_id", "redirect_uri"].contains(name))
    {
        return Err(NotAuthorized::Page(format!(
            "The parameter {name} is repeated."
        )));
    }
    let client_id = parameters.client_id.as_deref().unwrap_or_default();
    let client = Requester::named(authority, client_id)
        .ok_or_else(|| page("The application is not known here."))?;
    let named = parameters.redirect_uri.as_deref();
    let redirect_uri = redirect_uri(authority, &client, named).ok_or_else(|| {
        page("The application asks to be answered at an address that is not registered for it.")
    })?;
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

fn wants_post(parameters: &AuthorizationParameters) -> bool {
    parameters.response_mode.as_deref() == Some("form_post")
}

/// The code of an error (RFC 6749 §4.1.2.1), and what it means here.
type Told = (&'static str, String);

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
        audience: audience.iter().collect::<Vec<_>>().join(" "),
        nonce: parameters.nonce.clone(),
        posts: wants_post(parameters),
        prompt,
        max_age,
        redirect_uri,
    })
}

/// Whether it is a request of the one kind that is taken.
fn check_kind(parameters: &AuthorizationParameters) -> Result<(), Told> {
    let told = |error, text: &str| Err((error, text.to_owned()));
    if parameters.request.is_some() {
        return told("request_not_supported", "requests as JWTs are not taken");
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
    if too_long(&parameters.state) || too_long(&parameters.nonce) {
        return told(
            "invalid_request",
            "`state` and `nonce` have 2,048 bytes at most",
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

/// Says what is to happen next with a request: log in, ask, or answer the client.
pub async fn proceed(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: Option<&SignedIn>,
) -> Result<Step, NotAuthorized> {
    let answer = request.answer(authority);
    let is_silent = request.prompt.contains(&Prompt::None);
    let fresh = signed_in.filter(|signed_in| request.is_recent(signed_in));
    let Some(signed_in) = fresh else {
        return match is_silent {
            true => Err(answer.error("login_required", "the user has to log in")),
            false => Ok(Step::LogIn),
        };
    };
    let open = request.asked.intersection(&signed_in.user.scopes);
    if open.is_empty() && request.names_scopes {
        let text = "none of these scopes can be granted";
        return Err(answer.error("invalid_scope", text));
    }
    match agreed(authority, request, signed_in, &open).await? {
        Some(scopes) => {
            let reply = give_code(authority, request, signed_in, scopes, None).await?;
            Ok(Step::Answer(reply))
        }
        None if is_silent => Err(answer.error("consent_required", "the user has to be asked")),
        None => Ok(Step::Consent(open)),
    }
}

/// What needs no further question: all for a first-party application, and what
/// the user agreed to before.
async fn agreed(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    open: &ScopeSet,
) -> Result<Option<ScopeSet>, Error> {
    if request.prompt.contains(&Prompt::Consent) {
        return Ok(None);
    }
    let client = request.client(authority)?;
    if client.registered().is_none_or(|client| client.first_party) {
        return Ok(Some(open.clone()));
    }
    let store = &authority.store;
    let Some(consent) = store
        .consent(&signed_in.user.id, &request.client_id)
        .await?
    else {
        return Ok(None);
    };
    let scopes = |text: &str| ScopeSet::from_stored(text);
    if !open.is_subset(&scopes(&consent.asked)) {
        return Ok(None);
    }
    let granted = open.intersection(&scopes(&consent.granted));
    Ok((open.is_empty() || !granted.is_empty()).then_some(granted))
}

/// The user agrees, to the scopes that are left ticked of those that were asked
/// for: the answer to the client.
pub async fn approve(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    ticked: &ScopeSet,
) -> Result<Reply, NotAuthorized> {
    let open = request.asked.intersection(&signed_in.user.scopes);
    let scopes = open.intersection(ticked);
    if scopes.is_empty() && !open.is_empty() {
        return Ok(deny(authority, request));
    }
    let consent = ConsentRow {
        client_id: request.client_id.clone(),
        asked: open.to_string(),
        granted: scopes.to_string(),
        created_at: authority.clock.now(),
    };
    // The built-in client has no row that a consent could belong to.
    let consent = Some(consent).filter(|_| request.client_id != Client::BUILTIN);
    Ok(give_code(authority, request, signed_in, scopes, consent).await?)
}

/// The user refuses: the answer to the client.
pub fn deny(authority: &Authority, request: &AuthorizationRequest) -> Reply {
    let answer = request.answer(authority);
    answer.reply(&[
        ("error", "access_denied"),
        ("error_description", "the user refused"),
    ])
}

async fn give_code(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    scopes: ScopeSet,
    consent: Option<ConsentRow>,
) -> Result<Reply, Error> {
    let code = Opaque::generate(Opaque::AUTHORIZATION_CODE)?;
    let row = CodeRow {
        client_id: request.client_id.clone(),
        user_id: signed_in.user.id.clone(),
        username: signed_in.user.username.clone(),
        grant_id: Uuid::now_v7().to_string(),
        redirect_uri: request
            .names_redirect_uri
            .then(|| request.redirect_uri.clone()),
        challenge: request.challenge.clone(),
        scopes: scopes.to_string(),
        audience: request.audience.clone(),
        nonce: request.nonce.clone(),
        auth_time: signed_in.auth_time,
        expires_at: authority.clock.now() + CODE_LIFE,
        spent_at: None,
    };
    let digest = code.digest();
    let client = request.client(authority)?;
    let user = &signed_in.user;
    let basis = Basis {
        user: Some(user.basis()),
        client: client.basis(),
        ..Basis::default()
    };
    let write = async |transaction: &mut Transaction| {
        if !transaction.holds(&basis).await? {
            return Err(Error::from(ClientRefused::Gone(request.client_id.clone())));
        }
        if let Some(consent) = &consent {
            transaction.put_consent(&user.id, consent).await?;
        }
        Ok(transaction.add_code(&digest, &row).await?)
    };
    authority.write(&acting(user, &client)?, write).await?;
    Ok(request.answer(authority).reply(&[("code", code.expose())]))
}

/// A request that waits for the answer of a user, and of no other.
#[derive(Serialize, Deserialize)]
struct Kept {
    user_id: String,
    request: AuthorizationRequest,
}

impl Kept {
    fn for_user(text: Option<String>, signed_in: &SignedIn) -> Option<AuthorizationRequest> {
        let kept: Self = serde_json::from_str(&text?).ok()?;
        (kept.user_id == signed_in.user.id).then_some(kept.request)
    }
}

/// Keeps a request until the user has answered: gives what to ask for it with.
pub async fn keep_request(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
) -> Result<Opaque, Error> {
    let ticket = Opaque::generate(Opaque::REQUEST)?;
    let kept = Kept {
        user_id: signed_in.user.id.clone(),
        request: request.clone(),
    };
    let text = serde_json::to_string(&kept).unwrap_or_default();
    let expires_at = authority.clock.now() + REQUEST_LIFE;
    let store = &authority.store;
    store
        .add_authorization_request(&ticket.digest(), &text, expires_at)
        .await?;
    Ok(ticket)
}

/// A request that is kept.
pub async fn kept_request(
    authority: &Authority,
    ticket: &str,
    signed_in: &SignedIn,
) -> Result<Option<AuthorizationRequest>, Error> {
    let digest = Digest::of(ticket);
    let text = authority
        .store
        .authorization_request(&digest, authority.clock.now())
        .await?;
    Ok(Kept::for_user(text, signed_in))
}

/// Takes a request that is kept: of those who answer it one is heard.
pub async fn take_request(
    authority: &Authority,
    ticket: &str,
    signed_in: &SignedIn,
) -> Result<Option<AuthorizationRequest>, Error> {
    let digest = Digest::of(ticket);
    let text = authority
        .store
        .take_authorization_request(&digest, authority.clock.now())
        .await?;
    Ok(Kept::for_user(text, signed_in))
}

impl AuthorizationRequest {
    /// The client that asks.
    pub fn client(&self, authority: &Authority) -> Result<Requester, Error> {
        let client = Requester::named(authority, &self.client_id);
        client.ok_or_else(|| ClientRefused::Gone(self.client_id.clone()).into())
    }

    fn is_recent(&self, signed_in: &SignedIn) -> bool {
        let must_log_in = self.prompt.contains(&Prompt::Login);
        !must_log_in && self.max_age.is_none_or(|since| signed_in.auth_time > since)
    }

    fn answer<'a>(&'a self, authority: &'a Authority) -> Answer<'a> {
        Answer {
            issuer: &authority.config.issuer,
            redirect_uri: &self.redirect_uri,
            state: self.state.as_deref(),
            posts: self.posts,
        }
    }
}

/// How a client is answered: at its address, with `state` as it sent it, and with
/// `iss`, so that no other server's answer is taken for this one (RFC 9207).
struct Answer<'a> {
    issuer: &'a str,
    redirect_uri: &'a str,
    state: Option<&'a str>,
    posts: bool,
}

impl Answer<'_> {
    fn reply(&self, parameters: &[(&str, &str)]) -> Reply {
        let state = self.state.map(|state| ("state", state));
        let all = parameters.iter().copied().chain(state);
        let all = all.chain([("iss", self.issuer)]);
        Reply {
            redirect_uri: self.redirect_uri.to_owned(),
            parameters: all
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            posts: self.posts,
        }
    }

    fn error(&self, error: &str, text: &str) -> NotAuthorized {
        let text = crate::guard::quotable(text);
        NotAuthorized::Answer(self.reply(&[("error", error), ("error_description", &text)]))
    }
}

/// An answer to a client (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct Reply {
    pub redirect_uri: String,
    pub parameters: Vec<(String, String)>,
    /// Whether the browser posts it as a form (OAuth 2.0 Form Post Response Mode)
    /// instead of following a redirect.
    pub posts: bool,
}

impl Reply {
    /// The address with the answer in its query.
    pub fn location(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        let joint = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
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

/// Where Swagger UI is answered.
pub const DOCS_REDIRECT: &str = "/docs/oauth2-redirect.html";

/// The origin of an address, as a page's policy names it (CSP3 `form-action`).
pub fn origin_of(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    match url.origin() {
        origin @ url::Origin::Tuple(..) => Some(origin.ascii_serialization()),
        url::Origin::Opaque(_) => Some(format!("{}:", url.scheme())),
    }
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
