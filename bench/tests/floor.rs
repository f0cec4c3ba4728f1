//! The floor, driven for a moment: it does the work, and refuses what is wrong, so that nothing wrong is measured.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bench::driver::line::{Line, request};
use bench::driver::work::Work;
use bench::driver::{Offer, Rate, offer};
use bench::floor;
use bench::floor::plan::{Place, Plan, PublicPasskey, Shape};
use bench::operation::Operation;
use bench::world::authenticator::Authenticator;
use bench::world::passkey::Passkey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A token as a provider would have signed it.
fn token(kind: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"somebody","kind":"{kind}"}}"#));
    format!("{}.{payload}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#), "s".repeat(86))
}

fn json_answer(body: &Value) -> Shape {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Shape { status: 200, headers, body: body.to_string() }
}

fn answers() -> HashMap<String, Shape> {
    let tokens = json!({ "access_token": token("access"), "id_token": token("id"), "refresh_token": "kept" });
    let redirect =
        ("location".to_owned(), format!("http://localhost:9/callback?code={}&iss=x", "c".repeat(43)));
    let options = json!({ "ceremony": "h".repeat(43), "publicKey": { "challenge": "c".repeat(43), "rpId": "localhost" } });
    HashMap::from([
        (
            Operation::Authorize.name().to_owned(),
            Shape { status: 303, headers: vec![redirect], body: String::new() },
        ),
        (Operation::CodeExchange.name().to_owned(), json_answer(&tokens)),
        (Operation::Refresh.name().to_owned(), json_answer(&tokens)),
        (Operation::Userinfo.name().to_owned(), json_answer(&json!({ "sub": "somebody" }))),
        (Operation::Passkey.name().to_owned(), json_answer(&json!({ "location": "/account" }))),
        (Operation::Password.name().to_owned(), Shape { status: 303, ..Shape::default() }),
        ("passkey-options".to_owned(), json_answer(&options)),
    ])
}

fn new_passkey() -> Passkey {
    let options = json!({ "publicKey": {
        "challenge": "x", "rp": { "id": "localhost" }, "user": { "id": "handle" },
    } });
    let (made, _) = Authenticator::at("http://localhost").create(&options).unwrap();
    Passkey::new(made, "localhost", "idp_browser=b", "csrf")
}

async fn start(passkeys: &[&Passkey]) -> SocketAddr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("floor-{}-{}.db", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let public = |passkey: &&Passkey| PublicPasskey { id: passkey.id().to_owned(), point: passkey.point() };
    let plan = Plan {
        answers: answers(),
        kept: ["session", "refresh", "somebody"].map(ToOwned::to_owned).into(),
        passkeys: passkeys.iter().map(public).collect(),
        database: Place::Sqlite(std::env::temp_dir().join(name)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { floor::serve(listener, &plan).await.unwrap() });
    address
}

/// Status, first header `location`, body.
async fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    header: (&str, &str),
    body: &str,
) -> (u16, String, String) {
    let mut line = Line::to(address);
    let asking = request(method, target, &[("host", "localhost"), header], body);
    let answer = line.exchange(&asking).await.unwrap();
    (answer.status, answer.header("location").unwrap_or_default(), answer.text())
}

async fn refresh(address: SocketAddr) -> (u16, String) {
    let (status, _, body) =
        ask(address, "POST", "/oidc/token", FORM, "grant_type=refresh_token&refresh_token=refresh").await;
    (status, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_signed_anew_and_as_long_as_the_providers() {
    let address = start(&[]).await;
    let ((status, first), (_, second)) = (refresh(address).await, refresh(address).await);
    assert_eq!((status, first.len()), (200, answers()["refresh"].body.len()));
    assert_ne!(first, second);
    let unknown = "grant_type=refresh_token&refresh_token=unknown";
    assert_eq!(ask(address, "POST", "/oidc/token", FORM, unknown).await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn userinfo_verifies_the_signature() {
    let (address, other) = (start(&[]).await, start(&[]).await);
    for (signer, expected) in [(address, 200), (other, 400)] {
        let tokens: Value = serde_json::from_str(&refresh(signer).await.1).unwrap();
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let answer = ask(address, "GET", "/oidc/userinfo", ("authorization", &bearer), "").await;
        assert_eq!(answer.0, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_for_a_session_and_used_once() {
    let address = start(&[]).await;
    let target = "/oidc/authorize?redirect_uri=x";
    assert_eq!(ask(address, "GET", target, ("cookie", "idp_session=nobody"), "").await.0, 400);
    let (status, location, _) = ask(address, "GET", target, ("cookie", "a=b; idp_session=session"), "").await;
    assert_eq!(status, 303);
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let form = format!("grant_type=authorization_code&code={code}");
    assert_eq!(ask(address, "POST", "/oidc/token", FORM, &form).await.0, 200);
    assert_eq!(ask(address, "POST", "/oidc/token", FORM, &form).await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkeys_log_in_and_unknown_ones_do_not() {
    let (known, unknown) = (new_passkey(), new_passkey());
    let address = start(&[&known]).await;
    let second = Offer { rate: Rate::PerSecond(100.0), time: Duration::from_millis(500), lines: 8 };
    let known = Arc::new(Work::Ceremonies(vec![Arc::new(known)]));
    let outcome = offer(&[address], &known, second).await.unwrap();
    assert_eq!((outcome.done.count(), outcome.failed), (50, 0), "{:?}", outcome.first_failure);
    let unknown = Arc::new(Work::Ceremonies(vec![Arc::new(unknown)]));
    assert_eq!(offer(&[address], &unknown, second).await.unwrap().failed, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_passwords_than_may_wait_are_turned_away() {
    let address = start(&[]).await;
    let requests = vec![request("POST", "/login", &[("host", "localhost"), FORM], "password=x")];
    let work = Arc::new(Work::Repeated(bench::driver::work::Plain { requests, status: 303 }));
    let flood = Offer { rate: Rate::PerSecond(400.0), time: Duration::from_secs(1), lines: 200 };
    let outcome = offer(&[address], &work, flood).await.unwrap();
    assert!(
        outcome.done.count() > 0 && outcome.turned_away.count() > 0 && outcome.failed == 0,
        "{outcome:?}"
    );
}
