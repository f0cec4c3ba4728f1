//! A person's address: confirmed, and changed when both mailboxes agree.

use time::Duration;

use crate::support::{Mail, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
const NEW: &str = "ada.lovelace@example.org";

/// D4
#[tokio::test]
async fn an_address_is_confirmed_by_a_link() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    assert!(browser.get("/account").await.body.contains("not confirmed yet"));
    assert_eq!(
        browser.post("/account/email/verify", &[]).await.location(),
        "/account?notice=confirmation-sent"
    );
    let mail = app.mail_about(ADA, "Please confirm your email").await;
    let phone = app.browser();
    assert!(phone.get(&mail.link()).await.body.contains("Is ada@example.org your address?"));
    assert!(!app.user(user.id).await.email_verified, "K4");
    let done = phone.post("/account/email/confirm", &[("token", &mail.token())]).await;
    assert!(done.body.contains("is confirmed"), "{}", done.body);
    assert!(app.user(user.id).await.email_verified);
    assert_eq!(phone.post("/account/email/confirm", &[("token", &mail.token())]).await.status, 400, "once");
}

/// Begins a change and returns the mails to the old and the new mailbox.
async fn begin(app: &TestApp, browser: &crate::support::Browser) -> (Mail, Mail) {
    let answer = browser.post("/account/email", &[("email", NEW)]).await;
    assert_eq!(answer.location(), "/account?notice=email-change-sent");
    (app.mail_to(ADA).await, app.mail_to(NEW).await)
}

#[tokio::test]
async fn an_address_changes_when_both_mailboxes_agree_in_either_order() {
    for old_first in [true, false] {
        let app = TestApp::init().await;
        let user = app.person(ADA).await;
        let browser = app.browser();
        browser.log_in_with_password(ADA, PASSWORD).await;
        let (old, new) = begin(&app, &browser).await;
        let (old_step, new_step) = (("/account/email/old", old.token()), ("/account/email/new", new.token()));
        let (first, second) = if old_first { (old_step, new_step) } else { (new_step, old_step) };
        let phone = app.browser();
        let waiting = phone.post(first.0, &[("token", &first.1)]).await;
        assert!(waiting.body.contains("the other mailbox has to agree"), "{}", waiting.body);
        assert_eq!(app.user(user.id).await.email.as_str(), ADA);
        let changed = phone.post(second.0, &[("token", &second.1)]).await;
        assert!(changed.body.contains("from now on"), "{}", changed.body);
        let now = app.user(user.id).await;
        assert!(now.email.as_str() == NEW && now.email_verified);
        for mailbox in [ADA, NEW] {
            app.mail_about(mailbox, "Your email was changed").await;
        }
        app.browser().log_in_with_password(NEW, PASSWORD).await;
        assert_eq!(app.browser().submit_password(ADA, PASSWORD).await.status, 200);
    }
}

/// K3: links of an older change, in the wrong place, or too late do nothing.
#[tokio::test]
async fn links_of_a_change_are_good_for_that_change_only() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (old, new) = begin(&app, &browser).await;
    let swapped = browser.post("/account/email/new", &[("token", &old.token())]).await;
    assert_eq!(swapped.status, 400);
    browser.post("/account/email/old", &[("token", &old.token())]).await;
    let (_, newer) = begin(&app, &browser).await;
    assert_eq!(browser.post("/account/email/new", &[("token", &new.token())]).await.status, 400);
    let waiting = browser.post("/account/email/new", &[("token", &newer.token())]).await;
    assert!(waiting.body.contains("has to agree"), "the old word was about the older change");
    let (old, _) = begin(&app, &browser).await;
    app.advance(Duration::hours(24));
    assert_eq!(browser.post("/account/email/old", &[("token", &old.token())]).await.status, 400);
    assert_eq!(app.user(user.id).await.email.as_str(), ADA);
}

/// G5: whether somebody has the new address is not told to who asks for it.
#[tokio::test]
async fn an_address_that_is_taken_is_refused_to_its_reader_only() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    app.person(NEW).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let (old, new) = begin(&app, &browser).await;
    browser.post("/account/email/old", &[("token", &old.token())]).await;
    let taken = browser.post("/account/email/new", &[("token", &new.token())]).await;
    assert!(taken.body.contains("can not be used for this account"), "{}", taken.body);
    assert_eq!(app.user(user.id).await.email.as_str(), ADA);
}

#[tokio::test]
async fn a_change_needs_a_fresh_proof_and_a_real_address() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    for (email, text) in [("nonsense", "Please enter an email"), (ADA, "This is your email already")] {
        let answer = browser.post("/account/email", &[("email", email)]).await;
        assert!(answer.body.contains(text), "{email}: {}", answer.body);
        assert!(answer.body.contains(&format!("value=\"{email}\"")), "nothing typed is lost");
    }
    app.advance(Duration::minutes(6));
    assert!(
        browser.post("/account/email", &[("email", NEW)]).await.location().starts_with("/login?destination=")
    );
    assert!(app.mails().await.is_empty());
}

/// Nobody floods a mailbox, and nobody sends a stranger words of their own.
#[tokio::test]
async fn mails_about_addresses_are_few_and_without_words_of_their_sender() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let fields =
        [("given_name", "visit evil.example now"), ("family_name", "L"), ("language", ""), ("time_zone", "")];
    browser.post("/account/profile", &fields).await;
    let (old, new) = begin(&app, &browser).await;
    assert!(new.text.contains("Good day") && !new.raw.contains("evil.example"), "{}", new.text);
    assert!(old.text.contains("Was this not you?") && old.text.contains("/account/activity"), "{}", old.text);
    for _ in 0..4 {
        begin(&app, &browser).await;
    }
    let refused = browser.post("/account/email", &[("email", NEW)]).await;
    assert!(refused.body.contains("Several mails were sent"), "{}", refused.body);
    assert!(refused.body.contains(NEW), "what was typed is kept");
    let refused = browser.post("/account/email/verify", &[]).await;
    assert!(refused.body.contains("Several mails were sent"), "{}", refused.body);
    app.advance(Duration::hours(1));
    browser.log_in_with_password(ADA, PASSWORD).await;
    begin(&app, &browser).await;
}

/// K3: a link for a new password dies with the address it was sent to; and whoever was disabled agrees to
/// nothing any more.
#[tokio::test]
async fn links_die_with_the_address_and_with_the_account() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    app.browser().post("/login/forgot", &[("email", ADA)]).await;
    app.mails().await;
    let reset = app.mail_about(ADA, "Your new password").await.token();
    let (old, new) = begin(&app, &browser).await;
    for (path, mail) in [("/account/email/old", &old), ("/account/email/new", &new)] {
        assert_eq!(browser.post(path, &[("token", &mail.token())]).await.status, 200, "{path}");
    }
    let fields = [("token", reset.as_str()), ("password", "seven herons in the fog")];
    assert_eq!(app.browser().post("/login/reset", &fields).await.status, 400);
    browser.post("/account/email", &[("email", ADA)]).await;
    let back = app.mail_to(ADA).await.token();
    app.disable_person(user.id).await;
    assert_eq!(browser.post("/account/email/new", &[("token", &back)]).await.status, 400);
}
