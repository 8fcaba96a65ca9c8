//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use poem::Request;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the peer's, or where that is a trusted proxy the last
/// hop of `X-Forwarded-For` that is not. What stands before it was written by
/// somebody whom nobody trusts.
pub(crate) fn client_address(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer = request
        .remote_addr()
        .as_socket_addr()
        .map_or(Ipv4Addr::UNSPECIFIED.into(), SocketAddr::ip);
    let headers: Vec<&str> = request
        .headers()
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    last_untrusted(peer, &headers, trusted)
}

fn last_untrusted(peer: IpAddr, headers: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let hops = headers.iter().rev().flat_map(|value| value.rsplit(','));
    let mut nearest = peer.to_canonical();
    for hop in hops {
        if !is_trusted(nearest) {
            break;
        }
        let Some(address) = parse(hop.trim()) else {
            break;
        };
        nearest = address.to_canonical();
    }
    nearest
}

/// Some proxies write the port too.
fn parse(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, headers: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        last_untrusted(peer.parse().expect("an address"), headers, &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_itself() {
        assert_eq!(of("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_last_hop_that_is_none_of_them() {
        let headers = ["203.0.113.9, 198.51.100.1", "10.0.0.2:4711"];
        assert_eq!(of("::ffff:10.0.0.1", &headers), "198.51.100.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        assert_eq!(of("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
    }
}
