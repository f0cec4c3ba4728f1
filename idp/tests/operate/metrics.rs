//! Metrics move with what they count, name nobody, and are read at their own address only.

use futures_util::future::join_all;
use reqwest::Method;
use time::Duration;

use super::Metrics;
use crate::support::process::Installation;
use crate::support::{Options, PASSWORD, TempDir, TestApp};

const ADA: &str = "ada@example.org";

/// What came of one kind of step since another reading.
fn step(before: &Metrics, after: &Metrics, way: &str, outcome: &str) -> i64 {
    let sample = format!("idp_sign_in_steps_total{{way=\"{way}\",outcome=\"{outcome}\"}}");
    after.value(&sample) - before.value(&sample)
}

#[tokio::test]
async fn signing_in_and_failing_to_is_counted_by_way() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey(ADA).await;
    app.person("eva@example.org").await;
    let before = Metrics::of(&app).await;
    app.browser().log_in_with_password("eva@example.org", PASSWORD).await;
    app.browser().log_in_with_passkey(&mut authenticator).await;
    app.browser().submit_password(ADA, "wrong").await;
    app.browser().submit_password("nobody@example.org", "wrong").await;
    let after = Metrics::of(&app).await;
    assert_eq!(step(&before, &after, "password", "signed_in"), 1);
    assert_eq!(step(&before, &after, "password", "wrong"), 2);
    assert_eq!(step(&before, &after, "passkey", "signed_in"), 1);
    assert_eq!(step(&before, &after, "passkey", "wrong"), 0);
    let records =
        |metrics: &Metrics, kind| metrics.value(&format!("idp_audit_records_total{{kind=\"{kind}\"}}"));
    assert_eq!(records(&after, "signed-in") - records(&before, "signed-in"), 2);
    assert_eq!(records(&after, "sign-in-failed") - records(&before, "sign-in-failed"), 2);
    let route = "idp_http_requests_total{route=\"/login\",method=\"POST\",class=";
    let posted = |metrics: &Metrics, class| metrics.value(&format!("{route}\"{class}\"}}"));
    assert_eq!(posted(&after, "3xx") - posted(&before, "3xx"), 1);
    assert!(after.value("idp_password_job_duration_seconds_count") >= 4);
    assert!(after.value("idp_database_commit_duration_seconds_count") > 4);
}

#[tokio::test]
async fn a_code_a_recovery_code_and_a_wait_are_counted() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (code_app, recovery) = app.code_app(&browser).await;
    app.advance(Duration::seconds(60));
    let before = Metrics::of(&app).await;
    let browser = app.browser();
    let flow = browser.password_step(ADA, PASSWORD).await;
    browser.post("/login/code", &[("flow", &flow), ("code", "000000")]).await;
    browser.post("/login/code", &[("flow", &flow), ("code", &code_app.code(app.app.clock.now()))]).await;
    let browser = app.browser();
    let flow = browser.password_step(ADA, PASSWORD).await;
    browser.post("/login/recovery", &[("flow", &flow), ("code", &recovery[0])]).await;
    for _ in 0..8 {
        app.browser().submit_password(ADA, "wrong").await;
    }
    let after = Metrics::of(&app).await;
    assert_eq!(step(&before, &after, "password", "more_is_asked"), 2);
    assert_eq!(step(&before, &after, "code", "wrong"), 1);
    assert_eq!(step(&before, &after, "code", "signed_in"), 1);
    assert_eq!(step(&before, &after, "recovery_code", "signed_in"), 1);
    let waits = step(&before, &after, "password", "waits");
    assert!(waits >= 1, "nobody had to wait");
    assert_eq!(after.value("idp_guesses_turned_away_total{why=\"account\"}"), waits);
}

#[tokio::test]
async fn tokens_are_counted_by_grant_and_kind_and_errors_by_code() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let (browser, clinic) = (app.browser(), app.clinic());
    browser.log_in_with_password(ADA, PASSWORD).await;
    let code = clinic.code(&browser, &[]).await;
    assert_eq!(clinic.redeem(&code).await.status, 200);
    assert_eq!(clinic.redeem(&code).await.status, 400);
    assert_eq!(clinic.token(&[("grant_type", "no such grant")]).await.status, 400);
    let metrics = Metrics::of(&app).await;
    let issued = |kind| {
        metrics.value(&format!("idp_tokens_issued_total{{grant=\"authorization_code\",kind=\"{kind}\"}}"))
    };
    assert_eq!((issued("access_token"), issued("id_token")), (1, 1));
    let refused = |code| metrics.value(&format!("idp_token_errors_total{{error=\"{code}\"}}"));
    assert_eq!((refused("invalid_grant"), refused("unsupported_grant_type")), (1, 1));
}

