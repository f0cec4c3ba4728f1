//! The rule of an application: the strictest of the service's, an organization's, the person's and its own holds, at
//! this application and at no other.

use idp::model::user::Policy;
use time::Duration;

use super::{ADA, Office, SECRET, assert_redirected_error, assert_token_error, text};
use crate::support::{Application, Browser, PASSWORD, SoftAuthenticator};

const CLIENTS: &str = r#"
[[clients]]
id = "strict"
name = "Prescriptions"
type = "web"
policy = "passkey_only"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://strict.example.org/cb"]

[[clients]]
id = "second"
name = "Letters"
type = "web"
policy = "require_second_factor"
secret = "a secret that the practice keeps to itself"
redirect_uris = ["https://second.example.org/cb"]

[[clients]]
id = "wall"
name = "Wall"
type = "device"
policy = "passkey_only"
"#;

const NONE: (&str, &str) = ("prompt", "none");

async fn office() -> Office {
    Office::with_clients(CLIENTS).await
}

fn client(office: &Office, id: &str) -> Application {
    office.client(id, (id != "wall").then_some(SECRET), &format!("https://{id}.example.org/cb"))
}

/// Types the password for a request; the answer says where it leads.
async fn log_in(browser: &Browser, attempt: &str) -> String {
    let fields = [("attempt", attempt), ("email", ADA), ("password", PASSWORD)];
    browser.post("/login", &fields).await.location()
}

/// product §1: enforced by guided enrolment, which says whose rule it is.
#[tokio::test]
async fn whoever_has_too_little_for_an_application_is_led_to_enrol_for_it() {
    let office = office().await;
    let strict = client(&office, "strict");
    let led = strict.authorize(&office.browser, &[]).await;
    let attempt = led.parameter("attempt").unwrap();
    assert_eq!(led.location(), format!("/login?attempt={attempt}&notice=too-weak"));
    let page = office.browser.get(&led.location()).await.body;
    assert!(page.contains("Prescriptions asks for a passkey here."), "{page}");
    let enrol = log_in(&office.browser, &attempt).await;
    assert!(enrol.starts_with("/account/passkeys/create?from=application&attempt="), "{enrol}");
    let page = office.browser.get(&enrol).await.body;
    assert!(page.contains("The application that you are on the way to asks for a passkey"), "{page}");
    let mut authenticator = SoftAuthenticator::new(&office.app.issuer());
    office.browser.create_passkey(&mut authenticator).await;
    office.browser.log_in_with_passkey(&mut authenticator).await;
    let answer = office.browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}

#[tokio::test]
async fn where_a_second_factor_is_asked_for_the_page_says_by_whom() {
    let office = office().await;
    let led = client(&office, "second").authorize(&office.browser, &[]).await;
    let enrol = log_in(&office.browser, &led.parameter("attempt").unwrap()).await;
    assert!(enrol.starts_with("/login/enrol?from=application&attempt="), "{enrol}");
    let page = office.browser.get(&enrol).await.body;
    assert!(page.contains("Letters asks for more than a password"), "{page}");
}

/// The rule is the application's: elsewhere the same session is as good as before.
#[tokio::test]
async fn other_applications_have_nothing_to_do_with_it() {
    let office = office().await;
    let led = client(&office, "strict").authorize(&office.browser, &[]).await;
    assert!(led.location().starts_with("/login?"));
    assert!(office.practice().authorize(&office.browser, &[NONE]).await.parameter("code").is_some());
    let other = office.app.browser();
    let led = office.practice().authorize(&other, &[]).await;
    let leads_to = log_in(&other, &led.parameter("attempt").unwrap()).await;
    assert!(!leads_to.contains("from="), "{leads_to}");
    assert!(office.practice().authorize(&other, &[NONE]).await.parameter("code").is_some());
}

