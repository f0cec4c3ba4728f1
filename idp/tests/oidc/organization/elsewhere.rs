//! The same for people who are asked elsewhere (CIBA): whoever allows it says for which organization.

use serde_json::json;
use time::Duration;

use super::super::assert_token_error;
use super::super::ciba::{ask, asked, decide, poll, waiting};
use super::{SCOPE, World, text, worlds, worlds_with_two};

async fn begin(world: &World, named: &str) -> (String, String) {
    let id = asked(&world.client("desk"), &[SCOPE, ("organization", named)]).await;
    (id, waiting(world.app(), world.browser()).await)
}

async fn fetched(world: &World, id: &str) -> serde_json::Value {
    world.app().advance(Duration::seconds(10));
    let desk = world.client("desk");
    let answer = poll(&desk, id).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.told(&desk, &answer.json()).await
}

#[tokio::test]
async fn of_several_one_is_chosen_with_the_answer() {
    for world in worlds_with_two().await {
        let (id, path) = begin(&world, "").await;
        let page = world.browser().get(&path).await.body;
        assert_eq!(page.matches("type=\"radio\"").count(), 2, "{page}");
        for not_chosen in ["", "nonsense", &world.elsewhere.to_string()] {
            let fields = [("decision", "allow"), ("organization", not_chosen)];
            let again = world.browser().post(&path, &fields).await.body;
            assert!(again.contains("Please say for which organization"), "{not_chosen}: {again}");
        }
        assert_token_error(&poll(&world.client("desk"), &id).await, 400, "authorization_pending");
        let seeblick = world.seeblick.to_string();
        let fields = [("decision", "allow"), ("organization", seeblick.as_str())];
        assert!(world.browser().post(&path, &fields).await.body.contains("You are logged in there"));
        assert_eq!(fetched(&world, &id).await["org_id"], json!(world.seeblick));
    }
}

#[tokio::test]
async fn with_one_organization_nothing_is_asked_and_another_one_is_refused() {
    for world in worlds().await {
        world.join(world.office.ada.id, world.lindenhof, "practitioner").await;
        let (id, path) = begin(&world, "").await;
        let page = world.browser().get(&path).await.body;
        assert!(page.contains("You act for Klinik lindenhof") && !page.contains("type=\"radio\""), "{page}");
        assert!(decide(world.browser(), &path, "allow").await.body.contains("You are logged in there"));
        assert_eq!(fetched(&world, &id).await["org_id"], json!(world.lindenhof));
        let (id, path) = begin(&world, "elsewhere").await;
        for refused in [world.browser().get(&path).await, decide(world.browser(), &path, "allow").await] {
            assert!(refused.body.contains("do not belong to"), "{refused:?}");
        }
        assert_token_error(&poll(&world.client("desk"), &id).await, 400, "authorization_pending");
        assert!(
            decide(world.browser(), &path, "deny").await.body.contains("The request was denied"),
            "{path}"
        );
    }
}

/// As everywhere: where nothing is asked that could be answered about it, no organization is named.
#[tokio::test]
async fn an_organization_is_named_only_with_its_scope() {
    for world in worlds().await {
        let answer = ask(&world.client("desk"), &[("scope", "openid"), ("organization", "lindenhof")]).await;
        assert_token_error(&answer, 400, "invalid_request");
        assert!(text(&answer.json(), "error_description").contains("organization"));
    }
}
