//! Certificates of applications: bytes, or the header in which a proxy hands them on; and names of their owners.
//! Both forms of the header are the same certificate, and from anybody but the proxy it is none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use idp::crypto::certificate::Certificate;
use idp::crypto::sha256;
use idp::model::certificate::{CertificateName, DistinguishedName};
use idp::web::network::{self, Peer};
use rustls::RootCertStore;
use time::OffsetDateTime;

use super::keys;

const HEADER: HeaderName = HeaderName::from_static("client-cert");

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        name(text);
        if let Some(shown) = by_header(text.trim(), Ipv4Addr::LOCALHOST) {
            assert!(by_header(text.trim(), Ipv4Addr::new(192, 0, 2, 1)).is_none(), "a stranger was believed");
            use_it(&shown);
        }
    }
    if let Some(shown) = Certificate::of(&[data.into()]) {
        assert_eq!(shown.thumbprint().as_str(), idp::crypto::base64url::encode(sha256(data)));
        let encoded = STANDARD.encode(data);
        let field = by_header(&format!(":{encoded}:"), Ipv4Addr::LOCALHOST);
        assert_eq!(field.as_ref(), Some(&shown), "RFC 9440 has another one");
        let pem = format!("-----BEGIN CERTIFICATE-----%0A{encoded}%0A-----END CERTIFICATE-----%0A")
            .replace('+', "%2B");
        assert_eq!(by_header(&pem, Ipv4Addr::LOCALHOST).as_ref(), Some(&shown), "PEM has another one");
        use_it(&shown);
        let mut roots = RootCertStore::empty();
        if roots.add(data.into()).is_ok() {
            let _ = shown.is_vouched_for(&Arc::new(roots), OffsetDateTime::UNIX_EPOCH);
        }
    }
}

fn by_header(text: &str, peer: Ipv4Addr) -> Option<Certificate> {
    let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(text).ok()?)]);
    let peer = Peer(SocketAddr::new(peer.into(), 1));
    network::certificate(&headers, &HEADER, Some(peer), &["127.0.0.1/32".parse().expect("a network")])
}

fn use_it(shown: &Certificate) {
    if let Some(end) = shown.ends_at() {
        assert!(!shown.is_in_time(end + time::Duration::SECOND), "it is good after its end");
    }
    for name in [
        CertificateName::SubjectDn(DistinguishedName::parse("CN=lab,O=Lab,C=DE").expect("a name")),
        CertificateName::SanDns("lab.example".to_owned()),
        CertificateName::SanUri("https://lab.example/".to_owned()),
        CertificateName::SanIp(Ipv4Addr::new(192, 0, 2, 7).into()),
        CertificateName::SanEmail("lab@lab.example".to_owned()),
    ] {
        let _ = shown.is_named(&name);
    }
    let _ = shown.has_key_among(&keys::jwks());
}

fn name(text: &str) {
    if let Ok(name) = DistinguishedName::parse(text) {
        assert_eq!(DistinguishedName::parse(name.as_str()).as_ref(), Ok(&name));
        assert!(!name.is(std::iter::empty()), "a name without parts");
    }
}

/// One with a name, an address and a key for ES256.
pub fn sample() -> &'static [u8] {
    include_bytes!("../../seeds/certificate/p256.der")
}
