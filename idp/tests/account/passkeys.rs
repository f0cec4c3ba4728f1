//! The life of a passkey on the account pages.

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::authenticator::Fault;
use crate::support::{PASSWORD, SoftAuthenticator, TestApp};

#[tokio::test]
async fn a_new_passkey_gets_the_name_of_its_provider_and_can_be_renamed() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let id = browser.create_passkey(&mut authenticator).await;
    let naming = browser.get(&format!("/account/passkeys/{id}/name?fresh=1")).await;
    assert!(naming.body.contains("value=\"1Password\""), "{}", naming.body);
    let empty = browser.post(&format!("/account/passkeys/{id}/name"), &[("name", "  ")]).await;
    assert_eq!(empty.status, 200);
    let saved = browser.post(&format!("/account/passkeys/{id}/name"), &[("name", "My <laptop>")]).await;
    assert_eq!(saved.location(), "/account/passkeys?notice=renamed");
    let list = browser.get("/account/passkeys").await.body;
    assert!(list.contains("My &lt;laptop&gt;"), "{list}");
}

#[tokio::test]
async fn the_options_ask_for_a_discoverable_verified_credential() {
    let app = TestApp::init().await;
    let user = app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let (_, options) = browser.creation_options().await;
    assert_eq!(options["rp"], json!({ "id": "localhost", "name": "Portico" }));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["requireResidentKey"], true);
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["timeout"], 300_000);
    // I7: 64 random bytes and no personal data.
    assert_eq!(options["user"]["id"].as_str().unwrap(), idp::crypto::base64url::encode(&user.handle));
    assert_eq!(user.handle.len(), 64);
}

#[tokio::test]
async fn existing_passkeys_are_excluded() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let (_, options) = browser.creation_options().await;
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1);
    assert_eq!(options["excludeCredentials"][0]["transports"], json!(["internal", "hybrid"]));
    assert!(authenticator.create(&options).is_err());
}

/// I11: whoever came back after a while proves themselves again.
#[tokio::test]
async fn creating_and_deleting_need_a_proof_of_the_last_five_minutes() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let id = first_passkey(&browser.get("/account/passkeys").await.body);
    app.advance(Duration::minutes(6));
    assert!(browser.is_signed_in().await);
    let create = browser.get("/account/passkeys/create").await;
    assert_eq!(create.location(), "/login?destination=%2Faccount%2Fpasskeys%2Fcreate&confirm=1");
    let options = browser.call("/account/passkeys/options", &json!({})).await;
    assert_eq!(options.status, 403);
    assert!(options.json()["location"].as_str().unwrap().starts_with("/login?destination="));
    let delete = browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await;
    assert!(delete.location().starts_with("/login?destination="), "{}", delete.location());
    assert_eq!(browser.get("/account/passkeys").await.body.matches("/delete\"").count(), 1);

    let page = browser.get(&create.location()).await;
    assert!(page.body.contains("readonly"), "the email is known: {}", page.body);
    let answer =
        browser.use_passkey(&mut authenticator, &json!({ "destination": "/account/passkeys/create" })).await;
    assert_eq!(answer.json()["location"], "/account/passkeys/create");
    assert_eq!(browser.get("/account/passkeys/create").await.status, 200);
}

fn first_passkey(page: &str) -> String {
    page.split("/account/passkeys/").find_map(|rest| rest.split_once("/delete")).unwrap().0.to_owned()
}

#[tokio::test]
async fn deleting_a_passkey_ends_the_sessions_it_began() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let by_passkey = app.browser();
    by_passkey.log_in_with_passkey(&mut authenticator).await;
    // Listed by age, and so told apart.
    app.advance(Duration::seconds(1));
    let mut second = SoftAuthenticator::new(&app.issuer());
    by_passkey.create_passkey(&mut second).await;
    let by_second = app.browser();
    by_second.log_in_with_passkey(&mut second).await;

    let first = first_passkey(&by_second.get("/account/passkeys").await.body);
    let page = by_second.get(&format!("/account/passkeys/{first}/delete")).await;
    assert!(page.body.contains("Yes, delete"));
    let deleted = by_second.post(&format!("/account/passkeys/{first}/delete"), &[]).await;
    assert_eq!(deleted.location(), "/account/passkeys?notice=deleted");
    assert!(!by_passkey.is_signed_in().await);
    assert!(by_second.is_signed_in().await);
    let again = by_second.post(&format!("/account/passkeys/{first}/delete"), &[]).await;
    assert_eq!(again.status, 404);
}

