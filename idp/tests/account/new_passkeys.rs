//! Passkeys that come about in other ways: made by the browser itself, after a loss, for this device.

use serde_json::json;
use time::Duration;

use crate::support::authenticator::Fault;
use crate::support::{Browser, PASSWORD, SoftAuthenticator, TestApp};

const ADA: &str = "ada@example.org";

/// A creation without anybody at the keyboard, answered with one thing wrong, or nothing.
async fn upgrade(
    browser: &Browser,
    key: &mut SoftAuthenticator,
    fault: Option<Fault>,
) -> crate::support::Answer {
    let asked =
        browser.call("/account/passkeys/options", &json!({ "mediation": "conditional" })).await.json();
    let options = &asked["publicKey"];
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    let credential = key.create_absent(options, fault);
    let body = json!({ "ceremony": asked["ceremony"], "credential": credential, "mediation": "conditional" });
    browser.call("/account/passkeys/finish", &body).await
}

/// product §3, "Grow": the browser upgrades silently, and the person is told by mail. What it claims about
/// its person counts only once another factor has been shown with it (Level 3 §7.2 step 23).
#[tokio::test]
async fn a_browser_may_make_a_passkey_by_itself_after_a_password() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.submit_password(ADA, PASSWORD).await;
    let mut key = SoftAuthenticator::new(&app.issuer());
    let made = upgrade(&browser, &mut key, None).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let mail = app.mail_about(ADA, "Your browser made you a passkey").await;
    assert!(mail.text.contains("1Password"), "{}", mail.text);

    let first = app.browser();
    let answer = first.use_passkey(&mut key, &json!({})).await.json();
    let location = answer["location"].as_str().unwrap();
    assert!(location.starts_with("/login/password?flow="), "{location}");
    let flow = location.split('=').nth(1).unwrap();
    let fields = [("flow", flow), ("email", ADA), ("password", PASSWORD)];
    assert_eq!(first.post("/login", &fields).await.location(), "/account");
    app.browser().log_in_with_passkey(&mut key).await;
}

/// I1, I5: everything else about it is checked as ever, and it is no way around a person's touch.
#[tokio::test]
async fn a_passkey_made_by_the_browser_itself_is_checked_all_the_same() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.submit_password(ADA, PASSWORD).await;
    let mut key = SoftAuthenticator::new(&app.issuer());
    for fault in [
        Fault::WrongType,
        Fault::WrongChallenge,
        Fault::ForeignOrigin,
        Fault::CrossOrigin,
        Fault::WrongRpIdHash,
        Fault::BackedUpButNotEligible,
        Fault::OtherCredentialId,
        Fault::HugeCredentialId,
        Fault::UnofferedAlgorithm,
        Fault::UnknownFormat,
        Fault::BrokenAttestation,
        Fault::Truncated,
        Fault::ClientDataIsNoJson,
    ] {
        let refused = upgrade(&browser, &mut key, Some(fault)).await;
        assert_eq!(refused.json()["failure"], "passkey-rejected", "{fault:?}: {}", refused.body);
    }
    // Its challenge is worth nothing for a creation that a person asks for, and the other way round.
    let (ceremony, options) = browser.creation_options().await;
    let credential = key.create_absent(&options, None);
    let body = json!({ "ceremony": ceremony, "credential": credential, "mediation": "conditional" });
    assert_eq!(browser.call("/account/passkeys/finish", &body).await.json()["failure"], "passkey-expired");
    let (ceremony, options) = browser.creation_options().await;
    let absent = key.create_absent(&options, None);
    assert_eq!(browser.finish_creation(&ceremony, &absent).await.json()["failure"], "passkey-rejected");
}

/// I11: an older, weaker log-in does not add to what has become stronger since.
#[tokio::test]
async fn a_weak_log_in_adds_no_passkey_to_an_account_that_had_more() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let weak = app.browser();
    weak.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::minutes(2));
    let owner = app.browser();
    owner.log_in_with_password(ADA, PASSWORD).await;
    let mut key = SoftAuthenticator::new(&app.issuer());
    owner.create_passkey(&mut key).await;
    app.advance(Duration::minutes(6));
    let refused = weak.call("/account/passkeys/options", &json!({})).await;
    assert_eq!(refused.status, 403);
    owner.log_in_with_passkey(&mut key).await;
    assert_eq!(owner.call("/account/passkeys/options", &json!({})).await.status, 200);
}

/// product §3: after a sign-in by phone, a passkey for this device is offered.
#[tokio::test]
async fn after_a_passkey_from_another_device_one_for_this_device_is_offered() {
    let app = TestApp::init().await;
    let (_, mut phone) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let mut credential = phone.get(&options);
    credential["authenticatorAttachment"] = json!("cross-platform");
    let answer = browser.answer_passkey(&ceremony, &credential, &json!({})).await.json();
    assert_eq!(answer["location"], "/login/offer?why=this-device");
    assert!(
        browser.get("/login/offer?why=this-device").await.body.contains("A passkey for this device too?")
    );
    browser.post("/login/not-now", &[]).await;
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let mut credential = phone.get(&options);
    credential["authenticatorAttachment"] = json!("cross-platform");
    let again = browser.answer_passkey(&ceremony, &credential, &json!({})).await.json();
    assert_eq!(again["location"], "/account", "not now");
}

