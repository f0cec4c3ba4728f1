//! The provider with a Redis beside it that forgets, hangs, ends or was never there (T5, T25): flows under way end with
//! a page that says what to do, and nothing is loosened.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::redis::RedisServer;
use crate::support::{Answer, Browser, Options, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

async fn provider() -> Option<(TestApp, RedisServer)> {
    let server = RedisServer::single()?;
    let app = TestApp::with(options(&server)).await;
    Some((app, server))
}

fn options(server: &RedisServer) -> Options {
    Options { environment: vec![("IDP_REDIS__URL", server.url())], ..Options::default() }
}

/// Begins at the application; the page that asks who it is.
async fn begin(app: &TestApp, browser: &Browser) -> String {
    let asked = app.clinic().authorize(browser, &[]).await;
    asked.parameter("attempt").unwrap_or_else(|| panic!("no attempt: {asked:?}"))
}

async fn ready(app: &TestApp) -> Answer {
    app.browser().get("/readyz").await
}

async fn recovers(app: &TestApp) {
    let begun = Instant::now();
    while ready(app).await.json().get("degraded").is_some() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it was not found again within 5 s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_with_what_is_kept_there() {
    let Some((app, server)) = provider().await else {
        return;
    };
    let (_, mut authenticator) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let tokens = app.clinic().offline_tokens(&browser).await;
    assert!(app.clinic().can_refresh(&tokens).await);
    let keys: Vec<Vec<u8>> = server.ask(&["KEYS", "idp:CodeIssued:*"]).unwrap();
    assert!(!keys.is_empty(), "codes are not kept there");
}

/// Forgetting everything in the middle of a log-in ends that, and no session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_forgotten_ends_with_a_page_and_no_session_ends() {
    let Some((app, server)) = provider().await else {
        return;
    };
    app.person(ADA).await;
    let here = app.browser();
    here.log_in_with_password(ADA, PASSWORD).await;
    let tokens = app.clinic().offline_tokens(&here).await;
    let there = app.browser();
    let attempt = begin(&app, &there).await;
    server.flush();
    let fields = [("email", ADA), ("password", PASSWORD), ("attempt", attempt.as_str())];
    let answer = there.post("/login", &fields).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    answer.assert_error_page("This log-in has expired");
    assert!(here.is_signed_in().await);
    assert!(app.clinic().can_refresh(&tokens).await);
    there.log_in_with_password(ADA, PASSWORD).await;
}

/// A code that was spent stays spent, and one that was forgotten is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_worth_more_after_a_flush() {
    let Some((app, server)) = provider().await else {
        return;
    };
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let clinic = app.clinic();
    let spent = clinic.code(&browser, &[]).await;
    assert_eq!(clinic.redeem(&spent).await.status, 200);
    let unspent = clinic.code(&browser, &[]).await;
    server.flush();
    for code in [&spent, &unspent] {
        let answer = clinic.redeem(code).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_grant")));
    }
}

/// Guesses are counted by the database: forgetting does not give new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushing_between_guesses_gives_no_more_of_them() {
    let Some((app, server)) = provider().await else {
        return;
    };
    app.person(ADA).await;
    let browser = app.browser();
    let mut told_to_wait = false;
    for _ in 0..20 {
        let answer = browser.submit_password(ADA, "not the password").await;
        told_to_wait |= answer.body.contains("Please wait");
        server.flush();
    }
    assert!(told_to_wait, "guessing went on for ever");
}

/// While it hangs or is gone, pages and endpoints that need it say so in time; the rest goes on; afterwards all is as
/// before, without a restart of ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_answer_is_said_in_time_and_the_rest_goes_on() {
    let Some((app, mut server)) = provider().await else {
        return;
    };
    app.person(ADA).await;
    let here = app.browser();
    here.log_in_with_password(ADA, PASSWORD).await;
    let clinic = app.clinic();
    let tokens = clinic.offline_tokens(&here).await;
    assert_eq!(ready(&app).await.json(), json!({ "ready": true }));
    let lost = |how: &'static str| {
        let (app, here, clinic, tokens) = (&app, &here, &clinic, &tokens);
        async move {
            let begun = Instant::now();
            let asked = clinic.authorize(&app.browser(), &[]).await;
            assert_eq!(asked.status, 503, "{how}: {asked:?}");
            asked.assert_error_page("Back in a moment");
            assert!(begun.elapsed() < Duration::from_secs(3), "{how}: {:?}", begun.elapsed());
            let answer = ready(app).await;
            assert_eq!(answer.status, 200, "{how}: every node would be taken out at once");
            assert!(answer.json()["degraded"].as_str().unwrap().contains("Redis"), "{answer:?}");
            assert!(here.is_signed_in().await, "{how}");
            assert!(clinic.can_refresh(tokens).await, "{how}");
            let access = tokens["access_token"].as_str().unwrap();
            assert_eq!(clinic.userinfo(access).await.status, 200, "{how}");
        }
    };
    server.hang();
    lost("hanging").await;
    server.wake();
    recovers(&app).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    server.stop();
    lost("stopped").await;
    server.start_again();
    recovers(&app).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
}

/// T25: nobody is sent to a node that has not found it yet; the node is alive and finds it by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_before_it_is_alive_and_not_ready() {
    let Some(mut server) = RedisServer::single() else {
        return;
    };
    server.stop();
    let app = TestApp::with(options(&server)).await;
    let answer = ready(&app).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({ "ready": false, "why": "Redis does not answer" }));
    assert_eq!(app.browser().get("/livez").await.status, 200);
    server.start_again();
    let begun = Instant::now();
    while ready(&app).await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "it was not found within 5 s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
