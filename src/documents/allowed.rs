//! Which addresses may be reached.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use reqwest::Url;
use url::Host;

use super::{FetchError, public_address::is_public};

/// What addresses may be reached that are not public: a setting.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    hosts: Vec<String>,
    networks: Vec<IpNet>,
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
    pub(super) fn admits(&self, host: &str, address: IpAddr) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allowed: &[&str]) -> bool {
        let entries: Vec<String> = allowed.iter().map(|&text| text.to_owned()).collect();
        let allowed = Allowed::parse(&entries).expect("a setting");
        allowed.check(&url.parse().expect("a URL")).is_ok()
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
}
