//! One-time access links: for somebody who is locked out, and for adding a passkey only.

use futures_util::future::join_all;
use idp::admin::AdminActor;
use idp::admin::access::{self, Made};
use idp::model::user::{ServiceRole, User};
use serde_json::json;
use time::Duration;

use crate::support::{PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";

async fn issue(app: &TestApp, user: &User, minutes: u32) -> String {
    let made = access::make_link(&app.office(), &AdminActor::of_the_host(), (user.id, minutes)).await;
    match made.unwrap().unwrap() {
        Made::OnTheHost(token) => token.expose().to_owned(),
        Made::Mailed => panic!("the host mails no link"),
    }
}

#[tokio::test]
async fn an_access_link_leads_to_a_new_passkey_and_nothing_else() {
    let app = TestApp::init().await;
    app.person_with_role("olga@example.org", Some(ServiceRole::Operator)).await;
    let (user, mut old) = app.person_with_passkey(ADA).await;
    let signed_in = app.browser();
    signed_in.log_in_with_passkey(&mut old).await;
    let token = issue(&app, &user, 30).await;
    let told = app.mail_about(ADA, "An access link was made for you").await;
    assert!(!told.text.contains(&token), "the link itself goes from hand to hand");
    app.mail_about("olga@example.org", "An access link was made for ada@example.org").await;

    let browser = app.browser();
    let page = browser.get(&format!("/login/access?token={token}")).await;
    assert!(page.body.contains("Welcome back, Ada"), "{}", page.body);
    assert!(signed_in.is_signed_in().await, "K4: looking changes nothing");
    let begun = browser.post("/login/access", &[("token", &token)]).await;
    assert_eq!(begun.location(), "/account/passkeys/create?from=access");
    assert!(!signed_in.is_signed_in().await, "everything else has ended");
    assert!(!browser.is_signed_in().await);
    for path in ["/account", "/account/passkeys", "/account/password", "/account/two-factor/setup"] {
        assert!(browser.get(path).await.location().starts_with("/login"), "{path}");
    }
    assert!(browser.post("/account/two-factor/begin", &[]).await.location().starts_with("/login"));
    let asked = app.clinic().authorize(&browser, &[("prompt", "none")]).await;
    assert_eq!(asked.parameter("error").as_deref(), Some("login_required"));

    let mut new = SoftAuthenticator::new(&app.issuer());
    let id = browser.create_passkey(&mut new).await;
    let fields = [("name", "New phone"), ("fresh", "1")];
    let named = browser.post(&format!("/account/passkeys/{id}/name"), &fields).await;
    assert_eq!(named.location(), "/login?notice=passkey-ready");
    browser.log_in_with_passkey(&mut new).await;
    let trail = app.trail(user.id).await;
    for kind in ["access-link-issued", "access-link-used", "enrolment-begun", "passkey-added"] {
        assert!(trail.contains(&kind.to_owned()), "{kind}");
    }
    assert!(app.mails().await.iter().any(|mail| mail.subject == "Your access link was used"));
}

/// T20, K3
#[tokio::test]
async fn an_access_link_works_once_in_time_and_the_newest_only() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browsers: Vec<_> = (0..8).map(|_| app.browser()).collect();
    let answers = join_all(
        browsers
            .iter()
            .map(|browser| async { browser.post("/login/access", &[("token", token.as_str())]).await }),
    )
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
    let late = issue(&app, &user, 10).await;
    app.advance(Duration::minutes(10));
    assert_eq!(app.browser().post("/login/access", &[("token", &late)]).await.status, 400);
    let older = issue(&app, &user, 10).await;
    let newer = issue(&app, &user, 10).await;
    assert_eq!(app.browser().post("/login/access", &[("token", &older)]).await.status, 400);
    assert_eq!(app.browser().post("/login/access", &[("token", &newer)]).await.status, 303);
}

