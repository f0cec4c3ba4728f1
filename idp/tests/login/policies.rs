//! Policies of an account, enforced by guided enrolment at the next sign-in.

use idp::model::user::Policy;
use serde_json::json;
use time::Duration;

use crate::support::{Browser, CodeApp, PASSWORD, SoftAuthenticator, TestApp, recovery_codes};

const ADA: &str = "ada@example.org";

/// Whether a browser can do anything but add a way in.
async fn assert_limited(app: &TestApp, browser: &Browser) {
    assert!(!browser.is_signed_in().await);
    for path in
        ["/account", "/account/passkeys", "/account/password", "/account/two-factor", "/account/email"]
    {
        assert!(browser.get(path).await.location().starts_with("/login"), "{path}");
    }
    let asked = app.clinic().authorize(browser, &[("prompt", "none")]).await;
    assert_eq!(asked.parameter("error").as_deref(), Some("login_required"), "no application knows of it");
    assert_eq!(browser.post("/account/sessions/end-others", &[]).await.status, 403);
}

/// Creates a passkey and names it; returns where that leads.
async fn enrol(browser: &Browser, authenticator: &mut SoftAuthenticator) -> String {
    let id = browser.create_passkey(authenticator).await;
    let fields = [("name", "My passkey"), ("fresh", "1")];
    browser.post(&format!("/account/passkeys/{id}/name"), &fields).await.location()
}

#[tokio::test]
async fn where_a_passkey_is_required_one_is_made_before_anything_else() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    for policy in [Policy::RequirePasskey, Policy::PasskeyOnly] {
        app.set_policy(user.id, policy).await;
        let browser = app.browser();
        let answer = browser.submit_password(ADA, PASSWORD).await;
        assert_eq!(answer.location(), "/account/passkeys/create?from=policy");
        assert_limited(&app, &browser).await;
        let page = browser.get(&answer.location()).await.body;
        assert!(page.contains("Your organization asks for a passkey") && !page.contains("Not now"), "{page}");
    }
    let browser = app.browser();
    browser.submit_password(ADA, PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    assert_eq!(enrol(&browser, &mut authenticator).await, "/login?notice=passkey-ready");
    assert!(browser.get("/login?notice=passkey-ready").await.body.contains("Your way in is ready"));
    assert_eq!(browser.get("/account/passkeys/create").await.status, 303, "the limited session has ended");
    browser.log_in_with_passkey(&mut authenticator).await;
}

/// J8: it never becomes a whole session, not even by signing in with the password again.
#[tokio::test]
async fn a_limited_session_stays_limited_and_ends() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    app.set_policy(user.id, Policy::RequirePasskey).await;
    let browser = app.browser();
    for _ in 0..2 {
        browser.submit_password(ADA, PASSWORD).await;
        assert_limited(&app, &browser).await;
    }
    app.advance(Duration::minutes(16));
    assert_eq!(browser.get("/account/passkeys/create").await.status, 303);
    let refused = browser.call("/account/passkeys/options", &json!({})).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn where_a_second_factor_is_required_a_code_app_will_do() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    app.set_policy(user.id, Policy::RequireSecondFactor).await;
    let browser = app.browser();
    let answer = browser.submit_password(ADA, PASSWORD).await;
    assert_eq!(answer.location(), "/login/enrol");
    let page = browser.get("/login/enrol").await.body;
    assert!(page.contains("Use a code app instead") && page.contains("Create a passkey"), "{page}");
    assert_limited(&app, &browser).await;
    let begun = browser.post("/account/two-factor/begin", &[]).await;
    let setup = browser.get(&begun.location()).await;
    let code_app = CodeApp::scan(&setup.body);
    let code = code_app.code(app.app.clock.now());
    let shown = browser.post("/account/two-factor/setup", &[("code", &code)]).await;
    assert_eq!(recovery_codes(&shown.body).len(), 10);
    assert!(!browser.is_signed_in().await);
    app.advance(Duration::seconds(30));
    let answer = browser.submit_password(ADA, PASSWORD).await;
    let flow = answer.location().split('=').nth(1).unwrap().to_owned();
    let code = code_app.code(app.app.clock.now());
    browser.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
    assert!(browser.is_signed_in().await);
}

/// product §1: `passkey_only`. No password, code or recovery code opens the account.
#[tokio::test]
async fn where_only_passkeys_are_allowed_nothing_else_signs_in() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let (_, codes) = app.code_app(&browser).await;
    app.set_policy(user.id, Policy::PasskeyOnly).await;
    let other = app.browser();
    let answer = other.submit_password(ADA, PASSWORD).await;
    assert!(answer.location().starts_with("/login/passkey?flow="), "{}", answer.location());
    let flow = answer.location().split('=').nth(1).unwrap().to_owned();
    let recovery = other.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    assert_eq!(recovery.location(), "/account/passkeys/create?from=policy", "a new passkey, and no more");
    assert_limited(&app, &other).await;
    app.browser().log_in_with_passkey(&mut authenticator).await;
}

/// A limited session is for one new way in, not for what was there before: neither a page nor a form names
/// an older passkey.
#[tokio::test]
async fn a_limited_session_sees_no_older_passkey() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let (_, codes) = app.code_app(&browser).await;
    app.set_policy(user.id, Policy::PasskeyOnly).await;
    app.advance(Duration::minutes(1));
    let other = app.browser();
    let flow = other.password_step(ADA, PASSWORD).await;
    other.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    let id = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap()[0].id;
    let path = format!("/account/passkeys/{id}/name");
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.post(&path, &[("name", "Mine")]).await.status, 404);
    let mut fresh = SoftAuthenticator::new(&app.issuer());
    let id = other.create_passkey(&mut fresh).await;
    assert_eq!(other.get(&format!("/account/passkeys/{id}/name")).await.status, 200);
}

/// J8: whoever is led to add a way in is logged in no longer, by what this browser had before neither.
#[tokio::test]
async fn a_limited_session_takes_the_place_of_the_whole_one() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.set_policy(user.id, Policy::RequirePasskey).await;
    let answer = browser.submit_password(ADA, PASSWORD).await;
    assert_eq!(answer.location(), "/account/passkeys/create?from=policy");
    let sessions = idp::store::sessions::of_user(&app.app.store, user.id).await.unwrap();
    assert!(sessions.len() == 1 && sessions[0].is_limited(), "{sessions:?}");
}
