//! Asking somebody who is somewhere else: CIBA Core 1.0, class 2.7.

use serde_json::{Value, json};
use time::Duration;

use super::{ADA, CLIENTS, EVE, Office, SECRET, assert_token_error, part, text, verified};
use crate::support::{Answer, Application, Browser, Options, PASSWORD, TestApp};

pub(super) const GRANT: &str = "urn:openid:params:grant-type:ciba";
pub(super) const PATH: &str = "/oidc/backchannel_authentication";
pub(super) const RECEPTION: &str = r#"
[[clients]]
id = "reception"
name = "Reception desk"
type = "web"
secret = "a secret that the practice keeps to itself"
grants = ["ciba"]
redirect_uris = ["https://reception.example.org/cb"]

[[clients]]
id = "lobby"
name = "Lobby"
type = "device"
auth_method = "client_secret_basic"
secret = "a secret that the practice keeps to itself"
grants = ["ciba"]
"#;

/// An office where the reception desk may ask people who are elsewhere.
pub(super) async fn office() -> (Office, Application) {
    let office = Office::with_clients(RECEPTION).await;
    let reception = office.client("reception", Some(SECRET), "https://reception.example.org/cb");
    (office, reception)
}

/// A request for Ada, with some fields replaced; an empty value removes one.
pub(super) async fn ask(client: &Application, changes: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("scope", "openid profile"), ("login_hint", ADA)];
    for change in changes {
        fields.retain(|(name, _)| *name != change.0);
        if !change.1.is_empty() {
            fields.push(*change);
        }
    }
    client.call(PATH, &fields).await
}

pub(super) async fn asked(client: &Application, changes: &[(&str, &str)]) -> String {
    let answer = ask(client, changes).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    text(&answer.json(), "auth_req_id").to_owned()
}

pub(super) async fn poll(client: &Application, id: &str) -> Answer {
    client.token(&[("grant_type", GRANT), ("auth_req_id", id)]).await
}

/// Where the newest request that waits for whoever is signed in is seen.
pub(super) async fn waiting(app: &TestApp, browser: &Browser) -> String {
    app.mails().await;
    let page = browser.get("/requests").await;
    let found = page.body.rsplit("href=\"/requests/").next().filter(|_| page.body.contains("/requests/"));
    let found = found.unwrap_or_else(|| panic!("nothing waits: {}", page.body));
    format!("/requests/{}", found.split('"').next().unwrap())
}

pub(super) async fn decide(browser: &Browser, path: &str, decision: &str) -> Answer {
    browser.post(path, &[("decision", decision)]).await
}

pub(super) async fn allow(office: &Office) {
    let path = waiting(&office.app, &office.browser).await;
    let answer = decide(&office.browser, &path, "allow").await;
    assert!(answer.body.contains("You are logged in there"), "{answer:?}");
}