/// C9: what the deleted passkey's sessions gave to applications ends with them.
#[tokio::test]
async fn deleting_a_passkey_ends_even_the_offline_tokens_of_its_sessions() {
    let app = TestApp::init().await;
    let (_, mut lost) = app.person_with_passkey("ada@example.org").await;
    let on_lost_device = app.browser();
    on_lost_device.log_in_with_passkey(&mut lost).await;
    let offline = [("scope", "openid offline_access"), ("prompt", "consent")];
    let asked = app.clinic().authorize(&on_lost_device, &offline).await;
    let attempt = asked.body.split("name=\"attempt\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let allowed = on_lost_device.post("/oidc/consent", &[("attempt", attempt), ("decision", "allow")]).await;
    let code = on_lost_device.get(&allowed.location()).await.parameter("code").unwrap();
    let tokens = app.clinic().redeem(&code).await.json();
    assert!(tokens["scope"].as_str().unwrap().contains("offline_access"));
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(app.clinic().refresh(refresh_token).await.status, 200);
    let id = first_passkey(&on_lost_device.get("/account/passkeys").await.body);
    on_lost_device.post(&format!("/account/passkeys/{id}/delete"), &[]).await;
    assert_eq!(app.clinic().refresh(refresh_token).await.json()["error"], "invalid_grant");
    assert_eq!(app.clinic().userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
}

/// J4: a request that began to arrive before its session ended does nothing afterwards.
#[tokio::test]
async fn a_request_that_outlives_its_session_changes_nothing() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let (ceremony, options) = browser.creation_options().await;
    let credential = SoftAuthenticator::new(&app.issuer()).create_with(&options, None);
    let body = json!({ "ceremony": ceremony, "credential": credential }).to_string();
    let csrf = browser.csrf().await;
    let cookies = ["idp_session", "idp_account", "idp_browser"].map(|name| browser.cookie(name)).join("; ");
    let head = format!(
        "POST /account/passkeys/finish HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\
         Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\nX-CSRF-Token: {csrf}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut slow = tokio::net::TcpSocket::new_v4().unwrap().connect(app.address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    browser.post("/logout", &[]).await;
    slow.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let kept = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap();
    assert_eq!(kept.len(), 1);
}

/// I12
#[tokio::test]
async fn the_last_way_in_is_kept() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let attacker = app.browser();
    app.guess(&attacker, "ada@example.org", 100).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let id = first_passkey(&browser.get("/account/passkeys").await.body);
    let refused = browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await;
    assert_eq!(refused.status, 409);
    refused.assert_error_page("Create another passkey first");
    app.browser().log_in_with_passkey(&mut authenticator).await;
}

#[tokio::test]
async fn nobody_reaches_somebody_elses_passkey() {
    let app = TestApp::init().await;
    let (_, mut adas) = app.person_with_passkey("ada@example.org").await;
    let (_, mut eves) = app.person_with_passkey("eve@example.org").await;
    let (ada, eve) = (app.browser(), app.browser());
    ada.log_in_with_passkey(&mut adas).await;
    eve.log_in_with_passkey(&mut eves).await;
    let id = first_passkey(&ada.get("/account/passkeys").await.body);
    for path in [format!("/account/passkeys/{id}/name"), format!("/account/passkeys/{id}/delete")] {
        assert_eq!(eve.get(&path).await.status, 404, "{path}");
        assert_eq!(eve.post(&path, &[("name", "mine")]).await.status, 404, "{path}");
    }
    assert_eq!(ada.get("/account/passkeys").await.body.matches("/delete\"").count(), 1);
}

/// I5: a credential belongs to one account, and the first keeps it.
#[tokio::test]
async fn a_credential_that_is_registered_is_refused_for_everybody_else() {
    let app = TestApp::init().await;
    let (_, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    app.person("eve@example.org").await;
    let ada = app.browser();
    ada.log_in_with_passkey(&mut authenticator).await;
    let eve = app.browser();
    eve.log_in_with_password("eve@example.org", PASSWORD).await;
    // The same answer cannot be made twice, as challenges differ; a copied credential id can.
    let (ceremony, options) = eve.creation_options().await;
    let mut twin = SoftAuthenticator::new(&app.issuer());
    let credential = twin.create_with(&options, None);
    assert_eq!(eve.finish_creation(&ceremony, &credential).await.status, 200);
    let (ceremony, options) = ada.creation_options().await;
    let copied = twin.clone_newest(&options);
    let answer = ada.finish_creation(&ceremony, &copied).await;
    assert_eq!(answer.json()["failure"], "passkey-exists", "{}", answer.body);
}

/// I1, I2, I3, I4, I5: one fault per step of WebAuthn Level 3 §7.1, each refused and nothing stored.
#[tokio::test]
async fn every_faulty_registration_is_refused() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
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
        Fault::NotVerified,
        Fault::BackedUpButNotEligible,
        Fault::WrongCredentialType,
        Fault::IdDiffersFromRawId,
        Fault::OtherCredentialId,
        Fault::HugeCredentialId,
        Fault::UnofferedAlgorithm,
        Fault::UnknownFormat,
        Fault::BrokenAttestation,
        Fault::Truncated,
        Fault::ClientDataIsNoJson,
    ] {
        let (ceremony, options) = browser.creation_options().await;
        let credential = authenticator.create_with(&options, Some(fault));
        let answer = browser.finish_creation(&ceremony, &credential).await;
        assert_eq!(answer.status, 403, "{fault:?}: {}", answer.body);
        assert_eq!(answer.json()["failure"], "passkey-rejected", "{fault:?}");
    }
    assert_eq!(browser.get("/account/passkeys").await.body.matches("/delete\"").count(), 0);
}

