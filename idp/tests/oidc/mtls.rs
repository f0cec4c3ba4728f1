//! Certificates of applications (RFC 8705): who they are, and what their tokens are bound to. C13.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use serde_json::{Value, json};
use time::macros::datetime;

use super::{ADA, SECRET, assert_token_error, part, text};
use crate::support::certificates::{Authority, Identity, named};
use crate::support::client::basic_auth;
use crate::support::{Answer, Application, Browser, Options, PASSWORD, Signer, TempDir, TestApp};

/// A provider that asks for certificates, an authority that it knows, and one that it does not.
struct Lab {
    app: TestApp,
    town: Authority,
    elsewhere: Authority,
    own: Identity,
    _dir: TempDir,
}

const CLIENTS: &str = r#"
[[clients]]
id = "lab"
name = "Lab"
type = "machine"
auth_method = "tls_client_auth"
tls_client_auth_subject_dn = "CN=lab,O=Lab,C=DE"
require = ["certificate_bound_tokens"]

[[clients]]
id = "ward"
name = "Ward"
type = "machine"
auth_method = "tls_client_auth"
tls_client_auth_san_dns = "ward.example.org"

[[clients]]
id = "own"
name = "Own"
type = "machine"
auth_method = "self_signed_tls_client_auth"
jwks_file = "{jwks}"

[[clients]]
id = "secretive"
name = "Secretive"
type = "machine"
secret = "a secret that the practice keeps to itself"
require = ["certificate_bound_tokens"]

[[clients]]
id = "desk"
name = "Desk"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://desk.example.org/cb"]
require = ["certificate_bound_tokens"]

[[clients]]
id = "kiosk"
name = "Kiosk"
type = "spa"
redirect_uris = ["https://kiosk.example.org/cb"]
require = ["certificate_bound_tokens"]
"#;

impl Lab {
    /// With a listener of its own for certificates.
    async fn open() -> Self {
        Self::with(|dir, town| {
            let (certificate, key) = town.server().write(&dir.0);
            let (certificate, key) = (certificate.display(), key.display());
            format!(
                "public_url = \"https://localhost:{{port}}\"\n[http.tls]\ncertificate_file = \"{certificate}\"\n\
                 key_file = \"{key}\"\n[http.mtls]\nlisten = \"127.0.0.1:{{mtls_port}}\"\n\
                 public_url = \"https://localhost:{{mtls_port}}\"\n"
            )
        })
        .await
    }

    /// Behind a proxy at 127.0.0.1.
    async fn behind_a_proxy() -> Self {
        Self::with(|_, _| {
            "[http]\ntrusted_proxies = [\"127.0.0.1\"]\nclient_certificate_header = \"Client-Cert\"\n\
             [http.mtls]\npublic_url = \"https://certificates.example.org\"\n"
                .to_owned()
        })
        .await
    }

    async fn with(settings: impl FnOnce(&TempDir, &Authority) -> String) -> Self {
        let (dir, town, elsewhere) = (TempDir::new("mtls"), Authority::new("Town"), Authority::new("Town"));
        let (own, jwk) = Identity::self_signed("own");
        let (ca, jwks) = (dir.0.join("ca.pem"), dir.0.join("own.json"));
        std::fs::write(&ca, &town.pem).unwrap();
        std::fs::write(&jwks, json!({ "keys": [jwk] }).to_string()).unwrap();
        let clients = CLIENTS.replace("{jwks}", &jwks.display().to_string());
        let config_file =
            Some(format!("{}client_ca_file = \"{}\"\n{clients}", settings(&dir, &town), ca.display()));
        let environment = if config_file.as_ref().unwrap().contains("[http.tls]") {
            vec![("IDP_PUBLIC_URL", "https://localhost:{port}".to_owned())]
        } else {
            Vec::new()
        };
        let app = TestApp::with(Options { environment, config_file, mtls: true, ..Options::default() }).await;
        Self { app, town, elsewhere, own, _dir: dir }
    }

    /// A client that calls where certificates are asked for, and shows this one.
    fn client(&self, id: &str, shows: Option<&Identity>) -> Application {
        let url = format!("https://localhost:{}", self.app.mtls_address.unwrap().port());
        let client = Application::at((&url, self.app.mtls_address.unwrap()), id, None, "");
        Application { http: self.town.http(shows), ..client }
    }
}

async fn token_for_itself(client: &Application) -> Answer {
    client.token(&[("grant_type", "client_credentials")]).await
}

