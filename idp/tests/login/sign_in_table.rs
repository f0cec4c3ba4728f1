//! The sign-in table, row by row, as far as passwords and passkeys go.

use serde_json::json;
use time::Duration;

use crate::support::authenticator::Fault;
use crate::support::{Browser, Options, PASSWORD, TestApp};

#[tokio::test]
async fn a_user_verified_passkey_signs_in_at_once() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_passkey_without_user_verification_needs_the_password_too() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let credential = authenticator.get_with(&options, Some(Fault::NotVerified));
    let answer = browser.answer_passkey(&ceremony, &credential, &json!({})).await.json();
    let location = answer["location"].as_str().unwrap();
    assert!(location.starts_with("/login/password?flow="), "{location}");
    assert!(!browser.is_signed_in().await);

    let flow = location.split('=').nth(1).unwrap();
    assert!(browser.get(location).await.body.contains("ada@example.org"));
    let elsewhere = browser.get(&format!("{location}&destination=%2Faccount%2Fpasskeys")).await;
    assert!(elsewhere.body.contains("name=\"destination\""), "where the person was going is carried along");
    let wrong =
        browser.post("/login", &[("flow", flow), ("email", "ada@example.org"), ("password", "wrong")]).await;
    assert!(wrong.body.contains("role=\"alert\""), "{}", wrong.body);
    let right = [("flow", flow), ("email", "ada@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &right).await.location(), "/account");
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_passkey_and_somebody_elses_password_sign_nobody_in() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    app.person("eve@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let credential = authenticator.get_with(&options, Some(Fault::NotVerified));
    let answer = browser.answer_passkey(&ceremony, &credential, &json!({})).await.json();
    let flow = answer["location"].as_str().unwrap().split('=').nth(1).unwrap().to_owned();
    browser.post("/login", &[("flow", &flow), ("email", "eve@example.org"), ("password", PASSWORD)]).await;
    assert!(!browser.is_signed_in().await);
}

/// A password that is right leads to the demand for a passkey; returns the flow.
async fn demanded_passkey(browser: &Browser) -> String {
    let answer = browser.submit_password("ada@example.org", PASSWORD).await;
    let location = answer.location();
    assert!(location.starts_with("/login/passkey?flow="), "{location}");
    assert!(!browser.is_signed_in().await);
    location.split('=').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_password_with_a_passkey_on_the_account_demands_the_passkey() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let flow = demanded_passkey(&browser).await;
    let page = browser.get(&format!("/login/passkey?flow={flow}")).await;
    assert!(page.body.contains("Use your passkey"), "{}", page.body);
    let answer = browser.use_passkey(&mut authenticator, &json!({ "flow": flow })).await;
    assert_eq!(answer.json()["location"], "/account");
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn somebody_elses_passkey_does_not_complete_a_password() {
    let app = TestApp::init().await;
    app.person_with_passkey("ada@example.org").await;
    let (_, mut eves) = app.person_with_passkey("eve@example.org").await;
    let browser = app.browser();
    let flow = demanded_passkey(&browser).await;
    let (ceremony, options) = browser.passkey_options(&json!({ "flow": flow })).await;
    // Eve's authenticator answers although it was not asked.
    let mut asked = options.clone();
    asked["allowCredentials"] = json!([]);
    let answer = browser.answer_passkey(&ceremony, &eves.get(&asked), &json!({ "flow": flow })).await;
    assert_eq!(answer.json()["failure"], "passkey-rejected");
    assert!(!browser.is_signed_in().await);
}

/// K5: neither the flow nor the address of a later step is worth anything elsewhere.
#[tokio::test]
async fn a_step_can_not_be_skipped_or_taken_to_another_browser() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let flow = demanded_passkey(&browser).await;
    let thief = app.browser();
    thief.get("/login").await.assert_error_page("Log in");
    let page = thief.get(&format!("/login/passkey?flow={flow}")).await;
    assert_eq!(page.status, 400);
    let stolen = thief.call("/login/passkey/options", &json!({ "flow": flow, "attempt": null })).await;
    assert_eq!(stolen.json()["failure"], "attempt-expired");
    for path in ["/login/offer", "/account", "/account/passkeys", "/account/passkeys/create"] {
        assert!(thief.get(path).await.location().starts_with("/login"), "{path}");
    }
    app.advance(Duration::minutes(11));
    let late = browser.call("/login/passkey/options", &json!({ "flow": flow, "attempt": null })).await;
    assert_eq!(late.json()["failure"], "attempt-expired");
    let answer = browser.use_passkey(&mut authenticator, &json!({})).await;
    assert_eq!(answer.json()["location"], "/account", "a passkey alone still works");
}

#[tokio::test]
async fn a_password_without_passkeys_signs_in_and_offers_one() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    let answer = browser.submit_password("Ada@Example.org ", PASSWORD).await;
    assert_eq!(answer.location(), "/login/offer?why=first");
    assert!(browser.is_signed_in().await);
    assert!(browser.get("/login/offer").await.body.contains("Not now"));
    assert_eq!(browser.post("/login/not-now", &[]).await.location(), "/account");
}

/// "Not now" is one person's word about one browser.
#[tokio::test]
async fn not_now_is_heard_for_thirty_days() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    let browser = app.browser();
    browser.submit_password("ada@example.org", PASSWORD).await;
    browser.post("/login/not-now", &[]).await;
    app.advance(Duration::days(29));
    assert_eq!(browser.submit_password("ada@example.org", PASSWORD).await.location(), "/account");
    let offered = "/login/offer?why=first";
    assert_eq!(browser.submit_password("eve@example.org", PASSWORD).await.location(), offered);
    assert_eq!(app.browser().submit_password("ada@example.org", PASSWORD).await.location(), offered);
    app.advance(Duration::days(1));
    assert_eq!(browser.submit_password("ada@example.org", PASSWORD).await.location(), offered);
}

