//! Rules for signing in: the service's, those of organizations and a person's own; the strictest holds.

use idp::admin::{AdminActor, organizations as logic, people};
use idp::model::organization::{OrganizationName, PolicySource, Roles};
use idp::model::user::Policy;
use idp::store::organizations::Settings;

use super::people::organization;
use crate::support::{Options, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

async fn set(app: &TestApp, organization: idp::model::ids::OrganizationId, policy: Option<Policy>) {
    let (name, roles) =
        (OrganizationName::parse("Lindenhof").unwrap(), Roles::parse("practitioner reception").unwrap());
    let settings = Settings { name, policy, roles };
    let set = logic::change(&app.office(), &AdminActor::of_the_host(), (organization, &settings)).await;
    set.unwrap().unwrap();
}

/// product §1: a policy is enforced at the next sign-in by guided enrolment.
#[tokio::test]
async fn the_rule_of_an_organization_holds_for_its_members_at_the_next_log_in() {
    let app = TestApp::init().await;
    let (ada, _) = (app.person(ADA).await, app.person("eve@example.org").await);
    let clinic = organization(&app.app.store, "lindenhof", &[(ada.id, "practitioner")]).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    set(&app, clinic, Some(Policy::RequirePasskey)).await;
    let browser = app.browser();
    let answer = browser.submit_password(ADA, PASSWORD).await;
    assert!(answer.location().starts_with("/account/passkeys/create"), "{}", answer.location());
    assert!(!browser.is_signed_in().await);
    app.browser().log_in_with_password("eve@example.org", PASSWORD).await;
    let seen = people::view(&app.office(), &AdminActor::of_the_host(), ada.id).await.unwrap().unwrap();
    assert_eq!(seen.policy.policy, Policy::RequirePasskey);
    assert!(matches!(seen.policy.source, PolicySource::Organization { .. }));
    set(&app, clinic, None).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
}

#[tokio::test]
async fn the_rule_of_the_service_holds_for_everybody() {
    let environment = vec![("IDP_SIGN_IN__POLICY", "require_second_factor".to_owned())];
    let app = TestApp::with(Options { environment, ..Options::default() }).await;
    app.person(ADA).await;
    let answer = app.browser().submit_password(ADA, PASSWORD).await;
    assert!(answer.location().starts_with("/login/enrol"), "{}", answer.location());
}

/// I12: under the rule of an organization too, the last way in can not be deleted.
#[tokio::test]
async fn the_last_passkey_of_a_member_stays_where_the_organization_wants_one() {
    let app = TestApp::init().await;
    let (ada, mut authenticator) = app.person_with_passkey(ADA).await;
    let clinic = organization(&app.app.store, "lindenhof", &[(ada.id, "practitioner")]).await;
    set(&app, clinic, Some(Policy::RequirePasskey)).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    let seen = people::view(&app.office(), &AdminActor::of_the_host(), ada.id).await.unwrap().unwrap();
    let path = format!("/account/passkeys/{}/delete", seen.passkeys[0].id);
    assert_eq!(browser.post(&path, &[]).await.status, 409);
    set(&app, clinic, None).await;
    assert_eq!(browser.post(&path, &[]).await.status, 200);
}
