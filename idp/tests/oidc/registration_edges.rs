//! Registration at its edges: who comes a moment late, what is kept, and what nobody registers for themselves. C21,
//! C22, S22, RFC 7591, RFC 7592.

use idp::model::key::SigningAlg;
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use super::registration::{CALLBACK, OPEN, application, own_path, register, registered, send, token};
use super::{Office, assert_redirected_error, disable_client, text};
use crate::support::shelf::Shelf;
use crate::support::{Answer, Application, Signer};

const REGISTER: (Method, &str) = (Method::POST, "/oidc/register");

/// C21, S22: whoever has no good token makes us call nobody.
#[tokio::test]
async fn a_token_that_is_of_no_use_calls_no_address() {
    let office = Office::open().await;
    let shelf = Shelf::open().await;
    shelf.put("/sector", "application/json", json!([CALLBACK]).to_string());
    let body = json!({ "redirect_uris": [CALLBACK], "sector_identifier_uri": shelf.url("/sector") });
    let (once, late) = (token(&office, 1).await, token(&office, 1).await);
    assert_eq!(send(&office, REGISTER, Some(&once), &body).await.status, 201);
    office.app.advance(Duration::days(7));
    for token in [None, Some(once.as_str()), Some(late.as_str())] {
        assert_eq!(send(&office, REGISTER, token, &body).await.status, 401);
    }
    assert_eq!(shelf.asked("/sector"), 1);
}

/// RFC 6750 §2.1, RFC 7591 §3: one token, as a bearer token, and JSON that a form of another site can not send.
#[tokio::test]
async fn a_registration_is_json_with_one_bearer_token() {
    let office = Office::open().await;
    let token = token(&office, 9).await;
    let body = json!({ "redirect_uris": [CALLBACK] }).to_string();
    let client = office.practice();
    let bearer = format!("Bearer {token}");
    let json = ("content-type", "application/json");
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = client.http.post(format!("{}/oidc/register", client.issuer)).body(body.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    };
    let right = ("authorization", bearer.as_str());
    assert_eq!(ask(&[json, right]).await.status, 201);
    for scheme in ["Basic", "DPoP", "Token"] {
        let other = format!("{scheme} {token}");
        assert_eq!(ask(&[json, ("authorization", &other)]).await.status, 401, "{scheme}");
    }
    assert_eq!(ask(&[json, right, right]).await.status, 401, "two");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let refused = ask(&[("content-type", kind), right]).await;
        assert_eq!(refused.json()["error"], "invalid_client_metadata", "{kind}");
    }
}

/// C22: of changes by one token at the same time one is made, and what has ended is not changed any more.
#[tokio::test]
async fn a_management_token_is_good_for_one_change() {
    let office = Office::with(OPEN).await;
    for _ in 0..4 {
        let made = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
        let (path, token) = (own_path(&made), text(&made, "registration_access_token"));
        let tries = (0..8).map(|_| send(&office, (Method::PUT, &path), Some(token), &made));
        let answers = futures_util::future::join_all(tries).await;
        let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(good.len(), 1, "{answers:?}");
        let made = good[0].json();
        let token = text(&made, "registration_access_token");
        let tries = [Method::PUT, Method::DELETE, Method::PUT, Method::DELETE]
            .map(|method| send(&office, (method, &path), Some(token), &made));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1, "{answers:?}");
    }
}

/// C22: what an operator has turned off is not looked after by anybody else.
#[tokio::test]
async fn a_client_that_was_disabled_is_not_its_own_any_more() {
    let office = Office::with(OPEN).await;
    let made = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    disable_client(&office.app, text(&made, "client_id")).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let token = text(&made, "registration_access_token");
        let refused = send(&office, (method.clone(), &own_path(&made)), Some(token), &made).await;
        assert_eq!(refused.status, 401, "{method}");
    }
}

/// C22: a secret that can be read again is kept for whoever signs with it, and as long as they do.
#[tokio::test]
async fn a_secret_is_kept_only_where_signatures_are_checked_with_it() {
    let office = Office::with(OPEN).await;
    let sealed =
        async || office.app.texts("SELECT client_id FROM client_secret WHERE sealed IS NOT NULL").await;
    let body = |method: &str| json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method });
    for method in ["client_secret_basic", "client_secret_post"] {
        registered(&office, &body(method)).await;
    }
    assert!(sealed().await.is_empty());
    let mut signs = registered(&office, &body("client_secret_jwt")).await;
    assert_eq!(sealed().await, [text(&signs, "client_id")]);
    let token = text(&signs, "registration_access_token").to_owned();
    signs["token_endpoint_auth_method"] = json!("none");
    let changed = send(&office, (Method::PUT, &own_path(&signs)), Some(&token), &signs).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert!(sealed().await.is_empty(), "not used any more");
}

