//! The console's pages of organizations: whom they are open to, and that each deed is done once, by whoever may, after
//! a yes.

use idp::admin::invitations;
use idp::model::ids::OrganizationId;
use idp::model::organization::Roles;
use idp::model::user::{Email, Policy, ServiceRole};
use idp::store::{memberships, organizations};
use time::Duration;

use super::pages::strong;
use super::people::{acting, organization};
use crate::support::{Answer, TestApp};

const ADA: &str = "ada@example.org";
const CARLA: &str = "carla@example.org";
const NEW: &str = "newcomer@example.org";

fn plain(answer: &Answer) -> String {
    answer.body.replace("&#x2f;", "/").replace("&amp;", "&")
}

/// security M1, §2.18: rows are addresses, columns are a plain person, the administrator of the clinic, the one of
/// another clinic, support, auditor and operator.
#[tokio::test]
async fn every_page_of_an_organization_is_open_to_exactly_those_whom_the_matrix_names() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let roles = [
        ("plain@example.org", None),
        (CARLA, None),
        ("otto@example.org", None),
        ("support@example.org", Some(ServiceRole::Support)),
        ("auditor@example.org", Some(ServiceRole::Auditor)),
        ("olive@example.org", Some(ServiceRole::Operator)),
    ];
    let (mut browsers, mut people) = (Vec::new(), Vec::new());
    for (email, role) in roles {
        let (browser, user) = strong(&app, email, role).await;
        browsers.push(browser);
        people.push(user);
    }
    let members = [(ada.id, "practitioner"), (people[1].id, "administrator")];
    let id = organization(&app.app.store, "lindenhof", &members).await;
    organization(&app.app.store, "seeblick", &[(people[2].id, "administrator")]).await;
    let carla = acting(&app, &people[1]).await;
    let new = invitations::New {
        email: Email::parse(NEW).unwrap(),
        roles: Roles::default(),
        client: None,
        days: 7,
        language: None,
    };
    let made = invitations::invite(&app.office(), &carla, (id, new)).await.unwrap().unwrap().id;
    let own = format!("/{id}");
    let (runs, nobody) = ([404, 200, 404, 404, 404, 200], [404; 6]);
    let matrix = [
        (String::new(), [404, 200, 200, 200, 200, 200]),
        (own.clone(), [404, 200, 404, 200, 200, 200]),
        (format!("{own}/invite"), runs),
        (format!("{own}/change"), runs),
        (format!("{own}/disable"), [404, 404, 404, 404, 404, 200]),
        (format!("{own}/enable"), nobody),
        (format!("{own}/members/{}/roles", ada.id), runs),
        (format!("{own}/members/{}/remove", ada.id), runs),
        (format!("{own}/members/{}/anything", ada.id), nobody),
        (format!("{own}/members/{}/roles", people[0].id), nobody),
        (format!("{own}/invitations/{made}/resend"), runs),
        (format!("{own}/invitations/{made}/withdraw"), runs),
        (format!("{own}/invitations/{}/withdraw", ada.id), nobody),
        (format!("/{}", ada.id), nobody),
    ];
    for (path, row) in matrix {
        let path = format!("/admin/organizations{path}");
        for ((browser, expected), (email, _)) in browsers.iter().zip(row).zip(roles) {
            assert_eq!(browser.get(&path).await.status, expected, "{email} {path}");
        }
        assert!(app.browser().get(&path).await.location().starts_with("/login?"), "{path}");
    }
    // Called directly, what is not shown is refused, and nothing of it is done.
    let invite = vec![("email", "x@example.org"), ("days", "7")];
    let posts = [
        (format!("{own}/disable"), vec![], [404, 403, 404, 403, 403, 0]),
        (format!("{own}/invite"), invite, [404, 0, 404, 403, 403, 0]),
        (
            format!("{own}/members/{}/roles", ada.id),
            vec![("role", "administrator")],
            [404, 0, 404, 403, 403, 0],
        ),
        (format!("{own}/members/{}/remove", ada.id), vec![], [404, 0, 404, 403, 403, 0]),
        (format!("{own}/invitations/{made}/withdraw"), vec![], [404, 0, 404, 403, 403, 0]),
    ];
    for (path, fields, row) in posts {
        let path = format!("/admin/organizations{path}");
        for ((browser, expected), (email, _)) in browsers.iter().zip(row).zip(roles) {
            if expected != 0 {
                assert_eq!(browser.post(&path, &fields).await.status, expected, "{email} {path}");
            }
        }
    }
    let membership = memberships::of(&app.app.store, ada.id, id).await.unwrap().unwrap();
    assert_eq!(membership.roles.to_string(), "practitioner");
    assert_eq!(invitations::list(&app.office(), &carla, id).await.unwrap().unwrap().len(), 1);
    let other = plain(&browsers[2].get("/admin/organizations").await);
    assert!(other.contains("seeblick") && !other.contains("lindenhof"), "{other}");
}

