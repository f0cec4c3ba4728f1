//! The same for devices (RFC 8628): whoever allows one says for which organization.

use serde_json::{Value, json};
use time::Duration;

use super::super::assert_token_error;
use super::{SCOPE, World, text, worlds, worlds_with_two};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(world: &World, more: &[(&str, &str)]) -> Value {
    let answer = world.client("wall").call("/oidc/device_authorization", &[&[SCOPE], more].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn shown(world: &World, begun: &Value) -> String {
    world.browser().post("/device", &[("user_code", text(begun, "user_code"))]).await.body
}

async fn allow(world: &World, begun: &Value, organization: &str) -> String {
    let fields =
        [("user_code", text(begun, "user_code")), ("decision", "allow"), ("organization", organization)];
    world.browser().post("/device/decide", &fields).await.body
}

async fn told(world: &World, begun: &Value) -> Value {
    world.app().advance(Duration::seconds(6));
    let wall = world.client("wall");
    let fields = [("grant_type", GRANT), ("device_code", text(begun, "device_code"))];
    let answer = wall.token(&fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    world.told(&wall, &answer.json()).await
}

#[tokio::test]
async fn with_one_organization_nothing_is_asked() {
    for world in worlds().await {
        world.join(world.office.ada.id, world.lindenhof, "practitioner").await;
        let begun = begin(&world, &[]).await;
        let page = shown(&world, &begun).await;
        assert!(page.contains("You act for Klinik lindenhof") && !page.contains("type=\"radio\""), "{page}");
        assert!(allow(&world, &begun, "").await.contains("The device is connected"));
        assert_eq!(told(&world, &begun).await["org_id"], json!(world.lindenhof));
    }
}

#[tokio::test]
async fn of_several_one_is_chosen_on_the_page() {
    for world in worlds_with_two().await {
        let begun = begin(&world, &[]).await;
        let page = shown(&world, &begun).await;
        for text in ["For which organization?", "Klinik lindenhof", "Klinik seeblick", "type=\"radio\""] {
            assert!(page.contains(text), "{text}: {page}");
        }
        for not_chosen in ["", "nonsense", &world.elsewhere.to_string()] {
            let again = allow(&world, &begun, not_chosen).await;
            assert!(again.contains("Please say for which organization"), "{not_chosen}: {again}");
        }
        let seeblick = world.seeblick.to_string();
        assert!(allow(&world, &begun, &seeblick).await.contains("The device is connected"));
        let told = told(&world, &begun).await;
        assert_eq!(
            (&told["org_id"], &told["roles"]),
            (&json!(seeblick), &json!(["administrator", "reception"]))
        );
    }
}

#[tokio::test]
async fn a_device_can_name_it_and_strangers_are_refused() {
    for world in worlds_with_two().await {
        let named = begin(&world, &[("organization", "lindenhof")]).await;
        assert!(shown(&world, &named).await.contains("You act for Klinik lindenhof"));
        let seeblick = world.seeblick.to_string();
        assert!(allow(&world, &named, &seeblick).await.contains("The device is connected"));
        assert_eq!(told(&world, &named).await["org_id"], json!(world.lindenhof), "the one that was named");
        for name in ["elsewhere", "no-such-clinic"] {
            let begun = begin(&world, &[("organization", name)]).await;
            for page in [shown(&world, &begun).await, allow(&world, &begun, "").await] {
                assert!(page.contains("that you do not belong to"), "{page}");
            }
        }
        let refused = [("scope", "openid"), ("organization", "lindenhof")];
        let refused = world.client("wall").call("/oidc/device_authorization", &refused).await;
        assert_token_error(&refused, 400, "invalid_request");
    }
}
