//! Where a request comes from.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderName, HeaderValue},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address: the peer's, or where that is a trusted proxy the last
/// hop of `X-Forwarded-For` that is not. What comes before it was written by
/// somebody whom nobody trusts. A hop that is no address ends the walk: what counts is
/// the proxy that reported it.
pub(crate) fn client_address(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer = peer(request);
    let headers = request.headers().get_all(FORWARDED_FOR);
    let headers: Vec<&[u8]> = headers.iter().map(HeaderValue::as_bytes).collect();
    if !headers.is_empty() && !contains(trusted, peer) {
        say_once_that_it_is_ignored(peer);
    }
    last_untrusted(peer, &headers, trusted)
}

/// Whether a request comes from one of these networks itself: what it says of others is
/// believed.
pub(crate) fn comes_from(request: &Request, trusted: &[IpNet]) -> bool {
    contains(trusted, peer(request))
}

fn peer(request: &Request) -> IpAddr {
    let peer = request.remote_addr().as_socket_addr();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), SocketAddr::ip)
}

fn say_once_that_it_is_ignored(peer: IpAddr) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            %peer,
            "X-Forwarded-For is ignored: if this peer is a proxy of yours, name its network in \
             trusted-proxy"
        );
    });
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

fn last_untrusted(peer: IpAddr, headers: &[&[u8]], trusted: &[IpNet]) -> IpAddr {
    let hops = headers
        .iter()
        .rev()
        .flat_map(|value| value.rsplit(|byte| *byte == b','));
    let mut nearest = peer.to_canonical();
    for hop in hops {
        if !contains(trusted, nearest) {
            break;
        }
        let Some(address) = parse(hop) else {
            break;
        };
        nearest = address.to_canonical();
    }
    nearest
}

/// Some proxies write the port too.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, headers: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let headers: Vec<&[u8]> = headers.iter().map(|value| value.as_bytes()).collect();
        last_untrusted(peer.parse().expect("an address"), &headers, &trusted).to_string()
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

    #[test]
    fn a7_what_a_client_wrote_before_a_hop_does_not_hide_the_hop() {
        let headers = ["\u{e9}\u{0}, 198.51.100.1"];
        assert_eq!(of("10.0.0.1", &headers), "198.51.100.1");
    }
}
