//! Access tokens for APIs: audiences (B6, A18, C7, RFC 8707) and clients that act for themselves (RFC 6749 §4.4).

use serde_json::json;

use super::{Office, assert_redirected_error, assert_token_error, form, part, text, verified};
use crate::support::client::VERIFIER;

const SLOTS: &str = "https://slots.example.org";
const BILLING: &str = "urn:example:billing";

/// RFC 8707 §2: the APIs of the request, and our own userinfo.
#[tokio::test]
async fn an_access_token_is_for_the_apis_that_were_asked_for() {
    let office = Office::open().await;
    let planner = office.planner();
    let tokens =
        planner.tokens(&office.browser, &[("scope", "openid slots:read"), ("resource", SLOTS)]).await;
    let access = verified(&planner, text(&tokens, "access_token")).await;
    assert_eq!(access["aud"], json!([office.app.issuer(), SLOTS]));
    assert_eq!(part(text(&tokens, "access_token"), 0)["typ"], "at+jwt");
    assert_eq!(access["scope"], "openid slots:read");
    assert_eq!(planner.userinfo(text(&tokens, "access_token")).await.status, 200);
    let plain = planner.tokens(&office.browser, &[("scope", "openid")]).await;
    assert_eq!(part(text(&plain, "access_token"), 1)["aud"], json!(office.app.issuer()));
}

/// RFC 8707 §2.2: for one of several, as a code or a refresh token is used; never for more than was granted.
#[tokio::test]
async fn one_token_per_api_is_made_from_one_grant() {
    let office = Office::open().await;
    let planner = office.planner();
    let mut request = planner.request_with(&[("scope", "openid slots:read")]);
    for resource in [SLOTS, BILLING] {
        request.push(("resource".to_owned(), resource.to_owned()));
    }
    let path = crate::support::Application::authorize_path(&request);
    let code = office.browser.get(&path).await.parameter("code").unwrap();
    let mut fields = planner.redemption(&code);
    fields.push(("resource", SLOTS));
    let tokens = planner.token(&fields).await.json();
    let access = text(&tokens, "access_token");
    assert_eq!(part(access, 1)["aud"], SLOTS);
    let userinfo = planner.userinfo(access).await;
    assert_eq!(userinfo.status, 401, "it is not for us");
    let refresh = text(&tokens, "refresh_token").to_owned();
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("resource", BILLING)];
    let refreshed = planner.token(&fields).await.json();
    assert_eq!(part(text(&refreshed, "access_token"), 1)["aud"], BILLING);
    let refresh = text(&refreshed, "refresh_token").to_owned();
    let all = planner.refresh(&refresh).await.json();
    let aud = part(text(&all, "access_token"), 1)["aud"].clone();
    assert_eq!(aud, json!([office.app.issuer(), SLOTS, BILLING]));
}

/// B6, C7
#[tokio::test]
async fn an_api_that_was_not_granted_is_refused() {
    let office = Office::open().await;
    let planner = office.planner();
    for resource in
        ["https://other.example.org", "https://slots.example.org/", "relative", "https://slots.example.org#x"]
    {
        let answer = planner.authorize(&office.browser, &[("resource", resource)]).await;
        assert_redirected_error(&answer, &planner, "invalid_target");
    }
    let code = planner.code(&office.browser, &[("scope", "openid"), ("resource", SLOTS)]).await;
    let mut fields = planner.redemption(&code);
    fields.push(("resource", BILLING));
    assert_token_error(&planner.token(&fields).await, 400, "invalid_target");
    let tokens = planner.tokens(&office.browser, &[("scope", "openid"), ("resource", SLOTS)]).await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("resource", BILLING),
    ];
    assert_token_error(&planner.token(&fields).await, 400, "invalid_target");
}

