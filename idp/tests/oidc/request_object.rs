//! Signed requests and signed answers: B5, C12, checklist 11, RFC 9101, JARM.

use idp::model::key::SigningAlg;
use serde_json::{Value, json};

use super::{Office, assert_redirected_error, hidden, verified};
use crate::support::{Answer, Application, Signer};

const SETTINGS: &str = "type = \"spa\"\nredirect_uris = [\"https://lab.example.org/cb\"]";

async fn lab(key: &Signer, settings: &str) -> (Office, Application) {
    Office::with_lab(key, settings).await
}

/// The claims of a good object.
fn claims(office: &Office, lab: &Application) -> Value {
    let now = office.app.app.clock.now().unix_timestamp();
    let mut claims =
        json!({ "iss": "lab", "aud": office.app.issuer(), "exp": now + 300, "nbf": now, "jti": "x" });
    for (name, value) in lab.request() {
        claims[name] = value.into();
    }
    claims
}

async fn send(office: &Office, object: &str, outside: &[(&str, &str)]) -> Answer {
    let mut query = vec![("client_id", "lab"), ("request", object)];
    query.extend(outside);
    let query = serde_urlencoded::to_string(query).unwrap();
    office.browser.get(&format!("/oidc/authorize?{query}")).await
}

/// B5: what is inside counts, and nothing else.
#[tokio::test]
async fn a_signed_request_counts_and_nothing_beside_it() {
    for alg in SigningAlg::ALL {
        let key = Signer::new(alg);
        let (office, lab) = lab(&key, SETTINGS).await;
        for header in [json!({}), json!({ "typ": "oauth-authz-req+jwt" })] {
            let object = key.sign(&header, &claims(&office, &lab));
            let outside = [("state", "evil"), ("redirect_uri", "https://evil.example"), ("prompt", "none")];
            let answer = send(&office, &object, &outside).await;
            assert!(answer.location().starts_with("https://lab.example.org/cb?code="), "{alg:?}: {answer:?}");
            assert_eq!(answer.parameter("state").as_deref(), Some("the state"));
        }
    }
    let key = Signer::new(SigningAlg::Es256);
    let (office, lab) = lab(&key, SETTINGS).await;
    let mut without = claims(&office, &lab);
    without.as_object_mut().unwrap().remove("code_challenge");
    let challenge = Application::challenge();
    let beside = [("code_challenge", challenge.as_str())];
    let answer = send(&office, &key.sign(&json!({}), &without), &beside).await;
    assert_redirected_error(&answer, &lab, "invalid_request");
}

/// B5, C12, class 2.15
#[tokio::test]
async fn a_request_object_that_is_not_good_is_refused() {
    let key = Signer::new(SigningAlg::Es256);
    let (office, lab) = lab(&key, SETTINGS).await;
    let now = office.app.app.clock.now().unix_timestamp();
    let outside =
        [("redirect_uri", "https://lab.example.org/cb"), ("response_type", "code"), ("scope", "openid")];
    for (name, value) in [
        ("iss", json!("practice")),
        ("iss", Value::Null),
        ("client_id", json!("practice")),
        ("aud", json!("https://other.example")),
        ("aud", Value::Null),
        ("exp", json!(now)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("request_uri", json!("https://lab.example.org/object")),
        ("request", json!("x")),
        ("sub", json!("lab")),
        ("nonce", Value::Null),
    ] {
        let mut changed = claims(&office, &lab);
        changed[name] = value;
        let answer = send(&office, &key.sign(&json!({}), &changed), &outside).await;
        assert_redirected_error(&answer, &lab, "invalid_request_object");
    }
    let other = Signer::new(SigningAlg::Es256);
    let good = claims(&office, &lab);
    for object in [
        other.sign(&json!({}), &good),
        other.sign(&json!({ "jwk": other.public() }), &good),
        key.sign(&json!({ "typ": "dpop+jwt" }), &good),
        key.sign(&json!({ "alg": "HS256" }), &good),
        "x".to_owned(),
    ] {
        let answer = send(&office, &object, &outside).await;
        assert_redirected_error(&answer, &lab, "invalid_request_object");
    }
    let encode = |value: &Value| idp::crypto::base64url::encode(value.to_string());
    let unsigned = format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&good));
    let answer = send(&office, &unsigned, &outside).await;
    assert_redirected_error(&answer, &lab, "request_not_supported");
    // Without an address that is certain nobody is sent anywhere.
    super::assert_stays_here(&send(&office, "x", &[]).await);
}

