//! Documents of strangers, fetched from the address that they name: over https alone,
//! never from a private network unless the setting admits it, without redirects, and
//! within limits of size and time.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use ipnet::IpNet;
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
use url::Host;

use crate::traces;

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

/// What addresses may be reached that are not public: a setting.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    hosts: Vec<String>,
    networks: Vec<IpNet>,
}

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
    #[error("its address is not one of the public internet")]
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

impl Allowed {
    /// Reads the setting: names of hosts, addresses and networks.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in entries {
            let network = entry.parse::<IpNet>().ok();
            let network = network.or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
            match (network, Host::parse(entry)) {
                (Some(network), _) => allowed.networks.push(network),
                (None, Ok(Host::Domain(host))) => allowed.hosts.push(host),
                _ => return Err(format!("`{entry}` is neither a host nor a network")),
            }
        }
        Ok(allowed)
    }

    fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|one| one == host)
    }

    /// Whether an address that a host resolves to may be reached.
    fn admits(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || self.has_host(host)
            || self
                .networks
                .iter()
                .any(|network| network.contains(&address))
    }

    /// Whether a URL may be fetched, as far as it says itself: a name is looked up later.
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        let host = url.host_str().unwrap_or_default();
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(FetchError::NotHttps),
        };
        let is_admitted = literal.is_none_or(|address| self.admits(host, address));
        // A loopback address is not public, so it was admitted by the setting.
        let is_local = match literal {
            Some(address) => address.is_loopback(),
            None => host == "localhost" && self.admits(host, Ipv4Addr::LOCALHOST.into()),
        };
        match url.scheme() {
            "https" | "http" if !is_admitted => Err(FetchError::Private),
            "https" => Ok(()),
            "http" if is_local => Ok(()),
            _ => Err(FetchError::NotHttps),
        }
    }
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

/// Networks that are not of the public internet (the registries of special addresses of
/// RFC 6890).
const SPECIAL: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    SPECIAL
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
});

fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_special = NETWORKS.iter().any(|network| network.contains(&address));
    !is_special && embedded(address).is_none_or(is_public)
}

/// The IPv4 address that an IPv6 address leads to: NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let bits = address.to_bits();
    let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits();
    let [a, b, c, d] = match bits {
        _ if bits >> 32 == nat64 >> 32 => (bits as u32).to_be_bytes(),
        _ if bits >> 112 == 0x2002 => ((bits >> 80) as u32).to_be_bytes(),
        _ => return None,
    };
    Some(IpAddr::from([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allowed: &[&str]) -> bool {
        let entries: Vec<String> = allowed.iter().map(|&text| text.to_owned()).collect();
        let allowed = Allowed::parse(&entries).expect("a setting");
        allowed.check(&url.parse().expect("a URL")).is_ok()
    }

    #[test]
    fn each_special_network_is_read() {
        assert_eq!(NETWORKS.len(), SPECIAL.len());
    }

    #[test]
    fn addresses_of_no_public_network_are_told_apart() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001:db8::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(
                !is_public(private.parse().expect("an address")),
                "{private}"
            );
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn an_address_is_https_and_public_unless_the_setting_admits_it() {
        assert!(check("https://agent.example/client.json", &[]));
        assert!(!check("http://agent.example/client.json", &[]));
        assert!(!check(
            "http://agent.example/client.json",
            &["agent.example"]
        ));
        assert!(!check("https://127.0.0.1/client.json", &[]));
        assert!(!check("https://[::ffff:10.0.0.1]/client.json", &[]));
        assert!(check("https://10.0.0.1/client.json", &["10.0.0.0/8"]));
        assert!(!check("http://10.0.0.1/client.json", &["10.0.0.0/8"]));
        assert!(check("http://127.0.0.1:9000/client.json", &["127.0.0.1"]));
        assert!(check("http://localhost:9000/client.json", &["localhost"]));
        assert!(!check("http://localhost:9000/client.json", &[]));
        assert!(!check("ftp://agent.example/client.json", &[]));
    }

    #[test]
    fn a_name_that_stands_for_a_private_address_is_not_reached() {
        let allowed = Allowed::default();
        assert!(!allowed.admits("agent.example", "10.0.0.1".parse().expect("an address")));
        let allowed = Allowed::parse(&["agent.example".to_owned()]).expect("a setting");
        assert!(allowed.admits("agent.example", "10.0.0.1".parse().expect("an address")));
        assert!(!allowed.admits("other.example", "10.0.0.1".parse().expect("an address")));
    }

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
