//! Determines the address that a request comes from.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How a request arrived; the server adds it to the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo {
    /// The address of the other end of the connection.
    pub peer: IpAddr,
    /// Whether the server is about to stop.
    pub stopping: bool,
}

/// An address or a network whose `X-Forwarded-For` header is trusted.
#[derive(Clone, Debug)]
pub struct TrustedProxy(IpNet);

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let network =
            network.ok_or("expected an IP address or a network, such as 10.0.0.7, 10.0.0.0/24 or fd00::/8")?;
        if network.prefix_len() == 0 {
            return Err("this network contains all addresses, which would trust every client; name only your proxies"
                .to_owned());
        }
        Ok(Self(network))
    }
}

/// The proxies in front of this server.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<TrustedProxy>);

impl TrustedProxies {
    pub fn new(proxies: Vec<TrustedProxy>) -> Self {
        Self(proxies)
    }

    /// The address of the client: the peer or, if that is a trusted proxy, the last address in `X-Forwarded-For` that
    /// is not a trusted proxy. The client wrote everything before it, and can have written anything.
    pub fn client_addr(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut origin = peer.to_canonical();
        let lines: Vec<_> = headers.get_all(&FORWARDED_FOR).iter().collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(origin) {
            let Some(hop) = hops.next().and_then(|hop| address(hop.trim())) else { break };
            origin = hop;
        }
        origin
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.0.contains(&address))
    }
}

/// Parses an address; some proxies append the port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(hop, |(inner, _)| inner);
    let parsed = bare.parse::<IpAddr>().or_else(|_| hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

/// The unit that counts as one address: the /64 network for IPv6, as each subscriber has one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(trusted.iter().map(|text| text.parse().unwrap()).collect());
        let headers = forwarded.iter().map(|line| (FORWARDED_FOR.clone(), line.parse().unwrap())).collect();
        proxies.client_addr(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(origin(&[], "198.51.100.1", &["192.0.2.1"]), "198.51.100.1");
        assert_eq!(origin(&["10.0.0.1"], "10.0.0.2", &["192.0.2.1"]), "10.0.0.2");
        assert_eq!(origin(&["10.0.0.1"], "10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(origin(&["10.0.0.0/8"], "::ffff:10.9.8.7", &["192.0.2.1"]), "192.0.2.1");
    }

    #[test]
    fn addresses_before_the_trusted_proxies_are_ignored() {
        let trusted = ["10.0.0.0/24", "fd00::1"];
        assert_eq!(origin(&trusted, "10.0.0.1", &["203.0.113.9, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(origin(&trusted, "10.0.0.1", &["203.0.113.9, 192.0.2.1, 10.0.0.2"]), "192.0.2.1");
        assert_eq!(origin(&trusted, "10.0.0.1", &["203.0.113.9", "192.0.2.1, fd00::1"]), "192.0.2.1");
        assert_eq!(origin(&trusted, "10.0.0.1", &["10.0.0.7, 10.0.0.2"]), "10.0.0.7");
    }

    #[test]
    fn an_invalid_address_counts_for_the_proxy() {
        for forwarded in [&[][..], &[""], &["unknown"], &["192.0.2.1, nonsense"], &["192.0.2.1,"]] {
            assert_eq!(origin(&["10.0.0.1"], "10.0.0.1", forwarded), "10.0.0.1", "{forwarded:?}");
        }
        assert_eq!(origin(&["10.0.0.1"], "10.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(origin(&["10.0.0.1"], "10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
    }

    #[test]
    fn a_proxy_is_configured_by_address_or_network() {
        for text in ["10.0.0.1", "10.0.0.0/24", "fd00::/8", "::1"] {
            assert!(text.parse::<TrustedProxy>().is_ok(), "{text}");
        }
        for text in ["", "proxy", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1:80", "*"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
