//! Invitations that can not be accepted (any more): each says why, on the page and to whoever acts on a page that was
//! open before, and nobody joins.

use idp::admin::{AdminActor, invitations, members, organizations, people};
use idp::model::organization::{OrganizationName, Roles};
use idp::model::user::{Email, ServiceRole, User};
use idp::store::organizations::Settings;
use idp::store::users;
use time::Duration;

use super::invitation::{ADA, Clinic, NEW, accept, begin_passkey, finish_passkey, introduce, token};
use crate::support::{Browser, PASSWORD, SoftAuthenticator};

/// Ada, signed in, before an open page of hers.
async fn before_the_page(clinic: &Clinic) -> (User, Browser, String) {
    let ada = clinic.app.person(ADA).await;
    let browser = clinic.app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let link = clinic.invite(ADA, "practitioner", None).await;
    assert!(browser.get(&link).await.body.contains(">Join<"));
    (ada, browser, link)
}

/// Acting on the open page does nothing and leads to the page that says why.
async fn assert_over(clinic: &Clinic, browser: &Browser, (link, why): (&str, &str)) {
    assert_eq!(accept(browser, link).await.location(), link, "{why}");
    let page = browser.get(link).await;
    assert_eq!(page.status, 410, "{why}");
    page.assert_error_page("This invitation can not be accepted");
    page.assert_error_page(why);
    assert_eq!(clinic.roles(ADA).await, None, "{why}");
}

async fn waiting(clinic: &Clinic) -> invitations::Waiting {
    let host = AdminActor::of_the_host();
    let listed = invitations::list(&clinic.app.office(), &host, clinic.id).await.unwrap().unwrap();
    listed.into_iter().next().unwrap()
}

#[tokio::test]
async fn one_that_was_taken_back_is_dead_while_its_page_is_open() {
    let clinic = Clinic::with(None).await;
    let (ada, browser, link) = before_the_page(&clinic).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let id = waiting(&clinic).await.invitation.id;
    invitations::withdraw(&office, &host, (clinic.id, id)).await.unwrap().unwrap();
    assert_over(&clinic, &browser, (&link, "It was taken back")).await;
    assert!(clinic.app.trail(ada.id).await.contains(&"invitation-withdrawn".to_owned()));
}

#[tokio::test]
async fn sent_again_the_older_link_is_dead_and_the_newer_one_works() {
    let clinic = Clinic::with(None).await;
    let (_, browser, link) = before_the_page(&clinic).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let id = waiting(&clinic).await.invitation.id;
    invitations::resend(&office, &host, (clinic.id, id), None).await.unwrap().unwrap();
    assert_over(&clinic, &browser, (&link, "There is a newer invitation")).await;
    let newer = clinic.app.mail_about(ADA, "You are invited to Lindenhof Clinic").await.link();
    assert!(accept(&browser, &newer).await.location().contains("/done"));
    assert_eq!(clinic.roles(ADA).await.as_deref(), Some("practitioner"));
}

#[tokio::test]
async fn one_that_is_too_old_says_so_and_is_forgotten_later() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "practitioner", None).await;
    clinic.app.advance(Duration::days(7));
    let page = clinic.app.browser().get(&link).await;
    assert_eq!(page.status, 410);
    page.assert_error_page("It is too old");
    let named = [("token", token(&link)), ("given_name", "Nia"), ("family_name", "N")];
    assert_eq!(clinic.app.browser().post("/login/invitation/name", &named).await.location(), link);
    idp::jobs::purge(&clinic.app.app).await.unwrap();
    assert_eq!(clinic.app.browser().get(&link).await.status, 410, "it still says why");
    clinic.app.advance(Duration::days(7));
    idp::jobs::purge(&clinic.app.app).await.unwrap();
    clinic.app.browser().get(&link).await.assert_error_page("This link does not work any more");
    assert!(clinic.app.texts("SELECT email FROM invitation").await.is_empty());
}

/// K3: single use.
#[tokio::test]
async fn one_that_was_accepted_is_of_no_use_to_anybody_else() {
    let clinic = Clinic::with(None).await;
    let (_, browser, link) = before_the_page(&clinic).await;
    accept(&browser, &link).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let ada = clinic.user(ADA).await.unwrap();
    members::remove(&office, &host, (clinic.id, ada.id)).await.unwrap().unwrap();
    let stranger = clinic.app.browser().get(&link).await;
    assert_eq!(stranger.status, 410);
    stranger.assert_error_page("It was accepted already");
    assert_eq!(accept(&browser, &link).await.location(), link);
    assert_eq!(clinic.roles(ADA).await, None, "nobody comes back with it");
}

