//! Introspection: C18, A12, RFC 7662, RFC 9701.

use serde_json::{Value, json};
use time::Duration;

use super::{ADA, Office, assert_token_error, disable_client, forgeries, form, text, verified};
use crate::support::client::basic_auth;
use crate::support::{Answer, Application};

const SLOTS: &str = "https://slots.example.org";

async fn introspect(client: &Application, token: &str) -> Value {
    let answer = client.call("/oidc/introspect", &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn tokens_for_slots(office: &Office) -> Value {
    office.planner().tokens(&office.browser, &[("scope", "openid slots:read"), ("resource", SLOTS)]).await
}

/// RFC 7662 §2.2: the API that a token is for learns what is in it.
#[tokio::test]
async fn an_api_learns_what_a_token_for_it_is_worth() {
    let office = Office::open().await;
    let tokens = tokens_for_slots(&office).await;
    let known = introspect(&office.slots(), text(&tokens, "access_token")).await;
    assert_eq!(known["active"], true);
    assert_eq!((&known["client_id"], &known["token_type"]), (&json!("planner"), &json!("Bearer")));
    assert_eq!((&known["sub"], &known["scope"]), (&json!(office.ada.id), &json!("openid slots:read")));
    assert_eq!((&known["iss"], &known["acr"]), (&json!(office.app.issuer()), &json!("pwd")));
    for member in ["exp", "iat", "auth_time"] {
        assert!(known[member].is_number(), "{member}");
    }
    assert!(known.get("grant_id").is_none() && !known.to_string().contains(ADA), "{known}");
}

/// C18: everything else is not active, and nothing more is said.
#[tokio::test]
async fn whatever_is_not_the_callers_business_is_not_active() {
    let office = Office::open().await;
    let tokens = tokens_for_slots(&office).await;
    let plain = office.planner().tokens(&office.browser, &[("scope", "openid")]).await;
    let inactive = json!({ "active": false });
    let access = text(&tokens, "access_token");
    assert_eq!(introspect(&office.practice(), access).await, inactive, "of others, for others");
    for (name, other) in [
        ("for us alone", text(&plain, "access_token")),
        ("a refresh token", text(&tokens, "refresh_token")),
        ("an ID token", text(&tokens, "id_token")),
        ("nonsense", "x"),
    ] {
        assert_eq!(introspect(&office.slots(), other).await, inactive, "{name}");
    }
    for forged in forgeries(access) {
        assert_eq!(introspect(&office.slots(), &forged).await, inactive, "{forged}");
    }
}

/// C6: on the next request, whatever it was that ended.
#[tokio::test]
async fn what_has_ended_is_not_active() {
    for what in ["nothing", "time", "client", "person", "log-in"] {
        let office = Office::open().await;
        let tokens = tokens_for_slots(&office).await;
        match what {
            "time" => office.app.advance(Duration::minutes(11)),
            "client" => disable_client(&office.app, "planner").await,
            "person" => office.app.disable_person(office.ada.id).await,
            "log-in" => office.log_out().await,
            _ => {}
        }
        let known = introspect(&office.slots(), text(&tokens, "access_token")).await;
        assert_eq!(known["active"], json!(what == "nothing"), "{what}");
    }
}

/// RFC 7662 §2.1: a client may ask about its own.
#[tokio::test]
async fn a_client_learns_what_its_own_tokens_are_worth() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(introspect(&practice, text(&tokens, "access_token")).await["active"], true);
    let known = introspect(&practice, refresh).await;
    assert_eq!((&known["active"], &known["client_id"]), (&json!(true), &json!("practice")));
    assert!(
        known["exp"].as_i64().unwrap() > known["iat"].as_i64().unwrap() && known.get("token_type").is_none()
    );
    assert_eq!(introspect(&office.slots(), refresh).await["active"], false);
    office.log_out().await;
    assert_eq!(introspect(&practice, refresh).await, json!({ "active": false }));
}

/// C18, A12: only a caller that proves who it is.
#[tokio::test]
async fn a_caller_authenticates() {
    let office = Office::open().await;
    let slots = office.slots();
    let tokens = tokens_for_slots(&office).await;
    let token = ("token", text(&tokens, "access_token"));
    let post = async |fields: &[(&str, &str)]| slots.post("/oidc/introspect", &[], &form(fields)).await;
    assert_token_error(&post(&[token]).await, 400, "invalid_request");
    assert_token_error(&post(&[token, ("client_id", "slots")]).await, 401, "invalid_client");
    assert_token_error(&post(&[token, ("client_id", "planner")]).await, 400, "unauthorized_client");
    assert_token_error(&slots.call("/oidc/introspect", &[]).await, 400, "invalid_request");
    assert_token_error(&slots.call("/oidc/introspect", &[token, token]).await, 400, "invalid_request");
}

/// RFC 9701 §5
#[tokio::test]
async fn an_answer_is_signed_for_who_asks_for_that() {
    let office = Office::open().await;
    let slots = office.slots();
    let tokens = tokens_for_slots(&office).await;
    let basic = basic_auth("slots", super::SECRET);
    let asked = async |token: &str| -> Answer {
        let accept = ("accept", "application/json;q=0.1, application/token-introspection+jwt");
        slots.post("/oidc/introspect", &[("authorization", &basic), accept], &form(&[("token", token)])).await
    };
    for (token, active) in [(text(&tokens, "access_token"), true), ("x", false)] {
        let answer = asked(token).await;
        assert_eq!(answer.header("content-type"), "application/token-introspection+jwt");
        assert_eq!(super::part(&answer.body, 0)["typ"], "token-introspection+jwt");
        let claims = verified(&slots, &answer.body).await;
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(office.app.issuer()), &json!("slots")));
        assert!(claims["iat"].is_number() && claims.get("sub").is_none() && claims.get("exp").is_none());
        assert_eq!(claims["token_introspection"]["active"], active);
    }
    let answer = asked(text(&tokens, "access_token")).await;
    assert_eq!(introspect(&slots, &answer.body).await["active"], false, "it is no access token");
}
