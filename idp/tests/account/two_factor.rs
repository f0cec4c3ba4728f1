//! The code app and the recovery codes on the account pages.

use serde_json::json;
use time::Duration;

use crate::support::{CodeApp, PASSWORD, SoftAuthenticator, TestApp, recovery_codes};

const ADA: &str = "ada@example.org";

/// H4: it is a factor with its first right code, and its secret is never shown again.
#[tokio::test]
async fn a_code_app_is_on_after_one_right_code() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    assert_eq!(browser.get("/account/two-factor/setup").await.location(), "/account/two-factor");
    browser.post("/account/two-factor/begin", &[]).await;
    let page = browser.get("/account/two-factor/setup").await.body;
    for text in [
        "<svg class=\"qr\"",
        "otpauth:&#x2f;&#x2f;totp&#x2f;Portico",
        "class=\"secret\"",
        "Verification code",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let code_app = CodeApp::scan(&page);
    let wrong = browser.post("/account/two-factor/setup", &[("code", "000000")]).await;
    assert!(wrong.body.contains("This code is not right"), "{}", wrong.body);
    assert!(wrong.body.contains("class=\"secret\""), "nothing is lost");
    assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.location(), "/login/offer?why=first");
    let code = code_app.code(app.app.clock.now());
    let on = browser.post("/account/two-factor/setup", &[("code", &code)]).await;
    assert_eq!(recovery_codes(&on.body).len(), 10);
    assert_eq!(browser.get("/account/two-factor/setup").await.location(), "/account/two-factor");
    assert_eq!(browser.post("/account/two-factor/begin", &[]).await.location(), "/account/two-factor");
    assert!(browser.get("/account/two-factor").await.body.contains("Your code app is on"));
    assert!(app.browser().submit_password(ADA, PASSWORD).await.location().starts_with("/login/code?"));
    let subjects: Vec<_> = app.mails().await.into_iter().map(|mail| mail.subject).collect();
    for subject in ["You have new recovery codes", "Your code app was turned on"] {
        assert!(subjects.contains(&subject.to_owned()), "{subject} in {subjects:?}");
    }
    let trail = app.trail(user.id).await;
    assert!(
        trail.contains(&"code-app-turned-on".to_owned()) && trail.contains(&"recovery-codes-made".to_owned())
    );
}

/// Turning it off needs a fresh strong factor: not an old proof, and not a recovery code.
#[tokio::test]
async fn turning_a_code_app_off_needs_a_fresh_strong_factor() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (code_app, codes) = app.code_app(&browser).await;
    app.advance(Duration::minutes(6));
    let off = "/account/two-factor/off";
    assert!(browser.get(off).await.location().starts_with("/login?destination="));
    assert!(browser.post(off, &[]).await.location().starts_with("/login?destination="));

    let stranded = app.browser();
    let flow = stranded.password_step(ADA, PASSWORD).await;
    stranded.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    assert!(stranded.is_signed_in().await);
    let elsewhere = stranded.post(off, &[]).await.location();
    assert!(elsewhere.starts_with("/account/passkeys/create?"), "{elsewhere}");
    assert_eq!(stranded.get(&elsewhere).await.status, 200, "asked, and not sent in a circle");

    let flow = browser.password_step(ADA, PASSWORD).await;
    let code = code_app.code(app.app.clock.now());
    browser.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
    assert!(browser.get(off).await.body.contains("Turn off the code app?"));
    assert_eq!(browser.post(off, &[]).await.location(), "/account/two-factor?notice=code-app-off");
    app.mail_about(ADA, "Your code app was turned off").await;
    assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.location(), "/login/offer?why=first");
}

/// Nobody who is let in by a recovery code is stuck: a new passkey is what they prove with.
#[tokio::test]
async fn after_a_recovery_code_a_new_passkey_opens_the_way_to_every_change() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (_, codes) = app.code_app(&browser).await;
    app.advance(Duration::minutes(1));
    let stranded = app.browser();
    let flow = stranded.password_step(ADA, PASSWORD).await;
    stranded.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    for path in ["/account/two-factor/off", "/account/password", "/account/email"] {
        let first = stranded.get(path).await;
        assert_eq!(first.parameter("from").as_deref(), Some("recovery"), "{path}");
        assert_eq!(first.parameter("destination").as_deref(), Some(path));
        let page = stranded.get(&first.location()).await.body;
        assert!(page.contains("Create a passkey first") && !page.contains("/login/not-now"), "{page}");
    }
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    app.advance(Duration::seconds(20));
    stranded.create_passkey(&mut authenticator).await;
    let off = "/account/two-factor/off";
    let confirm = stranded.get(off).await.location();
    assert!(confirm.starts_with("/login?destination="), "{confirm}");
    let proven = stranded.use_passkey(&mut authenticator, &json!({ "destination": off })).await;
    assert_eq!(proven.json()["location"], off, "{proven:?}");
    assert_eq!(stranded.post(off, &[]).await.location(), "/account/two-factor?notice=code-app-off");
}

/// What was only begun is not turned off, and nobody is mailed that it was.
#[tokio::test]
async fn a_code_app_that_is_not_on_is_not_turned_off() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.post("/account/two-factor/begin", &[]).await;
    assert_eq!(browser.post("/account/two-factor/off", &[]).await.status, 404);
    assert!(app.mails().await.is_empty());
    assert!(!app.trail(user.id).await.contains(&"code-app-turned-off".to_owned()));
    assert_eq!(browser.get("/account/two-factor/setup").await.status, 200, "it can still be finished");
}

