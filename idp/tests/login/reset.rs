//! A forgotten password: the link resets the password and nothing else.

use futures_util::future::join_all;
use time::Duration;

use crate::support::{PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";
const NEW: &str = "seven herons in the fog";

/// Asks for a link and takes the token out of the mail.
async fn link(app: &TestApp) -> String {
    let answer = app.browser().post("/login/forgot", &[("email", ADA)]).await;
    assert!(answer.body.contains("a mail with a link is on its way"), "{}", answer.body);
    app.mails().await;
    app.mail_about(ADA, "Your new password").await.token()
}

async fn reset(app: &TestApp, token: &str, password: &str) -> crate::support::Answer {
    app.browser().post("/login/reset", &[("token", token), ("password", password)]).await
}

#[tokio::test]
async fn a_link_by_mail_sets_a_new_password() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let signed_in = app.browser();
    signed_in.log_in_with_password(ADA, PASSWORD).await;
    let token = link(&app).await;
    let browser = app.browser();
    let page = browser.get(&format!("/login/reset?token={token}")).await;
    assert!(page.body.contains("Choose a new password"), "{}", page.body);
    assert_eq!(page.header("referrer-policy"), "no-referrer", "K4");
    let done = browser.post("/login/reset", &[("token", &token), ("password", NEW)]).await;
    assert_eq!(done.location(), "/login?notice=password-saved");
    assert!(browser.get(&done.location()).await.body.contains("Your new password is saved"));
    assert!(!browser.is_signed_in().await, "K6: and now sign in");
    assert!(!signed_in.is_signed_in().await, "C9");
    assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.status, 200);
    app.browser().log_in_with_password(ADA, NEW).await;
    app.mail_about(ADA, "Your password was changed").await;
    assert!(app.user(user.id).await.email_verified, "whoever has the link reads the mailbox");
}

/// K1, K6: passkeys and the code app stay, and are asked for afterwards.
#[tokio::test]
async fn a_reset_takes_no_factor_away() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey(ADA).await;
    let token = link(&app).await;
    reset(&app, &token, NEW).await;
    let browser = app.browser();
    assert!(browser.submit_password(ADA, NEW).await.location().starts_with("/login/passkey?flow="));
    assert!(!browser.is_signed_in().await);
    app.browser().log_in_with_passkey(&mut authenticator).await;
    app.person("bea@example.org").await;
    let bea = app.browser();
    bea.log_in_with_password("bea@example.org", PASSWORD).await;
    app.code_app(&bea).await;
    app.browser().post("/login/forgot", &[("email", "bea@example.org")]).await;
    app.mails().await;
    let token = app.mail_about("bea@example.org", "Your new password").await.token();
    reset(&app, &token, NEW).await;
    let answer = app.browser().submit_password("bea@example.org", NEW).await;
    assert!(answer.location().starts_with("/login/code?flow="), "{}", answer.location());
}

/// K4: looking at the page, as scanners of mail do, uses nothing up.
#[tokio::test]
async fn a_link_acts_on_post_only() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let token = link(&app).await;
    for _ in 0..3 {
        assert_eq!(app.browser().get(&format!("/login/reset?token={token}")).await.status, 200);
    }
    assert_eq!(reset(&app, &token, NEW).await.status, 303);
}

/// K3, T20: once, of any number at the same time; for 15 minutes.
#[tokio::test]
async fn a_link_works_once_and_not_for_long() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let token = link(&app).await;
    let browsers: Vec<_> = (0..8).map(|_| app.browser()).collect();
    let passwords: Vec<_> = (0..8).map(|number| format!("{NEW} {number}")).collect();
    let answers = join_all(browsers.iter().zip(&passwords).map(|(browser, password)| async {
        let fields = [("token", token.as_str()), ("password", password.as_str())];
        browser.post("/login/reset", &fields).await
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    let used = app.browser().get(&format!("/login/reset?token={token}")).await;
    assert_eq!(used.status, 400);
    used.assert_error_page("This link does not work any more");
    let late = link(&app).await;
    app.advance(Duration::minutes(15));
    assert_eq!(reset(&app, &late, NEW).await.status, 400);
}

/// K3: it dies when anything about signing in changes, another link used included. Asking again, which
/// anybody can, takes nothing from who has a link already.
#[tokio::test]
async fn a_link_dies_with_any_change() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let old = link(&app).await;
    let newer = link(&app).await;
    browser.post("/account/password", &[("password", NEW)]).await;
    for link in [&old, &newer] {
        assert_eq!(reset(&app, link, "another one altogether").await.status, 400, "the password changed");
    }
    let before_code_app = link(&app).await;
    app.code_app(&browser).await;
    assert_eq!(reset(&app, &before_code_app, PASSWORD).await.status, 400, "a factor was added");
    app.advance(Duration::hours(1));
    let (first, second) = (link(&app).await, link(&app).await);
    assert_eq!(reset(&app, &first, "another one altogether").await.status, 303, "still good");
    assert_eq!(reset(&app, &second, PASSWORD).await.status, 400, "another link was used");
}

#[tokio::test]
async fn a_bad_password_is_explained_and_the_link_still_works() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let token = link(&app).await;
    for (password, text) in [
        ("short", "too short"),
        ("passwordpassword", "This password is guessed first"),
        ("ada@example.org2", "contains your name"),
        ("", "Please enter"),
    ] {
        let answer = reset(&app, &token, password).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(text), "{password}: {}", answer.body);
        assert!(answer.body.contains(&token), "nothing is lost");
    }
    assert_eq!(reset(&app, &token, NEW).await.status, 303);
}