/// product §3: a card says whether its passkey is on the device in front of the person.
#[tokio::test]
async fn a_card_says_which_passkey_is_on_this_device() {
    let app = TestApp::init().await;
    let (_, mut key) = app.person_with_passkey(ADA).await;
    let (desk, other) = (app.browser(), app.browser());
    desk.log_in_with_passkey(&mut key).await;
    assert!(desk.get("/account/passkeys").await.body.contains("On this device"));
    let (ceremony, options) = other.passkey_options(&json!({})).await;
    let mut by_phone = key.get(&options);
    by_phone["authenticatorAttachment"] = json!("cross-platform");
    other.answer_passkey(&ceremony, &by_phone, &json!({})).await;
    assert!(!other.get("/account/passkeys").await.body.contains("On this device"));
    assert!(desk.get("/account/passkeys").await.body.contains("On this device"));
}

/// After a sign-in the browser learns what is accepted and what the account is called.
#[tokio::test]
async fn a_sign_in_keeps_the_browser_in_step() {
    let app = TestApp::init().await;
    let (user, mut key) = app.person_with_passkey(ADA).await;
    let answer = app.browser().use_passkey(&mut key, &json!({})).await.json();
    let signals = &answer["signals"];
    assert_eq!(signals["rpId"], "localhost");
    assert_eq!(signals["userId"], idp::crypto::base64url::encode(&user.handle));
    assert_eq!(signals["accepted"].as_array().unwrap().len(), 1);
    assert_eq!((&signals["name"], &signals["displayName"]), (&json!(ADA), &json!("Ada Lovelace")));
}

/// "I lost a device": signed in another way, the passkey is picked and removed, its sessions end, and a new
/// one is offered.
#[tokio::test]
async fn a_lost_device_is_removed_by_who_gets_in_another_way() {
    let app = TestApp::init().await;
    let (user, mut lost) = app.person_with_passkey(ADA).await;
    let on_lost_device = app.browser();
    on_lost_device.log_in_with_passkey(&mut lost).await;
    let (code_app, _) = app.code_app(&on_lost_device).await;
    app.advance(Duration::minutes(1));
    let browser = app.browser();
    let flow = browser.password_step(ADA, PASSWORD).await;
    let code = code_app.code(app.app.clock.now());
    browser.post("/login/code", &[("flow", &flow), ("code", &code)]).await;
    assert!(browser.get("/account/passkeys").await.body.contains("/account/passkeys/lost"));
    let page = browser.get("/account/passkeys/lost").await.body;
    let id = page.split("name=\"passkey\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let none = browser.post("/account/passkeys/lost", &[]).await;
    assert!(none.body.contains("Please choose the passkey"), "{}", none.body);
    let removed = browser.post("/account/passkeys/lost", &[("passkey", &id)]).await;
    assert_eq!(removed.location(), "/account/passkeys/create?from=lost");
    assert!(browser.get(&removed.location()).await.body.contains("The lost passkey is removed"));
    assert!(!on_lost_device.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    app.mail_about(ADA, "A passkey was removed").await;
    assert!(app.trail(user.id).await.contains(&"passkey-deleted".to_owned()));
    let gone = app.browser().use_passkey(&mut lost, &json!({})).await.json();
    assert_eq!(gone["failure"], "passkey-unknown");
}

/// Every change to a passkey is mailed, and says what, when and where.
#[tokio::test]
async fn changes_to_passkeys_are_mailed() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let mut key = SoftAuthenticator::new(&app.issuer());
    let id = browser.create_passkey(&mut key).await;
    let path = format!("/account/passkeys/{id}/name");
    browser.post(&path, &[("name", "My <phone>"), ("fresh", "1")]).await;
    app.advance(Duration::minutes(16));
    browser.post(&path, &[("name", "Old phone")]).await;
    browser.log_in_with_passkey(&mut key).await;
    browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await;
    let mails = app.mails().await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["A passkey was added", "A passkey was renamed", "A passkey was removed"]);
    assert!(
        mails[1].text.contains("“My <phone>”") && mails[1].text.contains("“Old phone”"),
        "{}",
        mails[1].text
    );
    assert!(mails[1].raw.contains("&lt;phone&gt;"), "escaped in the HTML part: {}", mails[1].raw);
    for mail in &mails {
        assert!(mail.text.contains("When: 2026-11-23 09:"), "{}", mail.text);
        assert!(mail.text.contains("Where: Firefox on Linux, 127.0.0.1"), "{}", mail.text);
        assert!(mail.text.contains("Was this not you?"), "{}", mail.text);
        assert!(mail.raw.contains("Auto-Submitted: auto-generated"));
    }
}

