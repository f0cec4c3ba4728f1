//! Proof of possession: C12, C15, C4, C5, C16, checklist 17 and 28, RFC 9449.

use idp::model::key::SigningAlg;
use serde_json::{Value, json};

use super::{Office, assert_token_error, form, part, text, verified};
use crate::support::client::basic_auth;
use crate::support::{Answer, Application, Signer};

fn id() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("proof-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn claims(office: &Office, method: &str, path: &str) -> Value {
    let now = office.app.app.clock.now().unix_timestamp();
    json!({ "htm": method, "htu": office.app.url(path), "iat": now, "jti": id() })
}

fn for_token(office: &Office, key: &Signer) -> String {
    key.proof(&claims(office, "POST", "/oidc/token"), &json!({}))
}

/// A token request of a public or confidential client, with these proofs.
async fn ask(client: &Application, proofs: &[&str], fields: &[(&str, &str)]) -> Answer {
    let mut fields = fields.to_vec();
    let basic = client.secret.as_ref().map(|secret| basic_auth(&client.client_id, secret));
    let mut headers: Vec<(&str, &str)> = proofs.iter().map(|proof| ("dpop", *proof)).collect();
    match &basic {
        Some(basic) => headers.push(("authorization", basic)),
        None => fields.push(("client_id", &client.client_id)),
    }
    client.post("/oidc/token", &headers, &form(&fields)).await
}

async fn redeem(office: &Office, client: &Application, key: &Signer) -> Answer {
    let code = client.code(&office.browser, &[("scope", "openid")]).await;
    ask(client, &[&for_token(office, key)], &client.redemption(&code)).await
}

async fn userinfo(office: &Office, key: &Signer, token: &str, scheme: &str, changes: &Value) -> Answer {
    let ath = idp::crypto::base64url::encode(idp::crypto::sha256(token.as_bytes()));
    let mut claims = claims(office, "GET", "/oidc/userinfo");
    claims["ath"] = ath.into();
    let proof = key.proof(&claims, changes);
    let authorization = format!("{scheme} {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", proof.as_str())];
    office.practice().get("/oidc/userinfo", &headers).await
}

