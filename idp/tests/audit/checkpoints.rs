//! Checkpoints get outside: to a file, a syslog, a webhook (S24).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use idp::config::{Destination, Syslog};
use idp::crypto::base64url;
use idp::store::audit::MarkName;
use serde_json::Value;
use tokio::io::AsyncReadExt;

use super::*;
use crate::support::TestApp;

/// A store with one record, and what its notary does with these destinations.
async fn publish(destinations: Vec<Destination>) -> (TestStore, anyhow::Result<bool>) {
    let mut test = open(Backend::Sqlite).await.unwrap();
    failures(&test.store, now(), 1).await;
    test.config.audit.checkpoints = destinations;
    let http = HttpClient::new(&test.config).unwrap();
    let done = notary(&test.store, &test.config, &http).checkpoint_if_due().await;
    (test, done)
}

/// RFC 5424 §6, and at its end a checkpoint that verifies.
async fn assert_syslog(test: &TestStore, message: &str) {
    let start = "<109>1 2027-01-15T08:00:00Z localhost portico - audit-checkpoint - {\"checkpoint\":\"";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(against(&test.store, message).await.unwrap().compared, 1);
}

#[tokio::test]
async fn the_job_adds_a_line_to_a_file_when_there_is_something_new() {
    let app = TestApp::init().await;
    let path = app.app.config.data_dir.join("audit-checkpoints.jsonl");
    let lines = || std::fs::read_to_string(&path).unwrap_or_default().lines().count();
    let tend = async || idp::jobs::tend_audit(&app.app).await.unwrap();
    tend().await;
    assert_eq!(lines(), 1, "the records of the start");
    app.person("ada@example.org").await;
    app.browser().submit_password("ada@example.org", "wrong").await;
    tend().await;
    assert_eq!(lines(), 1, "too soon");
    app.advance(Duration::minutes(10));
    tend().await;
    assert_eq!(lines(), 2);
    app.advance(Duration::minutes(10));
    tend().await;
    assert_eq!(lines(), 2, "nothing new");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(against(&app.app.store, &kept).await.unwrap().compared, 2);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let first: Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    let header = first["checkpoint"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    assert_eq!(
        (header["typ"].as_str(), header["alg"].as_str()),
        (Some("audit-checkpoint+jwt"), Some("EdDSA"))
    );
    assert_eq!(first["issuer"], app.issuer());
}

/// No token of ours, and no key of our JWKS.
#[tokio::test]
async fn the_key_of_checkpoints_signs_nothing_else() {
    let app = TestApp::init().await;
    idp::jobs::tend_audit(&app.app).await.unwrap();
    let signer = Signer::existing(&app.app.store).await.unwrap().unwrap();
    let kid = signer.jwks()["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert!(signer.jwks()["keys"][0].get("d").is_none());
    assert!(!app.app.keys.current().jwks().to_string().contains(&kid));
    let claims =
        serde_json::json!({"iss": app.issuer(), "iat": 1, "purpose": "anchor", "sequence": 1, "hash": ""});
    let (ring, alg) = (app.app.keys.current(), idp::model::key::SigningAlg::EdDsa);
    let token = idp::crypto::jwt::sign(&ring, alg, "audit-checkpoint+jwt", &claims).await.unwrap();
    assert!(signer.read(&token).is_none());
}

#[tokio::test]
async fn a_syslog_is_told_by_datagram() {
    let listener = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (test, done) = publish(vec![Destination::Syslog(Syslog::Udp(address))]).await;
    assert!(done.unwrap());
    let mut buffer = [0; 4096];
    let length = listener.recv(&mut buffer).await.unwrap();
    assert!(length < 2048, "RFC 5424 §6.1");
    assert_syslog(&test, std::str::from_utf8(&buffer[..length]).unwrap()).await;
}

#[tokio::test]
async fn a_syslog_is_told_by_stream_with_the_length_first() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let reader = tokio::spawn(async move {
        let mut said = String::new();
        listener.accept().await.unwrap().0.read_to_string(&mut said).await.unwrap();
        said
    });
    let (test, done) = publish(vec![Destination::Syslog(Syslog::Tcp(address))]).await;
    assert!(done.unwrap());
    let said = reader.await.unwrap();
    let (length, message) = said.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), message.len());
    assert_syslog(&test, message).await;
}

#[tokio::test]
async fn a_syslog_is_told_by_its_socket() {
    let dir = crate::support::TempDir::new("log");
    let path = dir.0.join("log");
    let listener = tokio::net::UnixDatagram::bind(&path).unwrap();
    let (test, done) = publish(vec![Destination::Syslog(Syslog::Unix(path))]).await;
    assert!(done.unwrap());
    let mut buffer = [0; 4096];
    let length = listener.recv(&mut buffer).await.unwrap();
    assert_syslog(&test, std::str::from_utf8(&buffer[..length]).unwrap()).await;
}

#[tokio::test]
async fn a_webhook_is_told_and_asked_again_until_it_agrees() {
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&got));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let (test, refused) = publish(vec![Destination::Webhook(address.into())]).await;
    let refused = format!("{:#}", refused.unwrap_err());
    assert!(refused.contains("it answered 503") && !refused.contains("/hook"), "{refused}");
    assert_eq!(records::mark(&test.store, MarkName::Checkpoint).await.unwrap(), None);
    let http = HttpClient::new(&test.config).unwrap();
    assert!(notary(&test.store, &test.config, &http).checkpoint_if_due().await.unwrap());
    let kept = got.lock().unwrap().join("\n");
    assert_eq!(kept.lines().count(), 2);
    assert_eq!(against(&test.store, &kept).await.unwrap().compared, 1, "the same place twice");
}

/// Has a bad first day.
async fn take(State(got): State<Arc<Mutex<Vec<String>>>>, body: String) -> StatusCode {
    let mut got = got.lock().unwrap();
    got.push(body);
    if got.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
}