/// RFC 8705 §2.1
#[tokio::test]
async fn a_client_is_known_by_its_name_in_a_certificate_of_a_known_authority() {
    let lab = Lab::open().await;
    let shown = lab.town.client("lab");
    let answer = token_for_itself(&lab.client("lab", Some(&shown))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut ward = named("anything");
    ward.subject_alt_names = vec![rcgen::SanType::DnsName("Ward.example.org".try_into().unwrap())];
    let answer = token_for_itself(&lab.client("ward", Some(&lab.town.issue(&ward)))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // RFC 8705 §2: without client_id nobody is named.
    let nameless = lab.client("lab", Some(&shown));
    let answer = nameless.post("/oidc/token", &[], "grant_type=client_credentials").await;
    assert_token_error(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn every_other_certificate_is_refused() {
    let lab = Lab::open().await;
    let mut expired = named("lab");
    (expired.not_before, expired.not_after) =
        (datetime!(2026-01-01 0:00 UTC), datetime!(2026-11-23 8:59 UTC));
    let mut early = named("lab");
    (early.not_before, early.not_after) = (datetime!(2026-11-23 9:01 UTC), datetime!(2027-11-23 9:00 UTC));
    let mut for_servers = named("lab");
    for_servers.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let (pretender, _) = Identity::self_signed("lab");
    for (id, shown) in [
        ("lab", None),
        ("lab", Some(lab.town.client("ward"))),
        ("lab", Some(lab.elsewhere.client("lab"))),
        ("lab", Some(lab.town.issue(&expired))),
        ("lab", Some(lab.town.issue(&early))),
        ("lab", Some(lab.town.issue(&for_servers))),
        ("lab", Some(pretender)),
        ("ward", Some(lab.town.client("lab"))),
        ("own", Some(lab.town.client("own"))),
        ("own", None),
        ("nobody", Some(lab.town.client("lab"))),
        // It has a secret, and a certificate is none.
        ("secretive", Some(lab.town.client("secretive"))),
    ] {
        let answer = token_for_itself(&lab.client(id, shown.as_ref())).await;
        assert_token_error(&answer, 401, "invalid_client");
    }
}

/// RFC 8705 §2.2
#[tokio::test]
async fn a_client_is_known_by_a_key_that_it_registered() {
    let lab = Lab::open().await;
    assert_eq!(token_for_itself(&lab.client("own", Some(&lab.own))).await.status, 200);
    let (other, _) = Identity::self_signed("own");
    assert_token_error(&token_for_itself(&lab.client("own", Some(&other))).await, 401, "invalid_client");
    assert_token_error(&token_for_itself(&lab.client("lab", Some(&lab.own))).await, 401, "invalid_client");
}

/// C13: the registered method and no other.
#[tokio::test]
async fn a_secret_beside_a_certificate_is_refused() {
    let lab = Lab::open().await;
    let shown = lab.town.client("lab");
    let client = lab.client("lab", Some(&shown));
    let basic = basic_auth("lab", SECRET);
    let form = "grant_type=client_credentials&client_id=lab";
    let answer = client.post("/oidc/token", &[("authorization", &basic)], form).await;
    assert_token_error(&answer, 401, "invalid_client");
    let posted = format!("{form}&client_secret=x");
    assert_token_error(&client.post("/oidc/token", &[], &posted).await, 401, "invalid_client");
}

/// RFC 8705 §5
#[tokio::test]
async fn where_certificates_are_asked_for_there_are_no_pages() {
    let lab = Lab::open().await;
    let http = lab.town.http(None);
    let metadata = http.get(lab.app.url("/.well-known/openid-configuration")).send().await.unwrap();
    let metadata: Value = metadata.json().await.unwrap();
    let url = format!("https://localhost:{}", lab.app.mtls_address.unwrap().port());
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], format!("{url}/oidc/token"));
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(methods.contains(&json!(method)), "{method}");
    }
    for alias in metadata["mtls_endpoint_aliases"].as_object().unwrap().values() {
        let answer = http.post(alias.as_str().unwrap()).send().await.unwrap();
        assert!([400, 401].contains(&answer.status().as_u16()), "{alias}");
    }
    for path in ["/login", "/account", "/oidc/authorize", "/oidc/register", "/livez", "/oidc/jwks", "/"] {
        assert_eq!(http.get(format!("{url}{path}")).send().await.unwrap().status(), 404, "{path}");
    }
    // The main port asks nobody, so a certificate that somebody has is not seen.
    let shown = lab.town.client("lab");
    let main = Application { issuer: lab.app.issuer(), ..lab.client("lab", Some(&shown)) };
    assert_token_error(&token_for_itself(&main).await, 401, "invalid_client");
}

#[tokio::test]
async fn without_a_second_address_nothing_is_said_of_certificates() {
    let app = TestApp::init().await;
    let metadata = app.clinic().get("/.well-known/openid-configuration", &[]).await.json();
    assert!(!metadata.to_string().contains("tls_client"), "{metadata}");
    assert!(metadata.get("mtls_endpoint_aliases").is_none());
}

/// RFC 8705 §3
#[tokio::test]
async fn a_token_is_bound_to_the_certificate() {
    let lab = Lab::open().await;
    let shown = lab.town.client("lab");
    let client = lab.client("lab", Some(&shown));
    let tokens = token_for_itself(&client).await.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let bound = json!({ "x5t#S256": shown.thumbprint() });
    let access = text(&tokens, "access_token");
    assert_eq!(part(access, 1)["cnf"], bound);
    let known = client.call("/oidc/introspect", &[("token", access)]).await.json();
    assert_eq!((&known["cnf"], &known["token_type"]), (&bound, &json!("Bearer")));
    // With a secret too; and without a certificate there is no token.
    let secretive = Application { secret: Some(SECRET.to_owned()), ..lab.client("secretive", Some(&shown)) };
    let tokens = token_for_itself(&secretive).await.json();
    assert_eq!(part(text(&tokens, "access_token"), 1)["cnf"], bound);
    let bare = Application { http: lab.town.http(None), ..secretive };
    assert_token_error(&token_for_itself(&bare).await, 400, "invalid_request");
    // Of whoever does not want it, it is not bound.
    let own = token_for_itself(&lab.client("own", Some(&lab.own))).await.json();
    assert!(part(text(&own, "access_token"), 1).get("cnf").is_none());
}

#[tokio::test]
async fn a_proof_of_another_kind_is_not_taken_for_a_certificate() {
    let lab = Lab::open().await;
    let shown = lab.town.client("lab");
    let client = lab.client("lab", Some(&shown));
    let signer = Signer::new(idp::model::key::SigningAlg::Es256);
    let claims = json!({
        "htm": "POST", "htu": format!("{}/oidc/token", client.issuer), "jti": "one",
        "iat": lab.app.app.clock.now().unix_timestamp(),
    });
    let proof = signer.proof(&claims, &json!({}));
    let form = "grant_type=client_credentials&client_id=lab";
    let answer = client.post("/oidc/token", &[("dpop", &proof)], form).await;
    assert_token_error(&answer, 400, "invalid_dpop_proof");
    let own = lab.client("own", Some(&lab.own));
    let proof = signer.proof(&claims, &json!({ "jti": "two" }));
    let answer =
        own.post("/oidc/token", &[("dpop", &proof)], "grant_type=client_credentials&client_id=own").await;
    assert_eq!(answer.json()["token_type"], "DPoP", "the address with certificates is ours too");
}

/// RFC 9440 §2.2, and what nginx writes.
fn headers(shown: &Identity) -> [String; 2] {
    let pem = percent_encoding::utf8_percent_encode(&shown.pem, percent_encoding::NON_ALPHANUMERIC);
    [format!(":{}:", STANDARD.encode(&shown.der)), pem.to_string()]
}

async fn with_header(client: &Application, value: &str) -> Answer {
    let form = format!("grant_type=client_credentials&client_id={}", client.client_id);
    client.post("/oidc/token", &[("client-cert", value)], &form).await
}

/// G7, class 2.14
#[tokio::test]
async fn a_header_is_believed_from_the_proxy_and_from_nobody_else() {
    let lab = Lab::behind_a_proxy().await;
    let shown = lab.town.client("lab");
    let client = Application::new(&lab.app, "lab", None, "");
    let stranger = reqwest::Client::builder()
        .local_address(std::net::IpAddr::from([127, 0, 0, 2]))
        .resolve("localhost", lab.app.address)
        .build()
        .unwrap();
    let stranger = Application { http: stranger, ..client.clone() };
    for value in headers(&shown) {
        let answer = with_header(&client, &value).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(part(text(&answer.json(), "access_token"), 1)["cnf"]["x5t#S256"], shown.thumbprint());
        assert_token_error(&with_header(&stranger, &value).await, 401, "invalid_client");
    }
    let [good, pem] = headers(&shown);
    let form = "grant_type=client_credentials&client_id=lab";
    let twice = [("client-cert", good.as_str()), ("client-cert", good.as_str())];
    assert_token_error(&client.post("/oidc/token", &twice, form).await, 401, "invalid_client");
    for wrong in
        ["", "::", ":AAAA:", "nonsense", &format!("{good}, {good}"), &format!("{pem}{pem}"), &good[1..]]
    {
        assert_token_error(&with_header(&client, wrong).await, 401, "invalid_client");
    }
    // A proxy may pass on what nobody vouches for: the authority is looked at here.
    let [forged, _] = headers(&lab.elsewhere.client("lab"));
    assert_token_error(&with_header(&client, &forged).await, 401, "invalid_client");
    let [own, _] = headers(&lab.own);
    let client = Application { client_id: "own".to_owned(), ..client };
    assert_eq!(with_header(&client, &own).await.status, 200);
}

/// An application whose every request passes a proxy that has seen this certificate.
fn showing(client: Application, shown: &Identity, app: &TestApp) -> Application {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("client-cert", format!(":{}:", STANDARD.encode(&shown.der)).parse().unwrap());
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .resolve("localhost", app.address);
    Application { http: http.build().unwrap(), ..client }
}

async fn signed_in(lab: &Lab) -> Browser {
    lab.app.person(ADA).await;
    let browser = lab.app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser
}

/// RFC 8705 §3: at our own resource.
#[tokio::test]
async fn userinfo_wants_the_certificate_of_the_token() {
    let lab = Lab::behind_a_proxy().await;
    let browser = signed_in(&lab).await;
    let plain = Application::new(&lab.app, "desk", Some(SECRET), "https://desk.example.org/cb");
    let (shown, other) = (lab.town.client("desk"), lab.town.client("desk"));
    let desk = showing(plain.clone(), &shown, &lab.app);
    let tokens = desk.tokens(&browser, &[]).await;
    let access = text(&tokens, "access_token");
    assert_eq!(desk.userinfo(access).await.status, 200);
    for without in [plain.clone(), showing(plain.clone(), &other, &lab.app)] {
        let answer = without.userinfo(access).await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{answer:?}");
    }
    let code = plain.code(&browser, &[]).await;
    assert_token_error(&plain.redeem(&code).await, 400, "invalid_request");
}

/// RFC 8705 §4
#[tokio::test]
async fn a_refresh_token_of_a_public_client_is_bound_too() {
    let lab = Lab::behind_a_proxy().await;
    let browser = signed_in(&lab).await;
    let plain = Application::new(&lab.app, "kiosk", None, "https://kiosk.example.org/cb");
    let (shown, _) = Identity::self_signed("kiosk");
    let (other, _) = Identity::self_signed("kiosk");
    let kiosk = showing(plain.clone(), &shown, &lab.app);
    let tokens = kiosk.tokens(&browser, &[]).await;
    let refresh = text(&tokens, "refresh_token");
    let stolen = showing(plain, &other, &lab.app).refresh(refresh).await;
    assert_token_error(&stolen, 400, "invalid_grant");
    let again = kiosk.refresh(refresh).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(part(text(&again.json(), "access_token"), 1)["cnf"]["x5t#S256"], shown.thumbprint());
}

/// A certificate that runs out in the middle of a connection is judged anew with each request.
#[tokio::test]
async fn a_certificate_that_has_run_out_meanwhile_is_refused() {
    let lab = Lab::open().await;
    let mut short = named("lab");
    short.not_after = datetime!(2026-11-23 10:00 UTC);
    let shown = lab.town.issue(&short);
    let client = Application {
        http: lab.town.connecting(Some(&shown)).pool_max_idle_per_host(1).build().unwrap(),
        ..lab.client("lab", None)
    };
    assert_eq!(token_for_itself(&client).await.status, 200);
    lab.app.advance(time::Duration::hours(2));
    assert_token_error(&token_for_itself(&client).await, 401, "invalid_client");
}

/// Shows a certificate, whoever's key it has.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A client that shows this certificate and signs the handshake with that key.
fn signing(
    lab: &Lab,
    version: &'static SupportedProtocolVersion,
    (shown, key): (&Identity, &Identity),
) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(lab.town.pem.as_bytes()).unwrap()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.key.as_bytes()).unwrap();
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let shows = Shows(Arc::new(CertifiedKey::new(vec![CertificateDer::from(shown.der.clone())], key)));
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(shows));
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls);
    http.resolve("localhost", ([127, 0, 0, 1], 0).into()).build().unwrap()
}

/// RFC 8705 §2: a certificate is no secret; the key is.
#[tokio::test]
async fn whoever_has_the_certificate_but_not_its_key_is_not_connected() {
    let lab = Lab::open().await;
    let (shown, other) = (lab.town.client("lab"), lab.town.client("lab"));
    let url = format!("https://localhost:{}/oidc/token", lab.app.mtls_address.unwrap().port());
    let form = [("grant_type", "client_credentials"), ("client_id", "lab")];
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let good = signing(&lab, version, (&shown, &shown)).post(&url).form(&form).send().await;
        assert_eq!(good.unwrap().status(), 200, "{version:?}");
        let stolen = signing(&lab, version, (&shown, &other)).post(&url).form(&form).send().await;
        assert!(stolen.is_err(), "{version:?}: {stolen:?}");
    }
}
