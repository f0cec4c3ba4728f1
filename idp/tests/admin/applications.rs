//! Applications and their secrets.

use idp::admin::applications::{self as logic, add_secret, expire_secret, remove_secret};
use idp::admin::{AdminActor, Refused};
use idp::jobs;
use idp::model::client::{Client, ClientId, ClientName, ClientSettings, ClientType};
use idp::model::redirect_uri::RedirectUri;
use idp::model::scope::Scope;
use idp::model::user::ServiceRole;
use idp::store::client_secrets;
use time::Duration;

use super::people::acting;
use crate::support::{Application, PASSWORD, TestApp};

const CALLBACK: &str = "https://practice.example.org/cb";

fn name(text: &str) -> ClientName {
    ClientName::parse(text).unwrap()
}

fn web(text: &str) -> ClientSettings {
    ClientSettings::of_type(ClientType::Web, name(text), vec![RedirectUri::parse(CALLBACK).unwrap()])
}

fn machine() -> ClientSettings {
    let plain = ClientSettings::of_type(ClientType::Machine, name("Laboratory"), Vec::new());
    ClientSettings { scopes: [Scope::parse("samples:read").unwrap()].into_iter().collect(), ..plain }
}

/// A machine with its secret.
async fn made(app: &TestApp) -> (Client, String) {
    let host = AdminActor::of_the_host();
    let (client, secret) = logic::create(&app.office(), &host, machine()).await.unwrap().unwrap();
    (client, secret.unwrap().expose().to_owned())
}

async fn status(app: &TestApp, client: &ClientId, secret: &str) -> u16 {
    let client = Application::new(app, client.as_str(), Some(secret), "");
    client.token(&[("grant_type", "client_credentials")]).await.status.as_u16()
}

/// product §6: two secrets are good at once, each until its own end, and never none.
#[tokio::test]
async fn an_application_changes_over_to_a_new_secret_without_a_moment_locked_out() {
    let app = TestApp::init().await;
    let host = AdminActor::of_the_host();
    let (client, first) = made(&app).await;
    let id = &client.id;
    assert_eq!(status(&app, id, &first).await, 200);
    let known = client_secrets::of(&app.app.store, id).await.unwrap();
    let only = (id, known[0].id);
    let refused = Err(Refused::LastSecret);
    assert_eq!(remove_secret(&app.office(), &host, only).await.unwrap(), refused);
    let day = Duration::DAY;
    assert_eq!(expire_secret(&app.office(), &host, only, day).await.unwrap().err(), refused.err());
    let second = add_secret(&app.office(), &host, id).await.unwrap().unwrap().1.expose().to_owned();
    for secret in [&first, &second] {
        assert_eq!(status(&app, id, secret).await, 200);
    }
    let third = add_secret(&app.office(), &host, id).await.unwrap().err();
    assert_eq!(third, Some(Refused::SecretsAtOnce));
    expire_secret(&app.office(), &host, only, Duration::DAY).await.unwrap().unwrap();
    let now = client_secrets::of(&app.app.store, id).await.unwrap();
    let second_id = now.iter().find(|known| known.id != only.1).unwrap().id;
    let last = remove_secret(&app.office(), &host, (id, second_id)).await.unwrap();
    assert_eq!(last, Err(Refused::LastSecret), "the other one is about to end");
    app.advance(Duration::hours(23));
    assert_eq!(status(&app, id, &first).await, 200);
    app.advance(Duration::hours(2));
    assert_eq!((status(&app, id, &first).await, status(&app, id, &second).await), (401, 200));
    assert!(add_secret(&app.office(), &host, id).await.unwrap().is_ok(), "one that has ended does not count");
    assert_eq!(remove_secret(&app.office(), &host, only).await.unwrap(), Ok(()));
    assert_eq!(remove_secret(&app.office(), &host, only).await.unwrap(), Err(Refused::NotFound));
}

/// S10, C10: any other secret is as good as none.
#[tokio::test]
async fn a_secret_of_another_application_opens_nothing() {
    let app = TestApp::init().await;
    let ((one, first), (other, second)) = (made(&app).await, made(&app).await);
    assert_eq!(status(&app, &one.id, &second).await, 401);
    assert_eq!(status(&app, &other.id, &first).await, 401);
    assert_eq!(status(&app, &one.id, "").await, 401);
    let host = AdminActor::of_the_host();
    let foreign = client_secrets::of(&app.app.store, &other.id).await.unwrap()[0].id;
    add_secret(&app.office(), &host, &one.id).await.unwrap().unwrap();
    let mixed = remove_secret(&app.office(), &host, (&one.id, foreign)).await.unwrap();
    assert_eq!(mixed, Err(Refused::NotFound));
    assert_eq!(status(&app, &other.id, &second).await, 200);
}

