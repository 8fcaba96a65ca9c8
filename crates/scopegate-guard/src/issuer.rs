//! The issuer, as an API knows it: its keys, and what it revoked.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Once, PoisonError, RwLock, Weak},
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    Authenticate, Caller, Denied,
    offline::now,
    token::{Expected, Keys, Refused},
};

/// For how long keys are taken as they are, and how often they are asked for at most.
const FRESH: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(10);

/// For how long keys are used that cannot be asked for anew.
const STALE: Duration = Duration::from_hours(1);

/// How long the issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the issuer holds a question for which there is no news.
const WAIT: Duration = Duration::from_secs(20);

/// How long to wait after a question that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// For how many seconds behind its `exp` a revoked token is remembered.
const LEEWAY: i64 = 300;

/// The most bytes of a JWKS, and of a page of revocations.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Verifies the tokens of one issuer by its keys, which it fetches: when the first token
/// comes, every 5 minutes, and where a token names a key that is not known (every 10
/// seconds at most). Where the issuer is down the keys serve for another hour. It need not
/// be up when this is made; until its keys are there, requests are answered with 503.
///
/// With a client ([`following_revocations`](Self::following_revocations)) a token that was
/// revoked is refused within a second; without one, when it expires.
///
/// Use it within a tokio runtime.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_guard::{Issuer, IssuerError};
///
/// # fn main() -> Result<(), IssuerError> {
/// let issuer = Issuer::new("https://login.example", "https://api.example")?
///     .following_revocations("garage", "the client's secret");
/// let tokens = Arc::new(issuer);
/// # drop(tokens);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Issuer {
    known: Arc<Known>,
    revocations: Option<Arc<Revocations>>,
}

/// The HTTP client cannot be made, for instance for want of root certificates.
///
/// ```
/// use scopegate_guard::{Issuer, IssuerError};
///
/// fn issuer() -> Result<Issuer, IssuerError> {
///     Issuer::new("https://login.example", "https://api.example")
/// }
/// # issuer().unwrap();
/// ```
#[derive(Debug, Error)]
#[error("the HTTP client cannot be built: {0}")]
pub struct IssuerError(#[from] reqwest::Error);

impl Issuer {
    /// Takes the issuer's `iss`, below which its JWKS lies, and the `aud` that tokens for
    /// this API have.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(issuer: &str, audience: &str) -> Result<Self, IssuerError> {
        let expected = Expected {
            issuer: issuer.to_owned(),
            audience: Some(audience.to_owned()),
        };
        Ok(Self {
            known: Arc::new(Known {
                base: issuer.trim_end_matches('/').to_owned(),
                http: Client::builder()
                    .user_agent(concat!("scopegate-guard/", env!("CARGO_PKG_VERSION")))
                    .build()?,
                expected,
                keys: RwLock::default(),
                fetching: Arc::default(),
            }),
            revocations: None,
        })
    }

    /// The same, refusing what the issuer revoked, which a client with the scope
    /// `revocations:read` may ask for. Where the issuer is silent for a minute, requests are
    /// answered with 503, since one of the tokens may have been revoked.
    #[must_use]
    pub fn following_revocations(self, client_id: &str, secret: &str) -> Self {
        Self {
            revocations: Some(Arc::new(Revocations {
                client_id: client_id.to_owned(),
                secret: secret.to_owned(),
                max_staleness: Duration::from_mins(1),
                told: RwLock::default(),
                begin: Once::new(),
            })),
            ..self
        }
    }

    /// The same, with another bound for the issuer's silence than a minute.
    #[must_use]
    pub fn with_max_staleness(mut self, bound: Duration) -> Self {
        // It is not shared before it follows the issuer.
        if let Some(revocations) = self.revocations.as_mut().and_then(Arc::get_mut) {
            revocations.max_staleness = bound;
        }
        self
    }
}

impl Authenticate for Issuer {
    async fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        let caller = self.known.verify(token).await?;
        if let Some(revocations) = &self.revocations {
            revocations.begin.call_once(|| {
                let (known, revocations) = (Arc::clone(&self.known), Arc::downgrade(revocations));
                tokio::spawn(follow(known, revocations));
            });
            if revocations.has(caller.token_id)? {
                return Err(Denied::InvalidToken("the token was revoked".to_owned()));
            }
        }
        Ok(Arc::new(caller))
    }
}

/// What is known of an issuer.
#[derive(Debug)]
struct Known {
    base: String,
    http: Client,
    expected: Expected,
    keys: RwLock<Option<Fetched>>,
    /// When they were last asked for; held while they are.
    fetching: Arc<tokio::sync::Mutex<Tried>>,
}

/// When the keys were last asked for.
#[derive(Debug, Default)]
struct Tried(Option<Instant>);

impl Tried {
    fn is_recent(&self) -> bool {
        self.0.is_some_and(|at| at.elapsed() < PAUSE)
    }
}

#[derive(Clone, Debug)]
struct Fetched {
    keys: Arc<Keys>,
    at: Instant,
}

impl Known {
    async fn verify(self: &Arc<Self>, token: &str) -> Result<Caller, Denied> {
        match self.fetched() {
            None => self.fetch().await,
            Some(fetched) if fetched.at.elapsed() > FRESH => self.renew(),
            Some(_) => {}
        }
        match self.try_verify(token)? {
            Err(Refused::UnknownKey) => self.fetch().await,
            outcome => return outcome.map_err(refused),
        }
        self.try_verify(token)?.map_err(refused)
    }

