//! What proxies say of a visitor: a line for the peer, one for the networks that are trusted, and the lines of
//! `X-Forwarded-For`.
//! The visitor is the peer unless that is trusted, and never a trusted one with somebody else behind it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use idp::web::network::{Peer, address, is_trusted};
use ipnet::IpNet;

use super::lines;

pub fn run(data: &[u8]) {
    let Some([peer, trusted, rest]) = lines(data) else {
        return;
    };
    let Ok(peer) = peer.parse::<IpAddr>() else {
        return;
    };
    let trusted: Vec<IpNet> = trusted.split(',').filter_map(|net| net.trim().parse().ok()).take(8).collect();
    let mut headers = HeaderMap::new();
    for line in rest.split('\n').take(16) {
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.append("x-forwarded-for", value);
        }
    }
    let peer = Peer(SocketAddr::new(peer, 1));
    let found = address(&headers, Some(peer), &trusted).expect("everybody has an address");
    assert_eq!(address(&headers, None, &trusted), None);
    assert_eq!(found, found.to_canonical(), "an address in two forms is counted twice");
    if !is_trusted(peer, &trusted) {
        return assert_eq!(found, peer.0.ip().to_canonical(), "a stranger was believed");
    }
    let hops: Vec<&str> = rest.split('\n').take(16).flat_map(|line| line.split(',')).map(str::trim).collect();
    let named = hops.iter().any(|hop| hop.parse().is_ok_and(|hop: IpAddr| hop.to_canonical() == found));
    assert!(named || found == peer.0.ip().to_canonical(), "nobody named this address");
    // Whatever a visitor writes stands before what our proxy adds, and changes nothing.
    let ours = "203.0.113.7";
    if !is_trusted(Peer(SocketAddr::new([203, 0, 113, 7].into(), 1)), &trusted) {
        headers.append("x-forwarded-for", HeaderValue::from_static(ours));
        assert_eq!(
            address(&headers, Some(peer), &trusted).map(|found| found.to_string()).as_deref(),
            Some(ours)
        );
    }
}
