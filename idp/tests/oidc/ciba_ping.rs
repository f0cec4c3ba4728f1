//! Telling an application that somebody has answered: CIBA Core 1.0 §10.2, security S22.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use idp::jobs;
use time::Duration;

use super::ciba::{GRANT, RECEPTION, allow, ask, asked, decide, poll, waiting};
use super::{Office, SECRET, assert_token_error};
use crate::support::Application;

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// An application's endpoint, on this machine.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    calls: Vec<(String, String, String)>,
    answers: Option<StatusCode>,
}

impl Ear {
    async fn open() -> (Self, String) {
        let ear = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://127.0.0.1:{}/ping", listener.local_addr().unwrap().port());
        let hear = async |State(ear): State<Ear>, headers: HeaderMap, body: String| {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            let mut heard = ear.0.lock().unwrap();
            heard.calls.push((header("authorization"), header("content-type"), body));
            heard.answers.unwrap_or(StatusCode::NO_CONTENT)
        };
        let router = Router::new().route("/ping", post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (ear, address)
    }

    fn answer(&self, status: StatusCode) {
        self.0.lock().unwrap().answers = Some(status);
    }

    /// What it was sent since it was last asked: the header, the type and the body.
    fn calls(&self) -> Vec<(String, String, String)> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

async fn office() -> (Office, Application, Ear) {
    let (ear, address) = Ear::open().await;
    let ping = format!(
        "grants = [\"ciba\"]\nbackchannel_token_delivery_mode = \"ping\"\n\
         backchannel_client_notification_endpoint = \"{address}\""
    );
    let office = Office::with_clients(&RECEPTION.replacen("grants = [\"ciba\"]", &ping, 1)).await;
    let reception = office.client("reception", Some(SECRET), "");
    (office, reception, ear)
}

/// §10.2
#[tokio::test]
async fn an_application_is_told_that_somebody_has_answered() {
    let (office, reception, ear) = office().await;
    let token = [("client_notification_token", TOKEN)];
    for decision in ["allow", "deny"] {
        let id = asked(&reception, &token).await;
        let path = waiting(&office.app, &office.browser).await;
        jobs::tell(&office.app.app).await.unwrap();
        assert!(ear.calls().is_empty(), "nobody has answered");
        decide(&office.browser, &path, decision).await;
        jobs::tell(&office.app.app).await.unwrap();
        let body = format!("{{\"auth_req_id\":\"{id}\"}}");
        let call = (format!("Bearer {TOKEN}"), "application/json".to_owned(), body);
        assert_eq!(ear.calls(), [call], "{decision}");
        jobs::tell(&office.app.app).await.unwrap();
        assert!(ear.calls().is_empty(), "once");
        let answer = poll(&reception, &id).await;
        if decision == "allow" {
            assert_eq!(answer.status, 200, "{answer:?}");
        } else {
            assert_token_error(&answer, 400, "access_denied");
        }
    }
}

/// §7.1: without the token, or with one that is none, it could not be told.
#[tokio::test]
async fn who_is_to_be_told_says_with_which_token() {
    let (_office, reception, _ear) = office().await;
    let long = "a".repeat(1025);
    for token in ["", "a b", "a\r\nx: y", &long] {
        let answer = ask(&reception, &[("client_notification_token", token)]).await;
        assert_token_error(&answer, 400, "invalid_request");
    }
}

/// Told again when it did not listen, but not for longer than there is something to fetch.
#[tokio::test]
async fn a_ping_is_repeated_and_given_up() {
    let (office, reception, ear) = office().await;
    asked(&reception, &[("client_notification_token", TOKEN)]).await;
    // Neither is a redirect followed.
    ear.answer(StatusCode::FOUND);
    allow(&office).await;
    jobs::tell(&office.app.app).await.unwrap();
    assert_eq!(ear.calls().len(), 1);
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.calls().is_empty(), "not at once");
    office.app.advance(Duration::seconds(15));
    jobs::tell(&office.app.app).await.unwrap();
    assert_eq!(ear.calls().len(), 1);
    office.app.advance(Duration::minutes(15));
    jobs::purge(&office.app.app).await.unwrap();
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.calls().is_empty());
}

/// Who is no client any more is not called.
#[tokio::test]
async fn a_disabled_application_is_not_told() {
    let (office, reception, ear) = office().await;
    asked(&reception, &[("client_notification_token", TOKEN)]).await;
    allow(&office).await;
    super::disable_client(&office.app, "reception").await;
    jobs::tell(&office.app.app).await.unwrap();
    assert!(ear.calls().is_empty());
}

/// S4, S6: what waits in the database opens nothing and tells nothing.
#[tokio::test]
async fn nothing_of_a_request_is_kept_in_clear() {
    let (office, reception, _ear) = office().await;
    let message = [("client_notification_token", TOKEN), ("binding_message", "W4SCT")];
    let id = asked(&reception, &message).await;
    allow(&office).await;
    for table in ["sign_in_request", "outbox"] {
        let column = if table == "outbox" { "sealed_content" } else { "sealed_asked" };
        let rows = office.app.texts(&format!("SELECT hex({column}) FROM {table}")).await;
        assert!(!rows.is_empty());
        for secret in [TOKEN, "W4SCT", &id] {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert!(rows.iter().all(|row| !row.contains(&hex)), "{table}: {secret}");
        }
    }
    assert_token_error(
        &reception.token(&[("grant_type", GRANT), ("auth_req_id", "x")]).await,
        400,
        "invalid_grant",
    );
}
