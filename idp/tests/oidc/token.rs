//! The token endpoint: what it answers, and with which error.

use super::{Office, SECRET, assert_token_error, form, part, redemption_with, text, verified};
use crate::support::Application;
use crate::support::client::basic_auth;

/// Checklist 17, C10
#[tokio::test]
async fn a_token_response_has_everything_and_is_not_stored() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let answer = practice.redeem(&code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    assert!(tokens["expires_in"].is_i64(), "a number, and a whole one");
    assert_eq!(tokens["scope"], "email openid profile");
    for token in ["access_token", "id_token", "refresh_token"] {
        assert!(text(&tokens, token).len() > 43, "{token}");
    }
}

/// A18
#[tokio::test]
async fn a_client_gets_no_scope_that_it_did_not_register() {
    let office = Office::open().await;
    let tokens = office
        .narrow()
        .tokens(&office.browser, &[("scope", "openid profile email offline_access admin")])
        .await;
    assert_eq!(tokens["scope"], "openid profile");
    assert!(tokens.get("refresh_token").is_none(), "it registered none");
}

/// A18
#[tokio::test]
async fn a_client_without_refresh_tokens_may_not_refresh() {
    let office = Office::open().await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    let answer = office.narrow().refresh(text(&tokens, "refresh_token")).await;
    assert_token_error(&answer, 400, "unauthorized_client");
}

/// C1, C3, RFC 9068 §2
#[tokio::test]
async fn an_access_token_says_what_it_is_and_for_whom() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let token = text(&tokens, "access_token");
    assert_eq!(part(token, 0)["typ"], "at+jwt");
    let claims = verified(&practice, token).await;
    assert_eq!(claims["iss"], office.app.issuer());
    assert_eq!(claims["aud"], office.app.issuer());
    assert_eq!(claims["sub"], office.ada.id.to_string());
    assert_eq!(claims["client_id"], "practice");
    assert_eq!(claims["scope"], "email openid profile");
    assert!(text(&claims, "jti").len() >= 16);
    let (issued, expires) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert!((60..=600).contains(&(expires - issued)), "{issued} to {expires}");
}

#[tokio::test]
async fn no_two_access_tokens_are_the_same() {
    let office = Office::open().await;
    let practice = office.practice();
    let (one, two) =
        (practice.tokens(&office.browser, &[]).await, practice.tokens(&office.browser, &[]).await);
    for name in ["access_token", "refresh_token"] {
        assert_ne!(one[name], two[name]);
    }
    assert_ne!(part(text(&one, "access_token"), 1)["jti"], part(text(&two, "access_token"), 1)["jti"]);
}

/// A5: grants that do not exist here.
#[tokio::test]
async fn an_unknown_grant_is_unsupported() {
    let office = Office::open().await;
    for grant in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:push",
        "AUTHORIZATION_CODE",
        "authorization_code ",
        "\u{1f600}",
    ] {
        let fields =
            [("grant_type", grant), ("username", super::ADA), ("password", crate::support::PASSWORD)];
        assert_token_error(&office.practice().token(&fields).await, 400, "unsupported_grant_type");
    }
}

/// RFC 6749 §5.2
#[tokio::test]
async fn a_missing_parameter_is_an_invalid_request() {
    let office = Office::open().await;
    let practice = office.practice();
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let code = practice.code(&office.browser, &[]).await;
        let answer = practice.token(&redemption_with(&practice, &code, (name, ""))).await;
        assert_token_error(&answer, 400, "invalid_request");
    }
    assert_token_error(&practice.token(&[("grant_type", "refresh_token")]).await, 400, "invalid_request");
}

/// A12
#[tokio::test]
async fn a_parameter_given_twice_is_an_invalid_request() {
    let office = Office::open().await;
    let practice = office.practice();
    let basic = basic_auth("practice", SECRET);
    for name in ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "x-unknown"] {
        let code = practice.code(&office.browser, &[]).await;
        let mut fields = practice.redemption(&code);
        fields.extend([("client_id", "practice"), ("x-unknown", "1")]);
        let again = *fields.iter().find(|(known, _)| *known == name).unwrap();
        fields.push(again);
        let answer = practice.post("/oidc/token", &[("authorization", &basic)], &form(&fields)).await;
        assert_token_error(&answer, 400, "invalid_request");
    }
}

/// RFC 6749 §3.2: parameters that nobody knows are ignored.
#[tokio::test]
async fn unknown_parameters_do_not_matter() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let mut fields = practice.redemption(&code);
    fields.extend([("x-unknown", "1"), ("audience", "x"), ("scope", "openid")]);
    assert_eq!(practice.token(&fields).await.status, 200);
}

#[tokio::test]
async fn a_form_may_name_its_character_set() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    let basic = basic_auth("practice", SECRET);
    let answer = reqwest::Client::new()
        .post(format!("http://{}/oidc/token", office.app.address))
        .header("authorization", basic)
        .header("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")
        .body(form(&practice.redemption(&code)));
    assert_eq!(answer.send().await.unwrap().status(), 200);
}

/// C6: a client that was disabled between the code and the token.
#[tokio::test]
async fn a_disabled_client_gets_no_tokens() {
    let office = Office::open().await;
    let practice = office.practice();
    let code = practice.code(&office.browser, &[]).await;
    super::disable_client(&office.app, "practice").await;
    assert_token_error(&practice.redeem(&code).await, 401, "invalid_client");
}

/// C6
#[tokio::test]
async fn a_code_of_somebody_disabled_or_gone_gives_no_tokens() {
    let office = Office::open().await;
    let practice = office.practice();
    let (first, second) =
        (practice.code(&office.browser, &[]).await, practice.code(&office.browser, &[]).await);
    office.log_out().await;
    assert_token_error(&practice.redeem(&first).await, 400, "invalid_grant");
    office.app.disable_person(office.ada.id).await;
    assert_token_error(&practice.redeem(&second).await, 400, "invalid_grant");
}

/// M8
#[tokio::test]
async fn issuing_tokens_is_on_record() {
    let office = Office::open().await;
    office.practice().tokens(&office.browser, &[]).await;
    let records = idp::store::audit::after(&office.app.app.store, 0, 100).await.unwrap();
    let issued: Vec<_> = records.iter().filter(|record| record.kind == "tokens-issued").collect();
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0].subject, Some(office.ada.id.uuid()));
    assert!(issued[0].detail.contains("\"practice\""), "{}", issued[0].detail);
}

/// Something else than the client's own address, whatever it resolves to.
#[tokio::test]
async fn the_redirect_uri_of_the_request_has_to_be_repeated_exactly() {
    let office = Office::open().await;
    let practice = office.practice();
    for wrong in [
        "https://practice.example.org/cb/",
        "https://practice.example.org/cb?tenant=a&x=%41",
        "https://evil.example/cb",
        "x",
    ] {
        let code = practice.code(&office.browser, &[]).await;
        let fields = redemption_with(&practice, &code, ("redirect_uri", wrong));
        assert_token_error(&practice.token(&fields).await, 400, "invalid_grant");
    }
    let other =
        Application { redirect_uri: "https://practice.example.org/cb?tenant=a&x=%41".to_owned(), ..practice };
    other.tokens(&office.browser, &[]).await;
}