/// The whole way on one database.
async fn a_person_elsewhere_is_asked_and_answers(environment: Vec<(&'static str, String)>) {
    let config_file = Some(format!("{CLIENTS}\n{RECEPTION}"));
    let app = TestApp::with(Options { environment, config_file, ..Options::default() }).await;
    let ada = app.person(ADA).await;
    let reception = Application::new(&app, "reception", Some(SECRET), "https://reception.example.org/cb");
    let answer =
        ask(&reception, &[("binding_message", "W4SCT"), ("scope", "openid email offline_access")]).await;
    let begun = answer.json();
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(300), &json!(5)), "{answer:?}");
    let id = text(&begun, "auth_req_id");
    assert!(id.starts_with("idp_ar_") && id.len() > 43, "{id}");
    assert_token_error(&poll(&reception, id).await, 400, "authorization_pending");
    let mail = app.mail_about(ADA, "Reception desk asks for you").await;
    assert!(mail.text.lines().any(|line| line == app.url("/requests")), "{}", mail.text);
    for secret in ["W4SCT", id, "token=", "/requests/"] {
        assert!(!mail.raw.contains(secret), "{secret}: {}", mail.raw);
    }
    let browser = app.browser();
    assert_eq!(browser.get("/requests").await.location(), "/login?destination=%2Frequests");
    browser.log_in_with_password(ADA, PASSWORD).await;
    assert!(browser.get("/account").await.body.contains("An application asks for you"));
    let path = waiting(&app, &browser).await;
    let page = browser.get(&path).await.body;
    for shown in ["Reception desk", "W4SCT", "See your email", ADA] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert_token_error(&poll(&reception, id).await, 400, "slow_down");
    assert!(decide(&browser, &path, "allow").await.body.contains("You are logged in there"));
    app.advance(Duration::seconds(10));
    let answer = poll(&reception, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let tokens = answer.json();
    let claims = verified(&reception, text(&tokens, "id_token")).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(ada.id), &json!("reception")));
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("pwd"), &json!(["pwd"])));
    assert!(claims["auth_time"].is_i64() && claims["at_hash"].is_string(), "{claims}");
    assert!(claims.get("urn:openid:params:jwt:claim:auth_req_id").is_none(), "for push only: {claims}");
    assert_eq!(tokens["scope"], "email offline_access openid");
    assert_eq!(reception.userinfo(text(&tokens, "access_token")).await.json()["email"], ADA);
    assert!(reception.can_refresh(&tokens).await);
    app.advance(Duration::seconds(10));
    assert_token_error(&poll(&reception, id).await, 400, "invalid_grant");
    let kinds = app.trail(ada.id).await;
    for kind in ["sign-in-requested", "consent-granted", "tokens-issued"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}: {kinds:?}");
    }
}

/// CIBA §7, §10.1, §11
#[tokio::test]
async fn a_person_elsewhere_allows_an_application() {
    a_person_elsewhere_is_asked_and_answers(Vec::new()).await;
}

/// The same on PostgreSQL.
#[tokio::test]
async fn a_person_elsewhere_allows_an_application_on_postgres() {
    if let Some(url) = crate::store::fresh_postgres().await {
        a_person_elsewhere_is_asked_and_answers(vec![("IDP_DATABASE__URL", url)]).await;
    }
}

/// §11: a refusal is told, and is final.
#[tokio::test]
async fn a_person_says_no() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[]).await;
    let path = waiting(&office.app, &office.browser).await;
    assert!(decide(&office.browser, &path, "deny").await.body.contains("The request was denied"));
    assert_token_error(&poll(&reception, &id).await, 400, "access_denied");
    office.app.advance(Duration::seconds(5));
    assert_token_error(&poll(&reception, &id).await, 400, "invalid_grant");
    assert!(decide(&office.browser, &path, "allow").await.body.contains("does not wait any more"));
    let kinds = office.app.trail(office.ada.id).await;
    assert!(kinds.contains(&"sign-in-denied".to_owned()) && !kinds.contains(&"consent-granted".to_owned()));
}

/// §7.1 `requested_expiry`, §11: after its time nothing can be answered, and the application learns why.
#[tokio::test]
async fn a_request_expires() {
    let (office, reception) = office().await;
    for (wanted, given) in [("60", 60), ("1", 30), ("100000", 900)] {
        let answer = ask(&reception, &[("requested_expiry", wanted), ("login_hint", EVE)]).await;
        assert_eq!(answer.json()["expires_in"], given, "{wanted}");
    }
    let id = asked(&reception, &[("requested_expiry", "60")]).await;
    let path = waiting(&office.app, &office.browser).await;
    office.app.advance(Duration::seconds(60));
    assert!(decide(&office.browser, &path, "allow").await.body.contains("does not wait any more"));
    assert!(office.browser.get(&path).await.body.contains("does not wait any more"));
    assert_token_error(&poll(&reception, &id).await, 400, "expired_token");
    office.app.advance(Duration::minutes(10));
    idp::jobs::purge(&office.app.app).await.unwrap();
    assert_token_error(&poll(&reception, &id).await, 400, "invalid_grant");
    let late = asked(&reception, &[("requested_expiry", "30")]).await;
    allow(&office).await;
    office.app.advance(Duration::seconds(30));
    assert_token_error(&poll(&reception, &late).await, 400, "expired_token");
}