/// Checklist 17 and 28, C15: with every algorithm.
#[tokio::test]
async fn an_access_token_is_bound_to_the_key_that_was_shown() {
    for alg in SigningAlg::ALL {
        let office = Office::open().await;
        let (practice, key) = (office.practice(), Signer::new(alg));
        let answer = redeem(&office, &practice, &key).await;
        assert_eq!(answer.status, 200, "{alg:?}: {}", answer.body);
        let tokens = answer.json();
        assert_eq!(tokens["token_type"], "DPoP");
        let access = text(&tokens, "access_token");
        assert_eq!(verified(&practice, access).await["cnf"], json!({ "jkt": key.thumbprint() }));
        assert!(part(text(&tokens, "id_token"), 1).get("cnf").is_none());
        for scheme in ["DPoP", "dpop"] {
            let answer = userinfo(&office, &key, access, scheme, &json!({})).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let known = practice.call("/oidc/introspect", &[("token", access)]).await.json();
        assert_eq!((&known["token_type"], &known["cnf"]["jkt"]), (&json!("DPoP"), &json!(key.thumbprint())));
    }
}

/// Checklist 28: a stolen token is worth nothing.
#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_key() {
    let office = Office::open().await;
    let (practice, key, thief) =
        (office.practice(), Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    let tokens = redeem(&office, &practice, &key).await.json();
    let access = text(&tokens, "access_token");
    let as_bearer = practice.userinfo(access).await;
    assert_eq!(as_bearer.status, 401);
    let form = form(&[("access_token", access)]);
    assert_eq!(practice.post("/oidc/userinfo", &[], &form).await.status, 401);
    let other_key = userinfo(&office, &thief, access, "DPoP", &json!({})).await;
    assert_eq!(other_key.status, 401);
    assert!(
        other_key.header("www-authenticate").starts_with("DPoP error=\"invalid_token\""),
        "{other_key:?}"
    );
    assert!(other_key.header("www-authenticate").contains("algs=\"RS256 PS256 ES256 EdDSA\""));
    let plain = practice.tokens(&office.browser, &[]).await;
    let unbound = userinfo(&office, &thief, text(&plain, "access_token"), "DPoP", &json!({})).await;
    assert_eq!(unbound.status, 401, "a token that is bound to nothing is no DPoP token");
    let without = practice.get("/oidc/userinfo", &[("authorization", &format!("DPoP {access}"))]).await;
    assert_eq!(without.status, 401);
    for bad in [json!({ "ath": null }), json!({ "ath": "x" }), json!({ "htm": "POST" })] {
        let answer = userinfo(&office, &key, access, "DPoP", &bad).await;
        assert_eq!(answer.status, 401, "{bad}");
        assert!(answer.header("www-authenticate").contains("invalid_dpop_proof"), "{answer:?}");
    }
}

/// Checklist 28, C12
#[tokio::test]
async fn a_proof_is_for_this_request_and_of_this_moment() {
    let office = Office::open().await;
    let (practice, key) = (office.practice(), Signer::new(SigningAlg::Es256));
    // What is older than the program counts as used.
    office.app.advance(time::Duration::MINUTE);
    let now = office.app.app.clock.now().unix_timestamp();
    let address = office.app.url("/oidc/token");
    let tokens = practice.tokens(&office.browser, &[]).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    for good in [
        json!({ "iat": now - 10 }),
        json!({ "iat": now + 10 }),
        json!({ "htu": format!("{address}?x=1#y") }),
        json!({ "htu": address.replace("http://localhost", "HTTP://LOCALHOST") }),
        json!({ "more": { "is": "ignored" } }),
    ] {
        let proof = key.proof(&claims(&office, "POST", "/oidc/token"), &good);
        let answer = ask(&practice, &[&proof], &fields).await;
        assert_eq!(answer.status, 200, "{good}: {}", answer.body);
    }
    for bad in [
        json!({ "iat": now - 3600 }),
        json!({ "iat": now + 3600 }),
        json!({ "iat": now + 61 }),
        json!({ "iat": null }),
        json!({ "iat": "now" }),
        json!({ "htm": "GET" }),
        json!({ "htm": "post" }),
        json!({ "htm": null }),
        json!({ "htu": office.app.url("/oidc/userinfo") }),
        json!({ "htu": "https://other.example/oidc/token" }),
        json!({ "htu": "/oidc/token" }),
        json!({ "htu": null }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "jti": "x".repeat(300) }),
    ] {
        let proof = key.proof(&claims(&office, "POST", "/oidc/token"), &bad);
        assert_token_error(&ask(&practice, &[&proof], &fields).await, 400, "invalid_dpop_proof");
    }
    let proof = for_token(&office, &key);
    assert_eq!(ask(&practice, &[&proof], &fields).await.status, 200);
    assert_token_error(&ask(&practice, &[&proof], &fields).await, 400, "invalid_dpop_proof");
    let two = [for_token(&office, &key), for_token(&office, &key)];
    assert_token_error(&ask(&practice, &[&two[0], &two[1]], &fields).await, 400, "invalid_dpop_proof");
}

