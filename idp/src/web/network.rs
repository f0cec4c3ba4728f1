//! Where a request comes from. The word of a proxy counts only where the configuration trusts it
//! (security: G7), and nothing but limits and people's own eyes go by it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use percent_encoding::percent_decode_str;

use crate::crypto::certificate::Certificate;

/// The other end of the connection, put into every request by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Whether the configuration trusts the word of this peer.
#[must_use]
pub fn is_trusted(peer: Peer, trusted: &[IpNet]) -> bool {
    let peer = peer.0.ip().to_canonical();
    trusted.iter().any(|network| network.contains(&peer))
}

/// The certificate that a client has shown to a proxy: as RFC 9440 §2.2 writes it, or PEM in URL encoding. From
/// anybody but a trusted proxy the header is worth nothing, and so are two of them: one may be a visitor's.
#[must_use]
pub fn certificate(
    headers: &HeaderMap,
    name: &HeaderName,
    peer: Option<Peer>,
    trusted: &[IpNet],
) -> Option<Certificate> {
    if !is_trusted(peer?, trusted) {
        return None;
    }
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?.trim();
    Certificate::from_bytes_field(text)
        .or_else(|| Certificate::from_pem(&percent_decode_str(text).decode_utf8().ok()?))
}

/// The visitor's address: the peer's own, or behind trusted proxies the last address that is not one
/// of theirs.
#[must_use]
pub fn address(headers: &HeaderMap, peer: Option<Peer>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer?.0.ip().to_canonical();
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut nearest = peer;
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        // What is no address was not written by a proxy of ours.
        let Ok(address) = hop.parse::<IpAddr>() else {
            break;
        };
        nearest = address.to_canonical();
        if !is_trusted(&nearest) {
            break;
        }
    }
    Some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let peer = Peer(SocketAddr::new(peer.parse().unwrap(), 1));
        address(&headers, Some(peer), &trusted).unwrap().to_string()
    }

    /// G7, class 2.14
    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"], &[]), "192.0.2.7");
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"], &proxies), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"], &proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "198.51.100.1"], &proxies), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["nonsense"], &proxies), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::1"], &proxies), "2001:db8::1");
    }
}