/// product §3: never on a shared computer marked as such, to nobody.
#[tokio::test]
async fn a_shared_computer_is_never_offered_a_passkey() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    let browser = app.browser();
    browser.submit_password("ada@example.org", PASSWORD).await;
    assert_eq!(browser.post("/login/shared", &[]).await.location(), "/account");
    app.advance(Duration::days(60));
    for email in ["ada@example.org", "eve@example.org"] {
        assert_eq!(browser.submit_password(email, PASSWORD).await.location(), "/account", "{email}");
    }
}

/// G5: the same page for every reason; only what was typed differs.
#[tokio::test]
async fn a_wrong_password_says_the_same_for_every_reason() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let disabled = app.person("old@example.org").await;
    app.disable_person(disabled.id).await;
    let neutral = |answer: &crate::support::Answer, email: &str| {
        assert_eq!(answer.status, 200);
        answer.body.replace(email, "EMAIL")
    };
    let browser = app.browser();
    let wrong = browser.submit_password("ada@example.org", "not the password").await;
    let unknown = browser.submit_password("who@example.org", "not the password").await;
    let locked = browser.submit_password("old@example.org", PASSWORD).await;
    let strip = |body: String| {
        let nonce = body.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        body.replace(&nonce, "NONCE")
    };
    let first = strip(neutral(&wrong, "ada@example.org"));
    assert!(first.contains("role=\"alert\"") && first.contains("EMAIL"), "{first}");
    assert_eq!(first, strip(neutral(&unknown, "who@example.org")));
    assert_eq!(first, strip(neutral(&locked, "old@example.org")));
}

#[tokio::test]
async fn a_disabled_person_is_out_on_every_road_at_once() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    app.disable_person(user.id).await;
    assert!(!browser.is_signed_in().await);
    let answer = app.browser().use_passkey(&mut authenticator, &json!({})).await;
    assert_eq!(answer.json()["failure"], "passkey-rejected");
}

#[tokio::test]
async fn an_unknown_passkey_is_named_so_that_the_browser_can_forget_it() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let page = browser.get("/account/passkeys").await.body;
    let id = page.split("/account/passkeys/").find_map(|rest| rest.split_once("/delete")).unwrap().0;
    browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await;

    let answer = app.browser().use_passkey(&mut authenticator, &json!({})).await;
    assert_eq!(answer.status, 403);
    let json = answer.json();
    assert_eq!(json["failure"], "passkey-unknown");
    assert_eq!(json["unknown"]["rpId"], "localhost");
    assert!(json["unknown"]["credentialId"].as_str().unwrap().len() > 20);
}

