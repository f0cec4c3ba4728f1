//! The protocol, foldered by endpoint and named by rule.

mod apis;
mod assertions;
mod authorization_details;
mod authorize;
mod back_channel;
mod bad_input;
mod certificates;
mod choose;
mod ciba;
mod ciba_edges;
mod ciba_ping;
mod claims;
mod client_auth;
mod client_keys;
mod client_policy;
mod code;
mod commits;
mod consent;
mod cors;
mod device;
mod disabled;
mod discovery;
mod dpop;
mod encryption;
mod front_channel;
mod id_token;
mod introspection;
mod jwt_bearer;
mod keys;
mod legacy;
mod logout;
mod model;
mod mtls;
mod organization;
mod pairwise;
mod par;
mod pkce;
mod prompt;
mod redirect_uri;
mod refresh;
mod registration;
mod registration_edges;
mod request_object;
mod restart;
mod revocation;
mod session_management;
mod step_up;
mod token;
mod token_exchange;
mod userinfo;

use idp::crypto::base64url;
use idp::model::user::User;
use josekit::jwk::Jwk;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm::Es256;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm::Eddsa;
use josekit::jws::alg::rsassa::RsassaJwsAlgorithm::Rs256;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm::Ps256;
use josekit::jws::{JwsVerifier, deserialize_compact};
use serde_json::Value;

use crate::support::client::VERIFIER;
use crate::support::{Answer, Application, Browser, Options, PASSWORD, Signer, TestApp};

pub(super) const SECRET: &str = "a secret that the practice keeps to itself";
pub(super) const ADA: &str = "ada@example.org";
pub(super) const EVE: &str = "eve@example.org";

/// A client of every kind. A configuration file replaces the client of the development layer.
pub(super) const CLIENTS: &str = r#"
[[clients]]
id = "practice"
name = "Practice Web"
type = "web"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://practice.example.org/cb", "https://practice.example.org/cb?tenant=a&x=%41"]
post_logout_redirect_uris = ["https://practice.example.org/bye", "https://practice.example.org/bye?from=idp"]

[[clients]]
id = "pharmacy"
name = "Pharmacy"
type = "web"
auth_method = "client_secret_post"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://pharmacy.example.org/cb"]
post_logout_redirect_uris = ["https://pharmacy.example.org/bye"]
id_token_alg = "ES256"

[[clients]]
id = "calendar"
name = "Calendar"
type = "spa"
redirect_uris = ["https://calendar.example.org/cb"]

[[clients]]
id = "phone"
name = "Phone"
type = "native"
consent = "always"
redirect_uris = ["http://127.0.0.1/cb", "http://[::1]/cb", "org.example.phone:/cb", "http://localhost/cb"]

[[clients]]
id = "careful"
name = "Careful"
type = "web"
consent = "remember"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://careful.example.org/cb"]

[[clients]]
id = "narrow"
name = "Narrow"
type = "web"
refresh_tokens = false
scopes = ["openid", "profile"]
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://narrow.example.org/cb"]

[[clients]]
id = "planner"
name = "Planner"
type = "spa"
scopes = ["openid", "offline_access", "slots:read", "slots:write"]
resources = ["https://slots.example.org", "urn:example:billing"]
redirect_uris = ["https://planner.example.org/cb"]

[[clients]]
id = "slots"
name = "Slots API"
type = "machine"
secret = "a secret that the practice keeps to itself"
scopes = ["letters:send", "letters:read"]
resources = ["https://letters.example.org"]
serves = ["https://slots.example.org"]

[[clients]]
id = "screen"
name = "Waiting room"
type = "device"
"#;

/// A provider with a client of every kind, Ada and Eve, and a browser in which Ada is signed in.
pub(super) struct Office {
    pub(super) app: TestApp,
    pub(super) ada: User,
    pub(super) browser: Browser,
}

impl Office {
    pub(super) async fn open() -> Self {
        Self::with("").await
    }

    /// As [`Self::open`], with settings in front of the clients.
    pub(super) async fn with(settings: &str) -> Self {
        let config_file = Some(format!("{settings}\n{CLIENTS}"));
        let app = TestApp::with(Options { config_file, ..Options::default() }).await;
        let ada = app.person(ADA).await;
        let browser = app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        Self { app, ada, browser }
    }

