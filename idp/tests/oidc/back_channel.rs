//! Back-channel logout: D7, C9, checklist 20 and 25, OpenID Connect Back-Channel Logout 1.0.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use idp::jobs;
use serde_json::{Value, json};
use time::Duration;

use super::{ADA, Office, part, text, verified};
use crate::support::{Application, PASSWORD};

/// An application's endpoint, on this machine.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    forms: Vec<String>,
    refuses: bool,
    takes: std::time::Duration,
}

impl Ear {
    async fn open() -> (Self, String) {
        let ear = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://127.0.0.1:{}/logout", listener.local_addr().unwrap().port());
        let hear = async |State(ear): State<Ear>, body: String| {
            let (refuses, takes) = {
                let mut heard = ear.0.lock().unwrap();
                heard.forms.push(body);
                (heard.refuses, heard.takes)
            };
            tokio::time::sleep(takes).await;
            if refuses { http::StatusCode::BAD_REQUEST } else { http::StatusCode::OK }
        };
        let router = Router::new().route("/logout", post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (ear, address)
    }

    fn refuse(&self, refuses: bool) {
        self.0.lock().unwrap().refuses = refuses;
    }

    /// The tokens it was sent since it was last asked.
    fn tokens(&self) -> Vec<String> {
        let forms = std::mem::take(&mut self.0.lock().unwrap().forms);
        let token = |form: String| form.strip_prefix("logout_token=").map(ToOwned::to_owned).unwrap_or(form);
        forms.into_iter().map(token).collect()
    }
}

/// An office with one more application, `lab`, which wants to know.
async fn office() -> (Office, Application, Ear) {
    let (ear, address) = Ear::open().await;
    let more = format!(
        "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"spa\"\nid_token_alg = \"ES256\"\n\
         redirect_uris = [\"https://lab.example.org/cb\"]\nbackchannel_logout_uri = \"{address}\""
    );
    let office = Office::with_clients(&more).await;
    let lab = office.client("lab", None, "https://lab.example.org/cb");
    (office, lab, ear)
}

/// Checklist 25
#[tokio::test]
async fn an_application_is_told_who_has_logged_out() {
    let (office, lab, ear) = office().await;
    let id_token = text(&lab.tokens(&office.browser, &[]).await, "id_token").to_owned();
    let sid = part(&id_token, 1)["sid"].clone();
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty());
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    let tokens = ear.tokens();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    assert_eq!(part(&tokens[0], 0)["typ"], "logout+jwt");
    let claims = verified(&lab, &tokens[0]).await;
    let now = office.app.app.clock.now().unix_timestamp();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(office.app.issuer()), &json!("lab")));
    assert_eq!((&claims["sub"], &claims["sid"]), (&json!(office.ada.id), &sid));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 120)));
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(claims["jti"].is_string() && claims.get("nonce").is_none());
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty(), "once");
    let hint = [("id_token_hint", tokens[0].as_str())];
    let page = office.browser.get(&format!("/oidc/logout?{}", super::form(&hint))).await;
    assert_eq!(page.status, 400, "a logout token is no ID token");
}

/// Only who was used in the session, wants to know, and still is a client.
#[tokio::test]
async fn nobody_else_is_told() {
    let (office, lab, ear) = office().await;
    office.practice().tokens(&office.browser, &[]).await;
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty(), "the lab was not used");
    office.browser.log_in_with_password(ADA, PASSWORD).await;
    lab.tokens(&office.browser, &[]).await;
    super::disable_client(&office.app, "lab").await;
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty(), "no client any more");
    assert_eq!(office.app.texts("SELECT CAST(count(*) AS TEXT) FROM ended_session").await, ["0"]);
}

/// D7: sent again until it is taken, each time of that moment, and not for ever.
#[tokio::test]
async fn a_notice_is_sent_until_it_is_taken() {
    let (office, lab, ear) = office().await;
    lab.tokens(&office.browser, &[]).await;
    ear.refuse(true);
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    let first = ear.tokens().pop().unwrap();
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty(), "not at once");
    office.app.advance(Duration::seconds(15));
    ear.refuse(false);
    jobs::tell(&office.app.app).await.unwrap();
    let second = ear.tokens().pop().unwrap();
    let (first, second): (Value, Value) = (part(&first, 1), part(&second, 1));
    assert_eq!(second["iat"].as_i64().unwrap() - first["iat"].as_i64().unwrap(), 15);
    assert_ne!(first["jti"], second["jti"]);
    office.app.advance(Duration::hours(1));
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty());
}

/// A notice that is a day old might end a newer log-in.
#[tokio::test]
async fn a_notice_is_given_up_after_a_day() {
    let (office, lab, ear) = office().await;
    lab.tokens(&office.browser, &[]).await;
    ear.refuse(true);
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    assert_eq!(ear.tokens().len(), 1);
    office.app.advance(Duration::days(1));
    jobs::purge(&office.app.app).await.unwrap();
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.tokens().is_empty());
}

