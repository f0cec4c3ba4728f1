//! What is compared of a certificate: names, keys, and the one certificate that a key stands for. RFC 8705 §2, behind
//! a proxy that has seen the key. The handshake is seen in `mtls`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp::crypto::base64url;
use rcgen::SanType::{DnsName, IpAddress, Rfc822Name, URI};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SanType};
use serde_json::{Value, json};
use time::macros::datetime;

use super::assert_token_error;
use crate::support::certificates::{Authority, Identity, named};
use crate::support::shelf::Shelf;
use crate::support::{Answer, Application, Options, TempDir, TestApp};

struct Lab {
    app: TestApp,
    town: Authority,
}

impl Lab {
    /// With machines of these names, each with its settings.
    async fn with(machines: &[(&str, String)]) -> Self {
        let (dir, town) = (TempDir::new("certificates"), Authority::new("Town"));
        let ca = dir.0.join("ca.pem");
        std::fs::write(&ca, &town.pem).unwrap();
        let clients = machines.iter().map(|(id, settings)| {
            format!("[[clients]]\nid = \"{id}\"\nname = \"{id}\"\ntype = \"machine\"\n{settings}\n")
        });
        let settings = format!(
            "[http]\ntrusted_proxies = [\"127.0.0.1\"]\nclient_certificate_header = \"Client-Cert\"\n\
             [http.mtls]\npublic_url = \"https://certificates.example.org\"\nclient_ca_file = \"{}\"\n{}",
            ca.display(),
            clients.collect::<String>()
        );
        let app = TestApp::with(Options { config_file: Some(settings), ..Options::default() }).await;
        Self { app, town }
    }

    /// With one machine, `own`, that has these keys.
    async fn with_keys(keys: &[Value]) -> Self {
        let dir = TempDir::new("certificates");
        let file = dir.0.join("own.json");
        std::fs::write(&file, json!({ "keys": keys }).to_string()).unwrap();
        Self::with(&[("own", own(&format!("jwks_file = \"{}\"", file.display())))]).await
    }

    async fn ask(&self, id: &str, shown: &[u8]) -> Answer {
        let value = format!(":{}:", STANDARD.encode(shown));
        let form = format!("grant_type=client_credentials&client_id={id}");
        let client = Application::new(&self.app, id, None, "");
        client.post("/oidc/token", &[("client-cert", &value)], &form).await
    }

    #[track_caller]
    fn assert_known(answer: &Answer, case: &str) {
        assert_eq!(answer.status, 200, "{case}: {}", answer.body);
    }
}

fn own(keys: &str) -> String {
    format!("auth_method = \"self_signed_tls_client_auth\"\n{keys}")
}