#[tokio::test]
async fn whoever_does_not_want_to_says_so_and_the_link_is_dead() {
    let clinic = Clinic::with(None).await;
    let (ada, browser, link) = before_the_page(&clinic).await;
    let declined = clinic.app.browser().post("/login/invitation/refuse", &[("token", token(&link))]).await;
    assert_eq!(declined.location(), link);
    assert_over(&clinic, &browser, (&link, "It was declined")).await;
    assert!(clinic.app.trail(ada.id).await.contains(&"invitation-refused".to_owned()));
    let host = AdminActor::of_the_host();
    let listed = invitations::list(&clinic.app.office(), &host, clinic.id).await.unwrap().unwrap();
    assert!(listed.is_empty());
}

#[tokio::test]
async fn nobody_joins_an_organization_that_was_disabled_meanwhile() {
    let clinic = Clinic::with(None).await;
    let (_, browser, link) = before_the_page(&clinic).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    organizations::set_enabled(&office, &host, clinic.id, false).await.unwrap().unwrap();
    assert_over(&clinic, &browser, (&link, "is not active at the moment")).await;
    organizations::set_enabled(&office, &host, clinic.id, true).await.unwrap().unwrap();
    assert!(accept(&browser, &link).await.location().contains("/done"), "enabled again, it counts again");
}

/// M3: nobody lets anybody in who could not do so now. Sent again by somebody who can, it counts.
#[tokio::test]
async fn what_somebody_offered_ends_with_their_right_to_offer_it() {
    let clinic = Clinic::with(None).await;
    let (_, browser, link) = before_the_page(&clinic).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let other = clinic.app.person("other@example.org").await;
    let administrator = Roles::parse("administrator").unwrap();
    members::add(&office, &host, (clinic.id, other.id, &administrator)).await.unwrap().unwrap();
    let nothing = Roles::default();
    members::set_roles(&office, &host, (clinic.id, clinic.carla.id, &nothing)).await.unwrap().unwrap();
    assert_over(&clinic, &browser, (&link, "may not do so any more")).await;
    let seen = waiting(&clinic).await;
    assert!(seen.void && !seen.expired);
    invitations::resend(&office, &host, (clinic.id, seen.invitation.id), None).await.unwrap().unwrap();
    let newer = clinic.app.mail_about(ADA, "You are invited to Lindenhof Clinic").await.link();
    assert!(accept(&browser, &newer).await.location().contains("/done"));
}

/// The same for those who are disabled, and for operators who are operators no more.
#[tokio::test]
async fn a_disabled_inviter_and_a_former_operator_invite_nobody() {
    let clinic = Clinic::with(None).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let olive = clinic.app.person_with_role("olive@example.org", Some(ServiceRole::Operator)).await;
    clinic.app.person_with_role("second@example.org", Some(ServiceRole::Operator)).await;
    let actor = AdminActor::of_person(&clinic.app.app.store, &olive).await.unwrap().unwrap();
    let new = invitations::New {
        email: Email::parse(NEW).unwrap(),
        roles: Roles::default(),
        client: None,
        days: 1,
        language: None,
    };
    invitations::invite(&office, &actor, (clinic.id, new)).await.unwrap().unwrap();
    assert!(!waiting(&clinic).await.void);
    people::set_role(&office, &host, olive.id, Some(ServiceRole::Support)).await.unwrap().unwrap();
    assert!(waiting(&clinic).await.void);
    people::set_role(&office, &host, olive.id, Some(ServiceRole::Operator)).await.unwrap().unwrap();
    assert!(!waiting(&clinic).await.void);
    people::set_enabled(&office, &host, olive.id, false).await.unwrap().unwrap();
    assert!(waiting(&clinic).await.void);
}

#[tokio::test]
async fn a_role_that_is_gone_is_not_given() {
    let clinic = Clinic::with(None).await;
    let (_, browser, link) = before_the_page(&clinic).await;
    let name = OrganizationName::parse("Lindenhof Clinic").unwrap();
    let fewer = Settings { name, policy: None, roles: Roles::parse("reception").unwrap() };
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    organizations::change(&office, &host, (clinic.id, &fewer)).await.unwrap().unwrap();
    assert_over(&clinic, &browser, (&link, "the role does not exist any more")).await;
}

