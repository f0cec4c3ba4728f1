//! Sessions, applications and activity on the account pages.

use crate::support::{Application, Options, PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";

/// J5
#[tokio::test]
async fn a_person_sees_and_ends_their_sessions() {
    let app = TestApp::init().await;
    let (_, mut key) = app.person_with_passkey(ADA).await;
    let (browser, other, third) = (app.browser(), app.browser(), app.browser());
    for signing_in in [&browser, &other, &third] {
        signing_in.log_in_with_passkey(&mut key).await;
    }
    let tokens = app.clinic().tokens(&other, &[]).await;
    let page = browser.get("/account/sessions").await.body;
    assert_eq!(page.matches("This device").count(), 1, "{page}");
    assert_eq!(page.matches("Log out there").count(), 3, "the browser that made the passkey is there too");
    assert!(page.contains("127.0.0.1") && page.contains("Firefox on Linux"), "{page}");
    assert!(page.contains("Lindenhof Clinic"), "the applications that were used in it");
    let with_app = page.split("<article").find(|card| card.contains("Lindenhof Clinic")).unwrap();
    let id = with_app.split("/account/sessions/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let ended = browser.post(&format!("/account/sessions/{id}/end"), &[]).await;
    assert_eq!(ended.location(), "/account/sessions?notice=logged-out-there");
    assert!(!other.is_signed_in().await && third.is_signed_in().await);
    let refresh = app.clinic().refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refresh.json()["error"], "invalid_grant", "C9");
    browser.post("/account/sessions/end-others", &[]).await;
    assert!(!third.is_signed_in().await && browser.is_signed_in().await);
    assert!(!browser.get("/account/sessions").await.body.contains("Log out everywhere else"));
}

#[tokio::test]
async fn nobody_ends_somebody_elses_session() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    app.person("eve@example.org").await;
    let (ada, second, eve) = (app.browser(), app.browser(), app.browser());
    ada.log_in_with_password(ADA, PASSWORD).await;
    second.log_in_with_password(ADA, PASSWORD).await;
    eve.log_in_with_password("eve@example.org", PASSWORD).await;
    let page = second.get("/account/sessions").await.body;
    let id =
        page.split("/account/sessions/").find_map(|rest| rest.split_once("/end\"")).unwrap().0.to_owned();
    assert_eq!(eve.post(&format!("/account/sessions/{id}/end"), &[]).await.status, 404);
    assert_eq!(eve.post("/account/sessions/nonsense/end", &[]).await.status, 404);
    eve.post("/account/sessions/end-others", &[]).await;
    assert!(ada.is_signed_in().await && second.is_signed_in().await);
}

/// product §4, C6: what an application was given ends when it is disconnected.
#[tokio::test]
async fn an_application_can_be_disconnected() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    assert!(browser.get("/account/apps").await.body.contains("No application knows you yet"));
    let tokens = app.clinic().tokens(&browser, &[]).await;
    let page = browser.get("/account/apps").await.body;
    assert!(page.contains("Lindenhof Clinic") && page.contains("See your name"), "{page}");
    let gone = browser.post("/account/apps/clinic-example/disconnect", &[]).await;
    assert_eq!(gone.location(), "/account/apps?notice=disconnected");
    let refresh = app.clinic().refresh(tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refresh.json()["error"], "invalid_grant");
    assert_eq!(app.clinic().userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    assert_eq!(browser.post("/account/apps/clinic-example/disconnect", &[]).await.status, 404);
    assert!(app.trail(user.id).await.contains(&"app-disconnected".to_owned()));
    assert!(browser.is_signed_in().await);
}

/// The person's own part of the trail, with where and by what.
#[tokio::test]
async fn activity_shows_what_happened_to_this_account_and_to_no_other() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    app.person("eve@example.org").await;
    app.browser().submit_password(ADA, "wrong").await;
    let (browser, eve) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    eve.log_in_with_password("eve@example.org", PASSWORD).await;
    let page = browser.get("/account/activity").await.body;
    assert!(
        page.contains("A log-in failed") && page.contains("Logged in</strong> with a password"),
        "{page}"
    );
    assert!(page.contains("Firefox on Linux · 127.0.0.1"), "{page}");
    assert_eq!(page.matches("<strong>Logged in").count(), 1, "nobody else's");
    for _ in 0..40 {
        browser.post("/account/profile", &[("given_name", "Ada"), ("family_name", "L")]).await;
    }
    let first = browser.get("/account/activity").await.body;
    assert_eq!(first.matches("<li>").count(), 30);
    let next = first.split("/account/activity?before=").nth(1).unwrap().split('"').next().unwrap();
    let second = browser.get(&format!("/account/activity?before={next}")).await.body;
    assert!(second.contains("A log-in failed") && !second.contains("?before="), "{second}");
    assert_eq!(browser.get("/account/activity?before=x").await.status, 400);
}

