//! Userinfo: D3, D4, C1, checklist 21, RFC 6750.

use idp::model::key::SigningAlg;
use serde_json::{Value, json};
use time::Duration;

use super::{Office, forgeries, form, part, text};
use crate::support::Answer;

async fn access_token(office: &Office, scope: &str) -> String {
    let tokens = office.practice().tokens(&office.browser, &[("scope", scope)]).await;
    text(&tokens, "access_token").to_owned()
}

/// RFC 6750 §3
#[track_caller]
fn assert_challenge(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{challenge}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// Checklist 21
#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_form() {
    let office = Office::open().await;
    let practice = office.practice();
    let token = access_token(&office, "openid profile email").await;
    let bearer = format!("Bearer {token}");
    let get = practice.userinfo(&token).await;
    let post = practice.post("/oidc/userinfo", &[("authorization", &bearer)], "").await;
    let body = practice.post("/oidc/userinfo", &[], &form(&[("access_token", &token)])).await;
    for answer in [&get, &post, &body] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json(), get.json());
    }
}

/// RFC 9110 §11.1: the name of a scheme has no case.
#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    for scheme in ["bearer", "BEARER"] {
        let header = format!("{scheme} {token}");
        assert_eq!(office.practice().get("/oidc/userinfo", &[("authorization", &header)]).await.status, 200);
    }
}

/// D3, checklist 21
#[tokio::test]
async fn the_claims_are_those_of_the_scopes() {
    let office = Office::open().await;
    let names = |claims: Value| claims.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (scope, expected) in [
        ("openid", &["sub"][..]),
        ("openid email", &["email", "email_verified", "sub"]),
        ("openid profile", &["family_name", "given_name", "name", "sub", "updated_at"]),
    ] {
        let token = access_token(&office, scope).await;
        let mut found = names(office.practice().userinfo(&token).await.json());
        found.sort();
        assert_eq!(found, expected, "{scope}");
    }
}

/// Checklist 21, D4
#[tokio::test]
async fn the_claims_have_the_types_of_the_specification() {
    let office = Office::open().await;
    let token = access_token(&office, "openid profile email").await;
    let claims = office.practice().userinfo(&token).await.json();
    assert_eq!(claims["sub"], office.ada.id.to_string());
    assert_eq!(claims["sub"], part(&token, 1)["sub"]);
    assert_eq!(claims["email"], super::ADA);
    assert_eq!(claims["email_verified"], json!(false), "nobody has checked it");
    assert_eq!(claims["name"], "Ada Lovelace");
    assert_eq!(claims["updated_at"], json!(office.ada.updated_at.unix_timestamp()));
}

/// What a person never said is left out, and what they change is told from then on.
#[tokio::test]
async fn language_and_time_zone_are_told_once_they_are_known() {
    let office = Office::open().await;
    let token = access_token(&office, "openid profile").await;
    let claims = office.practice().userinfo(&token).await.json();
    assert!(claims.get("locale").is_none() && claims.get("zoneinfo").is_none(), "{claims}");
    let fields =
        [("given_name", "Ada"), ("family_name", "L"), ("language", "de"), ("time_zone", "Europe/Zurich")];
    assert_eq!(office.browser.post("/account/profile", &fields).await.status, 303);
    let claims = office.practice().userinfo(&token).await.json();
    assert_eq!(claims["locale"], "de");
    assert_eq!(claims["zoneinfo"], "Europe/Zurich");
}

/// RFC 6750 §3.1: somebody who sent no token learns which kind is wanted and no error code.
#[tokio::test]
async fn without_a_token_there_is_a_bare_challenge() {
    let office = Office::open().await;
    let practice = office.practice();
    for answer in [
        practice.get("/oidc/userinfo", &[]).await,
        practice.post("/oidc/userinfo", &[], "").await,
        practice.post("/oidc/userinfo", &[], "access_token=").await,
        practice.get("/oidc/userinfo", &[("authorization", "Basic YTpi")]).await,
    ] {
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(!answer.header("www-authenticate").contains("error"), "{answer:?}");
    }
}

/// RFC 6750 §2
#[tokio::test]
async fn a_token_sent_in_two_ways_is_refused() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    let headers = [("authorization", &*format!("Bearer {token}"))];
    let answer = office.practice().post("/oidc/userinfo", &headers, &form(&[("access_token", &token)])).await;
    assert_challenge(&answer, 400, "invalid_request");
}

