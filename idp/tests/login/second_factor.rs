//! The rows of the sign-in table with a code app and recovery codes.

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

use crate::support::{Answer, Browser, CodeApp, PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";

/// Ada, with a code app and recovery codes, in a later half minute.
async fn with_code_app(app: &TestApp) -> (CodeApp, Vec<String>) {
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let found = app.code_app(&browser).await;
    app.advance(Duration::seconds(60));
    found
}

/// A right password leads to the question for a code; returns the flow.
async fn asked_for_code(browser: &Browser) -> String {
    let answer = browser.submit_password(ADA, PASSWORD).await;
    let location = answer.location();
    assert!(location.starts_with("/login/code?flow="), "{location}");
    assert!(!browser.is_signed_in().await);
    location.split('=').nth(1).unwrap().to_owned()
}

async fn submit_code(browser: &Browser, flow: &str, code: &str) -> Answer {
    browser.post("/login/code", &[("flow", flow), ("code", code)]).await
}

async fn submit_recovery(browser: &Browser, flow: &str, code: &str) -> Answer {
    browser.post("/login/recovery", &[("flow", flow), ("code", code)]).await
}

/// product §1, row 3
#[tokio::test]
async fn a_password_with_two_factor_on_asks_for_the_code() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    let page = browser.get(&format!("/login/code?flow={flow}")).await.body;
    for text in ["Verification code", "Verify", "Use a passkey instead", "Use a recovery code"] {
        assert!(page.contains(text), "{text}");
    }
    let wrong = submit_code(&browser, &flow, "000000").await;
    assert!(wrong.body.contains("This code is not right"), "{}", wrong.body);
    assert!(!browser.is_signed_in().await);
    let right = submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    assert_eq!(right.location(), "/login/offer?why=first");
    assert!(browser.is_signed_in().await);
}

/// product §1: with two-factor on, password and code always work, passkeys or not; and "Use a passkey
/// instead" completes as well.
#[tokio::test]
async fn with_passkeys_too_either_completes() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let first = app.browser();
    let flow = asked_for_code(&first).await;
    submit_code(&first, &flow, &code_app.code(app.app.clock.now())).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    first.create_passkey(&mut authenticator).await;
    app.advance(Duration::seconds(60));

    let by_code = app.browser();
    let flow = asked_for_code(&by_code).await;
    assert_eq!(
        submit_code(&by_code, &flow, &code_app.code(app.app.clock.now())).await.location(),
        "/account",
        "nothing is offered to who has a passkey"
    );
    assert!(by_code.is_signed_in().await);

    let by_passkey = app.browser();
    let flow = asked_for_code(&by_passkey).await;
    let answer = by_passkey.use_passkey(&mut authenticator, &json!({ "flow": flow })).await;
    assert_eq!(answer.json()["location"], "/account");
    assert!(by_passkey.is_signed_in().await);
}

/// product §1: a passkey is multi-factor by itself. Never a code after it.
#[tokio::test]
async fn a_passkey_is_never_followed_by_a_code() {
    let app = TestApp::init().await;
    with_code_app(&app).await;
    let (_, mut eves) = app.person_with_passkey("eve@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut eves).await;
    app.code_app(&browser).await;
    let again = app.browser();
    again.log_in_with_passkey(&mut eves).await;
    assert!(again.is_signed_in().await);
}

/// H2, class 2.8: the same code once, also side by side, and in the step after it.
#[tokio::test]
async fn a_code_works_once() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let code = code_app.code(app.app.clock.now());
    let (one, two, three) = (app.browser(), app.browser(), app.browser());
    let flows = [asked_for_code(&one).await, asked_for_code(&two).await, asked_for_code(&three).await];
    let answers = join_all([
        submit_code(&one, &flows[0], &code),
        submit_code(&two, &flows[1], &code),
        submit_code(&three, &flows[2], &code),
    ])
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    app.advance(Duration::seconds(30));
    let late = app.browser();
    let flow = asked_for_code(&late).await;
    assert_eq!(submit_code(&late, &flow, &code).await.status, 200, "spent in its own step");
}

/// H3: the step before is accepted, the one before that is not, and none from the future.
#[tokio::test]
async fn only_the_current_and_the_previous_code_work() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let now = app.app.clock.now();
    for (offset, works) in [(-60, false), (30, false), (-30, true)] {
        let browser = app.browser();
        let flow = asked_for_code(&browser).await;
        let code = code_app.code(now + Duration::seconds(offset));
        let answer = submit_code(&browser, &flow, &code).await;
        assert_eq!(answer.status == 303, works, "{offset}");
    }
}