struct Clinic {
    app: TestApp,
    carla: crate::support::Browser,
    id: OrganizationId,
    here: String,
    ada: idp::model::user::User,
}

async fn clinic() -> Clinic {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let (browser, carla) = strong(&app, CARLA, None).await;
    let members = [(ada.id, "practitioner"), (carla.id, "administrator")];
    let id = organization(&app.app.store, "lindenhof", &members).await;
    Clinic { carla: browser, here: format!("/admin/organizations/{id}"), app, id, ada }
}

/// security M2: what gives or takes rights, or touches many, wants a fresh proof, and nothing typed is lost.
#[tokio::test]
async fn rights_are_given_and_taken_after_a_fresh_proof_only() {
    let Clinic { app, carla, id, here, ada } = clinic().await;
    app.advance(Duration::minutes(6));
    let member = format!("{here}/members/{}", ada.id);
    for path in [format!("{here}/change"), format!("{member}/roles"), format!("{member}/remove")] {
        for answer in [carla.get(&path).await, carla.post(&path, &[]).await] {
            assert!(answer.location().contains("confirm=1"), "{path} {answer:?}");
        }
    }
    let fields = [("email", NEW), ("days", "7"), ("role", "reception"), ("role", "administrator")];
    let led = carla.post(&format!("{here}/invite"), &fields).await;
    assert!(led.location().contains("confirm=1"), "{led:?}");
    let back = led.parameter("destination").unwrap();
    assert!(back.starts_with(&format!("{here}/invite?")), "{back}");
    let plainly = carla.post(&format!("{here}/invite"), &fields[..3]).await;
    assert_eq!(plainly.location(), format!("{here}?notice=invite"), "who gives no rights goes on");
    assert_eq!(memberships::count(&app.app.store, id).await.unwrap(), 2);
}

/// product §5, §6
#[tokio::test]
async fn an_organization_is_run_from_its_page() {
    let Clinic { app, carla, id, here, ada } = clinic().await;
    let empty = carla.post(&format!("{here}/invite"), &[("email", "nobody"), ("days", "7")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.body.contains("value=\"nobody\""), "nothing typed is lost");
    let unknown = [("email", NEW), ("days", "7"), ("role", "surgeon")];
    let refused = carla.post(&format!("{here}/invite"), &unknown).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("The organization has no such role"), "{}", refused.body);
    let fields = [("email", NEW), ("days", "7"), ("role", "reception"), ("role", "administrator")];
    let invited = carla.post(&format!("{here}/invite"), &fields).await;
    assert_eq!(invited.location(), format!("{here}?notice=invite"));
    let first = app.mail_to(NEW).await.link();
    let page = plain(&carla.get(&invited.location()).await);
    for shown in ["on its way by mail", NEW, "administrator, reception", "invited by Ada Lovelace", ADA] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    for (deed, dead) in [("resend", false), ("withdraw", true)] {
        let page = plain(&carla.get(&here).await);
        let path = page.split('"').find(|part| part.ends_with(&format!("/{deed}"))).unwrap().to_owned();
        assert_eq!(carla.get(&path).await.status, 200);
        assert_eq!(carla.post(&path, &[]).await.location(), format!("{here}?notice={deed}"));
        assert_eq!(app.browser().get(&first).await.status, 410, "{deed}");
        let newest = app.mail_to(NEW).await.link();
        assert_eq!(app.browser().get(&newest).await.status == 410, dead, "{deed}");
        assert_eq!(carla.post(&path, &[]).await.status, 404, "it is gone");
    }
    let member = format!("{here}/members/{}", ada.id);
    let page = plain(&carla.get(&format!("{member}/roles")).await);
    assert!(page.contains("value=\"practitioner\" checked"), "{page}");
    let set =
        carla.post(&format!("{member}/roles"), &[("role", "reception"), ("role", "practitioner")]).await;
    assert_eq!(set.location(), format!("{here}?notice=roles"));
    let change = [
        ("name", "Lindenhof & Co"),
        ("roles", "practitioner, reception nurse"),
        ("policy", "require_passkey"),
    ];
    let page = plain(&carla.get(&format!("{here}/change")).await);
    assert!(page.contains("This concerns 2 people"), "the number of people touched: {page}");
    assert_eq!(
        carla.post(&format!("{here}/change"), &change).await.location(),
        format!("{here}?notice=change")
    );
    let changed = organizations::by_id(&app.app.store, id).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.policy), ("Lindenhof & Co", Some(Policy::RequirePasskey)));
    assert_eq!(changed.roles.to_string(), "nurse practitioner reception");
    let fewer = [("name", "Lindenhof"), ("roles", "nurse"), ("policy", "")];
    let refused = carla.post(&format!("{here}/change"), &fewer).await;
    assert!(refused.status == 409 && refused.body.contains("Members still have this role"), "{refused:?}");
    assert_eq!(
        carla.post(&format!("{member}/remove"), &[]).await.location(),
        format!("{here}?notice=remove")
    );
    assert_eq!(memberships::count(&app.app.store, id).await.unwrap(), 1);
    let page = plain(&carla.get(&here).await);
    let own = page.split('"').find(|part| part.ends_with("/remove")).unwrap().to_owned();
    let last = carla.post(&own, &[]).await;
    assert!(last.status == 409 && last.body.contains("last administrator"), "{last:?}");
}