/// K3: an invitation is for an address of a person, and dies when they leave it. It is not followed to the new one, and
/// whoever has the old mailbox makes no account with it.
#[tokio::test]
async fn it_dies_when_who_was_invited_changes_their_address() {
    let clinic = Clinic::with(None).await;
    let (ada, browser, link) = before_the_page(&clinic).await;
    let tx = clinic.app.app.store.begin().await.unwrap();
    let new = Email::parse("ada.new@example.org").unwrap();
    let now = clinic.app.app.clock.now();
    assert!(users::set_email(&tx, ada.id, &new, now).await.unwrap());
    tx.commit().await.unwrap();
    assert_over(&clinic, &browser, (&link, "has another address by now")).await;
    let stranger = clinic.app.browser().get(&link).await;
    assert_eq!(stranger.status, 410);
    assert!(!stranger.body.contains("ada.new"), "the new address is nobody's business: {}", stranger.body);
    assert_eq!(clinic.roles("ada.new@example.org").await, None);
}

/// Who belongs already keeps the roles that they have, and goes on.
#[tokio::test]
async fn a_member_keeps_their_roles_and_goes_on() {
    let clinic = Clinic::with(None).await;
    let ada = clinic.app.person(ADA).await;
    let browser = clinic.app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let link = clinic.invite(ADA, "administrator", None).await;
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let reception = Roles::parse("reception").unwrap();
    members::add(&office, &host, (clinic.id, ada.id, &reception)).await.unwrap().unwrap();
    assert!(browser.get(&link).await.body.contains("You belong to Lindenhof Clinic already"));
    assert!(accept(&browser, &link).await.location().contains("/done"));
    assert_eq!(clinic.roles(ADA).await.as_deref(), Some("reception"));
    let trail = clinic.app.trail(ada.id).await;
    assert_eq!(trail.iter().filter(|kind| *kind == "member-added").count(), 1, "{trail:?}");
    assert!(trail.contains(&"invitation-accepted".to_owned()), "it is used up");
}

#[tokio::test]
async fn a_disabled_account_is_told_whom_to_ask() {
    let clinic = Clinic::with(None).await;
    let (ada, browser, link) = before_the_page(&clinic).await;
    clinic.app.disable_person(ada.id).await;
    let page = browser.get(&link).await;
    assert!(page.body.contains("The account with this address is disabled"), "{}", page.body);
    assert_eq!(accept(&browser, &link).await.location(), link);
    assert_eq!(clinic.roles(ADA).await, None);
}

/// K5: a newcomer whose invitation is taken back between the steps makes no account, and learns why.
#[tokio::test]
async fn a_newcomer_makes_no_account_once_it_is_taken_back() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "reception", None).await;
    let browser = clinic.app.browser();
    let way = introduce(&browser, &link).await;
    let begun = begin_passkey(&browser, &way).await.json();
    let made = SoftAuthenticator::new(&clinic.app.issuer()).create(&begun["publicKey"]).unwrap();
    let (office, host) = (clinic.app.office(), AdminActor::of_the_host());
    let id = waiting(&clinic).await.invitation.id;
    invitations::withdraw(&office, &host, (clinic.id, id)).await.unwrap().unwrap();
    let answer = finish_passkey(&browser, &way, (&begun, &made)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["failure"]),
        (403, &serde_json::json!("link-expired"))
    );
    let text = |name: &str| way[name].as_str().unwrap_or_default();
    let fields = [("flow", text("flow")), ("destination", text("destination")), ("password", PASSWORD)];
    let password = browser.post("/login/create/password", &fields).await;
    let why = browser.get(&password.location()).await;
    assert_eq!(why.location(), link);
    browser.get(&link).await.assert_error_page("It was taken back");
    assert!(clinic.user(NEW).await.is_none());
    assert!(begin_passkey(&browser, &way).await.status.is_client_error());
}

/// K5: what an invitation begins is continued in the same browser, and by nobody without one.
#[tokio::test]
async fn the_steps_of_one_browser_are_nothing_to_another() {
    let clinic = Clinic::with(None).await;
    let link = clinic.invite(NEW, "reception", None).await;
    let way = introduce(&clinic.app.browser(), &link).await;
    let other = clinic.app.browser();
    assert_eq!(begin_passkey(&other, &way).await.status, 404);
    let flow = way["flow"].as_str().unwrap();
    assert_eq!(other.get(&format!("/login/create/passkey?flow={flow}")).await.status, 404);
}
