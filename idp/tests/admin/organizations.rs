//! Organizations and their members.

use idp::admin::{AdminActor, Refused, members, organizations as logic, people};
use idp::model::organization::{OrganizationName, Roles, Slug};
use idp::model::user::{Policy, ServiceRole};
use idp::store::organizations::Settings;

use super::people::{acting, organization};
use crate::support::TestApp;

const ADA: &str = "ada@example.org";
const CARLA: &str = "carla@example.org";

fn settings(name: &str, roles: &str, policy: Option<Policy>) -> Settings {
    let (name, roles) = (OrganizationName::parse(name).unwrap(), Roles::parse(roles).unwrap());
    Settings { name, policy, roles }
}

#[tokio::test]
async fn an_operator_makes_an_organization_and_its_slug_is_taken_then() {
    let app = TestApp::init().await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    let slug = Slug::parse("lindenhof").unwrap();
    let new = || (slug.clone(), settings("Lindenhof", "practitioner", None));
    let made = logic::create(&office, &host, new()).await.unwrap().unwrap();
    assert_eq!(logic::create(&office, &host, new()).await.unwrap(), Err(Refused::SlugTaken));
    let carla = app.person(CARLA).await;
    let administrator = Roles::parse("administrator").unwrap();
    assert_eq!(members::add(&office, &host, (made.id, carla.id, &administrator)).await.unwrap(), Ok(()));
    let again = members::add(&office, &host, (made.id, carla.id, &administrator)).await.unwrap();
    assert_eq!(again, Err(Refused::MemberAlready));
    let actor = acting(&app, &carla).await;
    let another = (Slug::parse("another").unwrap(), settings("Another", "", None));
    assert_eq!(logic::create(&office, &actor, another).await.unwrap(), Err(Refused::Forbidden));
}

/// Isolation of two organizations: what is not one's own is not even there.
#[tokio::test]
async fn an_administrator_changes_their_own_organization_and_sees_no_other() {
    let app = TestApp::init().await;
    let store = &app.app.store;
    let (ada, carla) = (app.person(ADA).await, app.person(CARLA).await);
    let own =
        organization(store, "lindenhof", &[(carla.id, "administrator"), (ada.id, "practitioner")]).await;
    let other = organization(store, "seeblick", &[(ada.id, "practitioner")]).await;
    let (office, actor) = (app.office(), acting(&app, &carla).await);
    let new = settings("Lindenhof & Co", "practitioner reception nurse", Some(Policy::RequirePasskey));
    assert_eq!(logic::change(&office, &actor, (own, &new)).await.unwrap(), Ok(()));
    let seen = logic::view(&office, &actor, own).await.unwrap().unwrap();
    assert_eq!((seen.name.as_str(), seen.policy), ("Lindenhof & Co", Some(Policy::RequirePasskey)));
    let listed = logic::list(&office, &actor, None, 50).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [own]);
    let gone = Err(Refused::NotFound);
    let nobody = Roles::default();
    assert_eq!(logic::view(&office, &actor, other).await.unwrap().err(), Some(Refused::NotFound));
    assert_eq!(logic::change(&office, &actor, (other, &new)).await.unwrap(), gone);
    assert_eq!(members::list(&office, &actor, (other, None), 50).await.unwrap().err(), gone.err());
    assert_eq!(members::set_roles(&office, &actor, (other, ada.id, &nobody)).await.unwrap(), gone);
    assert_eq!(members::remove(&office, &actor, (other, ada.id)).await.unwrap(), gone);
    assert_eq!(logic::set_enabled(&office, &actor, own, false).await.unwrap(), Err(Refused::Forbidden));
    let add = members::add(&office, &actor, (own, ada.id, &nobody)).await.unwrap();
    assert_eq!(add, Err(Refused::Forbidden), "others are asked, not taken in");
}

#[tokio::test]
async fn members_have_roles_that_their_organization_knows() {
    let app = TestApp::init().await;
    let (ada, carla) = (app.person(ADA).await, app.person(CARLA).await);
    let members_are = [(carla.id, "administrator"), (ada.id, "practitioner")];
    let own = organization(&app.app.store, "lindenhof", &members_are).await;
    let (office, actor) = (app.office(), acting(&app, &carla).await);
    let set = async |roles: &str| {
        members::set_roles(&office, &actor, (own, ada.id, &Roles::parse(roles).unwrap())).await.unwrap()
    };
    assert_eq!(set("surgeon").await, Err(Refused::UnknownRole));
    assert_eq!(set("practitioner").await, Err(Refused::Unchanged));
    assert_eq!(set("practitioner reception").await, Ok(()));
    let fewer = settings("Lindenhof", "practitioner", None);
    assert_eq!(logic::change(&office, &actor, (own, &fewer)).await.unwrap(), Err(Refused::RoleInUse));
    assert_eq!(set("practitioner").await, Ok(()));
    assert_eq!(logic::change(&office, &actor, (own, &fewer)).await.unwrap(), Ok(()));
    assert!(app.trail(ada.id).await.contains(&"member-roles-set".to_owned()));
    let listed = members::list(&office, &actor, (own, None), 50).await.unwrap().unwrap();
    assert_eq!(listed.len(), 2);
}

/// Disabled, an organization gives nobody rights.
#[tokio::test]
async fn nobody_administers_an_organization_that_is_disabled() {
    let app = TestApp::init().await;
    let (carla, olive) = (
        app.person(CARLA).await,
        app.person_with_role("olive@example.org", Some(ServiceRole::Operator)).await,
    );
    let own = organization(&app.app.store, "lindenhof", &[(carla.id, "administrator")]).await;
    let (office, before) = (app.office(), acting(&app, &carla).await);
    let operator = acting(&app, &olive).await;
    assert_eq!(logic::set_enabled(&office, &operator, own, false).await.unwrap(), Ok(()));
    assert_eq!(AdminActor::of_person(&app.app.store, &carla).await.unwrap(), None);
    let renamed = settings("Mine", "practitioner reception", None);
    assert_eq!(logic::change(&office, &before, (own, &renamed)).await.unwrap(), Err(Refused::Forbidden));
    assert_eq!(logic::set_enabled(&office, &operator, own, true).await.unwrap(), Ok(()));
    assert_eq!(logic::change(&office, &before, (own, &renamed)).await.unwrap(), Ok(()));
    let last = members::remove(&office, &operator, (own, carla.id)).await.unwrap();
    assert_eq!(last, Err(Refused::LastAdministrator));
    assert_eq!(people::set_enabled(&office, &operator, carla.id, false).await.unwrap(), last);
    logic::set_enabled(&office, &operator, own, false).await.unwrap().unwrap();
    assert_eq!(people::set_enabled(&office, &operator, carla.id, false).await.unwrap(), Ok(()));
    assert_eq!(members::remove(&office, &operator, (own, carla.id)).await.unwrap(), Ok(()));
}
