//! What is still there when the program is started again on the same data: sessions, refresh tokens,
//! consents and keys; and what a restart must not open again.

use std::net::SocketAddr;
use std::sync::Arc;

use idp::app::App;
use idp::clock::{SharedClock, TestClock};
use idp::config::Config;
use idp::server::Listeners;
use serde_json::json;
use time::Duration;
use tokio::runtime::Runtime;

use super::authorization_details::{TYPES, payment};
use super::{ADA, CLIENTS, SECRET, assert_token_error, decide, text, tokens_with_consent, verified};
use crate::support::{Application, Browser, Options, PASSWORD, TempDir, TestApp};

/// A provider in a runtime of its own, so that stopping it closes every connection.
struct Machine {
    data_dir: TempDir,
    address: SocketAddr,
    clock: Arc<TestClock>,
    /// Kept until the restart: its listener closes with it.
    first: Option<TestApp>,
    running: Option<Runtime>,
}

impl Machine {
    /// Starts it for the first time, with Ada, and returns what talks to it.
    async fn first_start() -> (Self, Browser, [Application; 3]) {
        Self::first_start_with(CLIENTS).await
    }

    /// The same with these clients, which have those among them.
    async fn first_start_with(clients: &str) -> (Self, Browser, [Application; 3]) {
        let data_dir = TempDir::new("restart");
        let running = Runtime::new().unwrap();
        let environment = vec![("IDP_DATA_DIR", data_dir.0.join("idp").display().to_string())];
        let options = Options { environment, config_file: Some(clients.to_owned()), ..Options::default() };
        let app = running.spawn(TestApp::with(options)).await.unwrap();
        app.person(ADA).await;
        let browser = app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        let clients = [
            Application::new(&app, "practice", Some(SECRET), "https://practice.example.org/cb"),
            Application::new(&app, "calendar", None, "https://calendar.example.org/cb"),
            Application::new(&app, "careful", Some(SECRET), "https://careful.example.org/cb"),
        ];
        let (address, clock) = (app.address, Arc::clone(&app.clock));
        let machine = Self { data_dir, address, clock, first: Some(app), running: Some(running) };
        (machine, browser, clients)
    }

    /// Stops it and starts it again, with these clients.
    async fn restart(&mut self, clients: &str) {
        drop(self.first.take());
        self.running.take().unwrap().shutdown_background();
        let file = self.data_dir.0.join("idp.toml");
        std::fs::write(&file, clients).unwrap();
        let environment = [
            ("IDP_PUBLIC_URL", format!("http://localhost:{}", self.address.port())),
            ("IDP_DATA_DIR", self.data_dir.0.join("idp").display().to_string()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let config = Config::from_sources(Some(&file), environment).unwrap();
        let (clock, address) = (Arc::clone(&self.clock) as SharedClock, self.address);
        let running = Runtime::new().unwrap();
        let ready = running.spawn(async move {
            let app = App::build(config, clock).await.unwrap();
            let listener = tokio::net::TcpListener::bind(address).await.unwrap();
            tokio::spawn(async move {
                let listeners = Listeners { main: listener, mtls: None, metrics: None };
                idp::server::serve(app, listeners, std::future::pending()).await.unwrap();
            });
        });
        ready.await.unwrap();
        self.running = Some(running);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_background();
        }
    }
}

#[tokio::test]
async fn people_stay_signed_in() {
    let (mut machine, browser, [practice, ..]) = Machine::first_start().await;
    machine.restart(CLIENTS).await;
    assert!(browser.is_signed_in().await);
    assert!(practice.authorize(&browser, &[("prompt", "none")]).await.parameter("code").is_some());
}

/// C24: the keys are the same, so nothing that was signed becomes a stranger.
#[tokio::test]
async fn tokens_stay_valid() {
    let (mut machine, browser, [practice, ..]) = Machine::first_start().await;
    let before = practice.get("/oidc/jwks", &[]).await.json();
    let tokens = practice.tokens(&browser, &[]).await;
    machine.restart(CLIENTS).await;
    assert_eq!(practice.get("/oidc/jwks", &[]).await.json(), before);
    verified(&practice, text(&tokens, "id_token")).await;
    assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 200);
    let hint = [("id_token_hint", text(&tokens, "id_token")), ("prompt", "none")];
    assert!(practice.authorize(&browser, &hint).await.parameter("code").is_some());
}