/// A challenge is spent by its first answer, whatever came of it.
#[tokio::test]
async fn a_challenge_is_answered_once() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let bad = authenticator.get_with(&options, Some(Fault::BadSignature));
    assert_eq!(
        browser.answer_passkey(&ceremony, &bad, &json!({})).await.json()["failure"],
        "passkey-rejected"
    );
    let good = authenticator.get(&options);
    assert_eq!(
        browser.answer_passkey(&ceremony, &good, &json!({})).await.json()["failure"],
        "passkey-expired"
    );
}

/// I1
#[tokio::test]
async fn a_challenge_expires_and_belongs_to_its_browser() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let credential = authenticator.get(&options);
    let elsewhere = app.browser().answer_passkey(&ceremony, &credential, &json!({})).await;
    assert_eq!(elsewhere.json()["failure"], "passkey-expired");

    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    app.advance(Duration::minutes(6));
    let credential = authenticator.get(&options);
    let late = browser.answer_passkey(&ceremony, &credential, &json!({})).await;
    assert_eq!(late.json()["failure"], "passkey-expired");
}

/// I2, I3, I4, I6, I9: one fault per step of WebAuthn Level 3 §7.2, each refused.
#[tokio::test]
async fn every_faulty_assertion_is_refused() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    for fault in [
        Fault::WrongType,
        Fault::WrongChallenge,
        Fault::ForeignOrigin,
        Fault::SuffixOrigin,
        Fault::OriginOtherPort,
        Fault::OriginOtherScheme,
        Fault::CrossOrigin,
        Fault::TopOrigin,
        Fault::WrongRpIdHash,
        Fault::NotPresent,
        Fault::BackedUpButNotEligible,
        Fault::WrongCredentialType,
        Fault::IdDiffersFromRawId,
        Fault::BadSignature,
        Fault::SignedOtherData,
        Fault::ForeignUserHandle,
        Fault::NoUserHandle,
        Fault::Truncated,
        Fault::ClientDataIsNoJson,
    ] {
        let (ceremony, options) = browser.passkey_options(&json!({})).await;
        let credential = authenticator.get_with(&options, Some(fault));
        let answer = browser.answer_passkey(&ceremony, &credential, &json!({})).await;
        assert_eq!(answer.status, 403, "{fault:?}: {}", answer.body);
        assert_eq!(answer.json()["failure"], "passkey-rejected", "{fault:?}");
        assert!(!browser.is_signed_in().await, "{fault:?}");
    }
}

/// I4: a passkey that says otherwise than at registration whether it may be copied is not enough alone;
/// it is recorded, and its person is not locked out.
#[tokio::test]
async fn a_changed_eligibility_needs_the_password_too_and_is_recorded() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let mut flow = String::new();
    for attempt in ["broken off", "to the end"] {
        let (ceremony, options) = browser.passkey_options(&json!({})).await;
        let credential = authenticator.get_with(&options, Some(Fault::EligibilityChanged));
        let answer = browser.answer_passkey(&ceremony, &credential, &json!({})).await.json();
        let location = answer["location"].as_str().unwrap();
        assert!(location.starts_with("/login/password?flow="), "{attempt}: {location}");
        assert!(!browser.is_signed_in().await, "{attempt}");
        flow = location.split('=').nth(1).unwrap().to_owned();
    }
    let fields = [("flow", flow.as_str()), ("email", "ada@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &fields).await.location(), "/account");
    let records = idp::store::audit::of_subject(&app.app.store, user.id, i64::MAX, 100).await.unwrap();
    assert!(records.iter().any(|record| record.kind == "passkey-eligibility-changed"));
    let another = app.browser();
    let (ceremony, options) = another.passkey_options(&json!({})).await;
    let credential = authenticator.get_with(&options, Some(Fault::EligibilityChanged));
    another.answer_passkey(&ceremony, &credential, &json!({})).await;
    assert!(another.is_signed_in().await, "what the password vouched for is asked once");
}

/// A manager that does not check who touches it is named in the trail.
#[tokio::test]
async fn a_missing_verification_is_recorded() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let credential = authenticator.get_with(&options, Some(Fault::NotVerified));
    browser.answer_passkey(&ceremony, &credential, &json!({})).await;
    let records = idp::store::audit::of_subject(&app.app.store, user.id, i64::MAX, 100).await.unwrap();
    assert!(records.iter().any(|record| record.kind == "passkey-did-not-verify"));
}

