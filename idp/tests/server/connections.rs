//! Connections that are slow, silent, huge or many, and the end of the service.

#![expect(clippy::disallowed_methods, reason = "these tests speak to the service without an HTTP client")]

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::store::fresh_postgres;
use crate::support::process::Installation;
use crate::support::{Options, TempDir, TestApp};

async fn impatient() -> TestApp {
    let environment = vec![
        ("IDP_HTTP__HEAD_TIMEOUT_SECONDS", "1".to_owned()),
        ("IDP_HTTP__BODY_TIMEOUT_SECONDS", "1".to_owned()),
    ];
    TestApp::with(Options { environment, ..Options::default() }).await
}

/// Sends bytes and reads until the connection ends; returns what came and how long it took.
async fn exchange(app: &TestApp, sent: &[u8]) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut answer)).await;
    (String::from_utf8_lossy(&answer).into_owned(), started.elapsed())
}

/// T16: every way of holding a connection without using it is ended by a timer.
#[tokio::test]
async fn slow_and_silent_connections_are_ended() {
    let app = impatient().await;
    let body = "POST /oidc/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 100\r\n\r\ngrant_type=";
    for (what, sent) in [
        ("nothing at all", ""),
        ("half a request line", "GET /livez HT"),
        ("half a head", "GET /livez HTTP/1.1\r\nHost: x\r\n"),
        ("idle after an answer", "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("half a body", body),
    ] {
        let (_, took) = exchange(&app, sent.as_bytes()).await;
        assert!(took < Duration::from_secs(5), "{what} was held for {took:?}");
    }
}

/// T17
#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let app = impatient().await;
    let long = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(200));
    let uri = format!("GET /livez?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(40_000));
    for request in [long, many, uri] {
        let (answer, _) = exchange(&app, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414"), "{answer:?}");
    }
    let (answer, _) = exchange(&app, b"\x16\x03\x01\x02\x00\x01\x00 this is TLS\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer:?}");
}

/// Beyond the limit a connection waits until another one is closed.
#[tokio::test]
async fn there_are_no_more_connections_than_configured() {
    let environment = vec![("IDP_HTTP__MAX_CONNECTIONS", "2".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let ask = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(ask).await.unwrap();
        assert!(stream.read(&mut [0; 64]).await.unwrap() > 0);
        held.push(stream);
    }
    let mut third = TcpStream::connect(app.address).await.unwrap();
    third.write_all(ask).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), third.read(&mut [0; 64])).await;
    assert!(early.is_err(), "the third connection was served");
    held.pop();
    let served = tokio::time::timeout(Duration::from_secs(5), third.read(&mut [0; 64])).await;
    assert!(served.unwrap().unwrap() > 0);
}

#[tokio::test]
async fn the_probes_say_how_it_is() {
    let app = TestApp::init().await;
    let browser = app.browser();
    assert_eq!(browser.get("/livez").await.status, 200);
    assert_eq!(browser.get("/readyz").await.json()["ready"], true);
    app.app.set_ready(false);
    let leaving = browser.get("/readyz").await;
    assert_eq!(leaving.status, 503);
    assert_eq!(leaving.json()["why"], "shutting down");
    assert_eq!(browser.get("/livez").await.status, 200);
}

/// What only reads goes on, at every node, as with a disk that is full.
#[tokio::test]
async fn a_database_where_nothing_can_be_written_is_named() {
    let Some(url) = fresh_postgres().await else {
        return;
    };
    let environment = vec![("IDP_DATABASE__URL", url.clone())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let browser = app.browser();
    assert_eq!(browser.get("/readyz").await.status, 200);
    let (base, name) = url.rsplit_once('/').unwrap();
    let server = sea_orm::Database::connect(format!("{base}/postgres")).await.unwrap();
    let tell = async |sentence: &str| {
        server.execute_unprepared(&format!("ALTER DATABASE {name} {sentence}")).await.unwrap();
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        server.execute_unprepared(&end).await.unwrap();
        for _ in 0..100 {
            let answer = browser.get("/readyz").await;
            // Connections that have ended are made anew.
            if !answer.body.contains("does not answer") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it is not found again");
    };
    let reading = tell("SET default_transaction_read_only = on").await;
    let degraded = "the database is read-only: nobody can log in";
    assert_eq!((reading.status.as_u16(), &reading.json()["degraded"]), (200, &degraded.into()));
    assert_eq!(browser.get("/livez").await.status, 200);
    assert_eq!(tell("RESET default_transaction_read_only").await.body, r#"{"ready":true}"#);
}

/// T24: on SIGTERM it reports "not ready", serves on for the configured while, and ends.
#[tokio::test]
async fn on_a_signal_it_steps_down_in_order() {
    let dir = TempDir::new("shutdown");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.push(("IDP_HTTP__SHUTDOWN_DELAY_SECONDS".to_owned(), "1".to_owned()));
    let process = installation.start();
    let browser = process.browser();
    assert_eq!(browser.get("/readyz").await.status, 200);
    let started = Instant::now();
    let ended = tokio::task::spawn_blocking(move || process.terminate());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(browser.get("/readyz").await.status, 503, "load balancers are told");
    assert_eq!(browser.get("/login").await.status, 200, "whoever comes is still served");
    assert!(ended.await.unwrap().success());
    let took = started.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
}
