//! Client assertions: C11, C12, C13, checklist 19, class 2.15.

use idp::model::key::SigningAlg;
use serde_json::{Value, json};

use super::{Office, SECRET, assert_token_error, form, text};
use crate::support::keys::sign_with_secret;
use crate::support::{Answer, Application, Signer};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PRIVATE: &str = "type = \"machine\"\nauth_method = \"private_key_jwt\"\nscopes = [\"samples:read\"]";

fn claims(office: &Office) -> Value {
    let now = office.app.app.clock.now().unix_timestamp();
    json!({ "iss": "lab", "sub": "lab", "aud": office.app.issuer(), "exp": now + 60, "iat": now, "jti": jti() })
}

fn jti() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("assertion-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn changed(office: &Office, changes: &Value) -> Value {
    let mut claims = claims(office);
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

async fn ask(lab: &Application, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    fields.extend(more);
    lab.post("/oidc/token", &[], &form(&fields)).await
}

async fn lab(key: &Signer) -> (Office, Application) {
    Office::with_lab(key, PRIVATE).await
}

/// Checklist 19, C2: with every algorithm we know, with and without `client_id`.
#[tokio::test]
async fn a_client_proves_itself_by_its_key() {
    for alg in SigningAlg::ALL {
        let key = Signer::new(alg);
        let (office, lab) = lab(&key).await;
        for header in [json!({}), json!({ "typ": "JWT" }), json!({ "typ": "client-authentication+jwt" })] {
            let answer = ask(&lab, &key.sign(&header, &claims(&office)), &[]).await;
            assert_eq!(answer.status, 200, "{alg:?} {header}: {}", answer.body);
        }
        if alg == SigningAlg::EdDsa {
            let newer = ask(&lab, &key.sign(&json!({ "alg": "Ed25519" }), &claims(&office)), &[]).await;
            assert_eq!(newer.status, 200, "RFC 9864: {}", newer.body);
        }
        let named = ask(&lab, &key.sign(&json!({}), &claims(&office)), &[("client_id", "lab")]).await;
        assert_eq!(named.status, 200, "{}", named.body);
    }
}

/// Checklist 19, C11, C12
#[tokio::test]
async fn an_assertion_is_for_us_and_of_this_moment() {
    let key = Signer::new(SigningAlg::Es256);
    let (office, lab) = lab(&key).await;
    let (issuer, now) = (office.app.issuer(), office.app.app.clock.now().unix_timestamp());
    for good in [
        json!({ "aud": format!("{issuer}/oidc/token") }),
        json!({ "aud": [issuer] }),
        json!({ "nbf": now + 8, "iat": now + 8 }),
        json!({ "iat": null }),
        json!({ "exp": now + 3600 }),
    ] {
        let answer = ask(&lab, &key.sign(&json!({}), &changed(&office, &good)), &[]).await;
        assert_eq!(answer.status, 200, "{good}: {}", answer.body);
    }
    for bad in [
        json!({ "aud": "https://other.example" }),
        json!({ "aud": [issuer, "https://other.example"] }),
        json!({ "aud": format!("{issuer}.evil.example") }),
        json!({ "aud": format!("{issuer}/") }),
        json!({ "aud": null }),
        json!({ "iss": "other" }),
        json!({ "sub": "practice" }),
        json!({ "exp": now }),
        json!({ "exp": now + 7200 }),
        json!({ "exp": null }),
        json!({ "exp": "soon" }),
        json!({ "exp": 1e300 }),
        json!({ "nbf": now + 61 }),
        json!({ "iat": now + 61 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "jti": "x".repeat(300) }),
    ] {
        let answer = ask(&lab, &key.sign(&json!({}), &changed(&office, &bad)), &[]).await;
        assert_token_error(&answer, 401, "invalid_client");
    }
}

/// C11: once, of any number at the same time.
#[tokio::test]
async fn an_assertion_is_used_once() {
    let key = Signer::new(SigningAlg::EdDsa);
    let (office, lab) = lab(&key).await;
    let assertion = key.sign(&json!({}), &claims(&office));
    let all = futures_util::future::join_all((0..8).map(|_| ask(&lab, &assertion, &[]))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_token_error(&ask(&lab, &assertion, &[]).await, 401, "invalid_client");
}

/// Class 2.15: nothing in a header chooses how it is checked.
#[tokio::test]
async fn a_signature_that_is_not_the_clients_is_refused() {
    let key = Signer::new(SigningAlg::Rs256);
    let (office, lab) = lab(&key).await;
    let other = Signer::new(SigningAlg::Rs256);
    let with_public_key = sign_with_secret(&key.public().to_string(), &claims(&office));
    let good = key.sign(&json!({}), &claims(&office));
    let parts: Vec<&str> = good.split('.').collect();
    let none = idp::crypto::base64url::encode(r#"{"alg":"none"}"#);
    for bad in [
        other.sign(&json!({}), &claims(&office)),
        other.sign(&json!({ "jwk": other.public() }), &claims(&office)),
        other.sign(&json!({ "jku": "https://lab.example.org/keys" }), &claims(&office)),
        key.sign(&json!({ "alg": "PS256" }), &claims(&office)),
        key.sign(&json!({ "kid": "x", "crit": ["kid"] }), &claims(&office)),
        key.sign(&json!({ "typ": "at+jwt" }), &claims(&office)),
        with_public_key,
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        "x".to_owned(),
    ] {
        assert_token_error(&ask(&lab, &bad, &[]).await, 401, "invalid_client");
    }
    assert_eq!(ask(&lab, &good, &[]).await.status, 200);
}

/// C13: the registered method and no other, and one at a time.
#[tokio::test]
async fn an_assertion_does_not_mix_with_other_methods() {
    let key = Signer::new(SigningAlg::Es256);
    let (office, lab) = lab(&key).await;
    let sign = || key.sign(&json!({}), &claims(&office));
    let twice = ask(&lab, &sign(), &[("client_secret", SECRET)]).await;
    assert_token_error(&twice, 400, "invalid_request");
    assert_token_error(&ask(&lab, &sign(), &[("client_id", "practice")]).await, 401, "invalid_client");
    let untyped = form(&[("grant_type", "client_credentials"), ("client_assertion", &sign())]);
    assert_token_error(&lab.post("/oidc/token", &[], &untyped).await, 400, "invalid_request");
    let secret =
        form(&[("grant_type", "client_credentials"), ("client_id", "lab"), ("client_secret", SECRET)]);
    assert_token_error(&lab.post("/oidc/token", &[], &secret).await, 401, "invalid_client");
    let mut practice = claims(&office);
    practice["iss"] = "practice".into();
    practice["sub"] = "practice".into();
    assert_token_error(&ask(&lab, &key.sign(&json!({}), &practice), &[]).await, 401, "invalid_client");
    assert_token_error(&ask(&lab, &sign_with_secret(SECRET, &practice), &[]).await, 401, "invalid_client");
}

/// OIDC Core §9 `client_secret_jwt`: the secret is kept sealed for it, and never sent.
#[tokio::test]
async fn a_client_proves_itself_by_signing_with_its_secret() {
    let more = format!(
        "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"machine\"\nauth_method = \"client_secret_jwt\"\n\
         secret = \"{SECRET}\"\nscopes = [\"samples:read\"]"
    );
    let office = Office::with_clients(&more).await;
    let lab = office.client("lab", None, "");
    let answer = ask(&lab, &sign_with_secret(SECRET, &claims(&office)), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(text(&answer.json(), "scope"), "samples:read");
    let wrong = sign_with_secret("another secret that is long enough", &claims(&office));
    assert_token_error(&ask(&lab, &wrong, &[]).await, 401, "invalid_client");
    let plain =
        form(&[("grant_type", "client_credentials"), ("client_id", "lab"), ("client_secret", SECRET)]);
    assert_token_error(&lab.post("/oidc/token", &[], &plain).await, 401, "invalid_client");
    let stored = office.app.texts("SELECT hex(sealed) FROM client_secret WHERE client_id = 'lab'").await;
    let in_clear: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert!(stored[0].len() > 60 && !stored[0].contains(&in_clear));
    let others = office.app.texts("SELECT client_id FROM client_secret WHERE sealed IS NOT NULL").await;
    assert_eq!(others, ["lab"]);
}