/// Core §6.1 and RFC 9101 §4 know no duty to say until when; who must sign has to. A member without a value is as
/// if it were not there.
#[tokio::test]
async fn a_request_object_without_an_end_is_good_where_signing_is_free() {
    let key = Signer::new(SigningAlg::Rs256);
    for (more, good) in [("", true), ("\nrequire = [\"signed_requests\"]", false)] {
        let (office, lab) = lab(&key, &format!("{SETTINGS}{more}")).await;
        let mut object = claims(&office, &lab);
        for gone in ["exp", "nbf", "jti"] {
            object.as_object_mut().unwrap().remove(gone);
        }
        object["state"] = json!("");
        let outside = [("redirect_uri", "https://lab.example.org/cb"), ("response_type", "code")];
        let answer = send(&office, &key.sign(&json!({}), &object), &outside).await;
        assert_eq!(answer.parameter("code").is_some(), good, "{answer:?}");
        assert_eq!(answer.parameter("state"), None, "{answer:?}");
    }
}

/// RFC 9101 §10.5, also when it is pushed.
#[tokio::test]
async fn a_client_that_must_sign_is_refused_without() {
    let key = Signer::new(SigningAlg::Ps256);
    let (office, lab) = lab(&key, &format!("{SETTINGS}\nrequire = [\"signed_requests\"]")).await;
    assert_redirected_error(&lab.authorize(&office.browser, &[]).await, &lab, "invalid_request_object");
    let request = lab.request();
    let plain: Vec<(&str, &str)> =
        request.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    super::assert_token_error(&lab.call("/oidc/par", &plain).await, 400, "invalid_request_object");
    let object = key.sign(&json!({}), &claims(&office, &lab));
    let pushed = lab.call("/oidc/par", &[("request", &object)]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let name = super::text(&pushed.json(), "request_uri").to_owned();
    let query = serde_urlencoded::to_string([("client_id", "lab"), ("request_uri", &name)]).unwrap();
    assert!(office.browser.get(&format!("/oidc/authorize?{query}")).await.parameter("code").is_some());
    assert!(send(&office, &object, &[]).await.parameter("code").is_some());
}

/// JARM §2: everything in one signed answer, for this client, in the query and in a form.
#[tokio::test]
async fn an_answer_is_signed_for_who_asks_for_that() {
    let office = Office::open().await;
    let practice = office.practice();
    for mode in ["jwt", "query.jwt"] {
        let answer = practice.authorize(&office.browser, &[("response_mode", mode)]).await;
        assert!(answer.parameter("code").is_none() && answer.parameter("state").is_none(), "{answer:?}");
        let claims = verified(&practice, &answer.parameter("response").unwrap()).await;
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(office.app.issuer()), &json!("practice")));
        assert_eq!(claims["state"], "the state");
        // JARM §2.1: ten minutes at most.
        let now = office.app.app.clock.now().unix_timestamp();
        assert!((now + 1..=now + 600).contains(&claims["exp"].as_i64().unwrap()), "{claims}");
        assert_eq!(practice.redeem(super::text(&claims, "code")).await.status, 200);
    }
    let page = practice.authorize(&office.browser, &[("response_mode", "form_post.jwt")]).await;
    assert_eq!(page.status, 200);
    let claims = verified(&practice, &hidden(&page, "response").unwrap()).await;
    assert!(claims["code"].is_string());
    let refused = practice.authorize(&office.browser, &[("response_mode", "jwt"), ("scope", "email")]).await;
    let claims = verified(&practice, &refused.parameter("response").unwrap()).await;
    assert_eq!((&claims["error"], &claims["state"]), (&json!("invalid_scope"), &json!("the state")));
    let unknown = practice.authorize(&office.browser, &[("response_mode", "fragment.jwt")]).await;
    assert_redirected_error(&unknown, &practice, "invalid_request");
}
