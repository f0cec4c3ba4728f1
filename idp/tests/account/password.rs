//! Changing one's password.

use idp::model::user::Policy;
use time::Duration;

use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
const NEW: &str = "seven herons in the fog";

/// F9: by somebody who has just proven themselves; other log-ins end if they wish.
#[tokio::test]
async fn a_password_is_changed_by_who_has_just_shown_it() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let (browser, other) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    other.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::minutes(6));
    let page = browser.get("/account/password").await;
    assert_eq!(page.location(), "/login?destination=%2Faccount%2Fpassword&confirm=1");
    let stale = browser.post("/account/password", &[("password", NEW)]).await;
    assert!(stale.location().starts_with("/login?destination="));
    let back = browser
        .post("/login", &[("email", ADA), ("password", PASSWORD), ("destination", "/account/password")])
        .await;
    assert!(
        back.location().contains("destination=%2Faccount%2Fpassword")
            || back.location() == "/account/password"
    );
    assert!(browser.get("/account/password").await.body.contains("Log me out on all other devices"));
    let changed = browser.post("/account/password", &[("password", NEW), ("end_others", "1")]).await;
    assert_eq!(changed.location(), "/account?notice=password-saved");
    assert!(browser.is_signed_in().await && !other.is_signed_in().await);
    assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.status, 200);
    app.browser().log_in_with_password(ADA, NEW).await;
    assert!(app.mails().await.iter().any(|mail| mail.subject == "Your password was changed"));
    assert!(app.trail(user.id).await.contains(&"password-changed".to_owned()));
}

#[tokio::test]
async fn other_devices_stay_if_the_person_wishes() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let (browser, other) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    other.log_in_with_password(ADA, PASSWORD).await;
    browser.post("/account/password", &[("password", NEW)]).await;
    assert!(other.is_signed_in().await);
}

/// Who may only add a way in got that far with the old password.
#[tokio::test]
async fn a_new_password_ends_limited_sessions_whatever_the_person_wishes() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let (browser, other) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.set_policy(user.id, Policy::RequirePasskey).await;
    assert!(other.submit_password(ADA, PASSWORD).await.location().starts_with("/account/passkeys/create"));
    assert_eq!(other.get("/account/passkeys/create").await.status, 200);
    browser.post("/account/password", &[("password", NEW)]).await;
    assert_eq!(other.get("/account/passkeys/create").await.status, 303);
}

/// F4, F3: what is guessed first is refused with the reason; nothing else is asked.
#[tokio::test]
async fn a_password_that_is_guessed_first_is_refused_with_the_reason() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let long = "long ".repeat(300);
    for (password, reason) in [
        ("too short", "too short"),
        ("123456789012345", "This password is guessed first"),
        ("aaaaaaaaaaaaaaaaaa", "follows a pattern such as a repetition"),
        ("Lovelace Lovelace", "contains your name"),
        (long.as_str(), "too long"),
    ] {
        let answer = browser.post("/account/password", &[("password", password)]).await;
        assert!(answer.body.contains(reason), "{password}: {}", answer.body);
    }
    app.browser().log_in_with_password(ADA, PASSWORD).await;
}

/// Browsers and password managers find the page.
#[tokio::test]
async fn the_well_known_address_leads_to_the_page() {
    let app = TestApp::init().await;
    let answer = app.browser().get("/.well-known/change-password").await;
    assert!([302, 303, 307].contains(&answer.status.as_u16()));
    assert_eq!(answer.location(), "/account/password");
    let probe = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(app.browser().get(probe).await.status, 404);
}

/// Class 2.13: no change without a page of ours, whatever the session.
#[tokio::test]
async fn every_change_refuses_what_did_not_come_from_our_own_pages() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let csrf = browser.csrf().await;
    let form = "application/x-www-form-urlencoded";
    for path in [
        "/account/profile",
        "/account/email",
        "/account/email/verify",
        "/account/password",
        "/account/passkeys/lost",
        "/account/two-factor/begin",
        "/account/two-factor/setup",
        "/account/two-factor/off",
        "/account/two-factor/recovery-codes",
        "/account/sessions/end-others",
        "/account/apps/clinic-example/disconnect",
        "/login/forgot",
        "/login/reset",
        "/login/access",
        "/login/code",
        "/login/recovery",
        "/login/shared",
    ] {
        let body = format!("csrf={csrf}&password=seven+herons+in+the+fog");
        for (headers, body) in [
            (vec![("content-type", form), ("sec-fetch-site", "cross-site")], body.clone()),
            (vec![("content-type", form), ("sec-fetch-site", "same-site")], body.clone()),
            (vec![("content-type", form), ("origin", "https://evil.example")], body.clone()),
            (vec![("content-type", form), ("sec-fetch-site", "same-origin")], "password=x".to_owned()),
            (vec![("content-type", "text/plain"), ("sec-fetch-site", "same-origin")], body),
        ] {
            let answer = browser.send(reqwest::Method::POST, path, &headers, Some(body)).await;
            assert!([400, 403].contains(&answer.status.as_u16()), "{path} {headers:?}: {}", answer.status);
        }
    }
    assert!(app.mails().await.is_empty(), "nothing happened");
}

/// G1, G4: whoever comes in by passkey and sets a new password does not wait for somebody else's guesses.
#[tokio::test]
async fn a_new_password_works_at_once_after_guesses_at_the_old_one() {
    let app = TestApp::init().await;
    let (_, mut key) = app.person_with_passkey(ADA).await;
    app.guess(&app.browser(), ADA, 8).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut key).await;
    let changed = browser.post("/account/password", &[("password", NEW)]).await;
    assert_eq!(changed.location(), "/account?notice=password-saved");
    let at_once = app.browser().submit_password(ADA, NEW).await;
    assert!(at_once.location().starts_with("/login/passkey?"), "{at_once:?}");
}
