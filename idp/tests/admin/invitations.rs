//! Making invitations: by whom, to what, how many, and what is told about them.

use idp::admin::invitations::{self as logic, New, PER_ADDRESS, PER_DAY};
use idp::admin::{Act, AdminActor, Refused, organizations};
use idp::model::client::ClientId;
use idp::model::ids::InvitationId;
use idp::model::organization::{INVITATION_DAYS, Invitation, Roles, USUAL_INVITATION_DAYS};
use idp::model::user::{Email, Language, ServiceRole};
use idp::store::invitations;
use time::Duration;

use super::people::{acting, organization};
use crate::support::{Options, TestApp};

const ADA: &str = "ada@example.org";
const CARLA: &str = "carla@example.org";
const NEW: &str = "newcomer@example.org";

fn new(email: &str, roles: &str) -> New {
    New {
        email: Email::parse(email).unwrap(),
        roles: Roles::parse(roles).unwrap(),
        client: None,
        days: USUAL_INVITATION_DAYS,
        language: None,
    }
}

/// M3, §2.18: rows are who invites, with what comes of it in the clinic of Carla.
#[tokio::test]
async fn only_those_who_run_an_organization_invite_to_it() {
    let app = TestApp::init().await;
    let (ada, carla, otto) =
        (app.person(ADA).await, app.person(CARLA).await, app.person("otto@example.org").await);
    let store = &app.app.store;
    let own =
        organization(store, "lindenhof", &[(carla.id, "administrator"), (ada.id, "practitioner")]).await;
    organization(store, "seeblick", &[(otto.id, "administrator")]).await;
    let office = app.office();
    let role = async |email: &str, role| app.person_with_role(email, Some(role)).await;
    let people = [
        (carla, None),
        (role("olive@example.org", ServiceRole::Operator).await, None),
        (otto, Some(Refused::NotFound)),
        (role("support@example.org", ServiceRole::Support).await, Some(Refused::Forbidden)),
        (role("auditor@example.org", ServiceRole::Auditor).await, Some(Refused::Forbidden)),
    ];
    for (person, refused) in people {
        let actor = acting(&app, &person).await;
        let made = logic::invite(&office, &actor, (own, new(NEW, "administrator"))).await.unwrap();
        assert_eq!(made.as_ref().err().copied(), refused, "{}", person.email);
        let listed = logic::list(&office, &actor, own).await.unwrap();
        assert_eq!(listed.is_err(), refused == Some(Refused::NotFound), "{}", person.email);
        let waiting = invitations::of_organization(store, own).await.unwrap().remove(0).id;
        if refused.is_some() {
            let withdrawn = logic::withdraw(&office, &actor, (own, waiting)).await.unwrap();
            assert_eq!(withdrawn.err(), refused);
            let again = logic::resend(&office, &actor, (own, waiting), None).await.unwrap();
            assert_eq!(again.err(), refused);
        }
        // What counts later is what could be offered now.
        if let Ok(made) = made {
            assert!(actor.may_in(Act::RunOrganization, own));
            assert!(invitations::is_still_given(store, &made).await.unwrap());
        } else {
            let theirs = Invitation { invited_by: Some(person.id), ..stored(&app, own).await };
            assert!(!invitations::is_still_given(store, &theirs).await.unwrap(), "{}", person.email);
        }
    }
    assert_eq!(AdminActor::of_person(store, &ada).await.unwrap(), None, "a member without rights");
}

async fn stored(app: &TestApp, id: idp::model::ids::OrganizationId) -> Invitation {
    invitations::of_organization(&app.app.store, id).await.unwrap().remove(0)
}

#[tokio::test]
async fn what_can_not_be_offered_is_refused() {
    let config_file = Some(
        r#"
        [[clients]]
        id = "lab"
        name = "Lab"
        type = "spa"
        redirect_uris = ["https://lab.example.org/cb"]
        initiate_login_uri = "https://lab.example.org/start"
        [[clients]]
        id = "plain"
        name = "Plain"
        type = "spa"
        redirect_uris = ["https://plain.example.org/cb"]
        "#
        .to_owned(),
    );
    let app = TestApp::with(Options { config_file, ..Options::default() }).await;
    let (ada, carla) = (app.person(ADA).await, app.person(CARLA).await);
    let members = [(carla.id, "administrator"), (ada.id, "practitioner")];
    let own = organization(&app.app.store, "lindenhof", &members).await;
    let (office, actor) = (app.office(), acting(&app, &carla).await);
    let to = |client: &str| New { client: Some(ClientId::parse(client).unwrap()), ..new(NEW, "") };
    for (asked, refused) in [
        (new(NEW, "operator"), Refused::UnknownRole),
        (new(ADA, "reception"), Refused::MemberAlready),
        (New { days: 0, ..new(NEW, "") }, Refused::Lifetime),
        (New { days: 31, ..new(NEW, "") }, Refused::Lifetime),
        (to("nobody"), Refused::UnknownApplication),
        (to("plain"), Refused::UnknownApplication),
    ] {
        let answer = logic::invite(&office, &actor, (own, asked)).await.unwrap();
        assert_eq!(answer.err(), Some(refused));
    }
    let known = logic::applications(&office, &actor, own).await.unwrap();
    assert_eq!(known.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["lab"]);
    for days in [*INVITATION_DAYS.start(), *INVITATION_DAYS.end()] {
        let made = logic::invite(&office, &actor, (own, New { days, ..to("lab") })).await.unwrap().unwrap();
        assert_eq!(made.expires_at - made.created_at, Duration::days(days.into()));
    }
    let host = AdminActor::of_the_host();
    organizations::set_enabled(&office, &host, own, false).await.unwrap().unwrap();
    let disabled = logic::invite(&office, &host, (own, new(NEW, ""))).await.unwrap();
    assert_eq!(disabled.err(), Some(Refused::OrganizationDisabled));
    let nothing = InvitationId::from_uuid(uuid::Uuid::nil());
    assert_eq!(logic::withdraw(&office, &host, (own, nothing)).await.unwrap(), Err(Refused::NotFound));
}