#[tokio::test]
async fn what_waits_and_what_happens_by_itself_is_told() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let fresh = Metrics::of(&app).await;
    assert_eq!(fresh.value("idp_ready"), 1);
    assert_eq!(fresh.value("idp_database_up"), 1);
    assert_eq!(fresh.value("idp_ephemeral_up{backend=\"memory\"}"), 1);
    assert_eq!(fresh.value("idp_outbox_oldest_age_seconds"), 0);
    assert!(fresh.value("process_resident_memory_bytes") > 1_000_000);
    assert!(fresh.value("process_open_fds") > 3);
    assert!(fresh.value("idp_audit_sequence") >= 1);
    assert!(fresh.value("idp_database_connections_max{pool=\"writer\"}") >= 1);
    let rotation = |metrics: &Metrics| metrics.value("idp_signing_key_rotation_seconds{alg=\"ES256\"}");
    assert_eq!(rotation(&fresh), 90 * 86_400);
    app.browser().post("/login/forgot", &[("email", ADA)]).await;
    app.advance(Duration::minutes(30));
    // What was read is good for a moment.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let later = Metrics::of(&app).await;
    assert_eq!(later.value("idp_outbox_messages"), 1);
    assert_eq!(later.value("idp_outbox_oldest_age_seconds"), 1800);
    assert_eq!(rotation(&later), 90 * 86_400 - 1800);
    assert_eq!(later.value("idp_signing_key_age_seconds{alg=\"ES256\"}"), 1800);
}

#[tokio::test]
async fn a_failed_job_is_told_from_one_that_worked() {
    use idp::app::journal::{Job, Run};
    let app = TestApp::init().await;
    let at = app.app.clock.now();
    app.app.journal.note(Job::Keys, Run { at, error: None });
    app.app.journal.note(Job::Keys, Run { at: at + Duration::hours(1), error: Some("no".to_owned()) });
    let metrics = Metrics::of(&app).await;
    let last = metrics.value("idp_job_last_success_timestamp_seconds{task=\"keys\"}");
    assert_eq!(last, at.unix_timestamp());
    assert_eq!(metrics.value("idp_job_failures_total{task=\"keys\"}"), 1);
    assert_eq!(metrics.value("idp_job_failures_total{task=\"mails\"}"), 0);
}

/// S11: each is read where it should be, and nothing else is.
#[tokio::test]
async fn metrics_have_a_port_of_their_own() {
    let app = TestApp::init().await;
    let public = app.browser().get("/metrics").await;
    assert_eq!(public.status, 404);
    assert!(!public.body.contains("idp_"), "{}", public.body);
    let at = |path: &str| format!("http://{}{path}", app.metrics_address);
    let shown = reqwest::get(at("/metrics")).await.unwrap();
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for path in ["/", "/livez", "/readyz", "/login", "/oidc/jwks", "/metrics/", "/admin", "/oidc/token"] {
        assert_eq!(reqwest::get(at(path)).await.unwrap().status(), 404, "{path}");
    }
    let posted = reqwest::Client::new().post(at("/metrics")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

/// Class 2.20: whatever strangers send, there are no more rows, and nobody is named in one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_make_no_more_rows_and_nobody_is_named() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    // Once of each kind, so that each row that there can be is there.
    let client = reqwest::Client::new();
    let odd = async |number: usize| {
        let paths = [
            format!("/canary-{number}/{ADA}"),
            format!("/static/canary-{number}/x"),
            format!("/brand/logo/canary-{number}"),
            format!("/oidc/authorize?client_id=canary-{number}&response_type=code"),
        ];
        for path in &paths {
            client.get(app.url(path)).header("x-forwarded-for", "203.0.113.77").send().await.unwrap();
        }
        let method = Method::from_bytes(format!("CANARY{number}").as_bytes()).unwrap();
        client.request(method, app.url("/livez")).send().await.unwrap();
        let body = format!("grant_type=canary-{number}&client_id=canary-{number}&client_secret=x");
        let form = ("content-type", "application/x-www-form-urlencoded");
        client.post(app.url("/oidc/token")).header(form.0, form.1).body(body).send().await.unwrap();
    };
    odd(0).await;
    let before = Metrics::of(&app).await;
    for round in 0..105 {
        join_all((0..16).map(|index| odd(1 + round * 16 + index))).await;
    }
    let after = Metrics::of(&app).await;
    let rows = |metrics: &Metrics| metrics.samples.keys().cloned().collect::<Vec<_>>();
    assert_eq!(rows(&before), rows(&after), "10,000 odd requests made other rows");
    let unknown = "idp_http_requests_total{route=\"none\",method=\"GET\",class=\"4xx\"}";
    assert!(after.value(unknown) - before.value(unknown) >= 1680, "they were not counted");
    let id = user.id.to_string();
    for secret in ["canary", "CANARY", ADA, "Lovelace", "203.0.113", "127.0.0.1", "clinic-example", &id] {
        assert!(!after.text.contains(secret), "{secret} is in the metrics");
    }
}

/// What was open, and who had to wait, is counted.
#[tokio::test]
async fn connections_are_counted_up_to_the_limit() {
    let environment = vec![("IDP_HTTP__MAX_CONNECTIONS", "2".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        #[expect(clippy::disallowed_methods, reason = "a test may connect to what it has started")]
        held.push(tokio::net::TcpStream::connect(app.address).await.unwrap());
    }
    // A connection is taken up a moment after it was made.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let full = Metrics::of(&app).await;
    assert_eq!(full.value("idp_http_connections"), 2);
    assert_eq!(full.value("idp_http_connections_max"), 2);
    assert_eq!(full.value("idp_http_connections_full_total"), 1);
    drop(held);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(Metrics::of(&app).await.value("idp_http_connections"), 0);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = TempDir::new("metrics");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.push(("IDP_METRICS__LISTEN".to_owned(), address.clone()));
    let output = tokio::task::spawn_blocking(move || installation.run(&["serve"], "")).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains(&format!("The address {address} can not be listened on (metrics.listen)")),
        "{said}"
    );
}