#[tokio::test]
async fn refresh_tokens_stay_valid() {
    let (mut machine, browser, [practice, calendar, _]) = Machine::first_start().await;
    let (kept, rotated) = (practice.tokens(&browser, &[]).await, calendar.tokens(&browser, &[]).await);
    machine.restart(CLIENTS).await;
    for (client, tokens) in [(&practice, &kept), (&calendar, &rotated)] {
        assert_eq!(client.refresh(text(tokens, "refresh_token")).await.status, 200);
    }
}

/// RFC 9396 §6.2, and what the operator no longer declares is gone.
#[tokio::test]
async fn what_was_allowed_in_detail_is_still_allowed() {
    let clients = format!("{TYPES}{CLIENTS}")
        .replace("id = \"careful\"", "id = \"careful\"\nauthorization_details_types = [\"payment\"]");
    let (mut machine, browser, [.., careful]) = Machine::first_start_with(&clients).await;
    let details = json!([payment("5")]);
    let changes = [("authorization_details", details.to_string())];
    let changes = changes.each_ref().map(|(name, value)| (*name, value.as_str()));
    let tokens = tokens_with_consent(&careful, &browser, &changes).await;
    machine.restart(&clients).await;
    let refreshed = careful.refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(refreshed["authorization_details"], details);
    machine.restart(CLIENTS).await;
    let refreshed = careful.refresh(text(&refreshed, "refresh_token")).await.json();
    assert!(refreshed.get("access_token").is_some(), "{refreshed}");
    assert!(refreshed.get("authorization_details").is_none(), "{refreshed}");
}

/// C4, S1: the successor is kept sealed, and opens again under the same master key.
#[tokio::test]
async fn the_grace_of_a_rotation_survives() {
    let (mut machine, browser, [_, calendar, _]) = Machine::first_start().await;
    let first = calendar.tokens(&browser, &[]).await;
    let second = calendar.refresh(text(&first, "refresh_token")).await.json();
    machine.restart(CLIENTS).await;
    let again = calendar.refresh(text(&first, "refresh_token")).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    machine.clock.advance(Duration::seconds(11));
    assert_token_error(&calendar.refresh(text(&first, "refresh_token")).await, 400, "invalid_grant");
    assert_token_error(&calendar.refresh(text(&second, "refresh_token")).await, 400, "invalid_grant");
}

/// A9, §2.3: a code that was redeemed before is still known as used, and its reuse still revokes.
#[tokio::test]
async fn a_used_code_stays_used() {
    let (mut machine, browser, [practice, ..]) = Machine::first_start().await;
    let code = practice.code(&browser, &[]).await;
    let tokens = practice.redeem(&code).await.json();
    machine.restart(CLIENTS).await;
    assert_token_error(&practice.redeem(&code).await, 400, "invalid_grant");
    assert_token_error(&practice.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
}

/// A code that nobody had redeemed is lost with the process; the application begins again.
#[tokio::test]
async fn a_waiting_code_is_refused_cleanly() {
    let (mut machine, browser, [practice, ..]) = Machine::first_start().await;
    let code = practice.code(&browser, &[]).await;
    machine.restart(CLIENTS).await;
    let answer = practice.redeem(&code).await;
    if answer.status != 200 {
        assert_token_error(&answer, 400, "invalid_grant");
    }
}

/// A15
#[tokio::test]
async fn consents_stay_remembered() {
    let (mut machine, browser, [.., careful]) = Machine::first_start().await;
    let page = careful.authorize(&browser, &[]).await;
    decide(&browser, &page, "allow").await;
    machine.restart(CLIENTS).await;
    assert!(careful.authorize(&browser, &[]).await.parameter("code").is_some());
}

/// C6: a client that is no longer declared is out, with everything it holds.
#[tokio::test]
async fn a_client_that_is_no_longer_declared_gets_nothing() {
    let (mut machine, browser, [practice, calendar, _]) = Machine::first_start().await;
    let tokens = practice.tokens(&browser, &[]).await;
    let (_, without) = CLIENTS.split_once("id = \"pharmacy\"").unwrap();
    machine.restart(&format!("[[clients]]\nid = \"pharmacy\"{without}")).await;
    super::assert_stays_here(&practice.authorize(&browser, &[]).await);
    assert_token_error(&practice.refresh(text(&tokens, "refresh_token")).await, 401, "invalid_client");
    assert_eq!(practice.userinfo(text(&tokens, "access_token")).await.status, 401);
    assert!(calendar.authorize(&browser, &[]).await.parameter("code").is_some(), "the others go on");
}
