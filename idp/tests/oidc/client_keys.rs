//! Keys and requests that applications publish themselves: checklist 11 and 19, B3, S22, class 2.16.

use idp::model::key::SigningAlg;
use serde_json::{Value, json};
use time::Duration;

use super::{Office, assert_redirected_error, form};
use crate::support::shelf::Shelf;
use crate::support::{Answer, Application, Signer};

/// A key by another name.
fn named(key: &Signer, kid: &str) -> Value {
    let mut public = key.public();
    public["kid"] = json!(kid);
    public
}

fn publish(shelf: &Shelf, keys: &[Value]) {
    shelf.put("/jwks", "application/json", json!({ "keys": keys }).to_string());
}

async fn office(shelf: &Shelf, settings: &str) -> (Office, Application) {
    let lab = format!(
        "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"web\"\nauth_method = \"private_key_jwt\"\n\
         redirect_uris = [\"https://lab.example.org/cb\"]\njwks_uri = \"{}\"\n{settings}",
        shelf.url("/jwks")
    );
    let office = Office::with_clients(&lab).await;
    let client = office.client("lab", None, "https://lab.example.org/cb");
    (office, client)
}

/// Whether the lab authenticates with this key.
async fn authenticates(office: &Office, key: &Signer, kid: &str) -> bool {
    let now = office.app.app.clock.now().unix_timestamp();
    let jti = office.app.app.entropy.handle().unwrap();
    let claims =
        json!({ "iss": "lab", "sub": "lab", "aud": office.app.issuer(), "jti": jti, "exp": now + 60 });
    let assertion = key.sign(&json!({ "kid": kid }), &claims);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let answer = office.practice().post("/oidc/token", &[], &form(&fields)).await;
    match answer.json()["error"].as_str().unwrap() {
        "invalid_client" => false,
        "invalid_request" => true,
        other => panic!("{other}"),
    }
}

/// Checklist 19: a key that nobody knows yet is looked up once, and not again and again.
#[tokio::test]
async fn published_keys_are_fetched_and_fetched_again_when_they_change() {
    let shelf = Shelf::open().await;
    let (old, new, never) =
        (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    // What is of no use to us does not spoil the rest.
    publish(&shelf, &[json!({ "kty": "oct", "k": "AA" }), named(&old, "1")]);
    let (office, _) = office(&shelf, "").await;
    assert!(authenticates(&office, &old, "1").await);
    assert!(authenticates(&office, &old, "1").await);
    assert_eq!(shelf.asked("/jwks"), 1, "kept");
    publish(&shelf, &[named(&new, "2")]);
    assert!(authenticates(&office, &new, "2").await, "looked up again");
    assert!(!authenticates(&office, &old, "1").await, "no longer published");
    for _ in 0..10 {
        assert!(!authenticates(&office, &never, "3").await);
    }
    assert!(shelf.asked("/jwks") <= 2, "asked {} times", shelf.asked("/jwks"));
    office.app.advance(Duration::seconds(30));
    publish(&shelf, &[named(&never, "3")]);
    assert!(authenticates(&office, &never, "3").await, "after a while");
}

/// What was fetched is good for some minutes, and then only if it is still published.
#[tokio::test]
async fn published_keys_are_not_kept_for_ever() {
    let shelf = Shelf::open().await;
    let key = Signer::new(SigningAlg::Es256);
    publish(&shelf, &[named(&key, "1")]);
    let (office, _) = office(&shelf, "").await;
    assert!(authenticates(&office, &key, "1").await);
    shelf.take_away("/jwks");
    office.app.advance(Duration::minutes(9));
    assert!(authenticates(&office, &key, "1").await, "while the address does not answer");
    office.app.advance(Duration::minutes(2));
    assert!(!authenticates(&office, &key, "1").await);
}

/// S22, class 2.16: what leads elsewhere, is too long, or is no set of keys is nothing.
#[tokio::test]
async fn an_address_with_anything_else_is_as_good_as_none() {
    let key = Signer::new(SigningAlg::Es256);
    let good = json!({ "keys": [named(&key, "1")] }).to_string();
    for case in ["redirect", "long", "html", "private", "error"] {
        let shelf = Shelf::open().await;
        shelf.put("/good", "application/json", good.clone());
        match case {
            "redirect" => shelf.redirect("/jwks", &shelf.url("/good")),
            "long" => shelf.put("/jwks", "application/json", good.clone() + &" ".repeat(70_000)),
            "html" => shelf.put("/jwks", "text/html", "<html>"),
            "error" => {
                shelf.put("/jwks", "application/json", good.clone());
                shelf.answer_with("/jwks", http::StatusCode::INTERNAL_SERVER_ERROR);
            }
            _ => publish(&shelf, &[key.private()]),
        }
        let (office, _) = office(&shelf, "").await;
        assert!(!authenticates(&office, &key, "1").await, "{case}");
        assert_eq!(shelf.asked("/good"), 0, "{case}");
    }
}

/// C11, RFC 7591 §2: the algorithm that was agreed on and no other.
#[tokio::test]
async fn an_assertion_by_another_algorithm_is_refused() {
    let shelf = Shelf::open().await;
    let (curve, rsa) = (Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Ps256));
    publish(&shelf, &[named(&curve, "1"), named(&rsa, "2")]);
    let (office, _) = office(&shelf, "assertion_alg = \"PS256\"").await;
    assert!(authenticates(&office, &rsa, "2").await);
    assert!(!authenticates(&office, &curve, "1").await);
}

