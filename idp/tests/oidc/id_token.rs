//! ID tokens: D1, C1, C2, checklist 2 and 20.

use serde_json::{Value, json};
use time::Duration;

use super::{ADA, Office, part, sign_in, text, token_by_post, verified};
use idp::crypto::{base64url, sha256};

async fn id_token(office: &Office, changes: &[(&str, &str)]) -> Value {
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, changes).await;
    verified(&practice, text(&tokens, "id_token")).await
}

/// D1, checklist 20
#[tokio::test]
async fn an_id_token_says_who_for_whom_and_how() {
    let office = Office::open().await;
    let claims = id_token(&office, &[]).await;
    assert_eq!(claims["iss"], office.app.issuer());
    assert_eq!(claims["sub"], office.ada.id.to_string());
    assert_eq!(claims["aud"], "practice");
    assert_eq!(claims["nonce"], "the nonce");
    assert_eq!(claims["acr"], "pwd");
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert!(claims["azp"].is_null() || claims["azp"] == "practice");
    assert!(text(&claims, "sid").len() >= 16);
}

/// RFC 7519 §2: `NumericDate`; a fraction or a text trips strict clients.
#[tokio::test]
async fn times_are_whole_numbers_in_a_sensible_order() {
    let office = Office::open().await;
    let signed_in_at = office.app.app.clock.now().unix_timestamp();
    office.app.advance(Duration::minutes(2));
    let claims = id_token(&office, &[]).await;
    let [issued, expires, authenticated] = ["iat", "exp", "auth_time"]
        .map(|name| claims[name].as_i64().unwrap_or_else(|| panic!("{name}: {claims}")));
    assert_eq!(issued, office.app.app.clock.now().unix_timestamp());
    assert_eq!(expires - issued, 300);
    assert_eq!(authenticated, signed_in_at);
}

/// Checklist 2: RS256 for a client that says nothing, ES256 for one that registered it.
#[tokio::test]
async fn the_algorithm_is_the_registered_one() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    assert_eq!(part(text(&tokens, "id_token"), 0)["alg"], "RS256");
    verified(&practice, text(&tokens, "id_token")).await;

    let pharmacy = office.pharmacy();
    let code = pharmacy.code(&office.browser, &[]).await;
    let tokens = token_by_post(&pharmacy, &pharmacy.redemption(&code)).await.json();
    assert_eq!(part(text(&tokens, "id_token"), 0)["alg"], "ES256");
    assert_eq!(verified(&pharmacy, text(&tokens, "id_token")).await["aud"], "pharmacy");
}

/// Checklist 20, C2: nothing in the header tells a client where to look for a key.
#[tokio::test]
async fn the_header_names_a_key_and_nothing_else() {
    let office = Office::open().await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    for token in ["id_token", "access_token"] {
        let header = part(text(&tokens, token), 0);
        let mut members: Vec<&String> = header.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "kid", "typ"], "{token}");
    }
}

/// OIDC Core §3.1.3.6
#[tokio::test]
async fn at_hash_is_the_left_half_of_the_access_tokens_hash() {
    let office = Office::open().await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    let expected = base64url::encode(&sha256(text(&tokens, "access_token").as_bytes())[..16]);
    assert_eq!(part(text(&tokens, "id_token"), 1)["at_hash"], expected);
}

/// D1
#[tokio::test]
async fn without_a_nonce_there_is_none() {
    let office = Office::open().await;
    assert!(id_token(&office, &[("nonce", "")]).await.get("nonce").is_none());
}

/// A16, checklist 6
#[tokio::test]
async fn the_nonce_comes_back_byte_by_byte() {
    let office = Office::open().await;
    let (long, longest) = ("n".repeat(384), "n".repeat(1024));
    for nonce in ["x", " ", "\"\\", "\u{e4}\u{1f600}", "%41+", &long, &longest] {
        assert_eq!(id_token(&office, &[("nonce", nonce)]).await["nonce"], nonce);
    }
}

/// Checklist 10: claims of scopes belong in userinfo.
#[tokio::test]
async fn the_profile_is_not_in_the_id_token() {
    let office = Office::open().await;
    let claims = id_token(&office, &[("claims", r#"{"userinfo":{"email":{"essential":true}}}"#)]).await;
    for claim in ["email", "email_verified", "name", "given_name", "family_name", "updated_at"] {
        assert!(claims.get(claim).is_none(), "{claim}");
    }
}

/// B7, I3: acr and amr say what was shown.
#[tokio::test]
async fn a_passkey_is_called_phishing_resistant() {
    let office = Office::open().await;
    let (user, mut passkey) = office.app.person_with_passkey("grace@example.org").await;
    let browser = office.app.browser();
    browser.log_in_with_passkey(&mut passkey).await;
    let tokens = office.practice().tokens(&browser, &[]).await;
    let claims = part(text(&tokens, "id_token"), 1);
    assert_eq!(claims["sub"], user.id.to_string());
    assert_eq!(claims["acr"], "phr");
    let amr = claims["amr"].as_array().unwrap();
    assert!(amr.contains(&json!("mfa")) && !amr.contains(&json!("pwd")), "{amr:?}");
}

/// B7: values that nobody knows, and levels that are reached, change nothing.
#[tokio::test]
async fn acr_values_never_raise_the_acr() {
    let office = Office::open().await;
    for values in ["phrh urn:example:gold", "pwd", "phr pwd"] {
        assert_eq!(id_token(&office, &[("acr_values", values)]).await["acr"], "pwd", "{values}");
    }
}

/// D1: the same person in every token, at every client (public subjects), in every session.
#[tokio::test]
async fn sub_never_changes() {
    let office = Office::open().await;
    let first = id_token(&office, &[]).await;
    let other_browser = office.browser_of(ADA).await;
    let tokens = office.calendar().tokens(&other_browser, &[]).await;
    let second = part(text(&tokens, "id_token"), 1);
    assert_eq!(first["sub"], second["sub"]);
    assert_ne!(first["sid"], second["sid"], "two browsers are two sessions");
}

/// Back-Channel Logout §2.1: one session is one `sid`, also after signing in again in it.
#[tokio::test]
async fn sid_stays_when_the_same_person_signs_in_again() {
    let office = Office::open().await;
    let first = id_token(&office, &[]).await;
    office.app.advance(Duration::seconds(5));
    let practice = office.practice();
    let led_here = practice.authorize(&office.browser, &[("prompt", "login")]).await;
    let answer = sign_in(&office.browser, &led_here, ADA).await;
    let tokens = practice.redeem(&answer.parameter("code").unwrap()).await.json();
    assert_eq!(part(text(&tokens, "id_token"), 1)["sid"], first["sid"]);
}

/// C1: an ID token is no access token.
#[tokio::test]
async fn an_id_token_opens_no_userinfo() {
    let office = Office::open().await;
    let tokens = office.practice().tokens(&office.browser, &[]).await;
    assert_eq!(office.practice().userinfo(text(&tokens, "id_token")).await.status, 401);
}

/// C1: and an access token no hint about who is signed in.
#[tokio::test]
async fn an_access_token_is_no_id_token_hint() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let hint = [("id_token_hint", text(&tokens, "access_token"))];
    let answer = practice.authorize(&office.browser, &hint).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("invalid_request"));
}