/// RFC 6750 §3.1: "repeats the same parameter".
#[tokio::test]
async fn a_token_sent_twice_in_a_form_is_refused() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    let body = form(&[("access_token", &token), ("access_token", &token)]);
    let answer = office.practice().post("/oidc/userinfo", &[], &body).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

/// RFC 6750 §2, §3.1: two headers are two tokens.
#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("authorization", "Bearer other")];
    let answer = office.practice().get("/oidc/userinfo", &headers).await;
    assert!([400, 401].contains(&answer.status.as_u16()), "{answer:?}");
}

/// RFC 9700 §4.3.2: never in an address.
#[tokio::test]
async fn a_token_in_the_query_is_not_read() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    let answer = office.practice().get(&format!("/oidc/userinfo?access_token={token}"), &[]).await;
    assert_eq!(answer.status, 401);
}

/// C1, C2
#[tokio::test]
async fn what_is_no_access_token_of_ours_is_refused() {
    let (office, other) = (Office::open().await, Office::open().await);
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let mut bad = forgeries(text(&tokens, "access_token"));
    bad.extend(["x".to_owned(), "a.b.c".to_owned(), "x".repeat(9000), "....".to_owned()]);
    bad.push(text(&tokens, "refresh_token").to_owned());
    bad.push(text(&tokens, "id_token").to_owned());
    bad.push(access_token(&other, "openid").await);
    for token in bad {
        assert_challenge(&practice.userinfo(&token).await, 401, "invalid_token");
    }
}

/// C1, C3: signed by us, but not for this, or not any more, or never issued.
#[tokio::test]
async fn a_token_with_other_claims_is_refused() {
    let office = Office::open().await;
    let practice = office.practice();
    let good = part(&access_token(&office, "openid").await, 1);
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("https://api.example.org")),
        ("aud", json!("practice")),
        ("exp", json!(office.app.app.clock.now().unix_timestamp())),
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("grant_id", json!("00000000-0000-7000-8000-000000000000")),
        ("grant_id", json!("x")),
        ("grant_id", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[name] = value.clone();
        let token = office.signed(SigningAlg::Es256, "at+jwt", &claims).await;
        assert_challenge(&practice.userinfo(&token).await, 401, "invalid_token");
    }
    let token = office.signed(SigningAlg::Es256, "JWT", &good).await;
    assert_challenge(&practice.userinfo(&token).await, 401, "invalid_token");
    let token = office.signed(SigningAlg::Es256, "at+jwt", &good).await;
    assert_eq!(practice.userinfo(&token).await.status, 200, "the claims themselves were good");
}

/// D3
#[tokio::test]
async fn a_token_without_openid_is_not_enough() {
    let office = Office::open().await;
    let mut claims = part(&access_token(&office, "openid profile").await, 1);
    for scope in ["profile", "", "openid-x"] {
        claims["scope"] = json!(scope);
        let token = office.signed(SigningAlg::Es256, "at+jwt", &claims).await;
        assert_challenge(&office.practice().userinfo(&token).await, 403, "insufficient_scope");
    }
}

/// C3
#[tokio::test]
async fn a_token_expires_after_five_minutes() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    office.app.advance(Duration::seconds(299));
    assert_eq!(office.practice().userinfo(&token).await.status, 200);
    office.app.advance(Duration::seconds(1));
    assert_challenge(&office.practice().userinfo(&token).await, 401, "invalid_token");
}

/// J4, C9: a token is worth nothing once its session has ended.
#[tokio::test]
async fn a_token_ends_with_its_session() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    office.log_out().await;
    assert_challenge(&office.practice().userinfo(&token).await, 401, "invalid_token");
}

/// M10
#[tokio::test]
async fn nothing_is_said_about_somebody_disabled() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    office.app.disable_person(office.ada.id).await;
    assert_challenge(&office.practice().userinfo(&token).await, 401, "invalid_token");
}

#[tokio::test]
async fn nothing_is_said_to_a_disabled_client() {
    let office = Office::open().await;
    let token = access_token(&office, "openid").await;
    super::disable_client(&office.app, "practice").await;
    assert_challenge(&office.practice().userinfo(&token).await, 401, "invalid_token");
}