/// I1
#[tokio::test]
async fn a_challenge_for_creation_is_used_once_by_its_person_in_time() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    let (ada, eve) = (app.browser(), app.browser());
    ada.log_in_with_password("ada@example.org", PASSWORD).await;
    eve.log_in_with_password("eve@example.org", PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());

    let (ceremony, options) = ada.creation_options().await;
    let credential = authenticator.create_with(&options, None);
    assert_eq!(eve.finish_creation(&ceremony, &credential).await.json()["failure"], "passkey-expired");

    let (ceremony, options) = ada.creation_options().await;
    let credential = authenticator.create_with(&options, None);
    assert_eq!(ada.finish_creation(&ceremony, &credential).await.status, 200);
    assert_eq!(ada.finish_creation(&ceremony, &credential).await.json()["failure"], "passkey-expired");

    // A challenge for signing in is worth nothing for creating.
    let (ceremony, _) = ada.passkey_options(&json!({})).await;
    assert_eq!(ada.finish_creation(&ceremony, &credential).await.json()["failure"], "passkey-expired");
}

#[tokio::test]
async fn twenty_passkeys_are_enough_also_side_by_side() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    for _ in 0..18 {
        let (ceremony, options) = browser.creation_options().await;
        let credential = authenticator.create_with(&options, None);
        assert_eq!(browser.finish_creation(&ceremony, &credential).await.status, 200);
    }
    assert!(browser.get("/account/passkeys").await.body.contains("href=\"/account/passkeys/create\""));
    let mut pending = Vec::new();
    for _ in 0..6 {
        let (ceremony, options) = browser.creation_options().await;
        pending.push((ceremony, authenticator.create_with(&options, None)));
    }
    let answers =
        join_all(pending.iter().map(|(ceremony, key)| browser.finish_creation(ceremony, key))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    let page = browser.get("/account/passkeys").await.body;
    assert!(
        page.contains("as many passkeys as an account can hold")
            && !page.contains("/account/passkeys/create")
    );
    let full = browser.call("/account/passkeys/options", &json!({})).await;
    assert_eq!(full.json()["failure"], "passkey-limit");
    assert_eq!(browser.get("/account/passkeys/create").await.status, 409);
}

/// I12: neither what wrong codes stopped nor what a policy refuses is a way in.
#[tokio::test]
async fn a_way_in_that_does_not_work_is_none() {
    for spoil in ["the policy", "the code app"] {
        let app = TestApp::init().await;
        let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
        let browser = app.browser();
        browser.log_in_with_passkey(&mut authenticator).await;
        let id = first_passkey(&browser.get("/account/passkeys").await.body);
        if spoil == "the policy" {
            app.set_policy(user.id, idp::model::user::Policy::RequirePasskey).await;
        } else {
            app.code_app(&browser).await;
            app.sql("UPDATE totp SET failures = 100").await;
            app.sql("UPDATE recovery SET failures = 100").await;
        }
        let refused = browser.post(&format!("/account/passkeys/{id}/delete"), &[]).await;
        assert_eq!(refused.status, 409, "{spoil}");
        app.browser().log_in_with_passkey(&mut authenticator).await;
    }
}

