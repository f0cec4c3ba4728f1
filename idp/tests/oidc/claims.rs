//! Claims asked for by name: D3, A15, checklist 10, OIDC Core §5.5.

use serde_json::{Value, json};

use super::{Office, assert_redirected_error, decide, is_consent_page, part, text};
use crate::support::{Answer, Application, Browser};

fn asked(claims: &Value) -> String {
    claims.to_string()
}

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Checklist 10: where it was asked for, and not in the other place.
#[tokio::test]
async fn a_claim_comes_from_where_it_was_asked_for() {
    let office = Office::open().await;
    let practice = office.practice();
    let claims = asked(&json!({
        "userinfo": { "email": { "essential": true }, "made_up": null },
        "id_token": { "name": null, "picture": { "essential": true } },
    }));
    let tokens = practice.tokens(&office.browser, &[("scope", "openid"), ("claims", &claims)]).await;
    let userinfo = practice.userinfo(text(&tokens, "access_token")).await.json();
    assert_eq!(names(&userinfo), ["email", "sub"]);
    let id_token = part(text(&tokens, "id_token"), 1);
    assert_eq!(id_token["name"], "Ada Lovelace");
    assert!(id_token.get("email").is_none() && id_token.get("given_name").is_none(), "{id_token}");
    let refreshed = practice.refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(part(text(&refreshed, "id_token"), 1)["name"], "Ada Lovelace");
    let userinfo = practice.userinfo(text(&refreshed, "access_token")).await.json();
    assert_eq!(names(&userinfo), ["email", "sub"]);
}

/// A18: no claim whose scope the client may not have.
#[tokio::test]
async fn a_client_gets_no_claim_beyond_its_scopes() {
    let office = Office::open().await;
    let narrow = office.client("narrow", Some(super::SECRET), "https://narrow.example.org/cb");
    let claims =
        asked(&json!({ "userinfo": { "email": null, "name": null }, "id_token": { "email": null } }));
    let tokens = narrow.tokens(&office.browser, &[("scope", "openid"), ("claims", &claims)]).await;
    let userinfo = narrow.userinfo(text(&tokens, "access_token")).await.json();
    assert_eq!(names(&userinfo), ["name", "sub"]);
    assert!(part(text(&tokens, "id_token"), 1).get("email").is_none());
}

async fn ask(client: &Application, browser: &Browser, claims: &Value) -> Answer {
    client.authorize(browser, &[("scope", "openid"), ("claims", &asked(claims))]).await
}

/// A15: the person is told about it, and a remembered consent covers no more than it did.
#[tokio::test]
async fn a_claim_needs_the_persons_consent() {
    let office = Office::open().await;
    let careful = office.careful();
    let page = ask(&careful, &office.browser, &json!({})).await;
    assert!(is_consent_page(&page) && !page.body.contains("See your email address"), "{}", page.body);
    decide(&office.browser, &page, "allow").await;
    assert!(ask(&careful, &office.browser, &json!({})).await.parameter("code").is_some());
    let email = json!({ "userinfo": { "email": null } });
    let page = ask(&careful, &office.browser, &email).await;
    assert!(is_consent_page(&page) && page.body.contains("See your email address"), "{}", page.body);
    decide(&office.browser, &page, "allow").await;
    assert!(ask(&careful, &office.browser, &email).await.parameter("code").is_some());
}

/// Checklist 9, class 2.15
#[tokio::test]
async fn what_is_no_request_for_claims_is_refused() {
    let office = Office::open().await;
    let practice = office.practice();
    let long = format!("{{\"userinfo\":{{\"x\":\"{}\"}}}}", "x".repeat(9000));
    for claims in ["x", "[]", "{\"id_token\":", r#"{"id_token":{"sub":{"value":"nobody"}}}"#, &long] {
        let answer = practice.authorize(&office.browser, &[("claims", claims)]).await;
        assert_redirected_error(&answer, &practice, "invalid_request");
    }
    for claims in
        ["{}", r#"{"userinfo":null}"#, r#"{"userinfo":[],"id_token":1}"#, r#"{"id_token":{"acr":"phr"}}"#]
    {
        let answer = practice.authorize(&office.browser, &[("claims", claims)]).await;
        assert!(answer.parameter("code").is_some(), "{claims}: {answer:?}");
    }
}