/// §11: whoever asks too soon waits five seconds longer from then on.
#[tokio::test]
async fn an_impatient_application_is_slowed_down() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[]).await;
    assert_token_error(&poll(&reception, &id).await, 400, "authorization_pending");
    office.app.advance(Duration::seconds(4));
    assert_token_error(&poll(&reception, &id).await, 400, "slow_down");
    office.app.advance(Duration::seconds(9));
    assert_token_error(&poll(&reception, &id).await, 400, "slow_down");
    office.app.advance(Duration::seconds(15));
    assert_token_error(&poll(&reception, &id).await, 400, "authorization_pending");
}

/// One answer of any number at the same time; one fetch of it.
#[tokio::test]
async fn a_request_is_answered_and_fetched_once() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[]).await;
    let path = waiting(&office.app, &office.browser).await;
    let all = futures_util::future::join_all((0..4).map(|_| decide(&office.browser, &path, "allow"))).await;
    assert_eq!(all.iter().filter(|page| page.body.contains("You are logged in there")).count(), 1);
    let polls = futures_util::future::join_all((0..4).map(|_| poll(&reception, &id))).await;
    assert_eq!(polls.iter().filter(|answer| answer.status == 200).count(), 1, "{polls:?}");
}

/// §11: "issued to another client"; and a token of another kind is none.
#[tokio::test]
async fn a_request_is_its_clients_alone() {
    let (office, reception) = office().await;
    let lobby = office.client("lobby", Some(SECRET), "");
    let id = asked(&reception, &[]).await;
    allow(&office).await;
    assert_token_error(&poll(&lobby, &id).await, 400, "invalid_grant");
    assert_token_error(&poll(&office.practice(), &id).await, 400, "unauthorized_client");
    assert_token_error(&poll(&lobby, "idp_ar_x").await, 400, "invalid_grant");
    assert_token_error(&lobby.token(&[("grant_type", GRANT)]).await, 400, "invalid_request");
    assert_eq!(poll(&reception, &id).await.status, 200, "it is not lost to the others' tries");
}

/// C6: what was allowed is worth nothing once the person, their session or the client is gone.
#[tokio::test]
async fn who_is_gone_meanwhile_gets_nobody_in() {
    let (office, reception) = office().await;
    let id = asked(&reception, &[]).await;
    allow(&office).await;
    office.log_out().await;
    assert_token_error(&poll(&reception, &id).await, 400, "invalid_grant");
    office.browser.log_in_with_password(ADA, PASSWORD).await;
    let id = asked(&reception, &[]).await;
    allow(&office).await;
    office.app.disable_person(office.ada.id).await;
    assert_token_error(&poll(&reception, &id).await, 400, "invalid_grant");
    super::disable_client(&office.app, "reception").await;
    assert_token_error(&ask(&reception, &[]).await, 401, "invalid_client");
    assert_token_error(&poll(&reception, &id).await, 401, "invalid_client");
}

/// What a client without an address in the browser gets is the same.
#[tokio::test]
async fn something_without_a_browser_may_ask() {
    let (office, _) = office().await;
    let lobby = office.client("lobby", Some(SECRET), "");
    let id = asked(&lobby, &[]).await;
    allow(&office).await;
    let tokens = poll(&lobby, &id).await.json();
    let access: Value = part(text(&tokens, "access_token"), 1);
    assert_eq!((&access["client_id"], &access["sub"]), (&json!("lobby"), &json!(office.ada.id)));
}