/// Whoever knows the password has not got the passkey, and the limited session ends by itself.
#[tokio::test]
async fn a_session_of_an_access_link_ends_soon() {
    let app = TestApp::init().await;
    let (user, _) = app.person_with_passkey(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    assert_eq!(browser.get("/account/passkeys/create").await.status, 200);
    app.advance(Duration::minutes(16));
    assert_eq!(browser.call("/account/passkeys/options", &json!({})).await.status, 403);
    assert!(browser.submit_password(ADA, PASSWORD).await.location().starts_with("/login/passkey?"));
}

/// What a limited session may touch is what it has added.
#[tokio::test]
async fn a_session_of_an_access_link_renames_no_passkey_that_was_there() {
    let app = TestApp::init().await;
    let (user, _) = app.person_with_passkey(ADA).await;
    let before = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap();
    app.advance(Duration::minutes(1));
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    let path = format!("/account/passkeys/{}/name", before[0].id);
    assert_eq!(browser.post(&path, &[("name", "Mine now")]).await.status, 404);
    assert_eq!(idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap(), before);
}

/// It is there for one passkey, not for twenty.
#[tokio::test]
async fn a_session_of_an_access_link_adds_one_passkey() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    app.advance(Duration::seconds(1));
    let (ceremony, options) = browser.creation_options().await;
    let (early, early_options) = browser.creation_options().await;
    let made = SoftAuthenticator::new(&app.issuer()).create(&options).unwrap();
    assert_eq!(browser.finish_creation(&ceremony, &made).await.status, 200);
    let second = SoftAuthenticator::new(&app.issuer()).create(&early_options).unwrap();
    assert_eq!(browser.finish_creation(&early, &second).await.status, 403, "begun before");
    assert_eq!(browser.call("/account/passkeys/options", &json!({})).await.status, 403);
    assert_eq!(idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap().len(), 1);
}

/// It proves no factor, so it adds none but a passkey.
#[tokio::test]
async fn a_session_of_an_access_link_sets_up_no_code_app() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    app.set_policy(user.id, idp::model::user::Policy::RequireSecondFactor).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    let refused = browser.post("/account/two-factor/begin", &[]).await;
    assert!(refused.location().starts_with("/login?"), "{}", refused.location());
    assert_eq!(browser.get("/account/two-factor/setup").await.status, 303);
}

#[tokio::test]
async fn logging_out_ends_a_limited_session_too() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    assert_eq!(browser.post("/logout", &[]).await.status, 303);
    assert_eq!(idp::store::sessions::of_user(&app.app.store, user.id).await.unwrap().len(), 0);
}

/// D8: an address that somebody is led to takes nobody's link away.
#[tokio::test]
async fn a_link_to_the_log_out_does_not_end_a_limited_session_unasked() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.post("/login/access", &[("token", &token)]).await;
    let sessions = async || idp::store::sessions::of_user(&app.app.store, user.id).await.unwrap().len();
    for path in ["/oidc/logout", "/oidc/logout?state=x"] {
        let page = browser.get(path).await;
        assert_eq!((page.status.as_u16(), sessions().await), (200, 1), "{path}");
    }
    let posted = browser.post("/oidc/logout", &[]).await;
    assert_eq!(browser.get(&posted.location()).await.status, 200);
    assert_eq!(sessions().await, 1);
}

/// C9: what applications were given in the sessions that end goes with them, offline or not.
#[tokio::test]
async fn an_access_link_ends_what_applications_were_given() {
    let app = TestApp::init().await;
    let (user, mut lost) = app.person_with_passkey(ADA).await;
    let signed_in = app.browser();
    signed_in.log_in_with_passkey(&mut lost).await;
    let tokens = app.clinic().offline_tokens(&signed_in).await;
    assert!(app.clinic().can_refresh(&tokens).await);
    let token = issue(&app, &user, 10).await;
    app.browser().post("/login/access", &[("token", &token)]).await;
    assert!(!app.clinic().can_refresh(&tokens).await);
}

/// Whatever was asked for: no link lives longer than a day.
#[tokio::test]
async fn an_access_link_lives_a_day_at_most() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 7 * 24 * 60).await;
    app.advance(Duration::hours(24));
    assert_eq!(app.browser().post("/login/access", &[("token", &token)]).await.status, 400);
}

/// M10, K3: it is worth nothing to somebody who was disabled, or who got in with a new passkey meanwhile.
#[tokio::test]
async fn an_access_link_dies_when_it_is_not_needed_or_not_allowed_any_more() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let token = issue(&app, &user, 10).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    assert_eq!(app.browser().post("/login/access", &[("token", &token)]).await.status, 400, "not needed");
    assert!(browser.is_signed_in().await);
    let token = issue(&app, &user, 10).await;
    app.disable_person(user.id).await;
    assert_eq!(app.browser().post("/login/access", &[("token", &token)]).await.status, 400, "not allowed");
}
