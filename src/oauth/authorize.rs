//! What becomes of an authorization request, without its pages: the user logs in
//! and agrees, and the client gets a code (RFC 6749 §4.1.2).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ClientRefused, Error,
    authorization_answer::{NotAuthorized, Reply},
    authorization_request::{AuthorizationRequest, Prompt},
    issue::acting,
};
use crate::{
    authority::Authority,
    client::Client,
    opaque::{Digest, Opaque},
    scope::ScopeSet,
    store::{Basis, CodeRow, ConsentRow, Transaction, UserRow},
};

/// How long a code is valid, in seconds (RFC 6749 §4.1.2 advises ten minutes at most).
const CODE_LIFE: i64 = 60;

/// How long a request waits for the user's answer, in seconds.
pub const REQUEST_LIFE: i64 = 600;

/// Someone who has signed in with their browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: UserRow,
    /// When the password was typed, in seconds since 1970.
    pub auth_time: i64,
}

/// The next step.
#[derive(Debug)]
pub enum Step {
    /// The user has to type the password.
    LogIn,
    /// The user has to say what the client may have, of these scopes.
    Consent(ScopeSet),
    /// The client is answered at this address.
    Answer(Reply),
}

/// Decides the next step of a request: log in, ask for consent, or answer the client.
pub async fn proceed(
    authority: &Authority,
    request: &AuthorizationRequest,
    signed_in: Option<&SignedIn>,
) -> Result<Step, NotAuthorized> {
    let answer = request.answer(authority);
    let is_silent = request.prompt.contains(&Prompt::None);
    let fresh = signed_in.filter(|signed_in| request.is_recent(signed_in.auth_time));
    let Some(signed_in) = fresh else {
        return match is_silent {
            true => Err(answer.error("login_required", "the user has to log in")),
            false => Ok(Step::LogIn),
        };
    };
    if !request.is_for(&signed_in.user.username) {
        let text = "the user who is signed in is not the one of `id_token_hint`";
        return Err(answer.error("login_required", text));
    }
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
    let of_user = Basis {
        user: Some(user.basis()),
        ..Basis::default()
    };
    let of_client = Basis {
        client: client.basis(),
        ..Basis::default()
    };
    let write = async |transaction: &mut Transaction| {
        let is_there = transaction.holds(&of_user).await?;
        // One that is never used is forgotten; this is written before the row is read.
        transaction.keep_client(&request.client_id).await?;
        if !is_there || !transaction.holds(&of_client).await? {
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