/// RFC 7517 §4.2, §4.4, §4.5: a key is good for what it says, and by its name.
#[tokio::test]
async fn a_key_that_is_for_something_else_signs_nothing() {
    let shelf = Shelf::open().await;
    let key = Signer::new(SigningAlg::Ps256);
    publish(&shelf, &[named(&key, "1")]);
    let (office, _) = office(&shelf, "").await;
    assert!(authenticates(&office, &key, "1").await);
    assert!(!authenticates(&office, &key, "2").await, "another name");
    for (member, value) in [("use", "enc"), ("alg", "RS256"), ("alg", "RSA-OAEP")] {
        let mut other = named(&key, "1");
        other[member] = json!(value);
        publish(&shelf, &[other]);
        office.app.advance(Duration::minutes(11));
        assert!(!authenticates(&office, &key, "1").await, "{member} {value}");
    }
}

/// S22: somebody who does not answer is not waited for.
#[tokio::test]
async fn an_address_that_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks", silent.local_addr().unwrap());
    let environment = [("IDP_PUBLIC_URL".to_owned(), "http://localhost:9".to_owned())];
    let config = idp::config::Config::from_sources(None, environment).unwrap();
    let client = idp::http_client::HttpClient::new(&config).unwrap();
    let asked = tokio::time::timeout(std::time::Duration::from_secs(9), client.get(&address, "*/*"));
    let error = asked.await.expect("given up by then").unwrap_err();
    assert!(error.to_string().starts_with("it did not answer"), "{error}");
}

/// The claims of a good request object.
fn object(office: &Office, lab: &Application, key: &Signer, changes: &[(&str, Value)]) -> String {
    let now = office.app.app.clock.now().unix_timestamp();
    let mut claims = json!({ "iss": "lab", "aud": office.app.issuer(), "exp": now + 300, "jti": "x" });
    for (name, value) in lab.request() {
        claims[name] = value.into();
    }
    for (name, value) in changes {
        claims[name] = value.clone();
    }
    key.sign(&json!({ "kid": "1" }), &claims)
}

async fn visit(office: &Office, address: &str) -> Answer {
    let query = form(&[
        ("client_id", "lab"),
        ("request_uri", address),
        ("redirect_uri", "https://lab.example.org/cb"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "outside"),
    ]);
    office.browser.get(&format!("/oidc/authorize?{query}")).await
}