/// Checklist 28, class 2.15
#[tokio::test]
async fn a_proof_that_proves_nothing_is_refused() {
    let office = Office::open().await;
    let (practice, key, other) =
        (office.practice(), Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    let tokens = practice.tokens(&office.browser, &[]).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    let claims = || claims(&office, "POST", "/oidc/token");
    let good = for_token(&office, &key);
    let parts: Vec<&str> = good.split('.').collect();
    for bad in [
        key.sign(&json!({ "typ": "dpop+jwt", "jwk": key.private() }), &claims()),
        key.sign(&json!({ "typ": "dpop+jwt", "jwk": other.public() }), &claims()),
        key.sign(&json!({ "typ": "dpop+jwt" }), &claims()),
        key.sign(&json!({ "typ": "JWT", "jwk": key.public() }), &claims()),
        key.sign(&json!({ "jwk": key.public() }), &claims()),
        key.sign(&json!({ "typ": "dpop+jwt", "jwk": key.public(), "alg": "none" }), &claims()),
        key.sign(&json!({ "typ": "dpop+jwt", "jwk": key.public(), "alg": "HS256" }), &claims()),
        key.sign(&json!({ "typ": "dpop+jwt", "jwk": { "kty": "oct", "k": "AAAA" } }), &claims()),
        format!("{}.{}.", parts[0], parts[1]),
        "x".to_owned(),
    ] {
        assert_token_error(&ask(&practice, &[&bad], &fields).await, 400, "invalid_dpop_proof");
    }
}

/// C4, RFC 9449 §5: a public client's refresh token is bound too, and then it stays.
#[tokio::test]
async fn the_refresh_token_of_a_public_client_is_bound_and_not_rotated() {
    let office = Office::open().await;
    let (calendar, key, thief) =
        (office.calendar(), Signer::new(SigningAlg::EdDsa), Signer::new(SigningAlg::EdDsa));
    let tokens = redeem(&office, &calendar, &key).await.json();
    let refresh = text(&tokens, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    for proofs in [vec![], vec![for_token(&office, &thief)]] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        assert_token_error(&ask(&calendar, &proofs, &fields).await, 400, "invalid_grant");
    }
    for _ in 0..2 {
        let answer = ask(&calendar, &[&for_token(&office, &key)], &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(text(&answer.json(), "refresh_token"), refresh);
        assert_eq!(answer.json()["token_type"], "DPoP");
    }
}

/// Checklist 28, A8, C16: the code is bound by `dpop_jkt`, or by the proof of the pushed request.
#[tokio::test]
async fn a_code_is_bound_to_the_key_of_its_request() {
    let office = Office::open().await;
    let (practice, key, thief) =
        (office.practice(), Signer::new(SigningAlg::Es256), Signer::new(SigningAlg::Es256));
    let jkt = key.thumbprint();
    for (signer, status) in [(Some(&thief), 400), (None, 400), (Some(&key), 200)] {
        let code = practice.code(&office.browser, &[("dpop_jkt", &jkt)]).await;
        let proofs: Vec<String> = signer.iter().map(|signer| for_token(&office, signer)).collect();
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let answer = ask(&practice, &proofs, &practice.redemption(&code)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let malformed = practice.authorize(&office.browser, &[("dpop_jkt", "short")]).await;
    super::assert_redirected_error(&malformed, &practice, "invalid_request");
    let basic = basic_auth("practice", super::SECRET);
    let push = async |jkt: &str| {
        let request = practice.request_with(&[("dpop_jkt", jkt)]);
        let proof = key.proof(&claims(&office, "POST", "/oidc/par"), &json!({}));
        let headers = [("authorization", basic.as_str()), ("dpop", proof.as_str())];
        practice.post("/oidc/par", &headers, &serde_urlencoded::to_string(request).unwrap()).await
    };
    assert_token_error(&push(&thief.thumbprint()).await, 400, "invalid_request");
    for (signer, status) in [(&thief, 400), (&key, 200)] {
        let pushed = push("").await.json();
        let path = format!(
            "/oidc/authorize?client_id=practice&request_uri={}",
            text(&pushed, "request_uri").replace(':', "%3A")
        );
        let code = office.browser.get(&path).await.parameter("code").unwrap();
        let answer = ask(&practice, &[&for_token(&office, signer)], &practice.redemption(&code)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

/// Checklist 28, RFC 9449 §8
#[tokio::test]
async fn a_nonce_is_asked_for_where_the_operator_wants_one() {
    let office = Office::with("[tokens]\ndpop_nonce = true").await;
    let (practice, key) = (office.practice(), Signer::new(SigningAlg::Es256));
    let tokens = practice.tokens(&office.browser, &[]).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    let challenged = ask(&practice, &[&for_token(&office, &key)], &fields).await;
    assert_token_error(&challenged, 400, "use_dpop_nonce");
    let nonce = challenged.header("dpop-nonce").to_owned();
    let with = |nonce: &str| key.proof(&claims(&office, "POST", "/oidc/token"), &json!({ "nonce": nonce }));
    let answer = ask(&practice, &[&with(&nonce)], &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let access = text(&answer.json(), "access_token").to_owned();
    let challenged = userinfo(&office, &key, &access, "DPoP", &json!({})).await;
    assert_eq!(challenged.status, 401);
    assert!(challenged.header("www-authenticate").contains("use_dpop_nonce"), "{challenged:?}");
    let nonce_here = challenged.header("dpop-nonce").to_owned();
    assert_eq!(userinfo(&office, &key, &access, "DPoP", &json!({ "nonce": nonce_here })).await.status, 200);
    for bad in ["", "made up"] {
        assert_token_error(&ask(&practice, &[&with(bad)], &fields).await, 400, "use_dpop_nonce");
    }
    office.app.advance(time::Duration::minutes(6));
    assert_token_error(&ask(&practice, &[&with(&nonce)], &fields).await, 400, "use_dpop_nonce");
}

/// RFC 9449 §5.2
#[tokio::test]
async fn a_client_that_must_prove_its_key_gets_nothing_without() {
    let key = Signer::new(SigningAlg::Es256);
    let settings = "type = \"spa\"\nrequire = [\"dpop\"]\nredirect_uris = [\"https://lab.example.org/cb\"]";
    let (office, lab) = Office::with_lab(&key, settings).await;
    let code = lab.code(&office.browser, &[]).await;
    assert_token_error(&lab.redeem(&code).await, 400, "invalid_dpop_proof");
    let answer = redeem(&office, &lab, &key).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
