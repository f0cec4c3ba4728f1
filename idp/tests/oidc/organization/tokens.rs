//! What is granted for an organization, for as long as its person belongs to it (C6).

use idp::admin::{AdminActor, members, organizations as logic};
use serde_json::{Value, json};
use time::Duration;

use super::super::{assert_token_error, part, verified};
use super::{SCOPE, World, code_of, text, worlds_with_two};
use crate::support::Application;

const CHARTS: &str = "https://charts.example.org";

async fn introspected(client: &Application, token: &str) -> Value {
    client.call("/oidc/introspect", &[("token", token)]).await.json()
}

async fn tokens_for_charts(world: &World, scope: &str) -> Value {
    let asked = [("scope", scope), ("resource", CHARTS), ("organization", "lindenhof")];
    world.rounds().tokens(world.browser(), &asked).await
}

/// RFC 9068 §2.2.3.1: an API decides by the roles of the organization; introspection says what they are now.
#[tokio::test]
async fn an_api_is_told_the_organization_and_the_roles() {
    for world in worlds_with_two().await {
        let tokens = tokens_for_charts(&world, "openid organizations charts:read").await;
        let access = text(&tokens, "access_token");
        let claims = verified(&world.rounds(), access).await;
        assert_eq!(claims["aud"], json!([world.app().issuer(), CHARTS]));
        assert_eq!(claims["org_id"], json!(world.lindenhof));
        assert_eq!(claims["roles"], json!(["practitioner"]));
        assert!(claims.get("org_name").is_none(), "{claims}");
        world.set_roles(world.office.ada.id, world.lindenhof, "reception").await;
        let known = introspected(&world.client("charts"), access).await;
        assert_eq!((&known["active"], &known["org_id"]), (&json!(true), &json!(world.lindenhof)));
        assert_eq!(known["roles"], json!(["reception"]));
        // RFC 6749 §6: a narrower token says less.
        let narrow = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens, "refresh_token")),
            ("scope", "openid charts:read"),
            ("resource", CHARTS),
        ];
        let narrow = world.rounds().token(&narrow).await.json();
        let claims = part(text(&narrow, "access_token"), 1);
        assert!(claims.get("org_id").is_none() && claims.get("roles").is_none(), "{claims}");
    }
}

#[tokio::test]
async fn a_refresh_follows_what_the_organization_and_the_member_are_now() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let tokens = world.tokens_for(world.lindenhof).await;
        world.set_roles(world.office.ada.id, world.lindenhof, "administrator practitioner").await;
        world.set(world.lindenhof, "Lindenhof am See", None).await;
        let refreshed = rounds.refresh(text(&tokens, "refresh_token")).await.json();
        let told = world.told(&rounds, &refreshed).await;
        assert_eq!(told["roles"], json!(["administrator", "practitioner"]));
        assert_eq!(
            (&told["org_name"], &told["org_id"]),
            (&json!("Lindenhof am See"), &json!(world.lindenhof))
        );
        let access = part(text(&refreshed, "access_token"), 1);
        assert_eq!(access["roles"], json!(["administrator", "practitioner"]));
    }
}

/// Of two grants each stays with its own.
#[tokio::test]
async fn a_grant_is_never_switched() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let first = world.tokens_for(world.lindenhof).await;
        world.tokens_for(world.seeblick).await;
        let refreshed = rounds.refresh(text(&first, "refresh_token")).await.json();
        assert_eq!(world.told(&rounds, &refreshed).await["org_id"], json!(world.lindenhof));
        world.leave(world.office.ada.id, world.lindenhof).await;
        assert_token_error(&rounds.refresh(text(&first, "refresh_token")).await, 400, "invalid_grant");
    }
}

/// What applications hold of somebody who is gone is worth nothing, at once and for good.
async fn assert_ended(world: &World, tokens: &Value) {
    let rounds = world.rounds();
    assert_eq!(rounds.userinfo(text(tokens, "access_token")).await.status, 401);
    for token in ["access_token", "refresh_token"] {
        assert_eq!(introspected(&rounds, text(tokens, token)).await, json!({ "active": false }), "{token}");
    }
    assert_token_error(&rounds.refresh(text(tokens, "refresh_token")).await, 400, "invalid_grant");
}