/// RFC 8705 §2.1.2: one name of one kind, and the whole of it.
#[tokio::test]
async fn a_client_is_known_by_the_kind_of_name_that_was_registered() {
    let by = |name: &str| format!("auth_method = \"tls_client_auth\"\ntls_client_auth_{name}");
    let lab = Lab::with(&[
        ("dns", by("san_dns = \"lab.example.org\"")),
        ("uri", by("san_uri = \"urn:lab:One\"")),
        ("mail", by("san_email = \"lab@example.org\"")),
        ("four", by("san_ip = \"192.0.2.7\"")),
        ("six", by("san_ip = \"2001:db8::7\"")),
    ])
    .await;
    let dns = |text: &str| DnsName(text.try_into().unwrap());
    let uri = |text: &str| URI(text.try_into().unwrap());
    let mail = |text: &str| Rfc822Name(text.try_into().unwrap());
    let ip = |text: &str| IpAddress(text.parse().unwrap());
    let shown = |names: Vec<SanType>| {
        let mut params = named("anything");
        params.subject_alt_names = names;
        lab.town.issue(&params).der
    };
    let right = [
        ("dns", dns("lab.example.org")),
        ("uri", uri("urn:lab:One")),
        ("mail", mail("lab@example.org")),
        ("four", ip("192.0.2.7")),
        ("six", ip("2001:db8::7")),
    ];
    for (id, name) in &right {
        Lab::assert_known(&lab.ask(id, &shown(vec![name.clone()])).await, id);
        Lab::assert_known(&lab.ask(id, &shown(vec![dns("x.example.org"), name.clone()])).await, id);
        let rest = right.iter().filter(|(other, _)| other != id).map(|(_, name)| name.clone());
        assert_token_error(&lab.ask(id, &shown(rest.collect())).await, 401, "invalid_client");
    }
    for (id, name) in [
        ("dns", uri("lab.example.org")),
        ("dns", mail("lab.example.org")),
        ("dns", dns("other.lab.example.org")),
        ("dns", dns("*.example.org")),
        ("uri", dns("urn:lab:One")),
        ("uri", mail("urn:lab:One")),
        ("uri", uri("urn:lab:one")),
        ("uri", uri("urn:lab:One:1")),
        ("mail", uri("lab@example.org")),
        ("mail", dns("lab@example.org")),
        ("mail", mail("Lab@example.org")),
        ("four", ip("192.0.2.8")),
        ("four", ip("::ffff:192.0.2.7")),
        ("four", dns("192.0.2.7")),
        ("six", ip("2001:db8::8")),
        ("six", dns("2001:db8::7")),
    ] {
        assert_token_error(&lab.ask(id, &shown(vec![name])).await, 401, "invalid_client");
    }
    // A name is worth what the authority is worth that wrote it.
    let mut forged = named("anything");
    forged.subject_alt_names = vec![uri("urn:lab:One")];
    let forged = Authority::new("Town").issue(&forged);
    assert_token_error(&lab.ask("uri", &forged.der).await, 401, "invalid_client");
    // What is only in the common name is in none of the others.
    assert_token_error(&lab.ask("dns", &lab.town.client("lab.example.org").der).await, 401, "invalid_client");
}

/// RFC 8705 §2.2: keys of every kind, and nothing but the very key.
#[tokio::test]
async fn a_self_signed_certificate_is_known_by_a_key_of_any_kind() {
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_RSA_SHA256] {
        let (shown, key) = Identity::self_signed_by("own", kind);
        let (other, _) = Identity::self_signed_by("own", kind);
        let lab = Lab::with_keys(std::slice::from_ref(&key)).await;
        Lab::assert_known(&lab.ask("own", &shown.der).await, &format!("{kind:?}"));
        assert_token_error(&lab.ask("own", &other.der).await, 401, "invalid_client");
        // One more byte makes it another certificate than its hash says.
        let longer = [shown.der.as_slice(), &[0]].concat();
        assert_token_error(&lab.ask("own", &longer).await, 401, "invalid_client");
        let mut late = named("own");
        late.not_after = datetime!(2026-11-23 8:59 UTC);
        assert_token_error(&lab.ask("own", &shown.renewed(&late).der).await, 401, "invalid_client");
    }
}

/// Every part of a key counts, and what kind it is.
#[tokio::test]
async fn a_key_that_differs_in_one_member_is_another() {
    let changed = |key: &Value, name: &str, value: &str| {
        let mut key = key.clone();
        key[name] = json!(value);
        key
    };
    let (curve, curve_key) = Identity::self_signed("own");
    let (edwards, edwards_key) = Identity::self_signed_by("own", &PKCS_ED25519);
    let (rsa, rsa_key) = Identity::self_signed_by("own", &PKCS_RSA_SHA256);
    let (_, other_curve) = Identity::self_signed("own");
    let (_, other_rsa) = Identity::self_signed_by("own", &PKCS_RSA_SHA256);
    let member = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let point = [4]
        .into_iter()
        .chain(["x", "y"].iter().flat_map(|name| base64url::decode(&member(&curve_key, name)).unwrap()));
    let as_edwards = base64url::encode(point.collect::<Vec<u8>>());
    for (shown, wrong) in [
        (&curve, changed(&curve_key, "y", &member(&other_curve, "y"))),
        (&curve, changed(&curve_key, "x", &member(&other_curve, "x"))),
        (&curve, changed(&curve_key, "crv", "P-384")),
        (&curve, changed(&curve_key, "crv", "secp256k1")),
        (&curve, json!({ "kty": "OKP", "crv": "Ed25519", "x": as_edwards })),
        (&edwards, changed(&edwards_key, "crv", "X25519")),
        (&edwards, changed(&edwards_key, "kty", "EC")),
        (&rsa, changed(&rsa_key, "e", "Aw")),
        (&rsa, changed(&rsa_key, "n", &member(&other_rsa, "n"))),
    ] {
        let lab = Lab::with_keys(&[wrong]).await;
        assert_token_error(&lab.ask("own", &shown.der).await, 401, "invalid_client");
    }
}