/// I8: recorded as a risk; the person is not locked out.
#[tokio::test]
async fn a_counter_that_goes_back_is_recorded_and_does_not_lock_out() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    authenticator.sign_count = 10;
    authenticator.counts = true;
    app.browser().log_in_with_passkey(&mut authenticator).await;
    authenticator.sign_count = 3;
    app.browser().log_in_with_passkey(&mut authenticator).await;
    let records = idp::store::audit::after(&app.app.store, 0, 100).await.unwrap();
    let risk: Vec<_> = records.iter().filter(|r| r.kind == "passkey-counter-stood-still").collect();
    assert_eq!(risk.len(), 1);
    assert!(risk[0].detail.contains("\"stored\":11") && risk[0].detail.contains("\"presented\":4"));
}

/// G1, G4: a hundred wrong passwords disable the password and never the passkeys.
#[tokio::test]
async fn a_hundred_failures_disable_the_password_and_nothing_else() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    app.guess(&browser, "ada@example.org", 100).await;
    app.advance(Duration::minutes(15));
    let right = browser.submit_password("ada@example.org", PASSWORD).await;
    assert_eq!(right.status, 200, "the right password no longer works");
    app.browser().log_in_with_passkey(&mut authenticator).await;
}

/// G3
#[tokio::test]
async fn a_right_password_clears_its_failures() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    for _ in 0..2 {
        app.guess(&browser, "ada@example.org", 60).await;
        app.advance(Duration::minutes(15));
        browser.log_in_with_password("ada@example.org", PASSWORD).await;
    }
}

/// G1, G5: from the fifth failure on there is a wait, which says the same for people who do not exist,
/// and a right password does not get around it. A passkey does (G4).
#[tokio::test]
async fn after_five_failures_there_is_a_wait_for_everybody_alike() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let disabled = app.person("old@example.org").await;
    app.disable_person(disabled.id).await;
    for email in ["ada@example.org", "nobody@example.org", "old@example.org"] {
        let browser = app.browser();
        for attempt in 1..=5 {
            let wrong = browser.submit_password(email, "wrong").await;
            assert!(wrong.body.contains("is not right"), "{email} {attempt}");
        }
        let waiting = browser.submit_password(email, PASSWORD).await;
        assert!(waiting.body.contains("Please wait 2 seconds"), "{email}: {}", waiting.body);
        assert_eq!(waiting.status, 200);
        assert!(waiting.body.contains(email), "nothing that was typed is lost");
    }
    app.browser().log_in_with_passkey(&mut authenticator).await;
    app.advance(Duration::seconds(2));
    let answer = app.browser().submit_password("ada@example.org", PASSWORD).await;
    assert!(answer.location().starts_with("/login/passkey?"), "the wait is over");
}

