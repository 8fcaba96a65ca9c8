//! Who sits at the browser: its cookie, its session, and the token that its forms
//! bear.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem::{
    Request, Response,
    http::{HeaderValue, header},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Shared, failure::Failure, texts::Texts};
use crate::{
    actor::Actor,
    address::client_address,
    authority::Authority,
    oauth::{self, SignedIn},
    opaque::{Digest, Opaque},
    store::{Basis, SessionRow, Transaction, UserRow},
    subject::Subject,
};

/// How often it is written that a session is in use, in seconds.
const TOUCH_INTERVAL: i64 = 60;

const MAX_USER_AGENT: usize = 255;

/// A browser. Before anybody has signed in it holds a secret already, of which
/// nothing is stored: its forms need a token, too.
pub(super) struct Browser {
    secret: Zeroizing<String>,
    is_new: bool,
    /// The texts in its language.
    pub(super) texts: &'static Texts,
    session: Option<(SessionRow, UserRow)>,
}

impl Browser {
    /// The same, with pages in the first of these languages that is available
    /// (OpenID Connect Core §3.1.2.1, `ui_locales`).
    pub(super) fn preferring(mut self, ui_locales: Option<&str>) -> Self {
        self.texts = ui_locales.and_then(Texts::in_one_of).unwrap_or(self.texts);
        self
    }

    /// The browser that a request comes from.
    pub(super) async fn of(authority: &Authority, request: &Request) -> Result<Self, Failure> {
        let texts = Texts::of(request);
        let Some(secret) = cookie(authority, request) else {
            let secret = Opaque::generate(Opaque::SESSION).map_err(|_| Failure::Unavailable)?;
            return Ok(Self {
                secret: Zeroizing::new(secret.expose().to_owned()),
                is_new: true,
                texts,
                session: None,
            });
        };
        let now = authority.clock.now();
        let digest = Digest::of(&secret);
        let seen_since = seen_since(authority, now);
        let session = match authority.store.session(&digest, seen_since, now).await? {
            Some(session) => with_user(authority, session).await?,
            None => None,
        };
        if let Some((session, _)) = &session
            && now - session.last_seen_at >= TOUCH_INTERVAL
        {
            authority.store.touch_session(&session.id, now).await?;
        }
        Ok(Self {
            secret,
            is_new: false,
            texts,
            session,
        })
    }

    /// Who has signed in.
    pub(super) fn signed_in(&self) -> Option<SignedIn> {
        self.session.as_ref().map(|(session, user)| SignedIn {
            user: user.clone(),
            auth_time: session.auth_time,
        })
    }

    /// The session's name in lists.
    pub(super) fn session_id(&self) -> Option<&str> {
        self.session
            .as_ref()
            .map(|(session, _)| session.id.as_str())
    }

    /// What the forms of this browser bear.
    pub(super) fn csrf_token(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(b"csrf ");
        digest.update(self.secret.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }

    pub(super) fn has_csrf_token(&self, token: &str) -> bool {
        self.csrf_token().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// Begins a session, under a new secret: someone who knew the old one does not know it.
    pub(super) async fn sign_in(
        self,
        authority: &Shared,
        request: &Request,
        user: &UserRow,
    ) -> Result<Option<Self>, Failure> {
        let secret = Opaque::generate(Opaque::SESSION).map_err(|_| Failure::Unavailable)?;
        let config = &authority.config;
        let now = authority.clock.now();
        let user_agent = request.header(header::USER_AGENT).unwrap_or_default();
        let row = SessionRow {
            id: Uuid::now_v7().to_string(),
            user_id: user.id.clone(),
            username: user.username.clone(),
            auth_time: now,
            last_seen_at: now,
            expires_at: now.saturating_add_unsigned(config.session_ttl.as_secs()),
            address: client_address(request, &config.trusted_proxies).to_string(),
            user_agent: user_agent.chars().take(MAX_USER_AGENT).collect(),
        };
        let replaced = Digest::of(&self.secret);
        let basis = Basis {
            user: Some(user.basis()),
            ..Basis::default()
        };
        let digest = secret.digest();
        let begin = async |transaction: &mut Transaction| {
            let is_there = transaction.holds(&basis).await?;
            if is_there {
                transaction.begin_session(&digest, &row, &replaced).await?;
            }
            Ok::<_, oauth::Error>(is_there)
        };
        let has_begun = authority.write(&acting(user)?, begin).await?;
        Ok(has_begun.then(|| Self {
            secret: Zeroizing::new(secret.expose().to_owned()),
            is_new: true,
            texts: self.texts,
            session: Some((row, user.clone())),
        }))
    }

    /// Gives a response the cookie, where the browser does not have it yet.
    pub(super) fn mark(&self, authority: &Authority, response: Response) -> Response {
        match self.is_new {
            true => with_cookie(authority, response, &self.secret, ""),
            false => response,
        }
    }
}

async fn with_user(
    authority: &Authority,
    session: SessionRow,
) -> Result<Option<(SessionRow, UserRow)>, Failure> {
    let user = authority
        .same_user(&session.username, &session.user_id)
        .await
        .map_err(oauth::Error::from)?;
    Ok(user.map(|user| (session, user)))
}

/// A user, who acts on what is their own.
pub(super) fn acting(user: &UserRow) -> Result<Actor, Failure> {
    Ok(Actor::subject(subject(user)?, user.scopes.clone()))
}

/// Whom the user's tokens are about.
pub(super) fn subject(user: &UserRow) -> Result<Subject, Failure> {
    Subject::new(Subject::USERNAME, &user.username).map_err(|_| Failure::Unavailable)
}

/// Ends a session of a user.
pub(super) async fn end(
    authority: &Authority,
    actor: &Actor,
    signed_in: &SignedIn,
    id: &str,
) -> Result<(), Failure> {
    let write = async |transaction: &mut Transaction| {
        transaction.end_session(&signed_in.user.id, id).await?;
        Ok::<_, oauth::Error>(())
    };
    Ok(authority.write(actor, write).await?)
}

/// Takes the cookie from the browser.
pub(super) fn forget(authority: &Authority, response: Response) -> Response {
    with_cookie(authority, response, "", "; Max-Age=0")
}

/// Sessions that were not seen since are over, in seconds since 1970.
pub(super) fn seen_since(authority: &Authority, now: i64) -> i64 {
    now.saturating_sub_unsigned(authority.config.session_idle_ttl.as_secs())
}

fn with_cookie(authority: &Authority, mut response: Response, value: &str, more: &str) -> Response {
    let secure = match is_secure(authority) {
        true => "; Secure",
        false => "",
    };
    let name = cookie_name(authority);
    let path = format!("{}/", authority.config.base_path());
    let cookie = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{more}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn cookie(authority: &Authority, request: &Request) -> Option<Zeroizing<String>> {
    let name = cookie_name(authority);
    let headers = request.headers().get_all(header::COOKIE);
    let pairs = headers.iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| {
        let (one, value) = pair.trim().split_once('=')?;
        let fits = one == name && value.starts_with(Opaque::SESSION) && value.len() < 64;
        fits.then(|| Zeroizing::new(value.to_owned()))
    })
}

fn is_secure(authority: &Authority) -> bool {
    authority.config.issuer.starts_with("https://")
}

/// With the prefix browsers see to it that the cookie came by https and from this
/// host; it needs the path `/`.
fn cookie_name(authority: &Authority) -> &'static str {
    match is_secure(authority) && authority.config.base_path().is_empty() {
        true => "__Host-scopegate",
        false => "scopegate_session",
    }
}