    /// As [`Self::open`], with one more client, `lab`, that has this key and these settings.
    pub(super) async fn with_lab(key: &Signer, settings: &str) -> (Self, Application) {
        let dir = crate::support::TempDir::new("jwks");
        let file = dir.0.join("lab.json");
        std::fs::write(&file, serde_json::json!({ "keys": [key.public()] }).to_string()).unwrap();
        let lab = format!(
            "[[clients]]\nid = \"lab\"\nname = \"Lab\"\njwks_file = \"{}\"\n{settings}",
            file.display()
        );
        let office = Self::with_clients(&lab).await;
        let client = office.client("lab", None, "https://lab.example.org/cb");
        (office, client)
    }

    async fn with_clients(more: &str) -> Self {
        let config_file = Some(format!("{CLIENTS}\n{more}"));
        let app = TestApp::with(Options { config_file, ..Options::default() }).await;
        let ada = app.person(ADA).await;
        let browser = app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        Self { app, ada, browser }
    }

    /// Public, without a browser.
    pub(super) fn screen(&self) -> Application {
        self.client("screen", None, "")
    }

    fn client(&self, id: &str, secret: Option<&str>, redirect_uri: &str) -> Application {
        Application::new(&self.app, id, secret, redirect_uri)
    }

    /// Confidential, `client_secret_basic`, never asks for consent, ID tokens by default.
    pub(super) fn practice(&self) -> Application {
        self.client("practice", Some(SECRET), "https://practice.example.org/cb")
    }

    /// Confidential, `client_secret_post`, ID tokens ES256.
    pub(super) fn pharmacy(&self) -> Application {
        self.client("pharmacy", Some(SECRET), "https://pharmacy.example.org/cb")
    }

    /// Public, in a browser.
    pub(super) fn calendar(&self) -> Application {
        self.client("calendar", None, "https://calendar.example.org/cb")
    }

    /// Public, in a browser; may ask for access to two APIs.
    pub(super) fn planner(&self) -> Application {
        self.client("planner", None, "https://planner.example.org/cb")
    }

    /// An API, which is also a client of another one.
    pub(super) fn slots(&self) -> Application {
        self.client("slots", Some(SECRET), "")
    }

    /// Public, on a device; consent every time.
    pub(super) fn phone(&self) -> Application {
        self.client("phone", None, "http://127.0.0.1:49152/cb")
    }

    /// Confidential, remembers consent.
    pub(super) fn careful(&self) -> Application {
        self.client("careful", Some(SECRET), "https://careful.example.org/cb")
    }

    /// Confidential, no refresh tokens, few scopes.
    pub(super) fn narrow(&self) -> Application {
        self.client("narrow", Some(SECRET), "https://narrow.example.org/cb")
    }

    /// A browser in which this person has just signed in.
    pub(super) async fn browser_of(&self, email: &str) -> Browser {
        let browser = self.app.browser();
        browser.log_in_with_password(email, PASSWORD).await;
        browser
    }

    /// Ends Ada's session the way she would.
    pub(super) async fn log_out(&self) {
        assert_eq!(self.browser.post("/logout", &[]).await.location(), "/login/signed-out");
    }

    /// A JWT that our own keys sign, whatever it claims.
    pub(super) async fn signed(&self, alg: idp::model::key::SigningAlg, typ: &str, claims: &Value) -> String {
        idp::crypto::jwt::sign(&self.app.app.keys.current(), alg, typ, claims).await.unwrap()
    }
}

/// Goes through the sign-in page that an authorization request led to and returns to the request.
pub(super) async fn sign_in(browser: &Browser, led_here: &Answer, email: &str) -> Answer {
    assert!(led_here.location().starts_with("/login?attempt="), "{led_here:?}");
    let attempt = led_here.parameter("attempt").unwrap();
    let fields = [("attempt", attempt.as_str()), ("email", email), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &fields).await.status, 303);
    browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await
}

/// The value of a hidden field.
pub(super) fn hidden(page: &Answer, name: &str) -> Option<String> {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next().unwrap().to_owned())
}

pub(super) fn is_consent_page(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("action=\"/oidc/consent\"")
}

