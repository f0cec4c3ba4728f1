//! How far a token reaches.

use idp::admin::{AdminActor, Refused, members};
use idp::model::client::{Client, ClientSource};
use idp::model::organization::Roles;
use idp::model::scope::Scopes;
use idp::model::user::ServiceRole;

use super::{Clinic, EVERYTHING};
use crate::support::Application;

/// Class 2.13: what another API is given as well could be used here by it.
#[tokio::test]
async fn a_token_that_is_for_another_api_too_is_refused() {
    let clinic = Clinic::open().await;
    let (browser, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    let desk = clinic.client("desk");
    let resource = clinic.resource();
    let both = [("scope", EVERYTHING), ("resource", resource.as_str())];
    let mut request = desk.request_with(&both);
    request.push(("resource".to_owned(), "https://slots.example.org".to_owned()));
    let answer = browser.get(&Application::authorize_path(&request)).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
    let tokens = desk.redeem(&code).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(clinic.get(token, "/me").await.status, 401);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", &resource)];
    let narrowed = desk.token(&fields).await.json();
    assert_eq!(clinic.get(narrowed["access_token"].as_str().unwrap(), "/me").await.status, 200);
}

/// product §5: a program that can give no roles over the service has no say over where those who have one belong.
#[tokio::test]
async fn a_program_has_no_say_over_where_an_operator_belongs() {
    let clinic = Clinic::open().await;
    let (_, operator) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    let ada = clinic.app.person("ada@example.org").await;
    let own = clinic.organization("lindenhof", &[]).await;
    let actor = |scopes: &str| {
        let scopes = Scopes::parse(scopes).unwrap();
        let robot = clinic.app.app.config.clients.iter().find(|known| known.id.as_str() == "robot").unwrap();
        let client = Client {
            id: robot.id.clone(),
            settings: robot.settings.clone(),
            source: ClientSource::Config,
            disabled_at: None,
            created_at: clinic.app.app.clock.now(),
        };
        AdminActor::of_client(&client, &scopes, &scopes)
    };
    let roles = Roles::default();
    let office = clinic.app.office();
    let few = actor("admin:organizations.write");
    let refused = Err(Refused::Forbidden);
    let add = async |actor, person| members::add(&office, actor, (own, person, &roles)).await.unwrap();
    assert_eq!(add(&few, operator.id).await, refused);
    assert_eq!(add(&few, ada.id).await, Ok(()));
    let more = actor("admin:organizations.write admin:roles.write");
    assert_eq!(add(&more, operator.id).await, Ok(()));
    let removed = members::remove(&office, &few, (own, operator.id)).await.unwrap();
    assert_eq!(removed, refused);
}