/// However long ago an application was used in a session, it is told of the end.
#[tokio::test]
async fn a_long_session_is_told_too() {
    let (office, lab, ear) = office().await;
    office
        .app
        .sql("UPDATE client SET settings = json_set(settings, '$.refresh_tokens', json('false'))")
        .await;
    lab.tokens(&office.browser, &[]).await;
    for _ in 0..3 {
        office.app.advance(Duration::hours(20));
        office.app.sql("UPDATE session SET expires_at = expires_at + 100000000, last_seen_at = last_seen_at + 72000000").await;
        jobs::purge(&office.app.app).await.unwrap();
    }
    office.log_out().await;
    jobs::tell(&office.app.app).await.unwrap();
    assert_eq!(ear.tokens().len(), 1);
}

/// One application that takes its time holds up few others.
#[tokio::test]
async fn applications_are_told_side_by_side() {
    let (office, lab, ear) = office().await;
    ear.0.lock().unwrap().takes = std::time::Duration::from_secs(1);
    for _ in 0..6 {
        let browser = office.app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        lab.tokens(&browser, &[]).await;
        assert_eq!(browser.post("/logout", &[]).await.status, 303);
    }
    let begun = std::time::Instant::now();
    jobs::tell(&office.app.app).await.unwrap();
    assert_eq!(ear.tokens().len(), 6);
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// T31: one that is slow to hear many things has them one after the other, and everybody else is told first.
#[tokio::test]
async fn an_application_that_is_slow_waits_for_itself() {
    let (office, lab, ear) = office().await;
    let (other, address) = Ear::open().await;
    let app = &office.app.app;
    for _ in 0..60 {
        queue(app, "lab").await;
    }
    let tx = app.store.begin().await.unwrap();
    let quick = idp::model::client::ClientId::parse("quick").unwrap();
    let mut client = idp::store::clients::by_id(&tx, &lab_id(&lab)).await.unwrap().unwrap();
    client.id = quick;
    client.source = idp::model::client::ClientSource::Admin;
    client.settings.backchannel_logout_uri = Some(idp::model::client::WebUri::parse(&address).unwrap());
    assert!(idp::store::clients::insert(&tx, &client).await.unwrap());
    tx.commit().await.unwrap();
    queue(app, "quick").await;
    ear.0.lock().unwrap().takes = std::time::Duration::from_millis(700);
    let telling = tokio::spawn({
        let app = app.clone();
        async move { jobs::tell(&app).await.unwrap() }
    });
    let begun = std::time::Instant::now();
    while other.tokens().is_empty() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "it waited for somebody else");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    telling.await.unwrap();
    assert_eq!(ear.tokens().len(), 60);
}

fn lab_id(lab: &Application) -> idp::model::client::ClientId {
    idp::model::client::ClientId::parse(&lab.client_id).unwrap()
}

/// A notice that waits for an application.
async fn queue(app: &idp::app::App, client: &str) {
    let now = app.clock.now();
    let id = |kind: u8| uuid::Uuid::from_bytes([kind; 16]);
    let content = serde_json::json!({ "client": client, "user": id(1), "session": id(2) });
    let client = idp::model::client::ClientId::parse(client).unwrap();
    let tx = app.store.begin().await.unwrap();
    let outbox = app.entropy.id(now, idp::model::ids::OutboxId::new).unwrap();
    let whose = (idp::store::outbox::Kind::LogoutNotice, None);
    let content = serde_json::to_vec(&content).unwrap();
    idp::store::outbox::add_for(&tx, (outbox, Some(&client)), whose, &content, now).await.unwrap();
    tx.commit().await.unwrap();
}

/// C9: whatever it is that ends a session.
#[tokio::test]
async fn every_end_of_a_session_is_told() {
    for how in ["logout", "password", "other device", "surplus time", "another person"] {
        let (office, lab, ear) = office().await;
        lab.tokens(&office.browser, &[]).await;
        let other = office.app.browser();
        other.log_in_with_password(ADA, PASSWORD).await;
        match how {
            "logout" => office.log_out().await,
            "password" => {
                let fields = [("password", "seven herons in the fog"), ("end_others", "1")];
                assert_eq!(other.post("/account/password", &fields).await.status, 303);
            }
            "other device" => {
                other.post("/account/sessions/end-others", &[]).await;
            }
            "surplus time" => {
                office.app.advance(Duration::hours(25));
                jobs::purge(&office.app.app).await.unwrap();
            }
            _ => {
                office.app.person(super::EVE).await;
                office.browser.log_in_with_password(super::EVE, PASSWORD).await;
            }
        }
        jobs::tell(&office.app.app).await.unwrap();
        assert_eq!(ear.tokens().len(), 1, "{how}");
    }
}
