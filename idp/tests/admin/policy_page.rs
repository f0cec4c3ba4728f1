//! The page with the rules of the service: who sees and sets them, and that what is set there holds.

use idp::model::user::ServiceRole;
use time::Duration;

use super::pages::strong;
use super::service::{everybody, houses};
use crate::support::{Options, PASSWORD, TestApp};

const PAGE: &str = "/admin/policy";
const ADA: &str = "ada@example.org";

/// security M1, §2.18: columns are a plain person, the administrator of an organization, support, auditor and operator.
#[tokio::test]
async fn the_rules_are_seen_and_set_by_exactly_those_whom_the_matrix_names() {
    for app in houses().await {
        let browsers = everybody(&app).await;
        for (index, (browser, expected)) in browsers.iter().zip([404, 404, 404, 200, 200]).enumerate() {
            assert_eq!(browser.get(PAGE).await.status, expected, "{index}");
        }
        for (index, (browser, expected)) in browsers.iter().zip([404, 404, 404, 403, 409]).enumerate() {
            let answer = browser.post(PAGE, &[("policy", "free"), ("sure", "yes")]).await;
            assert_eq!(answer.status, expected, "{index}");
        }
        assert!(!browsers[3].get(PAGE).await.body.contains("<select"));
        assert_eq!(browsers[4].post(PAGE, &[("policy", "none"), ("sure", "yes")]).await.status, 400);
    }
}

/// product §1: a policy is enforced at the next sign-in by guided enrolment.
#[tokio::test]
async fn a_rule_that_is_set_in_the_console_holds_for_everybody_from_the_next_log_in_on() {
    for app in houses().await {
        let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
        app.person(ADA).await;
        app.browser().log_in_with_password(ADA, PASSWORD).await;
        // First whom it touches, then the yes.
        let asked = olive.post(PAGE, &[("policy", "require_passkey")]).await;
        let page = olive.get(&asked.location()).await.body;
        assert!(page.contains("This holds for ") && page.contains("One has no passkey"), "{page}");
        app.browser().log_in_with_password(ADA, PASSWORD).await;
        let set = olive.post(PAGE, &[("policy", "require_passkey"), ("sure", "yes")]).await;
        assert_eq!(set.location(), "/admin/policy?notice=set");
        let answer = app.browser().submit_password(ADA, PASSWORD).await;
        assert!(answer.location().starts_with("/account/passkeys/create"), "{}", answer.location());
        let page = olive.get(PAGE).await.body;
        assert!(page.contains("set here in the console"), "{page}");
        let trail = olive.get("/admin/audit?kind=service-policy-set").await.body;
        assert!(trail.contains("service-policy-set"), "{trail}");
        assert_eq!(olive.post(PAGE, &[("policy", "free"), ("sure", "yes")]).await.status, 303);
        app.browser().log_in_with_password(ADA, PASSWORD).await;
    }
}

/// security M2
#[tokio::test]
async fn setting_the_rule_wants_a_fresh_proof() {
    let app = TestApp::init().await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    app.advance(Duration::minutes(6));
    let sent = olive.post(PAGE, &[("policy", "require_passkey"), ("sure", "yes")]).await;
    assert!(sent.location().starts_with("/login?"), "{}", sent.location());
    assert_eq!(sent.parameter("destination").unwrap(), "/admin/policy?policy=require_passkey");
    assert!(olive.get(PAGE).await.body.contains("built in"));
}

/// product §6: settings that come from the configuration are shown locked.
#[tokio::test]
async fn a_rule_that_the_configuration_says_is_locked() {
    let environment =
        vec![("IDP_SIGN_IN__POLICY", "free".to_owned()), ("IDP_SESSIONS__IDLE_MINUTES", "60".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let page = olive.get(PAGE).await.body;
    assert!(page.contains("IDP_SIGN_IN__POLICY") && !page.contains("<select"), "{page}");
    assert!(page.contains("IDP_SESSIONS__IDLE_MINUTES"), "{page}");
    let refused = olive.post(PAGE, &[("policy", "require_passkey"), ("sure", "yes")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("The configuration of the service says so"), "{}", refused.body);
}