/// G6: strangers wait after very many failures in their network; who is known there goes on.
#[tokio::test]
async fn a_flood_of_guesses_slows_strangers_down_and_nobody_else() {
    let environment = vec![("IDP_PASSWORDS__FAILURES_PER_NETWORK", "10".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    app.person("eve@example.org").await;
    let known = app.browser();
    known.log_in_with_password("eve@example.org", PASSWORD).await;
    let attacker = app.browser();
    for number in 0..11 {
        attacker.submit_password(&format!("guess{number}@example.org"), "wrong").await;
    }
    let turned_away = app.browser().submit_password("eve@example.org", PASSWORD).await;
    assert_eq!(turned_away.status, 503);
    assert!(!turned_away.header("retry-after").is_empty());
    known.log_in_with_password("eve@example.org", PASSWORD).await;
    app.browser().log_in_with_passkey(&mut authenticator).await;
    app.advance(Duration::minutes(11));
    app.browser().log_in_with_password("eve@example.org", PASSWORD).await;
}

/// G6: whoever hangs up before the answer has guessed all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_of_somebody_who_hangs_up_count_for_their_network() {
    let environment = vec![("IDP_PASSWORDS__FAILURES_PER_NETWORK", "3".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    app.person("eve@example.org").await;
    let attacker = app.browser();
    let csrf = attacker.csrf().await;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let moment = std::time::Duration::from_millis(10);
    let mut answered = 0;
    for number in 0..100 {
        let email = format!("guess{number}@example.org");
        let fields = [("csrf", csrf.as_str()), ("email", email.as_str()), ("password", "wrong")];
        let body = serde_urlencoded::to_string(fields).unwrap();
        let guess = attacker.send(reqwest::Method::POST, "/login", &headers, Some(body));
        answered += usize::from(tokio::time::timeout(moment, guess).await.is_ok());
        // Until what was sent has been looked at.
        tokio::time::sleep(4 * moment).await;
        if app.browser().submit_password("eve@example.org", PASSWORD).await.status == 503 {
            assert!(answered <= 3, "these waited for their answer");
            return;
        }
    }
    panic!("nobody was slowed down");
}

/// J6: two people, one browser, one after the other.
#[tokio::test]
async fn the_next_person_at_a_browser_gets_nothing_of_the_last() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let adas = browser.get("/account").await.body;
    app.advance(Duration::seconds(1));
    let clinic = app.clinic();
    let login = clinic.authorize(&browser, &[("prompt", "login")]).await;
    let attempt = login.parameter("attempt").unwrap();
    let fields = [("attempt", attempt.as_str()), ("email", "eve@example.org"), ("password", PASSWORD)];
    browser.post("/login", &fields).await;
    let eves = browser.get("/account").await.body;
    assert!(adas.contains("ada@example.org") && eves.contains("eve@example.org"));
    assert!(!eves.contains("ada@example.org"));
}

/// I1: what was asked after a password does not sign in alone, and the other way round.
#[tokio::test]
async fn a_challenge_answers_only_what_it_was_made_for() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let flow = demanded_passkey(&browser).await;
    let after_password = json!({ "flow": flow });
    for (asked, answered) in [(&after_password, &json!({})), (&json!({}), &after_password)] {
        let (ceremony, options) = browser.passkey_options(asked).await;
        let answer = browser.answer_passkey(&ceremony, &authenticator.get(&options), answered).await;
        assert_eq!(answer.json()["failure"], "passkey-expired", "{asked}");
        assert!(!browser.is_signed_in().await, "{asked}");
    }
}

/// product §2: a browser remembers that a passkey worked here, without personal data, and leads with it;
/// not after a password.
#[tokio::test]
async fn a_browser_remembers_that_a_passkey_worked_here() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    app.person("eve@example.org").await;
    let leads = async |browser: &Browser| {
        browser.post("/logout", &[]).await;
        browser.get("/login").await.body.contains("data-lead")
    };
    let (by_passkey, by_password) = (app.browser(), app.browser());
    by_passkey.log_in_with_passkey(&mut authenticator).await;
    assert!(leads(&by_passkey).await);
    let cookie = by_passkey.cookie("idp_passkey");
    assert_eq!(cookie, "idp_passkey=1", "of nobody, {} neither", user.id);
    by_password.log_in_with_password("eve@example.org", PASSWORD).await;
    assert!(!leads(&by_password).await);
}

/// product §2: the language that the application asks for applies before anybody has said theirs.
#[tokio::test]
async fn the_page_speaks_the_language_the_application_asks_for() {
    let app = TestApp::init().await;
    let browser = app.browser();
    for (asked, spoken) in [("xx de", "de"), ("en", "en")] {
        let answer = app.clinic().authorize(&browser, &[("ui_locales", asked)]).await;
        let page = browser.get(&answer.location()).await.body;
        assert!(page.contains(&format!("<html lang=\"{spoken}\">")), "{asked}: {page}");
    }
}

