//! What administrators do to people: allowed or not, told to them, ended everywhere at once, and never so that
//! nobody is left to look after the rest.

use futures_util::future::join_all;
use idp::admin::access::{self, Made};
use idp::admin::people as logic;
use idp::admin::{AdminActor, Office, Refused, members};
use idp::model::ids::{OrganizationId, UserId};
use idp::model::organization::{Membership, Organization, OrganizationName, PolicySource, Roles, Slug};
use idp::model::user::{Policy, ServiceRole, User};
use idp::store::users::Filter;
use idp::store::{Store, memberships, organizations, users};

use crate::store::{ENTROPY, TestStore, now, on_both, stored_user};
use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.org";
const OLIVE: &str = "olive@example.org";

/// An organization whose members are these.
pub(super) async fn organization(store: &Store, slug: &str, people: &[(UserId, &str)]) -> OrganizationId {
    let organization = Organization {
        id: ENTROPY.id(now(), OrganizationId::new).unwrap(),
        slug: Slug::parse(slug).unwrap(),
        name: OrganizationName::parse(slug).unwrap(),
        policy: None,
        roles: Roles::parse("practitioner reception").unwrap(),
        disabled_at: None,
        created_at: now(),
        updated_at: now(),
    };
    let tx = store.begin().await.unwrap();
    assert!(organizations::insert(&tx, &organization).await.unwrap());
    for (user_id, roles) in people {
        let (user_id, roles) = (*user_id, Roles::parse(roles).unwrap());
        let membership = Membership { user_id, organization_id: organization.id, roles, created_at: now() };
        assert!(memberships::insert(&tx, &membership).await.unwrap());
    }
    tx.commit().await.unwrap();
    organization.id
}

pub(super) async fn acting(app: &TestApp, user: &User) -> AdminActor {
    let user = users::by_id(&app.app.store, user.id).await.unwrap().unwrap();
    AdminActor::of_person(&app.app.store, &user).await.unwrap().expect("rights")
}

/// product §5
#[tokio::test]
async fn somebody_without_rights_is_no_administrator() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    organization(&app.app.store, "lindenhof", &[(ada.id, "practitioner")]).await;
    assert_eq!(AdminActor::of_person(&app.app.store, &ada).await.unwrap(), None);
    let olive = app.person_with_role(OLIVE, Some(ServiceRole::Operator)).await;
    app.disable_person(olive.id).await;
    let olive = app.user(olive.id).await;
    assert_eq!(AdminActor::of_person(&app.app.store, &olive).await.unwrap(), None, "while disabled");
}

