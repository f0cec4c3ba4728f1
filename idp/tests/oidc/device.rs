//! The device flow: C19, A12, RFC 8628.

use serde_json::{Value, json};
use time::Duration;

use super::{EVE, Office, assert_token_error, part, text, verified};
use crate::support::{Answer, Application, Browser, PASSWORD};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) async fn begin(screen: &Application) -> Value {
    let answer = screen.call("/oidc/device_authorization", &[("scope", "openid profile")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

pub(super) async fn poll(screen: &Application, code: &str) -> Answer {
    screen.token(&[("grant_type", GRANT), ("device_code", code)]).await
}

pub(super) async fn decide(browser: &Browser, user_code: &str, decision: &str) -> Answer {
    browser.post("/device/decide", &[("user_code", user_code), ("decision", decision)]).await
}

/// RFC 8628 §3.2, C19
#[tokio::test]
async fn a_person_allows_a_device() {
    let office = Office::open().await;
    let screen = office.screen();
    let begun = begin(&screen).await;
    let (device, user) = (text(&begun, "device_code"), text(&begun, "user_code"));
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(5), &json!(600)));
    assert_eq!(text(&begun, "verification_uri"), office.app.url("/device"));
    let complete = office.app.url(&format!("/device?user_code={user}"));
    assert_eq!(text(&begun, "verification_uri_complete"), complete);
    assert!(user.len() == 9 && user.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ-".contains(c)), "{user}");
    assert_token_error(&poll(&screen, device).await, 400, "authorization_pending");
    let page = office.browser.get(&format!("/device?user_code={user}")).await.body;
    assert!(page.contains(user) && !page.contains("Waiting room"), "nothing happens by itself: {page}");
    let asked =
        office.browser.post("/device", &[("user_code", &user.to_lowercase().replace('-', " "))]).await.body;
    for shown in ["Waiting room", user, "See your name", super::ADA, "127.0.0.1"] {
        assert!(asked.contains(shown), "{shown}: {asked}");
    }
    assert!(decide(&office.browser, user, "allow").await.body.contains("The device is connected"));
    office.app.advance(Duration::seconds(5));
    let answer = poll(&screen, device).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    let id = verified(&screen, text(&tokens, "id_token")).await;
    assert_eq!((&id["sub"], &id["aud"]), (&json!(office.ada.id), &json!("screen")));
    assert_eq!(screen.userinfo(text(&tokens, "access_token")).await.json()["name"], "Ada Lovelace");
    assert_eq!(screen.refresh(text(&tokens, "refresh_token")).await.status, 200);
    office.app.advance(Duration::seconds(5));
    assert_token_error(&poll(&screen, device).await, 400, "invalid_grant");
    let kinds = office.app.trail(office.ada.id).await;
    assert!(
        kinds.contains(&"consent-granted".to_owned()) && kinds.contains(&"tokens-issued".to_owned()),
        "{kinds:?}"
    );
    assert_eq!(part(text(&tokens, "access_token"), 1)["acr"], "pwd");
}

/// Registration §2: how old a sign-in may be is a demand on what a device gets, too.
#[tokio::test]
async fn a_device_whose_application_wants_a_young_proof_gets_one() {
    let more = "[[clients]]\nid = \"wall\"\nname = \"Wall\"\ntype = \"device\"\ndefault_max_age = 300";
    let office = Office::with_clients(more).await;
    let wall = office.client("wall", None, "");
    let begun = begin(&wall).await;
    let user = text(&begun, "user_code");
    office.app.advance(Duration::minutes(6));
    let sent = decide(&office.browser, user, "allow").await;
    assert!(sent.location().starts_with("/login?") && sent.location().contains("confirm=1"), "{sent:?}");
    office.browser.log_in_with_password(super::ADA, crate::support::PASSWORD).await;
    assert!(decide(&office.browser, user, "allow").await.body.contains("The device is connected"));
}

/// RFC 8628 §3.3: whoever is not signed in does that first, and the code is not lost.
#[tokio::test]
async fn a_stranger_signs_in_first() {
    let office = Office::open().await;
    let user = text(&begin(&office.screen()).await, "user_code").to_owned();
    let stranger = office.app.browser();
    let led = stranger.get(&format!("/device?user_code={user}")).await;
    let destination = led.parameter("destination").unwrap();
    assert_eq!(destination, format!("/device?user_code={user}"));
    let fields = [("email", super::ADA), ("password", PASSWORD), ("destination", destination.as_str())];
    let signed_in = stranger.post("/login", &fields).await;
    assert_eq!(signed_in.status, 303);
    assert!(stranger.get(&destination).await.body.contains(&user));
    assert_eq!(office.app.browser().post("/device", &[("user_code", &user)]).await.location(), "/device");
}

/// RFC 8628 §3.5
#[tokio::test]
async fn a_device_is_told_what_happened() {
    let office = Office::open().await;
    let screen = office.screen();
    let denied = begin(&screen).await;
    assert!(
        decide(&office.browser, text(&denied, "user_code"), "deny")
            .await
            .body
            .contains("The device was denied")
    );
    assert_token_error(&poll(&screen, text(&denied, "device_code")).await, 400, "access_denied");
    let forgotten = begin(&screen).await;
    office.app.advance(Duration::minutes(10));
    assert_token_error(&poll(&screen, text(&forgotten, "device_code")).await, 400, "expired_token");
    let late = decide(&office.browser, text(&forgotten, "user_code"), "allow").await;
    assert!(late.body.contains("not right, or has expired"), "{}", late.body);
    assert_token_error(&poll(&screen, "idp_dc_x").await, 400, "invalid_grant");
}

/// C19: whoever asks too soon waits five seconds longer from then on.
#[tokio::test]
async fn an_impatient_device_is_slowed_down() {
    let office = Office::open().await;
    let screen = office.screen();
    let begun = begin(&screen).await;
    let device = text(&begun, "device_code");
    assert_token_error(&poll(&screen, device).await, 400, "authorization_pending");
    office.app.advance(Duration::seconds(4));
    assert_token_error(&poll(&screen, device).await, 400, "slow_down");
    office.app.advance(Duration::seconds(9));
    assert_token_error(&poll(&screen, device).await, 400, "slow_down");
    office.app.advance(Duration::seconds(15));
    assert_token_error(&poll(&screen, device).await, 400, "authorization_pending");
}

/// C19: a code is short, so few can be tried.
#[tokio::test]
async fn codes_can_not_be_guessed() {
    let office = Office::open().await;
    let user = text(&begin(&office.screen()).await, "user_code").to_owned();
    for _ in 0..10 {
        let page = office.browser.post("/device", &[("user_code", "BBBB-BBBB")]).await;
        assert!(page.body.contains("not right, or has expired"), "{}", page.body);
    }
    for path in ["/device", "/device/decide"] {
        let page = office.browser.post(path, &[("user_code", &user), ("decision", "allow")]).await;
        assert!(page.body.contains("Too many codes were tried"), "{path}: {}", page.body);
    }
    office.app.person(EVE).await;
    let other = office.app.browser();
    other.log_in_with_password(EVE, PASSWORD).await;
    assert!(
        other.post("/device", &[("user_code", &user)]).await.body.contains("Waiting room"),
        "others go on"
    );
    office.app.advance(Duration::minutes(10));
    let page = office.browser.post("/device", &[("user_code", &user)]).await;
    assert!(page.body.contains("not right, or has expired"), "{}", page.body);
}

/// One decision per code, of any number at the same time; one redemption per decision.
#[tokio::test]
async fn a_code_is_decided_and_redeemed_once() {
    let office = Office::open().await;
    let screen = office.screen();
    let begun = begin(&screen).await;
    let user = text(&begun, "user_code");
    let all = (0..4).map(|_| decide(&office.browser, user, "allow"));
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.body.contains("The device is connected")).count(), 1);
    let polls =
        futures_util::future::join_all((0..4).map(|_| poll(&screen, text(&begun, "device_code")))).await;
    assert_eq!(polls.iter().filter(|answer| answer.status == 200).count(), 1);
}

/// C6, A18, C13
#[tokio::test]
async fn who_may_not_gets_no_device_code() {
    let office = Office::open().await;
    let refused = office.practice().call("/oidc/device_authorization", &[("scope", "openid")]).await;
    assert_token_error(&refused, 400, "unauthorized_client");
    let screen = office.screen();
    for (fields, error) in [
        (vec![("scope", "profile")], "invalid_scope"),
        (vec![("scope", "openid"), ("scope", "openid")], "invalid_request"),
        (vec![("scope", "openid"), ("resource", "https://api.example.org")], "invalid_target"),
    ] {
        assert_token_error(&screen.call("/oidc/device_authorization", &fields).await, 400, error);
    }
    let begun = begin(&screen).await;
    decide(&office.browser, text(&begun, "user_code"), "allow").await;
    assert_token_error(
        &poll(&office.practice(), text(&begun, "device_code")).await,
        400,
        "unauthorized_client",
    );
    office.log_out().await;
    assert_token_error(&poll(&screen, text(&begun, "device_code")).await, 400, "invalid_grant");
}