/// C21: what an operator has to arrange nobody registers for themselves.
#[tokio::test]
async fn nobody_registers_what_is_the_operators_to_give() {
    let office = Office::with(OPEN).await;
    let keys = json!({ "keys": [Signer::new(SigningAlg::Es256).public()] });
    for method in ["self_signed_tls_client_auth", "tls_client_auth"] {
        let body = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method, "jwks": keys });
        let refused = register(&office, &body).await;
        assert_eq!(refused.json()["error"], "invalid_client_metadata", "{method}");
    }
    let asked = json!({ "redirect_uris": [CALLBACK], "scope": "email slots:read letters:send" });
    let made = registered(&office, &asked).await;
    assert_eq!(made["scope"], "email openid", "scopes of APIs are left out");
    for more in [
        json!({ "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"] }),
        json!({ "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"] }),
    ] {
        let mut body = json!({ "redirect_uris": [CALLBACK] });
        body["grant_types"] = more["grant_types"].clone();
        assert_eq!(register(&office, &body).await.json()["error"], "invalid_client_metadata", "{body}");
    }
    let more = json!({
        "redirect_uris": [CALLBACK],
        "consent": "never", "resources": ["https://slots.example.org"], "serves": ["https://slots.example.org"],
        "require_pkce": false, "legacy_flows": ["id_token"],
    });
    let plain = registered(&office, &json!({ "redirect_uris": [CALLBACK] })).await;
    let made = registered(&office, &more).await;
    let settings = async |made: &Value| {
        let id = text(made, "client_id");
        office.app.texts(&format!("SELECT settings FROM client WHERE id = '{id}'")).await
    };
    assert_eq!(settings(&made).await, settings(&plain).await, "our own names mean nothing here");
}

/// Without a challenge.
async fn bare(office: &Office, client: &Application) -> Answer {
    client.authorize(&office.browser, &[("code_challenge", ""), ("code_challenge_method", "")]).await
}

/// A6: PKCE is spared to whom the operator spares it, and never to who keeps no secret.
#[tokio::test]
async fn pkce_is_required_of_who_registered() {
    let strict = Office::with(OPEN).await;
    let web = json!({ "redirect_uris": [CALLBACK] });
    let made = application(&strict, &registered(&strict, &web).await);
    assert_redirected_error(&bare(&strict, &made).await, &made, "invalid_request");
    let lenient = Office::with(&format!("{OPEN}\nlegacy_flows = true")).await;
    let made = application(&lenient, &registered(&lenient, &web).await);
    assert!(super::is_consent_page(&bare(&lenient, &made).await));
    for public in [
        json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" }),
        json!({ "redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native" }),
    ] {
        let made = application(&lenient, &registered(&lenient, &public).await);
        assert_redirected_error(&bare(&lenient, &made).await, &made, "invalid_request");
    }
}

/// OIDC Registration §2: response types and grant types belong together, also where they may be registered.
#[tokio::test]
async fn a_response_type_needs_its_grant_types() {
    let office = Office::with(&format!("{OPEN}\nlegacy_flows = true")).await;
    let body = |grants: &[&str], kind: &str| json!({ "redirect_uris": [CALLBACK], "grant_types": grants, "response_types": [kind] });
    for (grants, kind) in [
        (&["authorization_code"][..], "id_token"),
        (&["authorization_code"][..], "code id_token"),
        (&["implicit"][..], "code id_token"),
        (&["implicit"][..], "code token"),
        (&["implicit", "authorization_code"][..], "token"),
    ] {
        let refused = register(&office, &body(grants, kind)).await;
        assert_eq!(refused.json()["error"], "invalid_client_metadata", "{grants:?} {kind}");
    }
    registered(&office, &body(&["implicit"], "id_token token")).await;
    registered(&office, &body(&["implicit", "authorization_code"], "code id_token")).await;
}
