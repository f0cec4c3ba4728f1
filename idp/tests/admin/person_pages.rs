//! The parts of somebody's page: who sees which, and what of it.

use idp::admin::people as logic;
use idp::admin::{Refused, members};
use idp::audit::{self, Actor, Event};
use idp::model::client::ClientId;
use idp::model::grant::Permission;
use idp::model::organization::Roles;
use idp::model::scope::Scopes;
use idp::model::user::ServiceRole;
use idp::store::{consents, sessions, users};

use super::pages::strong;
use super::people::{acting, organization};
use crate::support::{Answer, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

fn plain(answer: &Answer) -> String {
    answer.body.replace("&#x2f;", "/").replace("&amp;", "&").replace("&quot;", "\"")
}

const PARTS: [&str; 7] =
    ["", "/passkeys", "/sessions", "/applications", "/organizations", "/activity", "/json"];

/// security M1, §2.18: each part has an address of its own, open to exactly those who may see the person, and deeds of
/// one thing to those who may help them.
#[tokio::test]
async fn every_part_is_open_to_those_who_may_see_the_person() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    app.browser().log_in_with_password(ADA, PASSWORD).await;
    let roles = [
        ("plain@example.org", None),
        ("carla@example.org", None),
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
    let store = &app.app.store;
    organization(store, "lindenhof", &[(ada.id, "practitioner"), (people[1].id, "administrator")]).await;
    organization(store, "seeblick", &[(people[2].id, "administrator")]).await;
    let here = format!("/admin/people/{}", ada.id);
    for part in PARTS {
        let path = format!("{here}{part}");
        for ((browser, expected), (email, _)) in
            browsers.iter().zip([404, 200, 404, 200, 200, 200]).zip(roles)
        {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, expected, "{email} {path}");
            if expected == 200 {
                let page = plain(&answer);
                assert!(page.contains(&format!("href=\"{path}\" aria-current=\"page\"")), "{email} {page}");
            }
        }
        assert!(app.browser().get(&path).await.location().starts_with("/login?"), "{path}");
    }
    let session = sessions::of_user(store, ada.id).await.unwrap().remove(0).id;
    let path = format!("{here}/sessions/{session}");
    for ((browser, expected), (email, _)) in browsers.iter().zip([404, 200, 404, 200, 404, 200]).zip(roles) {
        assert_eq!(browser.get(&path).await.status, expected, "{email} {path}");
    }
    for ((browser, expected), (email, _)) in browsers.iter().zip([404, 0, 404, 0, 403, 0]).zip(roles) {
        if expected != 0 {
            assert_eq!(browser.post(&path, &[]).await.status, expected, "{email} {path}");
        }
    }
    assert_eq!(sessions::of_user(store, ada.id).await.unwrap().len(), 1);
    // L3: a form without the token of the browser.
    let forged = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let answer = browsers[5].send(reqwest::Method::POST, &path, &forged, Some("csrf=x".to_owned())).await;
    assert_eq!(answer.status, 403, "L3");
    let unknown = format!("{here}/sessions/{}", ada.id);
    assert_eq!(browsers[5].get(&unknown).await.status, 404);
    assert_eq!(browsers[5].get(&format!("{here}/anything/{session}")).await.status, 404);
    let done = browsers[3].post(&path, &[]).await;
    assert_eq!(done.location(), format!("{here}/sessions?notice=end-session"));
    assert!(sessions::of_user(store, ada.id).await.unwrap().is_empty());
    assert!(plain(&browsers[3].get(&done.location()).await).contains("role=\"status\""));
}