/// Checklist 11, B3, B5: where the address was registered, and nowhere else.
#[tokio::test]
async fn a_request_is_fetched_from_where_it_was_registered() {
    let shelf = Shelf::open().await;
    let key = Signer::new(SigningAlg::Es256);
    publish(&shelf, &[named(&key, "1")]);
    let addresses = ["/request", "/moved", "/plain", "/unsigned"].map(|path| shelf.url(path));
    let settings = format!("request_uris = {addresses:?}\nrequest_object_alg = \"ES256\"");
    let (office, lab) = office(&shelf, &settings).await;
    shelf.put("/request", "application/oauth-authz-req+jwt", object(&office, &lab, &key, &[]));
    shelf.put("/elsewhere", "application/jwt", object(&office, &lab, &key, &[]));
    shelf.redirect("/moved", &shelf.url("/elsewhere"));
    shelf.put("/plain", "application/json", "{}");
    let good = object(&office, &lab, &key, &[]);
    let none = idp::crypto::base64url::encode(r#"{"alg":"none"}"#);
    shelf.put("/unsigned", "application/jwt", format!("{none}.{}.", good.split('.').nth(1).unwrap()));

    let answer = visit(&office, &shelf.url("/request")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
    assert_eq!(answer.parameter("state").as_deref(), Some("the state"), "nothing beside it counts");
    for (address, error) in [
        (shelf.url("/elsewhere"), "invalid_request_uri"),
        (shelf.url("/request?x=1"), "invalid_request_uri"),
        (shelf.url("/moved"), "invalid_request_uri"),
        (shelf.url("/plain"), "invalid_request_object"),
        (shelf.url("/unsigned"), "request_not_supported"),
        ("file:///etc/passwd".to_owned(), "invalid_request_uri"),
    ] {
        assert_redirected_error(&visit(&office, &address).await, &lab, error);
    }
    assert_eq!(shelf.asked("/elsewhere"), 0, "never called");
    shelf.put(
        "/request",
        "application/jwt",
        object(&office, &lab, &key, &[("aud", json!("https://x.example"))]),
    );
    let refused = visit(&office, &shelf.url("/request")).await;
    assert_redirected_error(&refused, &lab, "invalid_request_object");
}

/// B5: the registered algorithm and no other.
#[tokio::test]
async fn a_request_object_by_another_algorithm_is_refused() {
    let shelf = Shelf::open().await;
    let key = Signer::new(SigningAlg::Es256);
    publish(&shelf, &[named(&key, "1")]);
    let settings = format!("request_uris = [\"{}\"]\nrequest_object_alg = \"PS256\"", shelf.url("/request"));
    let (office, lab) = office(&shelf, &settings).await;
    shelf.put("/request", "application/jwt", object(&office, &lab, &key, &[]));
    let refused = visit(&office, &shelf.url("/request")).await;
    assert_redirected_error(&refused, &lab, "invalid_request_object");
}

/// S22: an application's address is not asked without end, whoever sends people here.
#[tokio::test]
async fn requests_are_fetched_so_often_and_no_more() {
    let shelf = Shelf::open().await;
    let key = Signer::new(SigningAlg::Es256);
    publish(&shelf, &[named(&key, "1")]);
    let (office, lab) = office(&shelf, &format!("request_uris = [\"{}\"]", shelf.url("/request"))).await;
    shelf.put("/request", "application/jwt", object(&office, &lab, &key, &[]));
    let name = idp::crypto::sha256(b"lab");
    for _ in 0..599 {
        let kind = idp::ephemeral::Kind::RequestFetched;
        office.app.app.ephemeral.count(kind, name, Duration::MINUTE).await.unwrap();
    }
    assert!(visit(&office, &shelf.url("/request")).await.parameter("code").is_some(), "the 600th");
    let refused = visit(&office, &shelf.url("/request")).await;
    assert_redirected_error(&refused, &lab, "temporarily_unavailable");
    assert_eq!(shelf.asked("/request"), 1);
    office.app.advance(Duration::minutes(1));
    let later = object(&office, &lab, &key, &[]);
    shelf.put("/request", "application/jwt", later);
    assert!(visit(&office, &shelf.url("/request")).await.parameter("code").is_some(), "a minute later");
}