/// G1: waits after five wrong codes, and a hundred disable the code app and nothing else. It must not
/// open the account to the password alone.
#[tokio::test]
async fn wrong_codes_slow_down_and_finally_disable_the_code_app() {
    let app = TestApp::init().await;
    let (code_app, codes) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    for _ in 0..5 {
        submit_code(&browser, &flow, "000000").await;
    }
    let right = code_app.code(app.app.clock.now());
    let waiting = submit_code(&browser, &flow, &right).await;
    assert!(waiting.body.contains("Please wait"), "{}", waiting.body);
    for _ in 0..95 {
        app.advance(Duration::minutes(15));
        let flow = asked_for_code(&browser).await;
        assert!(submit_code(&browser, &flow, "000000").await.body.contains("not right"));
    }
    app.advance(Duration::minutes(15));
    let flow = asked_for_code(&browser).await;
    let disabled = submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    assert_eq!(disabled.status, 200, "the code app is disabled");
    let answer = submit_recovery(&browser, &flow, &codes[0]).await;
    assert_eq!(answer.location(), "/login/offer?why=recovery", "other ways still work");
}

/// product §1, row 8: signed in once, code spent, led to a passkey; everyone concerned is mailed.
#[tokio::test]
async fn a_recovery_code_signs_in_once_and_leads_to_a_passkey() {
    let app = TestApp::init().await;
    let (user, _lost) = app.person_with_passkey(ADA).await;
    let codes = make_codes(&app).await;
    assert_eq!(codes.len(), 10);

    let stranded = app.browser();
    let answer = stranded.submit_password(ADA, PASSWORD).await;
    let flow = answer.location().split('=').nth(1).unwrap().to_owned();
    assert!(answer.location().starts_with("/login/passkey?"), "{}", answer.location());
    let page = stranded.get(&answer.location()).await.body;
    assert!(page.contains("/login/recovery?flow="), "{page}");
    assert_eq!(submit_recovery(&stranded, &flow, "wrong").await.status, 200);
    let typed = codes[0].to_uppercase().replace('-', " ");
    let right = submit_recovery(&stranded, &flow, &typed).await;
    assert_eq!(right.location(), "/login/offer?why=recovery");
    assert!(stranded.is_signed_in().await);
    assert!(stranded.get("/login/offer?why=recovery").await.body.contains("Create a new passkey now"));
    assert_eq!(stranded.get("/account/passkeys/create").await.status, 200, "led to a passkey");
    let mail = app.mail_about(ADA, "A recovery code was used").await;
    assert!(mail.text.contains("9 are left"), "{}", mail.text);
    assert!(app.trail(user.id).await.contains(&"recovery-code-used".to_owned()));

    let again = app.browser();
    let answer = again.submit_password(ADA, PASSWORD).await;
    let flow = answer.location().split('=').nth(1).unwrap().to_owned();
    assert_eq!(submit_recovery(&again, &flow, &codes[0]).await.status, 200, "spent");
}

/// A set of recovery codes for Ada, made in a session of hers that may.
async fn make_codes(app: &TestApp) -> Vec<String> {
    use idp::crypto::recovery;
    use idp::model::ids::RecoveryCodeId;
    let app = &app.app;
    let email = idp::model::user::Email::parse(ADA).unwrap();
    let user = idp::store::users::by_email(&app.store, &email).await.unwrap().unwrap();
    let now = app.clock.now();
    let set: Vec<_> = (0..10)
        .map(|_| {
            let code = recovery::generate(app.entropy).unwrap().to_string();
            (app.entropy.id(now, RecoveryCodeId::new).unwrap(), code)
        })
        .collect();
    let tx = app.store.begin().await.unwrap();
    idp::store::recovery::replace(&tx, user.id, &set, now).await.unwrap();
    tx.commit().await.unwrap();
    set.into_iter().map(|(_, code)| recovery::shown(&code)).collect()
}