/// J1, L1: these pages open with the stricter cookie only.
#[tokio::test]
async fn every_account_page_asks_to_sign_in() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    for path in [
        "/account",
        "/account/profile",
        "/account/email",
        "/account/password",
        "/account/passkeys",
        "/account/passkeys/create",
        "/account/passkeys/lost",
        "/account/two-factor",
        "/account/two-factor/setup",
        "/account/two-factor/off",
        "/account/sessions",
        "/account/apps",
        "/account/activity",
    ] {
        let answer = app.browser().get(path).await;
        assert!(answer.location().starts_with("/login"), "{path}");
    }
}

/// C9: logging out elsewhere ends what applications were given there for good, and leaves what they were
/// given here; so does a new password if the person wishes.
#[tokio::test]
async fn logging_out_elsewhere_ends_offline_tokens_too() {
    for how in ["/account/sessions/end-others", "/account/password", "/account/sessions/{id}/end"] {
        let app = TestApp::init().await;
        app.person(ADA).await;
        let (browser, other) = (app.browser(), app.browser());
        browser.log_in_with_password(ADA, PASSWORD).await;
        other.log_in_with_password(ADA, PASSWORD).await;
        let (here, there) =
            (app.clinic().offline_tokens(&browser).await, app.clinic().offline_tokens(&other).await);
        let page = browser.get("/account/sessions").await.body;
        let id = page.split("/account/sessions/").find_map(|rest| rest.split_once("/end\"")).unwrap().0;
        let fields = [("password", "seven herons in the fog"), ("end_others", "1")];
        assert_eq!(browser.post(&how.replace("{id}", id), &fields).await.status, 303, "{how}");
        assert!(!app.clinic().can_refresh(&there).await, "{how}");
        assert!(app.clinic().can_refresh(&here).await, "{how}");
    }
}

/// product §4, M8: every change to a way in, an address or a session is in the person's trail.
#[tokio::test]
async fn every_change_is_in_the_trail() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let (browser, other) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.post("/account/email/verify", &[]).await;
    let confirm = app.mail_about(ADA, "Please confirm your email").await.token();
    browser.post("/account/email/confirm", &[("token", &confirm)]).await;
    let mut key = SoftAuthenticator::new(&app.issuer());
    let id = browser.create_passkey(&mut key).await;
    browser.post(&format!("/account/passkeys/{id}/name"), &[("name", "Desk")]).await;
    browser.log_in_with_passkey(&mut key).await;
    app.code_app(&browser).await;
    browser.post("/account/two-factor/off", &[]).await;
    other.log_in_with_passkey(&mut key).await;
    browser.post("/account/sessions/end-others", &[]).await;
    let new = "ada.lovelace@example.org";
    browser.post("/account/email", &[("email", new)]).await;
    for (path, mailbox) in [("/account/email/old", ADA), ("/account/email/new", new)] {
        let token = app.mail_to(mailbox).await.token();
        browser.post(path, &[("token", &token)]).await;
    }
    browser.post("/account/password", &[("password", "seven herons in the fog")]).await;
    browser.post("/logout", &[]).await;
    let trail = app.trail(user.id).await;
    for kind in [
        "email-confirmed",
        "passkey-added",
        "passkey-renamed",
        "code-app-turned-on",
        "recovery-codes-made",
        "code-app-turned-off",
        "sessions-ended",
        "email-change-requested",
        "email-changed",
        "password-changed",
        "signed-in",
        "signed-out",
    ] {
        assert!(trail.contains(&kind.to_owned()), "{kind} in {trail:?}");
    }
}

/// product §4, J5: a session that may only add a way in is no log-in, and is not listed as one.
#[tokio::test]
async fn a_limited_session_is_not_listed() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let (browser, limited) = (app.browser(), app.browser());
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.set_policy(user.id, idp::model::user::Policy::RequirePasskey).await;
    limited.submit_password(ADA, PASSWORD).await;
    assert_eq!(limited.get("/account/passkeys/create").await.status, 200);
    assert_eq!(browser.get("/account/sessions").await.body.matches("<article").count(), 1);
}

/// OIDC Core §4, checklist 23: signing in to an application may begin here, where it says so.
#[tokio::test]
async fn an_application_can_be_opened_from_the_list() {
    let config = r#"
        [[clients]]
        id = "lab"
        name = "Lab"
        type = "spa"
        redirect_uris = ["https://lab.example.org/cb"]
        initiate_login_uri = "https://lab.example.org/start?tenant=a"
    "#;
    let app = TestApp::with(Options { config_file: Some(config.to_owned()), ..Options::default() }).await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    Application::new(&app, "lab", None, "https://lab.example.org/cb").tokens(&browser, &[]).await;
    let page = browser.get("/account/apps").await.body.replace("&#x2f;", "/").replace("&amp;", "&");
    let iss = serde_urlencoded::to_string([("iss", app.issuer())]).unwrap();
    assert!(page.contains(&format!("href=\"https://lab.example.org/start?tenant=a&{iss}\"")), "{page}");
    app.sql("UPDATE client SET disabled_at = 1 WHERE id = 'lab'").await;
    assert!(
        !browser.get("/account/apps").await.body.contains("start?tenant"),
        "not into one that is no more"
    );
}
