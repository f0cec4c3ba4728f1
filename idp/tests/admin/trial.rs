//! Trying out an application in the console: the whole way, and nothing for anybody at its end.

use idp::model::user::ServiceRole;
use serde_json::{Value, json};

use super::pages::strong;
use crate::support::{Answer, Browser, PASSWORD, TestApp};

const TRIAL: &str = "/admin/applications/clinic-example/trial";

fn plain(answer: &Answer) -> String {
    answer.body.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&#34;", "\"")
}

/// What stands in the box under a heading.
fn shown(answer: &Answer, heading: &str) -> Value {
    let body = plain(answer);
    let (_, rest) =
        body.split_once(&format!("aria-labelledby=\"{heading}\"><code>")).unwrap_or_else(|| panic!("{body}"));
    serde_json::from_str(rest.split_once("</code>").unwrap().0).unwrap()
}

/// To the first page that does not lead on by itself.
async fn follow(browser: &Browser, mut answer: Answer) -> Answer {
    while answer.status == 303 {
        let to = answer.location();
        assert!(to.starts_with('/') || to.starts_with(&browser.base), "somebody was answered: {to}");
        answer = browser.get(&to).await;
    }
    answer
}

async fn begin(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    let begun = browser.post(TRIAL, fields).await;
    assert!(begun.location().starts_with("/oidc/trial?trial="), "{begun:?}");
    follow(browser, begun).await
}

/// product §6: the operator sees what the application would be told about them, and it is told nothing.
#[tokio::test]
async fn a_trial_shows_what_the_application_would_be_told_and_gives_nothing() {
    let app = TestApp::init().await;
    let (olive, user) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let answer = begin(&olive, &[("scope", "openid profile email")]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (id_token, userinfo) = (shown(&answer, "id-token"), shown(&answer, "userinfo"));
    assert_eq!(id_token["sub"], json!(user.id.to_string()));
    assert_eq!(id_token["aud"], json!("clinic-example"));
    assert_eq!(id_token["acr"], json!("phr"));
    assert_eq!(userinfo["email"], json!("olive@example.org"));
    // The same as an application gets that really asks.
    let tokens = app.clinic().tokens(&olive, &[("scope", "openid profile email")]).await;
    let real = app.clinic().userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo, real);
    assert_eq!(app.texts("SELECT hex(id) FROM \"grant\"").await.len(), 1, "the trial made a grant");
    let kinds = app.texts("SELECT kind FROM audit_event").await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "sign-in-tried").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "tokens-issued").count(), 1, "{kinds:?}");
}

/// What is asked for wrongly, or not allowed, is shown as what the application would be told.
#[tokio::test]
async fn what_would_be_refused_is_shown_and_sent_to_nobody() {
    let app = TestApp::init().await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let malformed = begin(&olive, &[("scope", "openid \"profile\"")]).await;
    let missing = begin(&olive, &[("scope", "profile")]).await;
    for answer in [malformed, missing] {
        assert!(answer.body.contains("would be refused"), "{answer:?}");
    }
    // With a new log-in that is broken off.
    app.advance(time::Duration::MINUTE);
    let begun = olive.post(TRIAL, &[("scope", "openid"), ("anew", "1")]).await.location();
    let page = olive.get(&begun).await;
    assert!(page.location().starts_with("/login?"), "{page:?}");
    let handle = page.parameter("attempt").unwrap();
    let broken_off = olive.get(&format!("/oidc/authorize/resume?attempt={handle}&cancelled=1")).await;
    assert!(broken_off.body.contains("access_denied"), "{broken_off:?}");
    assert!(app.texts("SELECT hex(id) FROM \"grant\"").await.is_empty());
}

/// The handle of a trial is good once, and for the session that began it.
#[tokio::test]
async fn nobody_else_goes_on_with_a_trial() {
    let app = TestApp::init().await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    app.person("eve@example.org").await;
    let eve = app.browser();
    eve.log_in_with_password("eve@example.org", PASSWORD).await;
    assert_eq!(eve.post(TRIAL, &[("scope", "openid")]).await.status, 404);
    let begun = olive.post(TRIAL, &[("scope", "openid")]).await.location();
    assert_eq!(app.browser().get(&begun).await.status, 400);
    let begun = olive.post(TRIAL, &[("scope", "openid")]).await.location();
    assert_eq!(eve.get(&begun).await.status, 400);
    assert_eq!(olive.get(&begun).await.status, 400, "it was spent by the attempt");
}
