//! The pages of the console: whom they are open to, and that each deed is done once, by whoever may, after a yes.

use idp::model::user::ServiceRole;
use time::Duration;

use super::people::organization;
use crate::support::{Browser, PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

/// Signed in by more than a password.
pub(super) async fn strong(
    app: &TestApp,
    email: &str,
    role: Option<ServiceRole>,
) -> (Browser, idp::model::user::User) {
    let user = app.person_with_role(email, role).await;
    let mut authenticator = crate::support::SoftAuthenticator::new(&app.issuer());
    let first = app.browser();
    first.log_in_with_password(email, PASSWORD).await;
    first.create_passkey(&mut authenticator).await;
    let browser = app.browser();
    browser.log_in_with_passkey(&mut authenticator).await;
    (browser, user)
}

/// security M1, §2.18: rows are addresses, columns are a plain person, the administrator of Ada's clinic, the one of
/// another clinic, support, auditor and operator.
#[tokio::test]
async fn every_page_is_open_to_exactly_those_whom_the_matrix_names() {
    let app = TestApp::init().await;
    let (ada, mut phone) = app.person_with_passkey(ADA).await;
    app.browser().log_in_with_passkey(&mut phone).await;
    let mut browsers = Vec::new();
    let roles = [
        ("plain@example.org", None),
        ("carla@example.org", None),
        ("otto@example.org", None),
        ("support@example.org", Some(ServiceRole::Support)),
        ("auditor@example.org", Some(ServiceRole::Auditor)),
        ("olive@example.org", Some(ServiceRole::Operator)),
    ];
    let mut ids = Vec::new();
    for (email, role) in roles {
        let (browser, user) = strong(&app, email, role).await;
        browsers.push(browser);
        ids.push(user.id);
    }
    organization(&app.app.store, "lindenhof", &[(ada.id, "practitioner"), (ids[1], "administrator")]).await;
    organization(&app.app.store, "seeblick", &[(ids[2], "administrator")]).await;
    let passkey = format!("SELECT lower(hex(id)) FROM passkey WHERE user_id = x'{}'", ada.id.uuid().simple());
    let passkey = app.texts(&passkey).await;
    let passkey = uuid::Uuid::parse_str(&passkey[0]).unwrap();
    let matrix = [
        (String::new(), [404, 200, 200, 200, 200, 200]),
        ("/people".to_owned(), [404, 200, 200, 200, 200, 200]),
        (format!("/people/{}", ada.id), [404, 200, 404, 200, 200, 200]),
        (format!("/people/{}/passkeys/{passkey}", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/reset-passkeys", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/reset-two-factor", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/unlock", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/log-out", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/link", ada.id), [404, 200, 404, 200, 404, 200]),
        (format!("/people/{}/disable", ada.id), [404, 200, 404, 404, 404, 200]),
        (format!("/people/{}/role", ada.id), [404, 404, 404, 404, 404, 200]),
        (format!("/people/{}/policy", ada.id), [404, 404, 404, 404, 404, 200]),
        (format!("/people/{}/enable", ada.id), [404; 6]),
        (format!("/people/{}/anything", ada.id), [404; 6]),
    ];
    for (path, row) in matrix {
        let path = format!("/admin{path}");
        for ((browser, expected), (email, _)) in browsers.iter().zip(row).zip(roles) {
            assert_eq!(browser.get(&path).await.status, expected, "{email} {path}");
        }
        let stranger = app.browser().get(&path).await;
        assert!(stranger.location().starts_with("/login?"), "{path}");
    }
    // Called directly, what is not shown is refused, and nothing of it is done.
    let posts = [("disable", [404, 0, 404, 403, 403, 0]), ("role", [404, 403, 404, 403, 403, 0])];
    for (deed, row) in posts {
        let path = format!("/admin/people/{}/{deed}", ada.id);
        for ((browser, expected), (email, _)) in browsers.iter().zip(row).zip(roles) {
            if expected != 0 {
                let answer = browser.post(&path, &[("role", "operator")]).await;
                assert_eq!(answer.status, expected, "{email} {path}");
            }
        }
    }
    let ada = app.user(ada.id).await;
    assert!(ada.is_enabled() && ada.role.is_none());
    let there = browsers[2].get("/admin/people").await.body;
    assert!(!there.contains(ADA), "the people of another clinic");
    assert!(browsers[1].get("/admin/people").await.body.contains(ADA));
}

/// security M2
#[tokio::test]
async fn the_console_wants_more_than_a_password_and_a_deed_a_fresh_proof() {
    let app = TestApp::init().await;
    let ada = app.person(ADA).await;
    let weak = app.browser();
    app.person_with_role("wilma@example.org", Some(ServiceRole::Operator)).await;
    weak.log_in_with_password("wilma@example.org", PASSWORD).await;
    let asked = weak.get("/admin/people").await.location();
    assert!(asked.starts_with("/login?") && asked.contains("confirm=1"), "{asked}");
    let path = format!("/admin/people/{}/disable", ada.id);
    assert_eq!(weak.post(&path, &[]).await.status, 403);
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let forged = [form, ("sec-fetch-site", "same-origin")];
    let answer = olive.send(reqwest::Method::POST, &path, &forged, Some("csrf=x".to_owned())).await;
    assert_eq!(answer.status, 403, "L3");
    app.advance(Duration::minutes(6));
    for answer in [olive.get(&path).await, olive.post(&path, &[]).await] {
        assert!(answer.location().contains("confirm=1"), "{answer:?}");
    }
    assert!(app.user(ada.id).await.is_enabled());
}

/// product §3, §6
#[tokio::test]
async fn each_deed_is_done_through_its_page_and_a_refusal_is_said_there() {
    let app = TestApp::init().await;
    let (ada, _phone) = app.person_with_passkey(ADA).await;
    let (olive, operator) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let person = format!("/admin/people/{}", ada.id);
    let list = olive.get("/admin/people?q=ada").await.body;
    assert!(list.contains(&person), "{list}");
    let page = olive.get(&format!("{person}/passkeys")).await.body;
    let removal = page.split('"').find(|part| part.contains("/passkeys/")).unwrap().replace("&#x2f;", "/");
    let done = olive.post(&removal, &[]).await;
    assert_eq!(done.location(), format!("{person}/passkeys?notice=remove-passkey"));
    app.mail_about(ADA, "A passkey was removed").await;
    assert_eq!(olive.post(&removal, &[]).await.status, 404, "it is gone");
    for (deed, fields) in [
        ("reset-passkeys", vec![]),
        ("reset-two-factor", vec![]),
        ("unlock", vec![]),
        ("log-out", vec![]),
        ("link", vec![("minutes", "30")]),
        ("role", vec![("role", "support")]),
        ("policy", vec![("policy", "require_second_factor")]),
        ("disable", vec![]),
        ("enable", vec![]),
    ] {
        let done = olive.post(&format!("{person}/{deed}"), &fields).await;
        let part =
            if ["reset-passkeys", "reset-two-factor", "unlock"].contains(&deed) { "/passkeys" } else { "" };
        assert_eq!(done.location(), format!("{person}{part}?notice={deed}"), "{done:?}");
        assert!(olive.get(&done.location()).await.body.contains("role=\"status\""), "{deed}");
    }
    app.mail_about(ADA, "Your way back in").await;
    assert_eq!(app.user(ada.id).await.role, Some(ServiceRole::Support));
    let again = olive.post(&format!("{person}/enable"), &[]).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("it is so already"), "{}", again.body);
    let wrong = olive.post(&format!("{person}/link"), &[("minutes", "99999")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("value=\"99999\""), "nothing typed is lost");
    let own = olive.post(&format!("/admin/people/{}/disable", operator.id), &[]).await;
    assert!(own.body.contains("on your account pages"), "{}", own.body);
}

/// A list that is longer than a page is gone through without gaps.
#[tokio::test]
async fn a_long_list_goes_on_where_it_ended() {
    let app = TestApp::init().await;
    for number in 0..30 {
        app.person(&format!("p{number}@example.org")).await;
    }
    let (olive, _) = strong(&app, "olive@example.org", Some(ServiceRole::Operator)).await;
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    let first = olive.get("/admin/people").await.body;
    let more = first.split('"').find(|part| part.contains("after=")).unwrap().replace("&amp;", "&");
    let second = olive.get(&more.replace("&#x2f;", "/")).await.body;
    assert_eq!((rows(&first), rows(&second)), (25, 6));
    assert_eq!(rows(&olive.get("/admin/people?after=';--").await.body), 25, "security §2.19");
}