/// Checklist 8, A13: without a page there is only the word for what would be on it.
#[tokio::test]
async fn with_prompt_none_it_is_login_required_or_interaction_required() {
    let office = office().await;
    for id in ["strict", "second"] {
        let client = client(&office, id);
        let nothing = client.authorize(&office.browser, &[NONE]).await;
        assert_redirected_error(&nothing, &client, "interaction_required");
    }
    let mut authenticator = SoftAuthenticator::new(&office.app.issuer());
    office.browser.create_passkey(&mut authenticator).await;
    for id in ["strict", "second"] {
        let client = client(&office, id);
        let not_shown = client.authorize(&office.browser, &[NONE]).await;
        assert_redirected_error(&not_shown, &client, "login_required");
    }
    office.browser.log_in_with_passkey(&mut authenticator).await;
    for id in ["strict", "second"] {
        let answer = client(&office, id).authorize(&office.browser, &[NONE]).await;
        assert!(answer.parameter("code").is_some(), "{id}: {answer:?}");
    }
}

/// J8: a code opens an application that a code is enough for, and not one that wants a passkey.
#[tokio::test]
async fn a_code_is_enough_where_a_second_factor_is_asked_for() {
    let office = office().await;
    let (code_app, _) = office.app.code_app(&office.browser).await;
    let browser = office.app.browser();
    let led = client(&office, "second").authorize(&browser, &[]).await;
    let attempt = led.parameter("attempt").unwrap();
    let leads_to = log_in(&browser, &attempt).await;
    assert!(leads_to.starts_with("/login/code?"), "{leads_to}");
    office.app.advance(Duration::seconds(30));
    let flow = leads_to.split("flow=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let code = code_app.code(office.app.app.clock.now());
    let fields = [("attempt", attempt.as_str()), ("flow", &flow), ("code", &code)];
    browser.post("/login/code", &fields).await;
    let answer = browser.get(&format!("/oidc/authorize/resume?attempt={attempt}")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
    let strict = client(&office, "strict");
    let refused = strict.authorize(&browser, &[NONE]).await;
    assert_redirected_error(&refused, &strict, "interaction_required");
}

/// Milder than what holds for the person anyway, it changes nothing.
#[tokio::test]
async fn the_strictest_rule_holds_at_an_application_too() {
    let office = office().await;
    office.app.set_policy(office.ada.id, Policy::RequirePasskey).await;
    let browser = office.app.browser();
    let led = client(&office, "second").authorize(&browser, &[]).await;
    let enrol = log_in(&browser, &led.parameter("attempt").unwrap()).await;
    assert!(enrol.starts_with("/account/passkeys/create?from=policy&attempt="), "{enrol}");
}

/// C6: a rule that became stricter holds for what was given before it; it ends nothing.
#[tokio::test]
async fn a_refresh_rests_while_the_rule_of_the_application_asks_for_more() {
    let office = office().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let set = async |policy: Option<Policy>| {
        let store = &office.app.app.store;
        let id = idp::model::client::ClientId::parse("practice").unwrap();
        let mut client = idp::store::clients::by_id(store, &id).await.unwrap().unwrap();
        client.settings.policy = policy;
        let tx = store.begin().await.unwrap();
        assert!(idp::store::clients::update(&tx, &client).await.unwrap());
        tx.commit().await.unwrap();
    };
    set(Some(Policy::RequireSecondFactor)).await;
    assert_token_error(&practice.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    set(None).await;
    assert!(practice.can_refresh(&tokens).await);
}

/// RFC 8628: a device is allowed by whoever could have signed in for it.
#[tokio::test]
async fn a_device_is_allowed_by_nobody_who_has_shown_too_little() {
    let office = office().await;
    let begun =
        client(&office, "wall").call("/oidc/device_authorization", &[("scope", "openid")]).await.json();
    let allow = async || {
        let fields = [("user_code", text(&begun, "user_code")), ("decision", "allow")];
        office.browser.post("/device/decide", &fields).await
    };
    assert!(allow().await.body.contains("Add a passkey in your account first"));
    let mut authenticator = SoftAuthenticator::new(&office.app.issuer());
    office.browser.create_passkey(&mut authenticator).await;
    let confirm = allow().await;
    assert!(
        confirm.location().starts_with("/login?") && confirm.location().contains("confirm=1"),
        "{confirm:?}"
    );
    office.browser.log_in_with_passkey(&mut authenticator).await;
    assert!(allow().await.body.contains("The device is connected"));
}
