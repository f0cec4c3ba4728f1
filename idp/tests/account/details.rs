//! Profile, language, safety, and the way back to an application.

use idp::model::user::Policy;

use crate::support::{Options, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

#[tokio::test]
async fn name_language_and_time_zone_can_be_changed_and_are_used() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let fields = [
        ("given_name", "Augusta Ada"),
        ("family_name", "King"),
        ("language", "de"),
        ("time_zone", "Europe/Zurich"),
    ];
    assert_eq!(browser.post("/account/profile", &fields).await.location(), "/account?notice=profile-saved");
    let page = browser.get("/account").await.body;
    assert!(page.contains("<html lang=\"de\">") && page.contains("Augusta Ada King"), "{page}");
    browser.post("/account/two-factor/recovery-codes", &[]).await;
    let mail = app.mail_to(ADA).await;
    assert!(mail.text.contains("2026-11-23 10:00 (Europe/Zurich)"), "{}", mail.text);
    assert!(
        mail.text.contains("Augusta Ada") && mail.raw.contains("lang=3D\"de\"")
            || mail.raw.contains("lang=\"de\"")
    );
    assert_eq!(app.user(user.id).await.display_name(), "Augusta Ada King");
    assert!(app.trail(user.id).await.contains(&"profile-changed".to_owned()));
}

#[tokio::test]
async fn a_profile_keeps_what_was_typed_and_takes_nothing_that_was_not_offered() {
    let app = TestApp::init().await;
    let user = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let long = "x".repeat(101);
    let answer = browser.post("/account/profile", &[("given_name", " "), ("family_name", &long)]).await;
    assert!(answer.body.contains("Please enter a name") && answer.body.contains("This name is too long"));
    assert!(answer.body.contains(&long), "nothing is lost");
    let fields =
        [("given_name", "Ada"), ("family_name", "L"), ("language", "xx"), ("time_zone", "Mars/Olympus")];
    browser.post("/account/profile", &fields).await;
    let kept = app.user(user.id).await;
    assert!(kept.language.is_none() && kept.time_zone.is_none());
}

/// product §3, "Sign-in safety", as the person sees it.
#[tokio::test]
async fn the_account_says_whether_a_loss_would_lock_its_person_out() {
    let app = TestApp::init().await;
    let (_, mut key) = app.person_with_passkey(ADA).await;
    app.person("bea@example.org").await;
    let bea = app.browser();
    bea.log_in_with_password("bea@example.org", PASSWORD).await;
    assert!(bea.get("/account").await.body.contains("Your password is your only way in"));
    app.code_app(&bea).await;
    let page = bea.get("/account").await.body;
    assert!(page.contains("If you lose the phone with your code app"), "{page}");
    assert!(page.contains("Only with a recovery code"), "{page}");
    let ada = app.browser();
    ada.log_in_with_passkey(&mut key).await;
    let page = ada.get("/account").await.body;
    assert!(page.contains("If you lose a device tomorrow, can you still get in?"), "{page}");
    assert!(page.contains("You still get in") && page.contains("Recovery codes on paper"), "{page}");
}

/// product §4: a deep link is not lost on the way through the sign-in page, however its address is written.
#[tokio::test]
async fn a_deep_link_survives_signing_in() {
    let app = TestApp::init().await;
    app.person("ada@example.org").await;
    for path in [
        "/account/passkeys?client_id=clinic-example&return_to=http://localhost:8090/settings",
        "/account/passkeys?client_id=clinic-example&return_to=http%3A%2F%2Flocalhost%3A8090%2Fsettings",
    ] {
        let led = app.browser().get(path).await;
        assert_eq!(led.parameter("destination").as_deref(), Some(path));
    }
}

/// product §3, "Sign-in safety": only what opens the account counts, whatever else is registered.
#[tokio::test]
async fn what_does_not_work_saves_nobody_from_a_loss() {
    let app = TestApp::init().await;
    let (user, mut key) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut key).await;
    app.code_app(&browser).await;
    app.sql("UPDATE passkey SET backup_eligible = 0, backup_state = 0").await;
    let says = async |text: &str| browser.get("/account").await.body.contains(text);
    assert!(says("You still get in").await && !says("Only with a recovery code").await);
    app.set_policy(user.id, Policy::PasskeyOnly).await;
    assert!(says("Only with a recovery code").await, "the policy refuses the code");
    app.set_policy(user.id, Policy::Free).await;
    app.sql("UPDATE totp SET failures = 100").await;
    assert!(says("Only with a recovery code").await, "the code app is stopped");
    app.sql("UPDATE recovery SET failures = 100").await;
    assert!(says("You are locked out").await, "the recovery codes too");
    app.sql("UPDATE totp SET failures = 0").await;
    assert!(!says("You are locked out").await);
    app.sql("UPDATE password SET failures = 100").await;
    assert!(says("You are locked out").await, "a code comes after a password");
}

/// product §3, "Sign-in safety": it is said per device, and a phone with a passkey of its own is taken to
/// have the code app as well.
#[tokio::test]
async fn a_lost_phone_takes_the_code_app_along() {
    let app = TestApp::init().await;
    let (_, mut key) = app.person_with_passkey(ADA).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut key).await;
    app.code_app(&browser).await;
    app.sql("UPDATE passkey SET backup_eligible = 0, backup_state = 0, aaguid = zeroblob(16)").await;
    for (transport, losses) in [("hybrid", 2), ("usb", 0)] {
        app.sql(&format!("UPDATE passkey SET transports = '[\"{transport}\"]'")).await;
        let page = browser.get("/account").await.body;
        assert_eq!(page.matches("Only with a recovery code").count(), losses, "{transport}: {page}");
    }
}

/// product §4: deep links, for addresses that are registered and for no other.
#[tokio::test]
async fn account_pages_lead_back_to_a_registered_address() {
    let config = "
        public_url = \"PUBLIC\"
        [[clients]]
        id = \"practice\"
        name = \"Practice Web\"
        type = \"spa\"
        redirect_uris = [\"https://practice.example/cb\"]
        return_uris = [\"https://practice.example/settings?tab=login\"]
    ";
    let environment = Vec::new();
    let config_file = Some(config.replace("public_url = \"PUBLIC\"", ""));
    let app = TestApp::with(Options { environment, config_file, ..Options::default() }).await;
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let at = |client: &str, uri: &str| {
        let query = serde_urlencoded::to_string([("client_id", client), ("return_to", uri)]).unwrap();
        format!("/account/passkeys?{query}")
    };
    for (client, uri) in [
        ("practice", "https://evil.example/"),
        ("practice", "https://practice.example/settings"),
        ("practice", "https://practice.example/cb"),
        ("practice", "javascript:alert(1)"),
        ("nobody", "https://practice.example/settings?tab=login"),
        ("", ""),
    ] {
        let page = browser.get(&at(client, uri)).await.body;
        assert!(!page.contains("Back to"), "{client} {uri}");
    }
    let page = browser.get(&at("practice", "https://practice.example/settings?tab=login")).await.body;
    assert!(page.contains("Back to Practice Web"), "{page}");
    let link = "href=\"https:&#x2f;&#x2f;practice.example&#x2f;settings?tab=login\"";
    assert!(page.contains(link), "{page}");
    assert!(browser.get("/account/sessions").await.body.contains("Back to Practice Web"), "it stays");
    assert!(!app.browser().get("/help/passkeys").await.body.contains("Back to"));
}
