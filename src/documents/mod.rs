//! Documents of strangers, fetched from the address that they name: over https alone,
//! never from a private network unless the setting admits it, without redirects, and
//! within limits of size and time.

mod allowed;
mod public_address;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use reqwest::{
    Client, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::traces;

pub use allowed::Allowed;

/// The most bytes of a document.
const MAX_BYTES: usize = 64 * 1024;
/// The longest time that a fetch may take, from the look-up of the name to the last byte.
const TIME: Duration = Duration::from_secs(15);
/// How many are fetched at once; further ones are refused.
const AT_ONCE: usize = 16;
/// How many are remembered as fresh.
const REMEMBERED: usize = 10_000;
/// How long a document is fresh that does not say, and at most.
const FRESH: Duration = Duration::from_mins(5);
const LONGEST_FRESH: Duration = Duration::from_hours(24);

/// What fetches documents.
pub struct Documents {
    client: Client,
    allowed: Arc<Allowed>,
    permits: Semaphore,
    /// Until when what was fetched from an address is fresh, in seconds since 1970.
    fresh: Cache<String, i64>,
}

/// A document, and for how long it need not be fetched again.
#[derive(Debug)]
pub struct Document {
    pub bytes: Vec<u8>,
    pub fresh_for: Duration,
}

/// Why a document was not fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    #[error("its address must be https")]
    NotHttps,
    #[error("its address is not public")]
    Private,
    #[error("too many documents are being fetched at the moment")]
    Busy,
    #[error("its server cannot be reached")]
    Unreachable,
    #[error("its server took longer than {} seconds", TIME.as_secs())]
    TooSlow,
    #[error("its server answered {0}")]
    Status(u16),
    #[error("it is not JSON (`application/json`)")]
    NotJson,
    #[error("it is larger than 64 KiB")]
    TooLarge,
}

impl Documents {
    /// Makes the client; no proxy of the environment is used, which would look names up
    /// by itself.
    pub fn new(allowed: Allowed) -> Result<Self, reqwest::Error> {
        let allowed = Arc::new(allowed);
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIME)
            .connect_timeout(TIME)
            .user_agent(concat!("scopegate/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver(Arc::clone(&allowed))))
            .build()?;
        Ok(Self {
            client,
            allowed,
            permits: Semaphore::new(AT_ONCE),
            fresh: Cache::new(REMEMBERED),
        })
    }

    /// Whether what was fetched from an address need not be fetched again.
    pub fn is_fresh(&self, address: &str, now: i64) -> bool {
        self.fresh.get(address).is_some_and(|until| now < until)
    }

    /// Remembers for how long what was fetched from an address is fresh.
    pub fn remember(&self, address: &str, fresh_for: Duration, now: i64) {
        let until = now.saturating_add_unsigned(fresh_for.as_secs());
        self.fresh.insert(address.to_owned(), until);
    }

    /// Whether a URL may be fetched, as far as it says itself.
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        self.allowed.check(url)
    }

    /// Fetches the JSON document at a URL.
    pub async fn fetch(&self, url: &Url) -> Result<Document, FetchError> {
        self.check(url)?;
        let _permit = self.permits.try_acquire().map_err(|_| FetchError::Busy)?;
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json");
        let sent = request.send().instrument(traces::part("client metadata"));
        let mut response = sent.await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        if !is_json(response.headers()) {
            return Err(FetchError::NotJson);
        }
        let fresh_for = fresh_for(response.headers());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Document { bytes, fresh_for })
    }
}

/// What a failure is called outside; the rest is for the log.
fn failed(error: reqwest::Error) -> FetchError {
    let causes = || std::iter::successors(std::error::Error::source(&error), |one| one.source());
    tracing::debug!(error = ?error, "a document was not fetched");
    if error.is_timeout() {
        FetchError::TooSlow
    } else if causes().any(<dyn std::error::Error>::is::<PrivateAddress>) {
        FetchError::Private
    } else {
        FetchError::Unreachable
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = media
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    media == "application/json" || media.starts_with("application/") && media.ends_with("+json")
}

/// As `Cache-Control` says (RFC 9111 §5.2.2), within bounds.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let text: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let text = text.join(",").to_ascii_lowercase();
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    if directives
        .iter()
        .any(|one| matches!(*one, "no-store" | "no-cache"))
    {
        return Duration::ZERO;
    }
    let age = |one: &&str| one.strip_prefix("max-age=")?.trim_matches('"').parse().ok();
    let age = directives.iter().find_map(age).map(Duration::from_secs);
    age.unwrap_or(FRESH).min(LONGEST_FRESH)
}

/// Looks names up, and gives none of the addresses that must not be reached: what is
/// checked is what is connected to.
struct Resolver(Arc<Allowed>);

/// A name resolves to private addresses only.
#[derive(Debug, Error)]
#[error("the name has no public address")]
struct PrivateAddress;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await?;
            let admitted: Vec<SocketAddr> = found
                .filter(|address| allowed.admits(host, address.ip()))
                .collect();
            if admitted.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fresh_for_as_long_as_it_says_within_bounds() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, text.parse().expect("a value"));
            fresh_for(&headers).as_secs()
        };
        assert_eq!(fresh_for(&HeaderMap::new()), FRESH);
        assert_eq!(of("public, max-age=60"), 60);
        assert_eq!(of("max-age=99999999"), 24 * 60 * 60);
        assert_eq!(of("no-store"), 0);
        assert_eq!(of("max-age=60, no-cache"), 0);
    }
}