    fn try_verify(&self, token: &str) -> Result<Result<Caller, Refused>, Denied> {
        let fetched = self.fetched().filter(|one| one.at.elapsed() < STALE);
        let keys = fetched.ok_or(Denied::Unavailable)?.keys;
        let verified = keys.verify(token, &self.expected, now());
        Ok(verified.map(|claims| Caller::from(&*claims)))
    }

    fn fetched(&self) -> Option<Fetched> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// Asks for the keys, once for all who wait.
    async fn fetch(&self) {
        let mut tried = self.fetching.lock().await;
        if !tried.is_recent() {
            self.fetch_now(&mut tried).await;
        }
    }

    /// Asks for the keys beside the requests: those that there are serve until the new ones
    /// have come.
    fn renew(self: &Arc<Self>) {
        let Ok(mut tried) = Arc::clone(&self.fetching).try_lock_owned() else {
            return;
        };
        if !tried.is_recent() {
            let known = Arc::clone(self);
            tokio::spawn(async move { known.fetch_now(&mut tried).await });
        }
    }

    /// Keeps the keys that there are where the question fails.
    async fn fetch_now(&self, tried: &mut Tried) {
        let url = format!("{}/.well-known/jwks.json", self.base);
        let answer = answer(self.http.get(url).timeout(PATIENCE)).await;
        let keys = answer.and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| Failed::Answer)?;
            Keys::from_jwks(&text).map_err(|_| Failed::Answer)
        });
        match keys {
            Ok(keys) => {
                let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *known = Some(Fetched {
                    keys: Arc::new(keys),
                    at: Instant::now(),
                });
            }
            Err(failed) => tracing::warn!(issuer = self.base, %failed, "no keys were fetched"),
        }
        tried.0 = Some(Instant::now());
    }
}

fn refused(refused: Refused) -> Denied {
    Denied::InvalidToken(refused.to_string())
}

/// The tokens that were revoked and have not expired.
struct Revocations {
    client_id: String,
    secret: String,
    max_staleness: Duration,
    told: RwLock<Told>,
    begin: Once,
}

/// Its secret does not print.
impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Told {
    expiries: HashMap<Uuid, i64>,
    /// When the issuer was last heard from; none until all that there was has been told.
    heard: Option<Instant>,
}

impl Revocations {
    fn has(&self, token_id: Uuid) -> Result<bool, Denied> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: Instant| at.elapsed() < self.max_staleness;
        match told.heard.is_some_and(is_fresh) {
            true => Ok(told.expiries.contains_key(&token_id)),
            false => Err(Denied::Unavailable),
        }
    }

    fn has_heard(&self) -> bool {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        told.heard.is_some()
    }

    fn note(&self, page: &Page) {
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = page.revocations.iter();
        let is_known = |one: &Revocation| told.expiries.contains_key(&one.jti);
        if told.heard.is_some() || news.all(is_known) {
            told.heard = Some(Instant::now());
        }
        let past = now() - LEEWAY;
        told.expiries.retain(|_, exp| *exp > past);
        let revocations = page.revocations.iter();
        told.expiries
            .extend(revocations.map(|one| (one.jti, one.exp)));
    }
}

/// Follows the issuer as long as its tokens are verified.
async fn follow(known: Arc<Known>, revocations: Weak<Revocations>) {
    let mut token = None;
    let mut since = None;
    while let Some(revocations) = revocations.upgrade() {
        let asked = ask(&known, &revocations, &mut token, since).await;
        match asked {
            Ok(next) => since = Some(next),
            Err(failed) => {
                tracing::warn!(issuer = known.base, %failed, "revocations cannot be fetched");
                drop(revocations);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Learns what is new behind a number, and gives the number to ask behind next.
async fn ask(
    known: &Known,
    revocations: &Revocations,
    token: &mut Option<String>,
    since: Option<i64>,
) -> Result<i64, Failed> {
    let bearer = match token.take() {
        Some(token) => token,
        None => log_in(known, revocations).await?,
    };
    // What exists already comes page by page; after that the request waits for news.
    let wait = match revocations.has_heard() {
        true => WAIT,
        false => Duration::ZERO,
    };
    let query = since.map(|since| format!("?since={since}&wait_seconds={}", wait.as_secs()));
    let url = format!("{}/revocations{}", known.base, query.unwrap_or_default());
    let request = known.http.get(url).bearer_auth(&bearer);
    let page: Page = json(&answer(request.timeout(wait + PATIENCE)).await?)?;
    revocations.note(&page);
    *token = Some(bearer);
    Ok(page.next)
}

async fn log_in(known: &Known, revocations: &Revocations) -> Result<String, Failed> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &revocations.client_id),
        ("client_secret", &revocations.secret),
        ("scope", "revocations:read"),
    ];
    let request = known.http.post(format!("{}/token", known.base));
    let answer = answer(request.form(&form).timeout(PATIENCE)).await?;
    Ok(json::<Issued>(&answer)?.access_token)
}

/// There is no answer, or not one that helps.
#[derive(Debug, Error)]
enum Failed {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("the issuer answered {0}")]
    Status(StatusCode),
    #[error("the issuer's answer is malformed")]
    Answer,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
}

#[derive(Deserialize)]
struct Page {
    revocations: Vec<Revocation>,
    next: i64,
}

#[derive(Deserialize)]
struct Revocation {
    jti: Uuid,
    exp: i64,
}

/// The body of an answer of success.
async fn answer(request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failed> {
    let mut response = request.send().await?;
    if response.status() != StatusCode::OK {
        return Err(Failed::Status(response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(Failed::Answer);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failed> {
    serde_json::from_slice(bytes).map_err(|_| Failed::Answer)
}