/// I11: with the first passkey, whoever has just come in elsewhere with the password alone is out; so is
/// whoever may only add one.
#[tokio::test]
async fn a_first_strong_factor_ends_fresh_weak_sessions_elsewhere() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let (longer, thief, owner) = (app.browser(), app.browser(), app.browser());
    longer.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::minutes(10));
    thief.log_in_with_password(ADA, PASSWORD).await;
    owner.log_in_with_password(ADA, PASSWORD).await;
    // A challenge asked for in time outlives the five minutes of a fresh proof.
    let (ceremony, options) = thief.creation_options().await;
    app.advance(Duration::minutes(3));
    owner.log_in_with_password(ADA, PASSWORD).await;
    app.advance(Duration::minutes(3) - Duration::seconds(45));
    owner.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    assert!(!thief.is_signed_in().await);
    let planted = SoftAuthenticator::new(&app.issuer()).create(&options).unwrap();
    assert_eq!(thief.finish_creation(&ceremony, &planted).await.status, 403);
    assert_eq!(idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap().len(), 1);
    assert!(owner.is_signed_in().await);
    assert!(longer.is_signed_in().await, "it can not change anything without a proof");
    assert_eq!(longer.call("/account/passkeys/options", &json!({})).await.status, 403);
}

/// A rename is told by mail, whatever the form says; only the first name of a new passkey is not.
#[tokio::test]
async fn no_form_field_keeps_a_rename_quiet() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    browser.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    let id = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap()[0].id;
    let path = format!("/account/passkeys/{id}/name");
    let renames =
        async || app.mails().await.iter().filter(|mail| mail.subject == "A passkey was renamed").count();
    browser.post(&path, &[("name", "First"), ("fresh", "1")]).await;
    assert_eq!(renames().await, 0);
    app.advance(Duration::minutes(16));
    browser.post(&path, &[("name", "Second"), ("fresh", "1")]).await;
    assert_eq!(renames().await, 1);
}

/// product §3, "Prune": the browser that holds a deleted passkey learns of it, also when the deletion
/// ends the very session it happens in.
#[tokio::test]
async fn deleting_the_passkey_of_this_session_still_tells_the_browser() {
    let app = TestApp::init().await;
    for path in ["/delete", "/lost"] {
        let (user, mut authenticator) = app.person_with_passkey(&format!("{}@example.org", &path[1..])).await;
        let browser = app.browser();
        browser.log_in_with_passkey(&mut authenticator).await;
        let id = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap()[0].id.to_string();
        let gone = if path == "/lost" {
            browser.post("/account/passkeys/lost", &[("passkey", &id)]).await
        } else {
            browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await
        };
        assert_eq!(gone.status, 200, "{}", gone.body);
        assert!(
            gone.body.contains("The passkey is deleted") && gone.body.contains("data-accepted=\"\""),
            "{}",
            gone.body
        );
        assert!(!browser.is_signed_in().await);
    }
}

/// I11, C9: with the weak sessions ends what applications were given in them; and whoever may only add a
/// way in adds none any more.
#[tokio::test]
async fn a_first_strong_factor_ends_tokens_and_limited_sessions_elsewhere() {
    for factor in ["a passkey", "a code app"] {
        let app = TestApp::init().await;
        let user = app.person(ADA).await;
        let (owner, thief, limited) = (app.browser(), app.browser(), app.browser());
        app.set_policy(user.id, idp::model::user::Policy::RequirePasskey).await;
        limited.submit_password(ADA, PASSWORD).await;
        app.set_policy(user.id, idp::model::user::Policy::Free).await;
        app.advance(Duration::minutes(12));
        thief.log_in_with_password(ADA, PASSWORD).await;
        let tokens = app.clinic().offline_tokens(&thief).await;
        owner.log_in_with_password(ADA, PASSWORD).await;
        assert_eq!(limited.get("/account/passkeys/create").await.status, 200, "{factor}");
        if factor == "a passkey" {
            owner.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
        } else {
            app.code_app(&owner).await;
        }
        assert!(!thief.is_signed_in().await, "{factor}");
        assert!(!app.clinic().can_refresh(&tokens).await, "{factor}");
        assert_eq!(limited.get("/account/passkeys/create").await.status, 303, "{factor}");
        assert!(owner.is_signed_in().await, "{factor}");
    }
}

/// product §3, "Manage": a passkey that was made on a phone is not on this device.
#[tokio::test]
async fn a_passkey_that_was_made_on_a_phone_is_not_on_this_device() {
    let app = TestApp::init().await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    for (attachment, here) in [("cross-platform", false), ("platform", true)] {
        let (ceremony, options) = browser.creation_options().await;
        let mut credential = SoftAuthenticator::new(&app.issuer()).create(&options).unwrap();
        credential["authenticatorAttachment"] = json!(attachment);
        assert_eq!(browser.finish_creation(&ceremony, &credential).await.status, 200);
        assert_eq!(
            browser.get("/account/passkeys").await.body.contains("On this device"),
            here,
            "{attachment}"
        );
    }
}