/// product §3, "Manage": the provider, when and where it was last used, and whether it is synced.
#[tokio::test]
async fn a_card_says_what_is_known_of_its_passkey() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let mut authenticator = SoftAuthenticator::new(&app.issuer());
    let id = browser.create_passkey(&mut authenticator).await;
    browser.post(&format!("/account/passkeys/{id}/name"), &[("name", "My phone")]).await;
    let card = async || browser.get("/account/passkeys").await.body;
    let made = card().await;
    for text in
        ["My phone", "1Password · Password manager", "Not yet", "Synced across your devices", "09:00:00Z"]
    {
        assert!(made.contains(text), "{text} in {made}");
    }
    assert!(!made.contains("Firefox on Linux, 127.0.0.1"), "{made}");
    app.advance(Duration::minutes(3));
    browser.log_in_with_passkey(&mut authenticator).await;
    let used = card().await;
    for text in ["09:03:00Z", "Firefox on Linux, 127.0.0.1", "You logged in with this one"] {
        assert!(used.contains(text), "{text} in {used}");
    }
    app.sql("UPDATE passkey SET backup_eligible = 0, backup_state = 0").await;
    assert!(card().await.contains("On one device only"));
}

/// product §3, "Keep both sides in step": on every visit, what is accepted and what the account is called.
#[tokio::test]
async fn every_visit_tells_the_browser_what_is_accepted() {
    let app = TestApp::init().await;
    let (user, mut authenticator) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let fields = [("given_name", "Augusta"), ("family_name", "King"), ("language", ""), ("time_zone", "")];
    browser.post("/account/profile", &fields).await;
    let passkeys = idp::store::passkeys::of_user(&app.app.store, user.id).await.unwrap();
    let accepted = idp::crypto::base64url::encode(&passkeys[0].credential_id);
    let handle = idp::crypto::base64url::encode(&user.handle);
    for path in ["/account", "/account/passkeys", "/account/passkeys/create"] {
        let page = browser.get(path).await.body;
        for (name, value) in [
            ("rp-id", "localhost"),
            ("user-id", &handle),
            ("accepted", &accepted),
            ("user-name", "ada@example.org"),
            ("display-name", "Augusta King"),
        ] {
            assert!(page.contains(&format!("data-{name}=\"{value}\"")), "{path}: {name}");
        }
    }
}

/// product §3, "Manage": deleting says before it happens that it is the only one, and that this log-in ends.
#[tokio::test]
async fn deleting_says_what_will_end() {
    let app = TestApp::init().await;
    let (_, mut first) = app.person_with_passkey("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut first).await;
    let id = first_passkey(&browser.get("/account/passkeys").await.body);
    let only = browser.get(&format!("/account/passkeys/{id}/delete")).await.body;
    for text in ["It is your only passkey", "You used it to log in just now", "Log-ins that began with"] {
        assert!(only.contains(text), "{text} in {only}");
    }
    app.advance(Duration::seconds(1));
    let second = browser.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    let other = browser.get(&format!("/account/passkeys/{second}/delete")).await.body;
    assert!(
        !other.contains("It is your only passkey") && !other.contains("You used it to log in"),
        "{other}"
    );
}

/// product §4: where password managers find the pages for creating and managing passkeys.
#[tokio::test]
async fn the_well_known_address_names_the_pages_for_passkeys() {
    let app = TestApp::init().await;
    let endpoints = app.browser().get("/.well-known/passkey-endpoints").await.json();
    let (enroll, manage) = (app.url("/account/passkeys/create"), app.url("/account/passkeys"));
    assert_eq!(endpoints, json!({ "enroll": enroll, "manage": manage }));
}

/// I1: a challenge for creation belongs to the browser that asked for it, whoever is signed in elsewhere.
#[tokio::test]
async fn a_challenge_for_creation_belongs_to_its_browser() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    let (one, other) = (app.browser(), app.browser());
    for browser in [&one, &other] {
        browser.log_in_with_password("ada@example.org", PASSWORD).await;
    }
    let (ceremony, options) = one.creation_options().await;
    let credential = SoftAuthenticator::new(&app.issuer()).create_with(&options, None);
    let answer = other.finish_creation(&ceremony, &credential).await;
    assert_eq!(answer.json()["failure"], "passkey-expired");
}