/// The header of our own sign-in page is no way in.
#[tokio::test]
async fn a_session_cookie_opens_no_userinfo() {
    let office = Office::open().await;
    assert_eq!(office.browser.get("/oidc/userinfo").await.status, 401);
}

const DETAILS: &str = r#"{
    "middle_name": "King",
    "nickname": "Countess",
    "preferred_username": "ada",
    "profile": "https://example.org/ada",
    "picture": "https://example.org/ada.png",
    "website": "https://ada.example.org",
    "gender": "female",
    "birthdate": "1815-12-10",
    "phone_number": "+41441234567",
    "phone_number_verified": true,
    "address": {
        "formatted": "Lindenhof 1\n8001 Zurich",
        "street_address": "Lindenhof 1",
        "locality": "Zurich",
        "region": "ZH",
        "postal_code": "8001",
        "country": "CH"
    }
}"#;

/// Checklist 21: every standard claim can be held, comes by its scope, and with the right type.
#[tokio::test]
async fn every_standard_claim_comes_by_its_scope() {
    let all = "[[clients]]\nid = \"lab\"\nname = \"Lab\"\ntype = \"spa\"\nconsent = \"remember\"\n\
               scopes = [\"openid\", \"profile\", \"email\", \"phone\", \"address\"]\n\
               redirect_uris = [\"https://lab.example.org/cb\"]";
    let office = Office::with_clients(all).await;
    let lab = office.client("lab", None, "https://lab.example.org/cb");
    let details: idp::model::details::Details = serde_json::from_str(DETAILS).unwrap();
    let store = &office.app.app.store;
    let tx = store.begin().await.unwrap();
    let profile = idp::store::users::Profile {
        given_name: office.ada.given_name.clone(),
        family_name: office.ada.family_name.clone(),
        language: Some("de-CH".parse().unwrap()),
        time_zone: Some("Europe/Zurich".parse().unwrap()),
    };
    let now = office.app.app.clock.now();
    idp::store::users::set_profile(&tx, office.ada.id, &profile, now).await.unwrap();
    idp::store::users::set_details(&tx, office.ada.id, &details, now).await.unwrap();
    tx.commit().await.unwrap();
    let mut expected: Value = serde_json::from_str(DETAILS).unwrap();
    for (name, value) in [
        ("sub", json!(office.ada.id)),
        ("name", "Ada Lovelace".into()),
        ("given_name", "Ada".into()),
        ("family_name", "Lovelace".into()),
        ("locale", "de-CH".into()),
        ("zoneinfo", "Europe/Zurich".into()),
        ("updated_at", now.unix_timestamp().into()),
        ("email", super::ADA.into()),
        ("email_verified", false.into()),
    ] {
        expected[name] = value;
    }
    let page = lab.authorize(&office.browser, &[("scope", "openid profile email phone address")]).await;
    assert!(
        page.body.contains("Ihre Telefonnummer sehen") && page.body.contains("Ihre Postadresse sehen"),
        "{page:?}"
    );
    let code = super::decide(&office.browser, &page, "allow").await.parameter("code").unwrap();
    let tokens = lab.redeem(&code).await.json();
    assert_eq!(lab.userinfo(text(&tokens, "access_token")).await.json(), expected);
    assert!(part(text(&tokens, "id_token"), 1).get("phone_number").is_none(), "checklist 10");
    for (scope, names) in [
        ("openid phone", ["phone_number", "phone_number_verified", "sub"].as_slice()),
        ("openid address", &["address", "sub"]),
        ("openid", &["sub"]),
    ] {
        let tokens = lab.tokens(&office.browser, &[("scope", scope)]).await;
        let userinfo = lab.userinfo(text(&tokens, "access_token")).await.json();
        let known: Vec<&str> = userinfo.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(known, names, "{scope}");
    }
}

/// What nobody knows of somebody is left out, and not empty.
#[tokio::test]
async fn what_is_not_known_is_left_out() {
    let office = Office::open().await;
    let practice = office.practice();
    let tokens = practice.tokens(&office.browser, &[]).await;
    let userinfo = practice.userinfo(text(&tokens, "access_token")).await.json();
    for name in ["phone_number", "phone_number_verified", "address", "picture", "locale"] {
        assert!(userinfo.get(name).is_none(), "{userinfo}");
    }
}