/// G5, H6: the same page whether anybody has the address, and no mail to who has not. Asked for again and
/// again, it looks the same and sends no more.
#[tokio::test]
async fn asking_tells_nothing_and_does_not_flood_a_mailbox() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let page = |answer: crate::support::Answer, email: &str| {
        let nonce = answer.body.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next());
        let nonce = nonce.unwrap_or("no nonce").to_owned();
        answer.body.replace(email, "EMAIL").replace(&nonce, "NONCE").replace(&answer.csrf(), "CSRF")
    };
    let known = app.browser().post("/login/forgot", &[("email", ADA)]).await;
    let unknown = app.browser().post("/login/forgot", &[("email", "who@example.org")]).await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(page(known, ADA), page(unknown, "who@example.org"));
    for _ in 0..6 {
        app.browser().post("/login/forgot", &[("email", ADA)]).await;
    }
    app.mails().await;
    let mails = app.mails().await;
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|mail| mail.to == ADA));
    let invalid = app.browser().post("/login/forgot", &[("email", "no address")]).await;
    assert!(invalid.body.contains("Please enter an email address"), "{}", invalid.body);
}

/// G4: a disabled password is unlocked by a reset.
#[tokio::test]
async fn a_reset_unlocks_a_disabled_password() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    app.guess(&app.browser(), ADA, 100).await;
    app.advance(Duration::minutes(15));
    assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.status, 200);
    let token = link(&app).await;
    reset(&app, &token, NEW).await;
    app.browser().log_in_with_password(ADA, NEW).await;
}

/// K2: the link names the configured address, whatever the request called us.
#[tokio::test]
async fn a_link_never_follows_the_host_of_the_request() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    let csrf = browser.csrf().await;
    let body = serde_urlencoded::to_string([("csrf", csrf.as_str()), ("email", ADA)]).unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ];
    browser.send(reqwest::Method::POST, "/login/forgot", &headers, Some(body)).await;
    app.mails().await;
    let mail = app.mail_about(ADA, "Your new password").await;
    assert!(mail.text.contains(&app.issuer()) && !mail.raw.contains("evil"), "{}", mail.text);
}

/// A token of one kind is nothing to another page (class 2.4).
#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.post("/account/email/verify", &[]).await;
    let confirm = app.mail_about(ADA, "Please confirm your email").await.token();
    assert_eq!(reset(&app, &confirm, NEW).await.status, 400);
    let reset_token = link(&app).await;
    let elsewhere = app.browser().post("/account/email/confirm", &[("token", &reset_token)]).await;
    assert_eq!(elsewhere.status, 400);
    assert_eq!(app.browser().post("/login/access", &[("token", &reset_token)]).await.status, 400);
}

/// C9: what was proven with the old password before it was replaced opens nothing afterwards.
#[tokio::test]
async fn a_sign_in_under_way_does_not_outlive_the_password_it_began_with() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (code_app, _) = app.code_app(&browser).await;
    app.advance(Duration::seconds(60));
    let thief = app.browser();
    let location = thief.submit_password(ADA, PASSWORD).await.location();
    let flow = location.split_once("flow=").unwrap().1.to_owned();
    assert_eq!(reset(&app, &link(&app).await, NEW).await.status, 303);
    let code = code_app.code(app.app.clock.now());
    let late = thief.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
    assert_eq!(late.status, 400, "{}", late.body);
    assert!(!thief.is_signed_in().await);
}

/// The same for what a policy asks to be added: that begins a session as well.
#[tokio::test]
async fn an_enrolment_does_not_begin_with_a_password_that_is_gone() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (code_app, _) = app.code_app(&browser).await;
    app.set_policy(user.id, idp::model::user::Policy::RequirePasskey).await;
    app.advance(Duration::seconds(60));
    let thief = app.browser();
    let location = thief.submit_password(ADA, PASSWORD).await.location();
    let flow = location.split_once("flow=").unwrap().1.to_owned();
    assert_eq!(reset(&app, &link(&app).await, NEW).await.status, 303);
    let code = code_app.code(app.app.clock.now());
    assert_eq!(thief.post("/login/code", &[("flow", &flow), ("code", &code)]).await.status, 400);
    assert_eq!(thief.get("/account/passkeys/create").await.status, 303);
}

