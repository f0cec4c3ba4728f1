//! HTTPS without a proxy: what is served, what is renewed, and what is refused.

#![expect(clippy::disallowed_methods, reason = "these tests speak to the service without an HTTP client")]

use std::time::{Duration, Instant};

use idp::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::certificates::{Authority, Identity};
use crate::support::{Options, TempDir, TestApp};

async fn serving(identity: &Identity, dir: &TempDir) -> TestApp {
    let (certificate, key) = identity.write(&dir.0);
    let environment = vec![
        ("IDP_PUBLIC_URL", "https://localhost:{port}".to_owned()),
        ("IDP_HTTP__TLS__CERTIFICATE_FILE", certificate.display().to_string()),
        ("IDP_HTTP__TLS__KEY_FILE", key.display().to_string()),
        ("IDP_HTTP__HEAD_TIMEOUT_SECONDS", "1".to_owned()),
    ];
    let config_file = Some(String::new());
    TestApp::with(Options { environment, config_file, ..Options::default() }).await
}

#[tokio::test]
async fn pages_are_served_over_tls_1_2_and_1_3_and_nothing_older_is() {
    let (authority, dir) = (Authority::new("Town"), TempDir::new("tls"));
    let app = serving(&authority.server(), &dir).await;
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let http = authority.connecting(None).tls_version_min(version).tls_version_max(version).build();
        let answer = http.unwrap().get(app.url("/livez")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{version:?}");
        assert!(answer.headers().contains_key("strict-transport-security"));
    }
    let stranger = Authority::new("Elsewhere").http(None);
    assert!(stranger.get(app.url("/livez")).send().await.is_err(), "it is not the other authority's");
    let mut plain = TcpStream::connect(app.address).await.unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "plain http is not answered");
}

/// The listener's own timers hold for the handshake too.
#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_given_up() {
    let dir = TempDir::new("tls");
    let app = serving(&Authority::new("Town").server(), &dir).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00").await.unwrap();
    let started = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(8), stream.read(&mut [0; 64])).await;
    assert!(matches!(ended.unwrap(), Ok(0) | Err(_)), "{:?}", started.elapsed());
}

/// What the server shows to somebody who trusts only this authority.
async fn trusts(app: &TestApp, authority: &Authority) -> bool {
    authority.http(None).get(app.url("/livez")).send().await.is_ok()
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (before, after, dir) = (Authority::new("Before"), Authority::new("After"), TempDir::new("tls"));
    let app = serving(&before.server(), &dir).await;
    let refresh = || app.app.tls.as_ref().unwrap().refresh();
    assert!(trusts(&app, &before).await && !trusts(&app, &after).await);
    let renewed = after.server();
    std::fs::write(dir.0.join("server.pem"), &renewed.pem).unwrap();
    refresh();
    assert!(trusts(&app, &before).await, "the key is not there yet");
    std::fs::write(dir.0.join("server.key"), &renewed.key).unwrap();
    refresh();
    assert!(trusts(&app, &after).await && !trusts(&app, &before).await);
    std::fs::write(dir.0.join("server.pem"), "nonsense").unwrap();
    refresh();
    std::fs::remove_file(dir.0.join("server.key")).unwrap();
    refresh();
    assert!(trusts(&app, &after).await);
}

/// What the configuration says that is wrong.
fn complaint(certificate: &str, key: &str) -> String {
    let dir = TempDir::new("tls");
    let path = |name: &str, text: &str| {
        let path = dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let file = format!(
        "[http.tls]\ncertificate_file = {:?}\nkey_file = {:?}\n",
        path("server.pem", certificate),
        path("server.key", key)
    );
    Config::from_sources(Some(path("idp.toml", &file).as_ref()), []).unwrap_err().to_string()
}

/// Behind a proxy that asks for certificates, without an authority.
const PROXY: &str = "[http]\ntrusted_proxies = [\"127.0.0.1\"]\nclient_certificate_header = \"Client-Cert\"\n\
                     [http.mtls]\npublic_url = \"https://m.example.org\"\n";
const MACHINE: &str = "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"machine\"\n";
const SECRET: &str = "secret = \"a secret that the practice keeps to itself\"\n";
const BY_NAME: &str = "auth_method = \"tls_client_auth\"\ntls_client_auth_san_dns = \"lab.example.org\"\n";

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let (one, other) = (Authority::new("Town").server(), Authority::new("Town").server());
    for (certificate, key, line, what) in [
        ("", &*one.key, 2, "has no certificate. It must have a block BEGIN CERTIFICATE."),
        (&*one.pem, "", 3, "has no private key."),
        (&*one.pem, &*other.key, 3, "is not the key of the certificate."),
    ] {
        let complaint = complaint(certificate, key);
        assert!(complaint.contains(&format!("idp.toml:{line}: http.tls.")), "{complaint}");
        assert!(complaint.contains(what), "{complaint}");
    }
    for (settings, what) in [
        ("[http.tls]\nkey_file = \"x\"", "needs both certificate_file and key_file"),
        ("[http.tls]\ncertificate_file = \"/no/such\"\nkey_file = \"x\"", "/no/such can not be read"),
        ("[http.mtls]\nlisten = \"127.0.0.1:1\"", "needs a public_url"),
        ("[http.mtls]\npublic_url = \"http://localhost:1\"", "must use https"),
        ("[http.mtls]\npublic_url = \"https://m.example.org\"", "nobody who asks for certificates"),
        (
            "[http.mtls]\npublic_url = \"https://m.example.org\"\nlisten = \"127.0.0.1:1\"",
            "has no certificate of ours. Set http.tls.",
        ),
        ("[http]\nclient_certificate_header = \"Client-Cert\"", "is believed from nobody"),
        (
            "[http]\ntrusted_proxies = [\"127.0.0.1\"]\nclient_certificate_header = \"Client-Cert\"",
            "has no address that applications use",
        ),
        ("[http]\nclient_certificate_header = \"Client Cert\"", "is no name of a header"),
        (&*format!("{MACHINE}{BY_NAME}"), "shows a certificate, and nobody asks for it"),
        (
            &*format!("{MACHINE}{SECRET}require = [\"certificate_bound_tokens\"]"),
            "shows a certificate, and nobody asks for it",
        ),
        (
            &*format!("{PROXY}{MACHINE}{BY_NAME}"),
            "has a certificate from an authority that is not known. Set http.mtls.client_ca_file.",
        ),
        (&*format!("{PROXY}{MACHINE}auth_method = \"tls_client_auth\""), "needs its name in the certificate"),
        (
            &*format!("{PROXY}{MACHINE}{SECRET}tls_client_auth_san_dns = \"lab.example.org\""),
            "which is for auth_method tls_client_auth",
        ),
        (
            &*format!("{PROXY}{MACHINE}{BY_NAME}tls_client_auth_san_uri = \"urn:lab\""),
            "has more than one of the tls_client_auth_… names",
        ),
        (
            &*format!("{PROXY}{MACHINE}{SECRET}require = [\"dpop\", \"certificate_bound_tokens\"]"),
            "bound to a key or to a certificate, not to both",
        ),
        (&*format!("{PROXY}{MACHINE}auth_method = \"self_signed_tls_client_auth\""), "needs its public keys"),
    ] {
        let dir = TempDir::new("tls");
        let path = dir.0.join("idp.toml");
        std::fs::write(&path, settings).unwrap();
        let complaint = Config::from_sources(Some(&path), []).unwrap_err().to_string();
        assert!(complaint.contains(what), "{settings}: {complaint}");
    }
}