/// §2.18: an invitation of one organization is nothing to another.
#[tokio::test]
async fn an_invitation_is_found_through_its_own_organization_only() {
    let app = TestApp::init().await;
    let carla = app.person(CARLA).await;
    let store = &app.app.store;
    let own = organization(store, "lindenhof", &[(carla.id, "administrator")]).await;
    let other = organization(store, "seeblick", &[]).await;
    let (office, host, actor) = (app.office(), AdminActor::of_the_host(), acting(&app, &carla).await);
    let theirs = logic::invite(&office, &host, (other, new(NEW, ""))).await.unwrap().unwrap();
    let withdrawn = logic::withdraw(&office, &actor, (own, theirs.id)).await.unwrap();
    assert_eq!(withdrawn, Err(Refused::NotFound));
    let again = logic::resend(&office, &actor, (own, theirs.id), None).await.unwrap();
    assert_eq!(again.err(), Some(Refused::NotFound));
    assert_eq!(logic::list(&office, &actor, own).await.unwrap().unwrap().len(), 0);
}

/// Whoever invites does not learn who has an account; who has one is written to by name and in their language.
#[tokio::test]
async fn the_mail_goes_to_the_mailbox_alone_and_says_no_more_than_it_must() {
    let app = TestApp::init().await;
    let (_, carla) = (app.person(ADA).await, app.person(CARLA).await);
    let own = organization(&app.app.store, "lindenhof", &[(carla.id, "administrator")]).await;
    let (office, actor) = (app.office(), acting(&app, &carla).await);
    let german = New { language: Some(Language::parse("de").unwrap()), ..new(NEW, "reception") };
    logic::invite(&office, &actor, (own, german)).await.unwrap().unwrap();
    logic::invite(&office, &actor, (own, new(ADA, "reception"))).await.unwrap().unwrap();
    let stranger = app.mail_to(NEW).await;
    assert!(
        stranger.text.contains("7 Tage lang")
            && stranger.link().starts_with("/login/invitation?token=idp_in_")
    );
    let known = app.mail_about(ADA, "Ada Lovelace invites you to lindenhof").await;
    assert!(known.text.contains("Good day, Ada") && known.text.contains("for 7 days"), "{}", known.text);
    for mail in [&stranger, &known] {
        assert!(!mail.text.contains("192.0.2.1"), "where Carla sits: {}", mail.text);
        assert!(mail.raw.contains("text/html"));
    }
    assert!(app.mails().await.iter().all(|mail| mail.to != CARLA));
    let trail = app.texts("SELECT detail FROM audit_event WHERE kind = 'invitation-made'").await;
    assert_eq!(trail.len(), 2);
    assert!(trail.iter().all(|event| !event.contains('@')), "no address in the trail: {trail:?}");
}

/// A clinic does not fill mailboxes: of one address, or of everybody.
#[tokio::test]
async fn invitations_are_bounded_per_address_and_per_day() {
    let app = TestApp::init().await;
    let carla = app.person(CARLA).await;
    let own = organization(&app.app.store, "lindenhof", &[(carla.id, "administrator")]).await;
    let actor = acting(&app, &carla).await;
    let invite = async |email: &str| {
        logic::invite(&app.office(), &actor, (own, new(email, ""))).await.unwrap().map(|made| made.id)
    };
    let mut last = None;
    for _ in 0..PER_ADDRESS {
        last = Some(invite(NEW).await.unwrap());
    }
    assert_eq!(invite(NEW).await, Err(Refused::TooManyInvitations));
    let again = logic::resend(&app.office(), &actor, (own, last.unwrap()), None).await.unwrap();
    assert_eq!(again.err(), Some(Refused::TooManyInvitations), "sending again is sending");
    assert!(logic::withdraw(&app.office(), &actor, (own, last.unwrap())).await.unwrap().is_ok());
    assert_eq!(invite(NEW).await, Err(Refused::TooManyInvitations), "what was taken back was sent");
    for number in PER_ADDRESS..PER_DAY {
        invite(&format!("p{number}@example.org")).await.unwrap();
    }
    assert_eq!(invite("another@example.org").await, Err(Refused::TooManyInvitations));
    app.advance(Duration::days(1));
    assert!(invite(NEW).await.is_ok() && invite("another@example.org").await.is_ok());
}

/// M3: whoever was let go does not come back by an older link.
#[tokio::test]
async fn letting_somebody_go_takes_back_what_invites_them() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let own = organization(&app.app.store, "lindenhof", &[]).await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    logic::invite(&office, &host, (own, new(ADA, "administrator"))).await.unwrap().unwrap();
    let roles = Roles::parse("practitioner").unwrap();
    idp::admin::members::add(&office, &host, (own, ada.id, &roles)).await.unwrap().unwrap();
    idp::admin::members::remove(&office, &host, (own, ada.id)).await.unwrap().unwrap();
    assert!(invitations::of_organization(&app.app.store, own).await.unwrap().is_empty());
}