/// Nobody fills the outbox, and nobody uses up what another one may ask for.
#[tokio::test]
async fn requests_are_limited_by_network_and_by_address() {
    let app = TestApp::with(crate::support::Options {
        environment: vec![("IDP_HTTP__TRUSTED_PROXIES", "127.0.0.0/8".to_owned())],
        ..Default::default()
    })
    .await;
    app.person(ADA).await;
    let browser = app.browser();
    let csrf = browser.csrf().await;
    let ask = async |email: &str, from: &str| {
        let body = serde_urlencoded::to_string([("csrf", csrf.as_str()), ("email", email)]).unwrap();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &*app.issuer()),
            ("x-forwarded-for", from),
        ];
        let answer = browser.send(reqwest::Method::POST, "/login/forgot", &headers, Some(body)).await;
        assert!(answer.body.contains("a mail with a link is on its way"), "{}", answer.body);
    };
    for _ in 0..5 {
        ask(ADA, "192.0.2.66").await;
    }
    let waiting = async || idp::store::outbox::waiting(&app.app.store).await.unwrap().0;
    assert_eq!(waiting().await, 3, "one network, one address");
    ask(ADA, "192.0.2.1").await;
    assert_eq!(waiting().await, 4, "her own request is heard all the same");
    for number in 0..120 {
        ask(&format!("nobody{number}@example.org"), "192.0.2.66").await;
    }
    assert_eq!(waiting().await, 4 + 95, "five were asked for from there before");
}

/// A mail is not held up by however many requests.
#[tokio::test]
async fn finished_mails_leave_before_requests_are_answered() {
    use idp::store::outbox::Kind;
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    for number in 0..3 {
        let email = format!("nobody{number}@example.org");
        app.browser().post("/login/forgot", &[("email", &email)]).await;
    }
    app.advance(Duration::seconds(1));
    let (store, now) = (&app.app.store, app.app.clock.now());
    let tx = store.begin().await.unwrap();
    app.app.mail.password_changed(&tx, &user, &idp::mail::Circumstances::on_the_host(now)).await.unwrap();
    tx.commit().await.unwrap();
    let due = idp::store::outbox::due(store, &[Kind::Mail, Kind::ResetRequest], now, 1).await.unwrap();
    let tx = store.begin().await.unwrap();
    let first = idp::store::outbox::claim(&tx, due[0], now, Duration::MINUTE).await.unwrap().unwrap();
    assert_eq!(first.kind, Kind::Mail);
}

/// K3: nor does it outlive a passkey that came or went, a code app that went, or new recovery codes.
#[tokio::test]
async fn a_link_dies_with_every_factor_that_comes_or_goes() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let dead = async |token: &str, what: &str| {
        assert_eq!(reset(&app, token, NEW).await.status, 400, "{what}");
    };
    let token = link(&app).await;
    let id = browser.create_passkey(&mut authenticator).await;
    dead(&token, "a new passkey").await;
    browser.log_in_with_passkey(&mut authenticator).await;
    app.code_app(&browser).await;
    let token = link(&app).await;
    browser.post("/account/two-factor/recovery-codes", &[]).await;
    dead(&token, "new recovery codes").await;
    let token = link(&app).await;
    let off = browser.post("/account/two-factor/off", &[]).await;
    assert_eq!(off.location(), "/account/two-factor?notice=code-app-off");
    dead(&token, "no code app any more").await;
    app.advance(Duration::hours(1));
    browser.log_in_with_passkey(&mut authenticator).await;
    let token = link(&app).await;
    assert_eq!(browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await.status, 200);
    dead(&token, "no passkey any more").await;
}

/// M8, C9, K1: asking and setting are recorded; offline tokens end; recovery codes stay.
#[tokio::test]
async fn a_reset_is_recorded_ends_tokens_and_leaves_recovery_codes() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.code_app(&browser).await;
    let tokens = app.clinic().offline_tokens(&browser).await;
    assert!(app.clinic().can_refresh(&tokens).await);
    let token = link(&app).await;
    assert_eq!(reset(&app, &token, NEW).await.status, 303);
    assert!(!app.clinic().can_refresh(&tokens).await);
    let trail = app.trail(user.id).await;
    for kind in ["password-reset-requested", "password-changed", "email-confirmed"] {
        assert!(trail.contains(&kind.to_owned()), "{kind} in {trail:?}");
    }
    assert_eq!(idp::store::recovery::left(&app.app.store, user.id).await.unwrap(), 10);
}

/// M10: somebody who was disabled is sent no link, and one from before does nothing.
#[tokio::test]
async fn a_disabled_person_resets_nothing() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = link(&app).await;
    let mails = app.mails().await.len();
    app.disable_person(user.id).await;
    assert_eq!(reset(&app, &token, NEW).await.status, 400);
    app.browser().post("/login/forgot", &[("email", ADA)]).await;
    app.mails().await;
    assert_eq!(app.mails().await.len(), mails);
}