async fn allows(app: &TestApp, user: &idp::model::user::User, client: &str) {
    let tx = app.app.store.begin().await.unwrap();
    let permission = Permission { scopes: Scopes::parse("openid email").unwrap(), ..Permission::default() };
    let client = ClientId::parse(client).unwrap();
    consents::remember(&tx, user.id, &client, &permission, app.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// What is between a person and an application alone is nothing for an organization to see or to end.
#[tokio::test]
async fn an_application_is_sent_away_by_whoever_sees_it() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    allows(&app, &ada, "clinic-example").await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let (carla, administrator) = strong(&app, "carla@example.org", None).await;
    let store = &app.app.store;
    organization(store, "lindenhof", &[(ada.id, ""), (administrator.id, "administrator")]).await;
    let here = format!("/admin/people/{}/applications", ada.id);
    let theirs = plain(&carla.get(&here).await);
    assert!(!theirs.contains("clinic-example"), "{theirs}");
    for answer in [
        carla.get(&format!("{here}/clinic-example")).await,
        carla.post(&format!("{here}/clinic-example"), &[]).await,
    ] {
        assert_eq!(answer.status, 404);
    }
    let actor = acting(&app, &administrator).await;
    let clinic = ClientId::parse("clinic-example").unwrap();
    let refused = logic::disconnect(&app.office(), &actor, (ada.id, &clinic)).await.unwrap();
    assert_eq!(refused, Err(Refused::NotFound));
    let page = plain(&olive.get(&here).await);
    assert!(page.contains(&format!("{here}/clinic-example")), "{page}");
    assert!(
        plain(&olive.get(&format!("{here}/clinic-example")).await).contains("asks again"),
        "what it does"
    );
    let done = olive.post(&format!("{here}/clinic-example"), &[]).await;
    assert_eq!(done.location(), format!("{here}?notice=disconnect"));
    assert!(consents::of_user(store, ada.id).await.unwrap().is_empty());
    assert_eq!(olive.post(&format!("{here}/clinic-example"), &[]).await.status, 404, "it is gone");
}

/// S27: whoever reads what happened leaves a record; an organization reads what happened there.
#[tokio::test]
async fn activity_shows_what_whoever_looks_may_see_and_is_recorded() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let (support, _) = strong(&app, "support@example.org", Some(ServiceRole::Support)).await;
    let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let (carla, administrator) = strong(&app, "carla@example.org", None).await;
    let store = &app.app.store;
    let own = organization(store, "lindenhof", &[(administrator.id, "administrator")]).await;
    let other = organization(store, "seeblick", &[]).await;
    let (host, roles) = (acting(&app, &operator).await, Roles::parse("practitioner").unwrap());
    for id in [own, other] {
        members::add(&app.office(), &host, (id, ada.id, &roles)).await.unwrap().unwrap();
    }
    let tx = store.begin().await.unwrap();
    audit::record(&tx, app.app.clock.now(), Actor::Host, Some(ada.id), Event::ProfileChanged).await.unwrap();
    tx.commit().await.unwrap();
    let here = format!("/admin/people/{}/activity", ada.id);
    let entries =
        |page: &str| page.split("<ol class=\"activity\">").nth(1).unwrap_or("").matches("<li>").count();
    for browser in [&support, &olive] {
        let page = plain(&browser.get(&here).await);
        assert_eq!(entries(&page), 3, "{page}");
    }
    assert!(!plain(&support.get(&here).await).contains("/admin/audit?"), "the audit log is not theirs");
    assert!(plain(&olive.get(&here).await).contains(&format!("/admin/audit?person={}", ada.id)));
    let page = plain(&carla.get(&here).await);
    assert_eq!(entries(&page), 1, "what happened in their own organization: {page}");
    let reads = app.texts("SELECT detail FROM audit_event WHERE kind = 'audit-read'").await;
    assert_eq!(reads.len(), 5, "{reads:?}");
    assert!(reads[4].contains(&ada.id.to_string()) && reads[4].contains(&own.to_string()), "{reads:?}");
}

/// The same as the API shows, and no more than whoever looks may see.
#[tokio::test]
async fn the_part_with_json_is_what_the_api_shows() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let (carla, administrator) = strong(&app, "carla@example.org", None).await;
    let store = &app.app.store;
    organization(store, "lindenhof", &[(ada.id, ""), (administrator.id, "administrator")]).await;
    organization(store, "seeblick", &[(ada.id, "")]).await;
    let json = async |browser: &crate::support::Browser| {
        let page = plain(&browser.get(&format!("/admin/people/{}/json", ada.id)).await);
        let (_, rest) = page.split_once("<code>{").expect("an object");
        let (text, _) = rest.split_once("</code>").unwrap();
        serde_json::from_str::<serde_json::Value>(&format!("{{{text}")).unwrap()
    };
    let (all, some) = (json(&olive).await, json(&carla).await);
    assert_eq!((&all["email"], &all["password"]), (&ADA.into(), &"works".into()));
    assert_eq!(all["organizations"].as_array().unwrap().len(), 2);
    assert_eq!(some["organizations"].as_array().unwrap().len(), 1);
    assert_eq!(some["organizations"][0]["name"], "lindenhof");
    assert!(users::by_id(store, ada.id).await.unwrap().is_some());
}
