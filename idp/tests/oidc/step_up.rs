//! Step-up: B7, A13, A14, RFC 9470, and the person that an application asks for.

use serde_json::json;
use time::Duration;

use super::{ADA, EVE, Office, assert_redirected_error, part, text};
use crate::support::{Answer, Application, Browser, PASSWORD, SoftAuthenticator};

async fn code_of(practice: &Application, answer: &Answer) -> serde_json::Value {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = practice.redeem(&code).await.json();
    part(text(&tokens, "id_token"), 1)
}

async fn resume(browser: &Browser, attempt: &str) -> Answer {
    browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await
}

/// B7: a session that has shown enough answers at once.
#[tokio::test]
async fn enough_is_enough() {
    let office = Office::open().await;
    let practice = office.practice();
    let (_, mut key) = office.app.person_with_passkey("grace@example.org").await;
    let grace = office.app.browser();
    grace.log_in_with_passkey(&mut key).await;
    for values in ["phr", "mfa", "pwd", "gold mfa phr"] {
        let answer = practice.authorize(&grace, &[("acr_values", values)]).await;
        assert_eq!(code_of(&practice, &answer).await["acr"], "phr", "{values}");
    }
}

/// B7: a weaker one leads to the sign-in page, which says what is asked for; there is no way around it.
#[tokio::test]
async fn a_password_alone_does_not_answer_a_request_for_a_passkey() {
    let office = Office::open().await;
    let practice = office.practice();
    let (browser, mut key) = (&office.browser, SoftAuthenticator::new(&office.app.issuer()));
    for request in [
        ("acr_values", "phr".to_owned()),
        ("claims", json!({ "id_token": { "acr": { "essential": true, "value": "phr" } } }).to_string()),
        (
            "claims",
            json!({ "id_token": { "acr": { "essential": true, "values": ["phr", "gold"] } } }).to_string(),
        ),
    ] {
        let led = practice.authorize(browser, &[(request.0, &request.1)]).await;
        let page = browser.get(&led.location()).await.body;
        assert!(page.contains("Practice Web asks for a passkey here"), "{page}");
        let silent = practice.authorize(browser, &[(request.0, &request.1), ("prompt", "none")]).await;
        assert_redirected_error(&silent, &practice, "login_required");
    }
    let led = practice.authorize(browser, &[("acr_values", "phr")]).await;
    let attempt = led.parameter("attempt").unwrap();
    office.app.advance(Duration::seconds(1));
    let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", PASSWORD)];
    browser.post("/login", &fields).await;
    let again = resume(browser, &attempt).await;
    assert_eq!(again.location(), format!("/login?attempt={attempt}&notice=too-weak"));
    let page = browser.get(&again.location()).await.body;
    assert!(page.contains("asks for more than that") && page.contains("Create a passkey first"), "{page}");
    assert_eq!(browser.get(&format!("/account/passkeys/create?attempt={attempt}")).await.status, 200);
    browser.create_passkey(&mut key).await;
    let still = resume(browser, &attempt).await;
    assert!(still.location().contains("notice=too-weak"), "having one is not using it: {still:?}");
    office.app.advance(Duration::seconds(1));
    let used = browser.use_passkey(&mut key, &json!({ "attempt": attempt })).await.json();
    let answer = browser.get(used["location"].as_str().unwrap()).await;
    let claims = code_of(&practice, &answer).await;
    assert_eq!(claims["acr"], "phr");
    assert_eq!(claims["auth_time"], office.app.app.clock.now().unix_timestamp());
}

/// OIDC Core §5.5.1.1: what is not essential binds nobody.
#[tokio::test]
async fn a_voluntary_acr_is_no_demand() {
    let office = Office::open().await;
    let practice = office.practice();
    for claims in [
        json!({ "id_token": { "acr": { "values": ["phr"] } } }),
        json!({ "id_token": { "acr": { "essential": false, "value": "phr" } } }),
        json!({ "id_token": { "acr": null, "auth_time": { "essential": true } } }),
    ] {
        let answer = practice.authorize(&office.browser, &[("claims", &claims.to_string())]).await;
        assert_eq!(code_of(&practice, &answer).await["acr"], "pwd", "{claims}");
    }
}

/// OIDC Core §5.5.1.1: what we can not meet fails, and is not passed over.
#[tokio::test]
async fn a_demand_that_nobody_can_meet_fails() {
    let office = Office::open().await;
    let practice = office.practice();
    for wanted in [json!({ "values": ["urn:example:gold"] }), json!({ "values": [2] }), json!({ "value": 2 })]
    {
        let mut acr = wanted;
        acr["essential"] = json!(true);
        let claims = json!({ "id_token": { "acr": acr } });
        let answer = practice.authorize(&office.browser, &[("claims", &claims.to_string())]).await;
        assert_redirected_error(&answer, &practice, "unmet_authentication_requirements");
    }
}

/// OIDC Core §3.1.2.2: for whom it was asked, and nobody else; whoever logs in as somebody else is told why.
#[tokio::test]
async fn somebody_else_does_not_answer_and_is_told_why() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    office.app.person(EVE).await;
    let sub = json!({ "id_token": { "sub": { "value": office.ada.id } } }).to_string();
    for request in [("id_token_hint", text(&tokens, "id_token")), ("claims", &sub)] {
        let browser = office.app.browser();
        let led = practice.authorize(&browser, &[request]).await;
        let attempt = led.parameter("attempt").unwrap();
        let fields = [("attempt", attempt.as_str()), ("email", EVE), ("password", PASSWORD)];
        browser.post("/login", &fields).await;
        let again = resume(&browser, &attempt).await;
        assert_eq!(again.location(), format!("/login?attempt={attempt}&notice=other-person"));
        let page = browser.get(&again.location()).await.body;
        assert!(page.contains("somebody else than who has just logged in"), "{page}");
        office.app.advance(Duration::seconds(1));
        let fields = [("attempt", attempt.as_str()), ("email", ADA), ("password", PASSWORD)];
        browser.post("/login", &fields).await;
        let answer = resume(&browser, &attempt).await;
        assert_eq!(code_of(&practice, &answer).await["sub"], office.ada.id.to_string());
    }
    let two = [
        ("id_token_hint", text(&tokens, "id_token")),
        ("claims", &sub.replace(&office.ada.id.to_string()[..8], "00000000")),
    ];
    assert_redirected_error(&practice.authorize(&office.browser, &two).await, &practice, "invalid_request");
}