/// RFC 7517 §4.7, §4.9: a key that comes with a certificate is good with that one.
#[tokio::test]
async fn a_key_with_a_certificate_is_good_with_no_other() {
    let (shown, key) = Identity::self_signed("own");
    let renewed = shown.renewed(&named("renewed"));
    let with = |name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let chain = |identity: &Identity| json!([STANDARD.encode(&identity.der)]);
    let plain = Lab::with_keys(std::slice::from_ref(&key)).await;
    Lab::assert_known(&plain.ask("own", &renewed.der).await, "without a pin the key is enough");
    for pinned in [
        with("x5t#S256", json!(shown.thumbprint())),
        with("x5c", chain(&shown)),
        with("x5c", json!([STANDARD.encode(&shown.der), STANDARD.encode(&renewed.der)])),
    ] {
        let lab = Lab::with_keys(std::slice::from_ref(&pinned)).await;
        Lab::assert_known(&lab.ask("own", &shown.der).await, &pinned.to_string());
        assert_token_error(&lab.ask("own", &renewed.der).await, 401, "invalid_client");
    }
    for nothing in [
        with("x5t#S256", json!(1)),
        with("x5c", json!([])),
        with("x5c", json!("x")),
        with("x5c", json!(["!"])),
        with("x5t#S256", json!(renewed.thumbprint())),
    ] {
        let lab = Lab::with_keys(&[nothing]).await;
        assert_token_error(&lab.ask("own", &shown.der).await, 401, "invalid_client");
    }
    // The certificate alone, of another key, makes no key.
    let (other, _) = Identity::self_signed("own");
    let lab = Lab::with_keys(&[with("x5c", chain(&other))]).await;
    assert_token_error(&lab.ask("own", &other.der).await, 401, "invalid_client");
}

/// RFC 8705 §2.2.2: what the application publishes now.
#[tokio::test]
async fn published_keys_and_certificates_are_looked_up() {
    let shelf = Shelf::open().await;
    let publish = |key: &Value, pin: &Identity| {
        let mut key = key.clone();
        key["x5c"] = json!([STANDARD.encode(&pin.der)]);
        shelf.put("/jwks", "application/json", json!({ "keys": [key] }).to_string());
    };
    let ((old, old_key), (new, new_key)) = (Identity::self_signed("own"), Identity::self_signed("own"));
    let renewed = old.renewed(&named("renewed"));
    publish(&old_key, &old);
    let lab = Lab::with(&[("own", own(&format!("jwks_uri = \"{}\"", shelf.url("/jwks"))))]).await;
    Lab::assert_known(&lab.ask("own", &old.der).await, "old");
    assert_token_error(&lab.ask("own", &renewed.der).await, 401, "invalid_client");
    publish(&old_key, &renewed);
    lab.app.advance(time::Duration::seconds(30));
    Lab::assert_known(&lab.ask("own", &renewed.der).await, "renewed");
    assert_token_error(&lab.ask("own", &old.der).await, 401, "invalid_client");
    publish(&new_key, &new);
    lab.app.advance(time::Duration::seconds(30));
    Lab::assert_known(&lab.ask("own", &new.der).await, "new");
    assert_token_error(&lab.ask("own", &renewed.der).await, 401, "invalid_client");
}
