//! Set-up of the first operator.

use crate::support::process::Installation;
use crate::support::{PASSWORD, SoftAuthenticator, TempDir, TestApp};

const PERSON: [(&str, &str); 4] = [
    ("email", "ada@example.org"),
    ("given_name", "Ada"),
    ("family_name", "Lovelace"),
    ("password", PASSWORD),
];

async fn token(app: &TestApp) -> String {
    let app = &app.app;
    let token = idp::login::setup::offer(&app.store, &app.ephemeral, app.entropy).await.unwrap();
    token.unwrap().expose().to_owned()
}

fn with_token<'a>(token: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = PERSON.to_vec();
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.push(("token", token));
    fields
}

#[tokio::test]
async fn set_up_makes_an_operator_and_goes_straight_to_a_passkey() {
    let app = TestApp::init().await;
    let token = token(&app).await;
    let browser = app.browser();
    assert!(browser.get(&format!("/setup?token={token}")).await.body.contains("First name"));
    let done = browser.post("/setup", &with_token(&token, &[])).await;
    assert_eq!(done.location(), "/account/passkeys/create?from=setup");
    assert_eq!(browser.get(&done.location()).await.status, 200);
    browser.create_passkey(&mut SoftAuthenticator::new(&app.issuer())).await;
    assert!(browser.get("/account").await.body.contains("ada@example.org"));
}

#[tokio::test]
async fn set_up_is_closed_to_everybody_without_the_token_and_after_it_is_done() {
    let app = TestApp::init().await;
    let token = token(&app).await;
    let browser = app.browser();
    for wrong in ["", "x", &token.replace("idp_su_", "idp_se_"), &format!("{token}x")] {
        assert_eq!(browser.get(&format!("/setup?token={wrong}")).await.status, 403, "{wrong}");
        assert_eq!(browser.post("/setup", &with_token(wrong, &[])).await.status, 403, "{wrong}");
    }
    browser.post("/setup", &with_token(&token, &[])).await;
    let late = app.browser();
    assert_eq!(late.get(&format!("/setup?token={token}")).await.status, 403);
    assert_eq!(late.post("/setup", &with_token(&token, &[("email", "eve@example.org")])).await.status, 403);
    assert!(
        idp::login::setup::offer(&app.app.store, &app.app.ephemeral, app.app.entropy)
            .await
            .unwrap()
            .is_none()
    );
}

/// T20: of many who set up at the same time one becomes the operator.
#[tokio::test]
async fn there_is_one_first_operator() {
    let app = TestApp::init().await;
    let token = token(&app).await;
    let emails: Vec<String> = (0..8).map(|n| format!("operator{n}@example.org")).collect();
    let attempts = emails.iter().map(|email| async {
        let browser = app.browser();
        browser.post("/setup", &with_token(&token, &[("email", email)])).await.status == 303
    });
    let won = futures_util::future::join_all(attempts).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn what_was_typed_survives_an_error_and_the_password_does_not() {
    let app = TestApp::init().await;
    let token = token(&app).await;
    let browser = app.browser();
    let short = browser.post("/setup", &with_token(&token, &[("password", "too short")])).await;
    assert_eq!(short.status, 200);
    assert!(short.body.contains("value=\"ada@example.org\"") && short.body.contains("value=\"Lovelace\""));
    assert!(!short.body.contains("too short\""), "{}", short.body);
    for (field, value) in [
        ("email", "not an address"),
        ("given_name", ""),
        ("family_name", "\u{7}"),
        ("password", "ada@example.org!"),
        ("password", ""),
    ] {
        let answer = browser.post("/setup", &with_token(&token, &[(field, value)])).await;
        assert_eq!(answer.status, 200, "{field}={value}");
        assert!(answer.body.contains("aria-invalid"), "{field}={value}: {}", answer.body);
    }
    assert_eq!(browser.post("/setup", &with_token(&token, &[])).await.status, 303);
}

/// The program prints one address that can be clicked, and after set-up none.
#[tokio::test]
async fn the_program_prints_the_set_up_address_until_it_was_used() {
    let dir = TempDir::new("setup");
    let installation = Installation::new(&dir.0.join("data"));
    let process = installation.start();
    let path = process.set_up_path();
    let browser = process.browser();
    assert_eq!(browser.get(&path).await.status, 200);
    let token = path.split('=').nth(1).unwrap().to_owned();
    assert_eq!(browser.post("/setup", &with_token(&token, &[])).await.status, 303);
    assert!(process.terminate().success());
    let again = installation.start();
    assert!(again.greeting.iter().all(|line| !line.contains("Set-up")), "{:?}", again.greeting);
    assert!(browser.is_signed_in().await, "a restart keeps people signed in");
}