#[tokio::test]
async fn what_was_given_for_an_organization_ends_when_its_person_leaves() {
    for world in worlds_with_two().await {
        let ada = world.office.ada.id;
        let (tokens, others) =
            (world.tokens_for(world.lindenhof).await, world.tokens_for(world.seeblick).await);
        world.leave(ada, world.lindenhof).await;
        assert_ended(&world, &tokens).await;
        assert!(world.app().trail(ada).await.contains(&"tokens-revoked".to_owned()));
        world.join(ada, world.lindenhof, "practitioner").await;
        assert_ended(&world, &tokens).await;
        assert!(world.rounds().can_refresh(&others).await, "the other clinic has nothing to do with it");
    }
}

#[tokio::test]
async fn what_was_given_for_an_organization_ends_when_it_is_disabled() {
    for world in worlds_with_two().await {
        let tokens = world.tokens_for(world.lindenhof).await;
        world.set_enabled(world.lindenhof, false).await;
        assert_ended(&world, &tokens).await;
        world.set_enabled(world.lindenhof, true).await;
        assert_ended(&world, &tokens).await;
    }
}

/// Also where nothing was refreshed meanwhile: the administrator's word ends it.
#[tokio::test]
async fn letting_a_member_go_or_disabling_an_organization_ends_it_without_a_refresh() {
    for world in worlds_with_two().await {
        let (ada, host, office) = (world.office.ada.id, AdminActor::of_the_host(), world.app().office());
        let first = world.tokens_for(world.lindenhof).await;
        members::remove(&office, &host, (world.lindenhof, ada)).await.unwrap().unwrap();
        world.join(ada, world.lindenhof, "practitioner").await;
        assert_ended(&world, &first).await;
        let second = world.tokens_for(world.lindenhof).await;
        let other = world.tokens_for(world.seeblick).await;
        for enabled in [false, true] {
            logic::set_enabled(&office, &host, world.lindenhof, enabled).await.unwrap().unwrap();
        }
        assert_ended(&world, &second).await;
        assert!(world.rounds().can_refresh(&other).await);
    }
}

/// Bound to the code, and looked at again when it is redeemed.
#[tokio::test]
async fn a_code_is_worth_nothing_once_its_person_has_left() {
    for world in worlds_with_two().await {
        let rounds = world.rounds();
        let named = [SCOPE, ("organization", "lindenhof")];
        let code = code_of(&rounds.authorize(world.browser(), &named).await);
        let disabled =
            code_of(&rounds.authorize(world.browser(), &[SCOPE, ("organization", "seeblick")]).await);
        world.leave(world.office.ada.id, world.lindenhof).await;
        world.set_enabled(world.seeblick, false).await;
        for code in [code, disabled] {
            assert_token_error(&rounds.redeem(&code).await, 400, "invalid_grant");
        }
    }
}

/// RFC 8693: an API that acts for somebody acts for them in the same organization.
#[tokio::test]
async fn an_exchange_keeps_the_organization() {
    for world in worlds_with_two().await {
        let tokens = tokens_for_charts(&world, "openid organizations charts:read").await;
        world.set_roles(world.office.ada.id, world.lindenhof, "reception").await;
        let charts = world.client("charts");
        let exchange = async || {
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", text(&tokens, "access_token")),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("resource", "https://archive.example.org"),
            ];
            charts.token(&fields).await
        };
        let handed = exchange().await.json();
        let claims = verified(&charts, text(&handed, "access_token")).await;
        assert_eq!(claims["org_id"], json!(world.lindenhof));
        assert_eq!(claims["roles"], json!(["reception"]), "as they are now");
        world.leave(world.office.ada.id, world.lindenhof).await;
        assert_token_error(&exchange().await, 400, "invalid_request");
        let known = introspected(&world.client("archive"), text(&handed, "access_token")).await;
        assert_eq!(known, json!({ "active": false }));
    }
}

/// C6: offline or not, what the session ends or does not, the membership does.
#[tokio::test]
async fn offline_access_does_not_outlive_the_membership() {
    for world in worlds_with_two().await {
        let asking = world.client("asking");
        let asked = [("scope", "openid offline_access organizations"), ("organization", "lindenhof")];
        let tokens = super::super::tokens_with_consent(&asking, world.browser(), &asked).await;
        world.office.log_out().await;
        world.app().advance(Duration::hours(1));
        let answer = asking.refresh(text(&tokens, "refresh_token")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        world.leave(world.office.ada.id, world.lindenhof).await;
        assert_token_error(&asking.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    }
}