/// product §6: last use. It is not written while somebody waits.
#[tokio::test]
async fn it_is_known_when_a_secret_was_last_used() {
    let app = TestApp::init().await;
    let (client, secret) = made(&app).await;
    let used = async || client_secrets::of(&app.app.store, &client.id).await.unwrap()[0].last_used_at;
    assert_eq!(status(&app, &client.id, "wrong").await, 401);
    jobs::purge(&app.app).await.unwrap();
    assert_eq!(used().await, None, "a wrong one is no use of it");
    assert_eq!(status(&app, &client.id, &secret).await, 200);
    assert_eq!(used().await, None);
    jobs::purge(&app.app).await.unwrap();
    let first = used().await.expect("noted");
    app.advance(Duration::minutes(30));
    assert_eq!(status(&app, &client.id, &secret).await, 200);
    jobs::purge(&app.app).await.unwrap();
    assert_eq!(used().await, Some(first), "to the hour");
    app.advance(Duration::minutes(31));
    assert_eq!(status(&app, &client.id, &secret).await, 200);
    jobs::purge(&app.app).await.unwrap();
    assert!(used().await > Some(first));
}

/// security M1: operators change applications, auditors see them, everybody else knows of none.
#[tokio::test]
async fn applications_are_an_operators() {
    let app = TestApp::init().await;
    let (client, _) = made(&app).await;
    let id = &client.id;
    let person = |email: &'static str, role| app.person_with_role(email, Some(role));
    let auditor = acting(&app, &person("auditor@example.org", ServiceRole::Auditor).await).await;
    let support = acting(&app, &person("support@example.org", ServiceRole::Support).await).await;
    for (actor, refused) in [(&auditor, Refused::Forbidden), (&support, Refused::NotFound)] {
        let office = app.office();
        assert_eq!(logic::create(&office, actor, web("X")).await.unwrap().err(), Some(Refused::Forbidden));
        assert_eq!(logic::change(&office, actor, (id, web("X"))).await.unwrap().err(), Some(refused));
        assert_eq!(logic::set_enabled(&office, actor, id, false).await.unwrap().err(), Some(refused));
        assert_eq!(logic::remove(&office, actor, id).await.unwrap().err(), Some(refused));
        assert_eq!(add_secret(&office, actor, id).await.unwrap().err(), Some(refused));
    }
    let seen = logic::view(&app.office(), &auditor, id).await.unwrap().unwrap();
    assert!(!seen.may_change && !seen.may_end && seen.secrets.len() == 1);
    assert_eq!(logic::view(&app.office(), &support, id).await.unwrap().err(), Some(Refused::Forbidden));
    let unseen = logic::list(&app.office(), &support, ("", None), 10).await.unwrap();
    assert_eq!(unseen.err(), Some(Refused::Forbidden));
    let found = logic::list(&app.office(), &auditor, ("LABOR", None), 10).await.unwrap().unwrap();
    assert_eq!(found.iter().map(|client| &client.id).collect::<Vec<_>>(), [id]);
    let none = logic::list(&app.office(), &auditor, ("%", None), 10).await.unwrap().unwrap();
    assert!(none.is_empty(), "a search is for text");
}

/// product §6: what the configuration says is locked here.
#[tokio::test]
async fn a_declared_application_is_changed_in_its_file() {
    let app = TestApp::init().await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    let id = ClientId::parse("clinic-example").unwrap();
    let declared = Some(Refused::Declared);
    assert_eq!(logic::change(&office, &host, (&id, web("X"))).await.unwrap().err(), declared);
    assert_eq!(logic::set_enabled(&office, &host, &id, false).await.unwrap().err(), declared);
    assert_eq!(logic::remove(&office, &host, &id).await.unwrap().err(), declared);
    assert_eq!(add_secret(&office, &host, &id).await.unwrap().err(), declared);
}