#[tokio::test]
async fn an_operator_disables_an_organization_and_is_told_how_many_it_touches() {
    let Clinic { app, carla, here, .. } = clinic().await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let page = plain(&olive.get(&format!("{here}/disable")).await);
    assert!(page.contains("This concerns 2 people"), "{page}");
    assert_eq!(
        olive.post(&format!("{here}/disable"), &[]).await.location(),
        format!("{here}?notice=disable")
    );
    assert_eq!(carla.get(&here).await.status, 404, "nobody administers it any more");
    assert_eq!(olive.get(&format!("{here}/invite")).await.status, 404);
    assert_eq!(olive.post(&format!("{here}/enable"), &[]).await.location(), format!("{here}?notice=enable"));
    assert_eq!(carla.get(&here).await.status, 200);
}

/// A list that is longer than a page is gone through without gaps, and searched by the beginning.
#[tokio::test]
async fn organizations_are_found_and_listed_page_by_page() {
    let app = TestApp::init().await;
    let (olive, person) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    for number in 10..40 {
        organization(&app.app.store, &format!("clinic-{number}"), &[(person.id, "")]).await;
    }
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    let first = plain(&olive.get("/admin/organizations").await);
    let more = first.split('"').find(|part| part.contains("after=")).unwrap();
    let second = plain(&olive.get(more).await);
    assert_eq!((rows(&first), rows(&second)), (25, 5));
    assert!(first.contains("1 person"));
    for (q, found) in [("clinic-2", 10), ("CLINIC-39", 1), ("linic", 0), ("%25", 0), ("';--", 0)] {
        let page = olive.get(&format!("/admin/organizations?q={q}")).await;
        assert_eq!(rows(&page.body), found, "{q}");
    }
    let members = organization(&app.app.store, "large", &[]).await;
    for number in 0..27 {
        let user = app.person(&format!("p{number}@example.org")).await;
        let tx = app.app.store.begin().await.unwrap();
        let member = idp::model::organization::Membership {
            user_id: user.id,
            organization_id: members,
            roles: Roles::default(),
            created_at: app.app.clock.now(),
        };
        assert!(memberships::insert(&tx, &member).await.unwrap());
        tx.commit().await.unwrap();
    }
    let page = plain(&olive.get(&format!("/admin/organizations/{members}")).await);
    let more = page.split('"').find(|part| part.contains("after=")).unwrap().to_owned();
    let rest = plain(&olive.get(&more).await);
    let people = |body: &str| body.matches("id=\"member-").count();
    assert_eq!((people(&page), people(&rest)), (25, 2));
}