/// Whoever loses their rights while a page of theirs is open has lost them.
#[tokio::test]
async fn a_proof_is_worth_nothing_once_the_rights_are_gone() {
    let app = TestApp::init().await;
    let (ada, olive) =
        (app.person(ADA).await, app.person_with_role(OLIVE, Some(ServiceRole::Operator)).await);
    let actor = acting(&app, &olive).await;
    let tx = app.app.store.begin().await.unwrap();
    users::set_role(&tx, olive.id, Some(ServiceRole::Support), app.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let done = logic::set_enabled(&app.office(), &actor, ada.id, false).await.unwrap();
    assert_eq!(done, Err(Refused::Forbidden));
    assert!(app.user(ada.id).await.is_enabled());
}

/// C9, product §5: disabled on every road at once: sessions, tokens, links, sign-in.
#[tokio::test]
async fn disabling_ends_everything_at_once_and_tells_the_person() {
    let app = TestApp::init().await;
    let (ada, olive) =
        (app.person(ADA).await, app.person_with_role(OLIVE, Some(ServiceRole::Operator)).await);
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let clinic = app.clinic();
    let tokens = clinic.offline_tokens(&browser).await;
    let link = access::make_link(&app.office(), &AdminActor::of_the_host(), (ada.id, 15)).await;
    let Made::OnTheHost(link) = link.unwrap().unwrap() else { panic!("on the host") };
    let actor = acting(&app, &olive).await;
    assert_eq!(logic::set_enabled(&app.office(), &actor, ada.id, false).await.unwrap(), Ok(()));
    assert!(!browser.is_signed_in().await);
    assert_eq!(clinic.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    assert!(!clinic.can_refresh(&tokens).await);
    let page = app.browser().get(&format!("/login/access?token={}", link.expose())).await;
    assert_eq!(page.status, 400);
    let refused = app.browser().submit_password(ADA, PASSWORD).await;
    assert!(refused.body.contains("is not right"), "{}", refused.body);
    assert!(
        app.mail_about(ADA, "Your account was disabled").await.text.contains("logged you out everywhere")
    );
    assert!(app.trail(ada.id).await.contains(&"user-disabled".to_owned()));
    assert_eq!(
        logic::set_enabled(&app.office(), &actor, ada.id, false).await.unwrap(),
        Err(Refused::Unchanged)
    );
    assert_eq!(logic::set_enabled(&app.office(), &actor, ada.id, true).await.unwrap(), Ok(()));
    app.browser().log_in_with_password(ADA, PASSWORD).await;
}

/// product §3: a lost device. The administrator of the clinic removes the passkeys, the person is mailed, and then
/// their password alone works.
#[tokio::test]
async fn an_administrator_removes_a_lost_passkey_and_its_person_is_told() {
    let app = TestApp::init().await;
    let (ada, mut authenticator) = app.person_with_passkey(ADA).await;
    let carla = app.person("carla@example.org").await;
    organization(&app.app.store, "lindenhof", &[(ada.id, "practitioner"), (carla.id, "administrator")]).await;
    let there = app.browser();
    there.log_in_with_passkey(&mut authenticator).await;
    let actor = acting(&app, &carla).await;
    let seen = logic::view(&app.office(), &actor, ada.id).await.unwrap().unwrap();
    let [passkey] = &seen.passkeys[..] else { panic!("one passkey") };
    let gone = logic::remove_passkey(&app.office(), &actor, (ada.id, passkey.id)).await.unwrap();
    assert_eq!(gone, Ok(()));
    assert!(!there.is_signed_in().await, "what the passkey began has ended");
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    assert!(app.mail_about(ADA, "A passkey was removed").await.text.contains("opens nothing any more"));
    let again = logic::remove_passkey(&app.office(), &actor, (ada.id, passkey.id)).await.unwrap();
    assert_eq!(again, Err(Refused::NotFound));
}

/// product §1: nobody can create a passkey for someone else, so nobody but its person gets the link.
#[tokio::test]
async fn a_link_of_an_administrator_goes_to_its_person_and_to_nobody_else() {
    let app = TestApp::init().await;
    let (ada, olive) =
        (app.person(ADA).await, app.person_with_role(OLIVE, Some(ServiceRole::Operator)).await);
    let actor = acting(&app, &olive).await;
    let made = access::make_link(&app.office(), &actor, (ada.id, 30)).await.unwrap().unwrap();
    assert!(matches!(made, Made::Mailed));
    let mail = app.mail_about(ADA, "Your way back in").await;
    let path = mail.link();
    assert!(path.starts_with("/login/access?token="), "{path}");
    for other in app.mails().await.iter().filter(|mail| !mail.to.contains(ADA)) {
        assert!(!other.text.contains("/login/access"), "{}", other.text);
    }
    let page = app.browser().get(&path).await;
    assert_eq!(page.status, 200);
}

/// product §5: rights end where others' begin.
#[tokio::test]
async fn administrators_of_a_clinic_touch_their_own_people_only() {
    let app = TestApp::init().await;
    let store = &app.app.store;
    let (ada, carla) = (app.person(ADA).await, app.person("carla@example.org").await);
    let (eve, both) = (app.person("eve@example.org").await, app.person("both@example.org").await);
    organization(store, "lindenhof", &[(ada.id, ""), (carla.id, "administrator"), (both.id, "")]).await;
    let other = organization(store, "seeblick", &[(eve.id, ""), (both.id, "")]).await;
    let (name, roles) = (OrganizationName::parse("Seeblick").unwrap(), Roles::parse("practitioner").unwrap());
    let strict = organizations::Settings { name, policy: Some(Policy::PasskeyOnly), roles };
    let tx = store.begin().await.unwrap();
    organizations::set(&tx, other, &strict, app.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let (office, actor) = (app.office(), acting(&app, &carla).await);
    let emails = |found: Vec<User>| found.iter().map(|user| user.email.to_string()).collect::<Vec<_>>();
    let mut seen = emails(logic::list(&office, &actor, &Filter::default(), 50).await.unwrap());
    seen.sort();
    assert_eq!(seen, [ADA, "both@example.org", "carla@example.org"]);
    assert_eq!(logic::log_out_everywhere(&office, &actor, ada.id).await.unwrap(), Ok(0));
    assert_eq!(logic::view(&office, &actor, eve.id).await.unwrap().err(), Some(Refused::NotFound));
    assert_eq!(logic::log_out_everywhere(&office, &actor, eve.id).await.unwrap(), Err(Refused::NotFound));
    assert_eq!(logic::reset_two_factor(&office, &actor, both.id).await.unwrap(), Err(Refused::Forbidden));
    let shown = logic::view(&office, &actor, both.id).await.unwrap().unwrap();
    assert!(!matches!(shown.policy.source, PolicySource::Organization { .. }), "{:?}", shown.policy);
    let slugs: Vec<_> = shown.organizations.iter().map(|(one, _)| one.slug.to_string()).collect();
    assert_eq!(slugs, ["lindenhof"], "where else they work is not for this clinic to know");
    assert_eq!(logic::unlock(&office, &actor, carla.id).await.unwrap(), Err(Refused::Yourself));
}

/// product §5, 2.18: what whoever runs the service decided is nothing for a clinic to take back.
#[tokio::test]
async fn an_account_that_the_service_disabled_is_not_enabled_by_a_clinic() {
    let app = TestApp::init().await;
    let (ada, carla) = (app.person(ADA).await, app.person("carla@example.org").await);
    organization(&app.app.store, "lindenhof", &[(ada.id, ""), (carla.id, "administrator")]).await;
    let (office, actor, host) = (app.office(), acting(&app, &carla).await, AdminActor::of_the_host());
    for (by, done) in [(&host, Err(Refused::Forbidden)), (&actor, Ok(()))] {
        assert_eq!(logic::set_enabled(&office, by, ada.id, false).await.unwrap(), Ok(()));
        assert_eq!(logic::set_enabled(&office, &actor, ada.id, true).await.unwrap(), done);
        if done.is_err() {
            assert_eq!(logic::set_enabled(&office, &host, ada.id, true).await.unwrap(), Ok(()));
        }
    }
}

/// What an administrator can do to a person, by name.
async fn every_change(office: &Office<'_>, actor: &AdminActor, id: UserId) -> Vec<&'static str> {
    let mut done = vec![
        ("log out", logic::log_out_everywhere(office, actor, id).await.unwrap().is_ok()),
        ("reset passkeys", logic::reset_passkeys(office, actor, id).await.unwrap().is_ok()),
        ("reset two-factor", logic::reset_two_factor(office, actor, id).await.unwrap().is_ok()),
        ("unlock", logic::unlock(office, actor, id).await.unwrap().is_ok()),
        ("link", access::make_link(office, actor, (id, 5)).await.unwrap().is_ok()),
        ("policy", logic::set_policy(office, actor, id, Policy::Free).await.unwrap().is_ok()),
        ("role", logic::set_role(office, actor, id, Some(ServiceRole::Support)).await.unwrap().is_ok()),
        ("disable", logic::set_enabled(office, actor, id, false).await.unwrap().is_ok()),
    ];
    done.retain(|(_, done)| *done);
    done.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn what_support_and_auditors_can_do_to_people() {
    let app = TestApp::init().await;
    app.person_with_role("root@example.org", Some(ServiceRole::Operator)).await;
    let (ada, olive) =
        (app.person(ADA).await, app.person_with_role(OLIVE, Some(ServiceRole::Operator)).await);
    for (role, to_ada) in [
        (ServiceRole::Auditor, &[][..]),
        (ServiceRole::Support, &["log out", "reset passkeys", "reset two-factor", "unlock", "link"]),
    ] {
        let somebody = app.person_with_role(&format!("{}@example.org", role.as_str()), Some(role)).await;
        let actor = acting(&app, &somebody).await;
        assert_eq!(every_change(&app.office(), &actor, ada.id).await, to_ada, "{role:?}");
        assert!(every_change(&app.office(), &actor, olive.id).await.is_empty(), "{role:?} to an operator");
    }
    let actor = acting(&app, &olive).await;
    assert_eq!(every_change(&app.office(), &actor, ada.id).await.len(), 8);
    assert!(every_change(&app.office(), &actor, olive.id).await.is_empty(), "nobody to themselves");
}

fn office<'a>(store: &'a Store, mail: &'a idp::mail::Mailer) -> Office<'a> {
    Office { store, mail, entropy: ENTROPY, policy: Policy::Free, now: now(), network: None, browser: None }
}

fn mailer(test: &TestStore) -> idp::mail::Mailer {
    idp::mail::Mailer::new(&test.config, idp::theme::Theme::load().unwrap().into(), ENTROPY)
}

async fn operators(test: &TestStore, count: usize) -> Vec<User> {
    let mut found = Vec::new();
    for number in 0..count {
        let user = stored_user(&test.store, &format!("operator{number}@example.org")).await;
        let tx = test.store.begin().await.unwrap();
        users::set_role(&tx, user.id, Some(ServiceRole::Operator), now()).await.unwrap();
        tx.commit().await.unwrap();
        found.push(users::by_id(&test.store, user.id).await.unwrap().unwrap());
    }
    found
}

on_both! {
    /// product §5, T20: of several who take each other's rights at once, one operator stays.
    the_last_operator_stays_in_races_too(test) {
        let mail = mailer(test);
        for round in 0..4 {
            let all = operators(test, 4).await;
            let host = AdminActor::of_the_host();
            let changes = all.iter().enumerate().map(|(number, user)| {
                let (mail, store, host) = (&mail, &test.store, host.clone());
                async move {
                    let office = office(store, mail);
                    // A database that gave way has done nothing; a person would try again.
                    for _ in 0..20 {
                        let done = match number % 2 {
                            0 => logic::set_enabled(&office, &host, user.id, false).await,
                            _ => logic::set_role(&office, &host, user.id, None).await,
                        };
                        if let Ok(done) = done {
                            return done;
                        }
                    }
                    panic!("the database gave way too often")
                }
            });
            let done: Vec<_> = join_all(changes).await;
            let refused = done.iter().filter(|done| **done == Err(Refused::LastOperator)).count();
            assert_eq!((users::operators(&test.store).await.unwrap().len(), refused), (1, 1), "round {round}: {done:?}");
            for user in &all {
                let tx = test.store.begin().await.unwrap();
                users::set_standing(&tx, user.id, users::Standing::Enabled, now()).await.unwrap();
                users::set_role(&tx, user.id, None, now()).await.unwrap();
                tx.commit().await.unwrap();
            }
            test.store.begin().await.unwrap().commit().await.unwrap();
            // The next round makes its own.
            for user in all {
                rename(test, user.id, round).await;
            }
        }
    }

    /// product §5, T20: by whatever way they go, an organization keeps an administrator.
    the_last_administrator_stays_in_races_too(test) {
        let mail = mailer(test);
        let host = AdminActor::of_the_host();
        for round in 0..4 {
            let mut all = Vec::new();
            for number in 0..3 {
                all.push(stored_user(&test.store, &format!("a{number}r{round}@example.org")).await.id);
            }
            let roles: Vec<_> = all.iter().map(|id| (*id, "administrator")).collect();
            let clinic = organization(&test.store, &format!("clinic-{round}"), &roles).await;
            let changes = all.iter().enumerate().map(|(number, user)| {
                let (mail, store, host) = (&mail, &test.store, host.clone());
                async move {
                    let office = office(store, mail);
                    for _ in 0..20 {
                        let done = match number {
                            0 => logic::set_enabled(&office, &host, *user, false).await,
                            1 => members::set_roles(&office, &host, (clinic, *user, &Roles::default())).await,
                            _ => members::remove(&office, &host, (clinic, *user)).await,
                        };
                        if let Ok(done) = done {
                            return done;
                        }
                    }
                    panic!("the database gave way too often")
                }
            });
            let done: Vec<_> = join_all(changes).await;
            let refused = done.iter().filter(|done| **done == Err(Refused::LastAdministrator)).count();
            let left = memberships::administrators(&test.store, clinic).await.unwrap().len();
            assert_eq!((left, refused), (1, 1), "round {round}: {done:?}");
        }
    }

    /// Lists keep their order and place, whatever is in a name.
    people_are_listed_by_name_page_by_page(test) {
        let names = ["Zoe Abel", "Ada Abel", "Bo Quist", "50% Off", "a_b Under", "Ömer Çelik", "Ada Abel"];
        for (number, name) in names.iter().enumerate() {
            let user = stored_user(&test.store, &format!("p{number}@example.org")).await;
            let (given, family) = name.split_once(' ').unwrap();
            let text = |text| idp::model::user::PersonName::parse(text).unwrap();
            let profile = users::Profile {
                given_name: text(given), family_name: text(family), language: None, time_zone: None,
            };
            let tx = test.store.begin().await.unwrap();
            users::set_profile(&tx, user.id, &profile, now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut filter = Filter::default();
        let mut all = Vec::new();
        loop {
            let page = users::page(&test.store, &filter, None, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some((last.family_name.to_string(), last.given_name.to_string(), last.id));
            all.extend(page);
        }
        assert_eq!(all.len(), names.len());
        let ids: std::collections::BTreeSet<_> = all.iter().map(|user| user.id).collect();
        assert_eq!(ids.len(), names.len(), "nobody twice");
        for (text, found) in [("abel", 3), ("ADA", 2), ("50%", 1), ("5_%", 0), ("a_b", 1), ("p3@", 1), ("%", 0), ("\\", 0), ("ÖMER", 1), ("ömer", 1), ("Çel", 1), ("çel", 1)] {
            let filter = Filter { text: text.to_owned(), ..Filter::default() };
            assert_eq!(users::page(&test.store, &filter, None, 50).await.unwrap().len(), found, "{text}");
        }
    }
}

/// Makes room for the same address again.
async fn rename(test: &TestStore, id: UserId, round: usize) {
    let email = idp::model::user::Email::parse(&format!("{id}-{round}@example.org")).unwrap();
    let tx = test.store.begin().await.unwrap();
    assert!(users::set_email(&tx, id, &email, now()).await.unwrap());
    tx.commit().await.unwrap();
}