/// Presses a button of the consent page and follows where it leads, once.
pub(super) async fn decide(browser: &Browser, page: &Answer, decision: &str) -> Answer {
    assert!(is_consent_page(page), "{page:?}");
    let attempt = hidden(page, "attempt").unwrap();
    let answer = browser.post("/oidc/consent", &[("attempt", &attempt), ("decision", decision)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    if answer.location().starts_with('/') { browser.get(&answer.location()).await } else { answer }
}

/// The tokens of a client that asks for consent: asks, allows, redeems.
pub(super) async fn tokens_with_consent(
    client: &Application,
    browser: &Browser,
    changes: &[(&str, &str)],
) -> Value {
    let page = client.authorize(browser, changes).await;
    let answer = decide(browser, &page, "allow").await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let answer = client.redeem(&code).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// A token request of a client that authenticates in the form.
pub(super) async fn token_by_post(client: &Application, fields: &[(&str, &str)]) -> Answer {
    let own =
        [("client_id", client.client_id.as_str()), ("client_secret", client.secret.as_deref().unwrap_or(""))];
    let fields: Vec<_> =
        own.into_iter().chain(fields.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
    client.post("/oidc/token", &[], &form(&fields)).await
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

pub(super) fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}"))
}

/// RFC 6749 §5.2: the error of a token response, with everything that every such answer owes.
#[track_caller]
pub(super) fn assert_token_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["error"], code, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// An error that went to the application: by a redirect to exactly its address, with `iss`.
#[track_caller]
pub(super) fn assert_redirected_error(answer: &Answer, client: &Application, code: &str) {
    assert_eq!(answer.status, 303, "{answer:?}");
    let joint = if client.redirect_uri.contains('?') { '&' } else { '?' };
    let location = answer.location();
    assert!(location.starts_with(&format!("{}{joint}error=", client.redirect_uri)), "{location}");
    assert_eq!(answer.parameter("error").as_deref(), Some(code), "{location}");
    assert!(answer.parameter("iss").is_some() && answer.parameter("code").is_none(), "{location}");
}

/// Our own error page, which sends nobody anywhere.
#[track_caller]
pub(super) fn assert_stays_here(answer: &Answer) {
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert!(answer.headers.get("location").is_none(), "redirected to {}", answer.location());
    assert!(answer.headers.get("refresh").is_none());
    assert!(answer.header("content-type").starts_with("text/html"), "{answer:?}");
    assert!(
        !answer.body.contains("http-equiv") && !answer.body.contains("id=\"form-post\""),
        "{}",
        answer.body
    );
}

/// One of the three parts of a JWT that are JSON: 0 the header, 1 the claims.
pub(super) fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// The claims of a token whose signature verifies with a key of the published JWKS, chosen by `kid`.
pub(super) async fn verified(client: &Application, token: &str) -> Value {
    verified_by(&client.get("/oidc/jwks", &[]).await.json(), token)
}

/// As [`verified`], by whoever has read these keys some time ago.
#[track_caller]
pub(crate) fn verified_by(jwks: &Value, token: &str) -> Value {
    let header = part(token, 0);
    let mut named = jwks["keys"].as_array().unwrap().iter().filter(|key| key["kid"] == header["kid"]);
    let key = named.next().unwrap_or_else(|| panic!("no key {} in {jwks}", header["kid"]));
    assert!(named.next().is_none(), "two keys of one name");
    assert_eq!(key["alg"], header["alg"]);
    let jwk = Jwk::from_bytes(key.to_string()).unwrap();
    let verifier: Box<dyn JwsVerifier> = match text(&header, "alg") {
        "RS256" => Box::new(Rs256.verifier_from_jwk(&jwk).unwrap()),
        "PS256" => Box::new(Ps256.verifier_from_jwk(&jwk).unwrap()),
        "ES256" => Box::new(Es256.verifier_from_jwk(&jwk).unwrap()),
        "EdDSA" => Box::new(Eddsa.verifier_from_jwk(&jwk).unwrap()),
        other => panic!("signed with {other}"),
    };
    let (payload, _) = deserialize_compact(token, &*verifier).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// A token of the same claims with the algorithm `none`, and one with another's signature.
pub(super) fn forgeries(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let mut header = part(token, 0);
    header["alg"] = "none".into();
    let none = base64url::encode(header.to_string());
    let mut signature = base64url::decode(parts[2]).unwrap();
    signature[10] ^= 1;
    let mut claims = part(token, 1);
    claims["sub"] = "00000000-0000-7000-8000-000000000000".into();
    vec![
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], base64url::encode(signature)),
        format!("{}.{}.{}", parts[0], base64url::encode(claims.to_string()), parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        parts[1].to_owned(),
    ]
}

pub(super) async fn disable_client(app: &TestApp, client: &str) {
    app.sql(&format!("UPDATE client SET disabled_at = 1 WHERE id = '{client}'")).await;
}

/// The fields of a good redemption, with one replaced; an empty value removes it.
pub(super) fn redemption_with<'a>(
    client: &'a Application,
    code: &'a str,
    (name, value): (&'a str, &'a str),
) -> Vec<(&'a str, &'a str)> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let changed =
        fields.into_iter().map(|(known, old)| if known == name { (known, value) } else { (known, old) });
    changed.filter(|(_, value)| !value.is_empty()).collect()
}