/// K5, class 2.9: a code without a password is worth nothing, and a flow belongs to its browser.
#[tokio::test]
async fn no_step_is_skipped() {
    let app = TestApp::init().await;
    let (code_app, codes) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    let code = code_app.code(app.app.clock.now());
    let thief = app.browser();
    thief.get("/login").await;
    for made_up in [flow.as_str(), &"a".repeat(43)] {
        assert_eq!(submit_code(&thief, made_up, &code).await.status, 400, "{made_up}");
        assert_eq!(submit_recovery(&thief, made_up, &codes[0]).await.status, 400, "{made_up}");
    }
    assert_eq!(thief.post("/login/code", &[("code", &code)]).await.status, 400);
    assert_eq!(thief.get(&format!("/login/code?flow={flow}")).await.status, 400);
    assert!(!thief.is_signed_in().await);
    // A passkey without verification is no password either.
    let (_, mut eves) = app.person_with_passkey("eve@example.org").await;
    let (ceremony, options) = thief.passkey_options(&json!({})).await;
    let unverified = eves.get_with(&options, Some(crate::support::authenticator::Fault::NotVerified));
    let answer = thief.answer_passkey(&ceremony, &unverified, &json!({})).await.json();
    let flow = answer["location"].as_str().unwrap().split('=').nth(1).unwrap().to_owned();
    assert_eq!(submit_code(&thief, &flow, &code).await.status, 400);
    app.advance(Duration::minutes(11));
    let late = submit_code(&browser, &flow, &code).await;
    assert_eq!(late.status, 400, "a flow ends");
}

/// product §5: `acr` and `amr` are honest.
#[tokio::test]
async fn the_tokens_say_how_somebody_signed_in() {
    let app = TestApp::init().await;
    let (code_app, codes) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    let claims = id_claims(&app.clinic().tokens(&browser, &[]).await);
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("mfa"), &json!(["pwd", "otp", "mfa"])));
    let stranded = app.browser();
    let flow = asked_for_code(&stranded).await;
    submit_recovery(&stranded, &flow, &codes[0]).await;
    let claims = id_claims(&app.clinic().tokens(&stranded, &[]).await);
    assert_eq!(claims["acr"], "mfa");
}

fn id_claims(tokens: &serde_json::Value) -> serde_json::Value {
    let token = tokens["id_token"].as_str().unwrap();
    let payload = idp::crypto::base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// A new browser is told about by mail; the first one, and one that is known, are not.
#[tokio::test]
async fn a_log_in_with_a_new_device_is_mailed() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let desk = app.browser();
    desk.log_in_with_password(ADA, PASSWORD).await;
    desk.log_in_with_password(ADA, PASSWORD).await;
    assert!(app.mails().await.is_empty());
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    let mail = app.mail_about(ADA, "A log-in with a new device").await;
    for text in
        ["2026-11-23 09:00 (UTC)", "Firefox on Linux, 127.0.0.1", "Was this not you?", "/account/activity"]
    {
        assert!(mail.text.contains(text), "{text} in {}", mail.text);
    }
}

/// G1, K7: the wrong guess that stops a factor is told to its person, who may have to act.
#[tokio::test]
async fn a_factor_that_stops_is_told_by_mail() {
    let app = TestApp::init().await;
    let (code_app, codes) = with_code_app(&app).await;
    let ada = idp::model::user::Email::parse(ADA).unwrap();
    let user = idp::store::users::by_email(&app.app.store, &ada).await.unwrap().unwrap();
    for table in ["totp", "recovery", "password"] {
        app.sql(&format!("UPDATE {table} SET failures = 99")).await;
    }
    let browser = app.browser();
    let flow = {
        app.sql("UPDATE password SET failures = 0").await;
        asked_for_code(&browser).await
    };
    submit_code(&browser, &flow, "000000").await;
    submit_recovery(&browser, &flow, "0000-0000-0000-0000").await;
    app.sql("UPDATE password SET failures = 99").await;
    app.browser().submit_password(ADA, "not the password at all").await;
    for what in ["Your code app has", "Your recovery codes have", "Your password has"] {
        app.mail_about(ADA, &format!("{what} stopped working")).await;
    }
    let stopped = app.trail(user.id).await.iter().filter(|kind| *kind == "factor-stopped").count();
    assert_eq!(stopped, 3);
    submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    submit_recovery(&browser, &flow, &codes[0]).await;
    assert!(!browser.is_signed_in().await);
}

/// A form that is sent twice spends one code and fails for nobody.
#[tokio::test]
async fn a_code_that_is_sent_twice_counts_no_failure() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    let code = code_app.code(app.app.clock.now());
    let twice = join_all([submit_code(&browser, &flow, &code), submit_code(&browser, &flow, &code)]).await;
    assert_eq!(twice.iter().filter(|answer| answer.status == 303).count(), 1);
    assert!(browser.is_signed_in().await);
    assert_eq!(app.texts("SELECT CAST(failures AS TEXT) FROM totp").await, ["0"]);
}

