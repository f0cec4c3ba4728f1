//! Making organizations in the console, inviting from the list of people, and finding what happened in one of them.

use idp::model::organization::Slug;
use idp::model::user::{Policy, ServiceRole};
use idp::store::organizations;
use time::Duration;

use super::pages::strong;
use super::people::organization;
use crate::support::{Answer, TestApp};

const NEW: &str = "/admin/organizations/new";
const INVITE: &str = "/admin/people/invite";

fn plain(answer: &Answer) -> String {
    answer.body.replace("&#x2f;", "/").replace("&amp;", "&")
}

/// security M1, M2, L3
#[tokio::test]
async fn an_operator_and_nobody_else_makes_an_organization_after_a_fresh_proof() {
    let app = TestApp::init().await;
    let fields =
        [("name", "Lindenhof Klinik"), ("slug", ""), ("roles", "nurse"), ("policy", "require_passkey")];
    let (carla, administrator) = strong(&app, "carla@example.org", None).await;
    organization(&app.app.store, "seeblick", &[(administrator.id, "administrator")]).await;
    let (support, _) = strong(&app, "support@example.org", Some(ServiceRole::Support)).await;
    let (auditor, _) = strong(&app, "auditor@example.org", Some(ServiceRole::Auditor)).await;
    for browser in [&carla, &support, &auditor] {
        assert_eq!(browser.get(NEW).await.status, 404);
        assert_eq!(browser.post(NEW, &fields).await.status, 404);
        assert!(!plain(&browser.get("/admin/organizations").await).contains(NEW));
    }
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let forged = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let answer = olive.send(reqwest::Method::POST, NEW, &forged, Some("csrf=x&name=Y".to_owned())).await;
    assert_eq!(answer.status, 403, "L3");
    assert!(plain(&olive.get("/admin/organizations").await).contains(NEW));
    let made = olive.post(NEW, &fields).await.location();
    let slug = Slug::parse("lindenhof-klinik").unwrap();
    let found = organizations::by_slug(&app.app.store, &slug).await.unwrap().unwrap();
    assert_eq!(made, format!("/admin/organizations/{}/invite", found.id));
    assert_eq!((found.policy, found.roles.to_string()), (Some(Policy::RequirePasskey), "nurse".to_owned()));
    let invite = plain(&olive.get(&made).await);
    assert!(
        invite.contains("first administrator") && invite.contains("value=\"administrator\" checked"),
        "{invite}"
    );
    let sent =
        olive.post(&made, &[("email", "new@example.org"), ("role", "administrator"), ("days", "7")]).await;
    assert_eq!(sent.location(), format!("/admin/organizations/{}?notice=invite", found.id));
    app.mail_to("new@example.org").await;
    app.advance(Duration::minutes(6));
    for answer in [olive.get(NEW).await, olive.post(NEW, &fields).await] {
        assert!(answer.location().contains("confirm=1"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_short_name_is_checked_and_another_one_suggested() {
    let app = TestApp::init().await;
    organization(&app.app.store, "lindenhof", &[]).await;
    organization(&app.app.store, "lindenhof-2", &[]).await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let taken = olive.post(NEW, &[("name", "Lindenhof"), ("roles", "nurse")]).await;
    assert_eq!(taken.status, 409);
    let page = plain(&taken);
    assert!(page.contains("value=\"lindenhof-3\"") && page.contains("value=\"nurse\""), "{page}");
    for (field, value, text) in [
        ("name", "", "Please enter a name"),
        ("slug", "No Such!", "no hyphen at its ends"),
        ("roles", "Ärztin", "Roles have small letters"),
    ] {
        let mut fields = vec![("name", "Seeblick"), ("slug", "seeblick"), ("roles", "nurse")];
        fields.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value;
        let wrong = olive.post(NEW, &fields).await;
        assert_eq!(wrong.status, 422, "{field}");
        assert!(wrong.body.contains(text) && wrong.body.contains("aria-invalid"), "{field}: {}", wrong.body);
    }
    assert!(
        organizations::by_slug(&app.app.store, &Slug::parse("seeblick").unwrap()).await.unwrap().is_none()
    );
}

/// security M1: to the organizations of whoever invites, and to no other.
#[tokio::test]
async fn somebody_is_invited_from_the_list_of_people() {
    let app = TestApp::init().await;
    let store = &app.app.store;
    let (carla, one) = strong(&app, "carla@example.org", None).await;
    let (dora, two) = strong(&app, "dora@example.org", None).await;
    let (plainly, _) = strong(&app, "plain@example.org", None).await;
    let (support, _) = strong(&app, "support@example.org", Some(ServiceRole::Support)).await;
    let (auditor, _) = strong(&app, "auditor@example.org", Some(ServiceRole::Auditor)).await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let runs = |user: &idp::model::user::User| [(user.id, "administrator")];
    let first = organization(store, "lindenhof", &runs(&one)).await;
    organization(store, "seeblick", &runs(&two)).await;
    organization(store, "waldrand", &runs(&two)).await;
    for browser in [&plainly, &support, &auditor] {
        assert_eq!(browser.get(INVITE).await.status, 404);
    }
    assert!(!plain(&support.get("/admin/people").await).contains(INVITE));
    assert!(plain(&carla.get("/admin/people").await).contains(INVITE));
    let led = carla.get(&format!("{INVITE}?email=ada%40example.org")).await.location();
    assert_eq!(led, format!("/admin/organizations/{first}/invite?email=ada%40example.org"));
    let form = plain(&carla.get(&led).await);
    assert!(form.contains("value=\"ada@example.org\"") && form.contains("value=\"7\""), "{form}");
    let choice = plain(&dora.get(INVITE).await);
    assert!(choice.contains("seeblick") && choice.contains("waldrand"), "{choice}");
    assert!(!choice.contains("lindenhof"), "another clinic: {choice}");
    let all = plain(&olive.get(INVITE).await);
    assert!(["lindenhof", "seeblick", "waldrand"].iter().all(|slug| all.contains(slug)), "{all}");
    let found = plain(&olive.get(&format!("{INVITE}?q=see")).await);
    assert!(found.contains("seeblick") && !found.contains("waldrand"), "{found}");
}

/// product §7: what happened in one organization, for whoever reads the log.
#[tokio::test]
async fn the_audit_log_is_searched_by_organization() {
    let app = TestApp::init().await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    for name in ["Lindenhof", "Seeblick"] {
        olive.post(NEW, &[("name", name)]).await.location();
    }
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    let id =
        organizations::by_slug(&app.app.store, &Slug::parse("seeblick").unwrap()).await.unwrap().unwrap().id;
    for asked in ["lindenhof".to_owned(), id.to_string()] {
        let page = plain(&olive.get(&format!("/admin/audit?organization={asked}")).await);
        assert_eq!(rows(&page), 1, "{page}");
        assert!(
            page.contains(&format!("name=\"organization\" value=\"{asked}\"")),
            "it goes along with an export"
        );
    }
    let none = plain(&olive.get("/admin/audit?organization=nowhere").await);
    assert!(none.contains("No organization has this short name") && rows(&none) == 0, "{none}");
    let (carla, administrator) = strong(&app, "carla@example.org", None).await;
    organization(&app.app.store, "waldrand", &[(administrator.id, "administrator")]).await;
    assert_eq!(carla.get("/admin/audit?organization=waldrand").await.status, 404, "the log is not theirs");
}