/// product §3, "Grow": "Not now" is about this browser, and another one that the person uses goes on asking.
#[tokio::test]
async fn not_now_is_heard_in_one_browser() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let (desk, phone) = (app.browser(), app.browser());
    for browser in [&desk, &phone] {
        browser.log_in_with_password("ada@example.org", PASSWORD).await;
    }
    desk.post("/login/not-now", &[]).await;
    assert_eq!(desk.submit_password("ada@example.org", PASSWORD).await.location(), "/account");
    let offered = phone.submit_password("ada@example.org", PASSWORD).await;
    assert_eq!(offered.location(), "/login/offer?why=first");
}

/// J6: the session of the last person is over, not only out of this browser's hands.
#[tokio::test]
async fn the_last_persons_session_ends_when_the_next_one_logs_in() {
    let app = TestApp::init().await;
    let ada = app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    browser.log_in_with_password("eve@example.org", PASSWORD).await;
    assert!(idp::store::sessions::of_user(&app.app.store, ada.id).await.unwrap().is_empty());
    assert!(app.trail(ada.id).await.contains(&"signed-out".to_owned()));
}

/// M8: a passkey that is refused is recorded with its person, and one that nobody has all the same.
#[tokio::test]
async fn refused_and_unknown_passkeys_are_recorded() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    let (ceremony, options) = browser.passkey_options(&json!({})).await;
    let bad = authenticator.get_with(&options, Some(Fault::BadSignature));
    browser.answer_passkey(&ceremony, &bad, &json!({})).await;
    assert!(app.trail(user.id).await.contains(&"sign-in-failed".to_owned()));
    app.sql("DELETE FROM passkey").await;
    let unknown = browser.use_passkey(&mut authenticator, &json!({})).await;
    assert_eq!(unknown.json()["failure"], "passkey-unknown");
    let records = idp::store::audit::after(&app.app.store, 0, 100).await.unwrap();
    let newest = records.last().unwrap();
    assert!(newest.kind == "sign-in-failed" && newest.subject.is_none(), "{newest:?}");
}

/// product §1, row 4: after a password this person's passkeys are asked for, and nobody else's.
#[tokio::test]
async fn after_a_password_the_persons_own_passkeys_are_asked_for() {
    let app = TestApp::init().await;
    let (ada, _) = app.person_with_passkey("ada@example.org").await;
    app.person_with_passkey("eve@example.org").await;
    let browser = app.browser();
    let flow = demanded_passkey(&browser).await;
    let (_, options) = browser.passkey_options(&json!({ "flow": flow })).await;
    let passkeys = idp::store::passkeys::of_user(&app.app.store, ada.id).await.unwrap();
    let asked: Vec<_> =
        options["allowCredentials"].as_array().unwrap().iter().map(|key| &key["id"]).collect();
    assert_eq!(asked, [&json!(idp::crypto::base64url::encode(&passkeys[0].credential_id))]);
}

/// product §3, "Grow": a shared computer leads with the passkey of nobody, before it was marked or after.
#[tokio::test]
async fn a_shared_computer_leads_with_no_passkey() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    for _ in 0..2 {
        browser.log_in_with_passkey(&mut authenticator).await;
        browser.post("/login/shared", &[]).await;
        browser.post("/logout", &[]).await;
        assert!(!browser.get("/login").await.body.contains("data-lead"));
    }
    browser.log_in_with_passkey(&mut authenticator).await;
    browser.post("/logout", &[]).await;
    assert!(!browser.get("/login").await.body.contains("data-lead"), "still shared");
}

/// G1: after a rest of a day nobody is slowed down by what was before it.
#[tokio::test]
async fn failures_before_a_rest_slow_nobody_down() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    app.guess(&browser, "ada@example.org", 8).await;
    app.advance(Duration::hours(25));
    for attempt in 1..=4 {
        let wrong = browser.submit_password("ada@example.org", "wrong").await;
        assert!(wrong.body.contains("is not right"), "{attempt}: {}", wrong.body);
    }
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
}