/// product §1, row 3: without passkeys there is no list that an answer could be missing from. Somebody
/// else's passkey completes nothing all the same.
#[tokio::test]
async fn somebody_elses_passkey_does_not_stand_in_for_a_code() {
    let app = TestApp::init().await;
    with_code_app(&app).await;
    let (_, mut eves) = app.person_with_passkey("eve@example.org").await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    let answer = browser.use_passkey(&mut eves, &json!({ "flow": flow })).await;
    assert_eq!(answer.json()["failure"], "passkey-rejected");
    assert!(!browser.is_signed_in().await);
}

/// H5, G1: recovery codes are slowed down as well, and a right one does not get around the wait.
#[tokio::test]
async fn wrong_recovery_codes_slow_down() {
    let app = TestApp::init().await;
    let (_, codes) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    for attempt in 1..=5 {
        let wrong = submit_recovery(&browser, &flow, "0000-0000-0000-0000").await;
        assert!(wrong.body.contains("This recovery code is not right"), "{attempt}: {}", wrong.body);
    }
    let waiting = submit_recovery(&browser, &flow, &codes[0]).await;
    assert!(waiting.body.contains("Please wait"), "{}", waiting.body);
    app.advance(Duration::seconds(2));
    assert_eq!(submit_recovery(&browser, &flow, &codes[0]).await.location(), "/login/offer?why=recovery");
}

/// G3: what is right clears its own failures and nothing else's.
#[tokio::test]
async fn a_right_factor_clears_its_own_failures_only() {
    let app = TestApp::init().await;
    let (code_app, _) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    for _ in 0..2 {
        submit_code(&browser, &flow, "000000").await;
    }
    for _ in 0..3 {
        submit_recovery(&browser, &flow, "0000-0000-0000-0000").await;
    }
    let counted = async || {
        let guesses = app.texts("SELECT CAST(failures AS TEXT) FROM guess ORDER BY failures").await;
        let in_a_row =
            app.texts("SELECT totp.failures || ' ' || recovery.failures FROM totp, recovery").await;
        (guesses, in_a_row)
    };
    app.browser().submit_password(ADA, "wrong").await;
    let flow = asked_for_code(&browser).await;
    assert_eq!(counted().await, (vec!["2".to_owned(), "3".to_owned()], vec!["2 3".to_owned()]), "password");
    submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    assert!(browser.is_signed_in().await);
    assert_eq!(counted().await, (vec!["3".to_owned()], vec!["0 3".to_owned()]), "code");
}

/// product §1, row 8: "Not now" was said to an offer; after a recovery code the usual ways are lost.
#[tokio::test]
async fn not_now_keeps_no_recovery_code_from_leading_to_a_passkey() {
    let app = TestApp::init().await;
    let (code_app, codes) = with_code_app(&app).await;
    let browser = app.browser();
    let flow = asked_for_code(&browser).await;
    submit_code(&browser, &flow, &code_app.code(app.app.clock.now())).await;
    browser.post("/login/not-now", &[]).await;
    let location = browser.submit_password(ADA, PASSWORD).await.location();
    let flow = location.split('=').nth(1).unwrap();
    assert_eq!(submit_recovery(&browser, flow, &codes[0]).await.location(), "/login/offer?why=recovery");
}

/// I11: a passkey is something stronger, and a recovery code does not stand in for it where a password is
/// to be changed.
#[tokio::test]
async fn a_recovery_code_changes_no_password_where_there_is_a_passkey() {
    let app = TestApp::init().await;
    app.person_with_passkey(ADA).await;
    let codes = make_codes(&app).await;
    app.advance(Duration::seconds(1));
    let stranded = app.browser();
    let location = stranded.submit_password(ADA, PASSWORD).await.location();
    submit_recovery(&stranded, location.split('=').nth(1).unwrap(), &codes[0]).await;
    assert!(stranded.is_signed_in().await);
    let refused = stranded.post("/account/password", &[("password", "seven herons in the fog")]).await;
    assert_eq!(refused.parameter("from").as_deref(), Some("recovery"), "{refused:?}");
    assert!(app.browser().submit_password(ADA, PASSWORD).await.location().starts_with("/login/passkey?"));
}