/// H5: shown once, and replaced as a set.
#[tokio::test]
async fn recovery_codes_are_shown_once_and_replaced_as_a_set() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (_, old) = app.code_app(&browser).await;
    assert!(old.iter().all(|code| code.len() == 19), "{old:?}");
    let page = browser.get("/account/two-factor").await.body;
    assert!(page.contains("You have 10 recovery codes left") && !page.contains(&old[0]), "{page}");
    let shown = browser.post("/account/two-factor/recovery-codes", &[]).await;
    let new = recovery_codes(&shown.body);
    assert_eq!(shown.header("cache-control"), "no-store");
    let stranded = app.browser();
    let flow = stranded.password_step(ADA, PASSWORD).await;
    let replaced = stranded.post("/login/recovery", &[("flow", &flow), ("code", &old[0])]).await;
    assert_eq!(replaced.status, 200);
    for code in &new[..7] {
        let flow = stranded.password_step(ADA, PASSWORD).await;
        stranded.post("/login/recovery", &[("flow", &flow), ("code", code)]).await;
    }
    let page = browser.get("/account/two-factor").await.body;
    assert!(page.contains("You have 3 recovery codes left"), "{page}");
    assert!(page.contains("Please make a new set"), "few are left");
}

#[tokio::test]
async fn recovery_codes_can_be_downloaded_from_the_page_that_shows_them() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (_, codes) = app.code_app(&browser).await;
    let path = "/account/two-factor/recovery-codes/download";
    let file = browser.post(path, &[("codes", &codes.join(" "))]).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"recovery-codes.txt\"");
    assert!(codes.iter().all(|code| file.body.contains(code)), "{}", file.body);
    for nothing in ["", "<script>alert(1)</script>", "not-a-code"] {
        assert_eq!(browser.post(path, &[("codes", nothing)]).await.status, 400, "{nothing}");
    }
}

/// S6: whoever has the database without the master key has no codes: neither the secret nor anything that
/// a code could be compared with.
#[tokio::test]
async fn the_database_alone_gives_no_code_away() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (_, codes) = app.code_app(&browser).await;
    let plain: String = codes[0].replace('-', "");
    let folder = app.app.config.data_dir.clone();
    for name in ["idp.db", "idp.db-wal"] {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        for text in [codes[0].as_bytes(), plain.as_bytes(), &idp::crypto::sha256(plain.as_bytes())] {
            assert!(!bytes.windows(text.len()).any(|window| window == text), "{name}");
        }
    }
}

/// I12: it is not turned off where nothing else would open the account.
#[tokio::test]
async fn a_code_app_that_is_the_last_way_in_is_kept() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.code_app(&browser).await;
    app.sql("UPDATE password SET failures = 100").await;
    let refused = browser.post("/account/two-factor/off", &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(browser.get("/account/two-factor").await.body.contains("Your code app is on"));
}

/// Turning the code app on leaves the recovery codes that somebody has on paper already.
#[tokio::test]
async fn a_code_app_leaves_the_recovery_codes_that_are_there() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let codes = recovery_codes(&browser.post("/account/two-factor/recovery-codes", &[]).await.body);
    browser.post("/account/two-factor/begin", &[]).await;
    let code_app = CodeApp::scan(&browser.get("/account/two-factor/setup").await.body);
    let code = code_app.code(app.app.clock.now());
    let on = browser.post("/account/two-factor/setup", &[("code", &code)]).await;
    assert_eq!(on.location(), "/account/two-factor?notice=code-app-on");
    let stranded = app.browser();
    let flow = stranded.password_step(ADA, PASSWORD).await;
    let used = stranded.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    assert_eq!(used.location(), "/login/offer?why=recovery");
}

/// H2: the code that turned the app on signs nobody in.
#[tokio::test]
async fn the_first_code_is_spent() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (code_app, _) = app.code_app(&browser).await;
    let other = app.browser();
    let flow = other.password_step(ADA, PASSWORD).await;
    let code = code_app.code(app.app.clock.now());
    assert_eq!(other.post("/login/code", &[("flow", &flow), ("code", &code)]).await.status, 200);
    assert!(!other.is_signed_in().await);
}

/// I11: what a recovery code lets somebody do they do within five minutes, or after another proof.
#[tokio::test]
async fn a_recovery_code_is_a_proof_for_five_minutes() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (_, codes) = app.code_app(&browser).await;
    app.advance(Duration::minutes(1));
    let stranded = app.browser();
    let flow = stranded.password_step(ADA, PASSWORD).await;
    stranded.post("/login/recovery", &[("flow", &flow), ("code", &codes[0])]).await;
    for path in ["/account/passkeys/create", "/account/passkeys/lost"] {
        assert_eq!(stranded.get(path).await.status, 200, "{path}");
    }
    app.advance(Duration::minutes(6));
    for path in ["/account/passkeys/create", "/account/passkeys/lost"] {
        assert!(stranded.get(path).await.location().starts_with("/login?destination="), "{path}");
    }
    assert_eq!(stranded.call("/account/passkeys/options", &json!({})).await.status, 403);
}