/// A18, C6: what an operator takes away from a client is gone at its next refresh.
#[tokio::test]
async fn an_api_that_a_client_may_no_longer_use_is_gone_at_the_next_refresh() {
    let office = Office::open().await;
    let planner = office.planner();
    let tokens = planner.tokens(&office.browser, &[("scope", "openid"), ("resource", SLOTS)]).await;
    let change =
        "UPDATE client SET settings = json_set(settings, '$.resources', json('[]')) WHERE id = 'planner'";
    office.app.sql(change).await;
    let refreshed = planner.refresh(text(&tokens, "refresh_token")).await.json();
    assert_eq!(part(text(&refreshed, "access_token"), 1)["aud"], json!(office.app.issuer()));
}

/// RFC 6749 §4.4, RFC 9068 §2.2: no person, no ID token, no refresh token.
#[tokio::test]
async fn a_machine_gets_a_token_for_itself() {
    let office = Office::open().await;
    let slots = office.slots();
    let resource = ("resource", "https://letters.example.org");
    let answer =
        slots.token(&[("grant_type", "client_credentials"), ("scope", "letters:send"), resource]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("letters:send")));
    assert!(tokens["expires_in"].is_number());
    assert!(tokens.get("id_token").is_none() && tokens.get("refresh_token").is_none(), "{tokens}");
    let claims = verified(&slots, text(&tokens, "access_token")).await;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("slots"), &json!("slots")));
    assert_eq!(claims["aud"], "https://letters.example.org");
    for absent in ["auth_time", "acr", "amr", "grant_id"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let all = slots.token(&[("grant_type", "client_credentials")]).await.json();
    assert_eq!(all["scope"], "letters:read letters:send", "all it may have, if it asks for none");
    assert_eq!(slots.userinfo(text(&all, "access_token")).await.status, 401, "there is nobody to tell about");
}

/// RFC 6749 §3.3: the empty text is no scope.
#[tokio::test]
async fn a_token_without_scopes_has_no_scope() {
    let more = format!(
        "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"machine\"\nsecret = \"{}\"",
        super::SECRET
    );
    let office = Office::with_clients(&more).await;
    let lab = office.client("lab", Some(super::SECRET), "");
    let tokens = lab.token(&[("grant_type", "client_credentials")]).await.json();
    assert!(tokens.get("scope").is_none(), "{tokens}");
    let access = text(&tokens, "access_token");
    assert!(verified(&lab, access).await.get("scope").is_none());
    let known = lab.call("/oidc/introspect", &[("token", access)]).await.json();
    assert!(known["active"] == true && known.get("scope").is_none(), "{known}");
}

/// A18, C13: for confidential clients that are registered for it, and never beyond their scopes.
#[tokio::test]
async fn nobody_else_gets_a_token_for_itself() {
    let office = Office::open().await;
    let grant = ("grant_type", "client_credentials");
    assert_token_error(&office.practice().token(&[grant]).await, 400, "unauthorized_client");
    assert_token_error(&office.planner().token(&[grant]).await, 400, "unauthorized_client");
    let slots = office.slots();
    for scope in ["openid", "letters:send openid", "slots:write", "letters:send letters:shred"] {
        assert_token_error(&slots.token(&[grant, ("scope", scope)]).await, 400, "invalid_scope");
    }
    let elsewhere = slots.token(&[grant, ("resource", SLOTS)]).await;
    assert_token_error(&elsewhere, 400, "invalid_target");
    let wrong =
        slots.post("/oidc/token", &[], &form(&[grant, ("client_id", "slots"), ("client_secret", "x")])).await;
    assert_token_error(&wrong, 401, "invalid_client");
}

/// A machine has no redirect URI, so nobody can be sent to it.
#[tokio::test]
async fn a_machine_has_no_authorization_endpoint() {
    let office = Office::open().await;
    let answer =
        office.slots().authorize(&office.browser, &[("redirect_uri", "https://slots.example.org")]).await;
    super::assert_stays_here(&answer);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", "x"),
        ("redirect_uri", "https://slots.example.org"),
        ("code_verifier", VERIFIER),
    ];
    assert_token_error(&office.slots().token(&fields).await, 400, "invalid_grant");
}