/// A17 and what no field knows alone.
#[tokio::test]
async fn settings_that_do_not_fit_together_are_refused_with_the_rule() {
    let app = TestApp::init().await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    let without = ClientSettings { redirect_uris: Vec::new(), ..web("X") };
    let refused = logic::create(&office, &host, without.clone()).await.unwrap().err();
    assert_eq!(refused, Some(Refused::Settings("needs at least one redirect_uri")));
    let (client, _) = logic::create(&office, &host, web("X")).await.unwrap().unwrap();
    let refused = logic::change(&office, &host, (&client.id, without)).await.unwrap().err();
    assert_eq!(refused, Some(Refused::Settings("needs at least one redirect_uri")));
    assert_eq!(logic::change(&office, &host, (&client.id, web("X"))).await.unwrap(), Err(Refused::Unchanged));
    assert_eq!(logic::change(&office, &host, (&client.id, web("Y"))).await.unwrap(), Ok(()));
    let seen = logic::view(&office, &host, &client.id).await.unwrap().unwrap();
    assert_eq!(seen.client.settings.name.as_str(), "Y");
    let found = logic::list(&office, &host, ("y", None), 10).await.unwrap().unwrap();
    assert!(found.iter().any(|known| known.id == client.id), "found by its new name");
}

/// security §2.6: what is disabled gets nothing, and what is removed leaves nothing.
#[tokio::test]
async fn a_disabled_application_gets_nothing_and_a_removed_one_is_gone_with_its_grants() {
    let app = TestApp::init().await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    let (client, secret) = logic::create(&office, &host, web("Practice")).await.unwrap().unwrap();
    let secret = secret.unwrap();
    app.person("ada@example.org").await;
    let browser = app.browser();
    browser.log_in_with_password("ada@example.org", PASSWORD).await;
    let practice = Application::new(&app, client.id.as_str(), Some(secret.expose()), CALLBACK);
    let tokens = practice.tokens(&browser, &[]).await;
    let seen = logic::view(&office, &host, &client.id).await.unwrap().unwrap();
    assert_eq!(seen.people, 1);
    assert_eq!(logic::set_enabled(&office, &host, &client.id, false).await.unwrap(), Ok(()));
    let again = logic::set_enabled(&office, &host, &client.id, false).await.unwrap();
    assert_eq!(again, Err(Refused::Unchanged));
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(practice.userinfo(&access).await.status, 401);
    assert_eq!(practice.redeem("x").await.status, 401);
    assert_eq!(logic::set_enabled(&office, &host, &client.id, true).await.unwrap(), Ok(()));
    assert_eq!(practice.userinfo(&access).await.status, 200);
    assert_eq!(logic::remove(&office, &host, &client.id).await.unwrap(), Ok(()));
    assert_eq!(practice.userinfo(&access).await.status, 401);
    let left =
        app.texts(&format!("SELECT client_id FROM client_secret WHERE client_id = '{}'", client.id)).await;
    assert!(left.is_empty());
    assert_eq!(logic::remove(&office, &host, &client.id).await.unwrap(), Err(Refused::NotFound));
}

/// What has ended stays so, whoever may have got hold of it since.
#[tokio::test]
async fn a_secret_that_has_ended_is_not_made_good_again() {
    let app = TestApp::init().await;
    let host = AdminActor::of_the_host();
    let (client, first) = made(&app).await;
    let id = &client.id;
    let old = client_secrets::of(&app.app.store, id).await.unwrap()[0].id;
    add_secret(&app.office(), &host, id).await.unwrap().unwrap();
    expire_secret(&app.office(), &host, (id, old), Duration::DAY).await.unwrap().unwrap();
    app.advance(Duration::days(2));
    let again = expire_secret(&app.office(), &host, (id, old), Duration::DAY).await.unwrap();
    assert_eq!(again.err(), Some(Refused::Unchanged));
    assert_eq!(status(&app, id, &first).await, 401);
}

/// An application is found by its name, however it is written.
#[tokio::test]
async fn a_name_with_an_umlaut_is_found() {
    let app = TestApp::init().await;
    let (office, host) = (app.office(), AdminActor::of_the_host());
    let (client, _) = logic::create(&office, &host, web("\u{c4}rztehaus")).await.unwrap().unwrap();
    let found = logic::list(&office, &host, ("\u{c4}rzte", None), 10).await.unwrap().unwrap();
    assert_eq!(found.iter().map(|known| &known.id).collect::<Vec<_>>(), [&client.id]);
}
