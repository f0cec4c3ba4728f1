//! With which tokens one may come.

use idp::model::user::ServiceRole;
use serde_json::{Value, json};
use time::Duration;

use super::{Clinic, EVERYTHING, problem};
use crate::store::Backend;
use crate::support::{PASSWORD, Signer};

/// Off by default: scopes and the resource do not make a program an administrator.
#[tokio::test]
async fn a_program_acts_for_itself_only_where_the_configuration_names_it() {
    let clinic = Clinic::open().await;
    let stranger = clinic.machine("stranger").await;
    let answer = clinic.get(&stranger, "/people").await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (403, "client-not-allowed".to_owned()));
    let robot = clinic.machine("robot").await;
    assert_eq!(clinic.get(&robot, "/people").await.status, 200);
    let me = clinic.get(&robot, "/me").await.json();
    assert_eq!((&me["client"], &me["person"]), (&json!("robot"), &Value::Null));
    assert!(!me["scopes"].as_array().unwrap().contains(&json!("admin:people.write")), "{me}");
    let ada = clinic.app.person("ada@example.org").await;
    let path = format!("/people/{}/disable", ada.id);
    let answer = clinic.call(&robot, ("POST", &path), &[], &json!({})).await;
    assert_eq!(problem(&answer), "insufficient-scope");
    clinic.app.sql("UPDATE client SET disabled_at = 1 WHERE id = 'robot'").await;
    assert_eq!(problem(&clinic.get(&robot, "/people").await), "invalid-token");
}

/// RFC 9470, security M2: more than a password, and for changes a fresh proof; the challenge says so.
#[tokio::test]
async fn a_weak_or_old_log_in_is_not_enough() {
    let clinic = Clinic::open().await;
    let ada = clinic.app.person("ada@example.org").await;
    clinic.app.person_with_role("wilma@example.org", Some(ServiceRole::Operator)).await;
    let weak = clinic.app.browser();
    weak.log_in_with_password("wilma@example.org", PASSWORD).await;
    let token = clinic.token(&weak, EVERYTHING).await;
    let answer = clinic.get(&token, "/people").await;
    let expected = (401, "insufficient-user-authentication".to_owned());
    assert_eq!((answer.status.as_u16(), problem(&answer)), expected);
    let challenge = answer.header("www-authenticate");
    for part in
        ["Bearer error=\"insufficient_user_authentication\"", "acr_values=\"phr mfa\"", "max_age=\"300\""]
    {
        assert!(challenge.contains(part), "{challenge}");
    }
    let (strong, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    clinic.app.advance(Duration::minutes(4));
    let token = clinic.token(&strong, EVERYTHING).await;
    clinic.app.advance(Duration::minutes(2));
    assert_eq!(clinic.get(&token, "/people").await.status, 200, "looking goes on");
    let path = format!("/people/{}/disable", ada.id);
    let answer = clinic.call(&token, ("POST", &path), &[], &json!({})).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), expected);
    assert!(clinic.app.user(ada.id).await.is_enabled());
}

/// RFC 9449 §7.2: a bound token comes with its proof, made for this very call.
#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_worth_nothing_without_it() {
    let clinic = Clinic::open().await;
    let key = Signer::new(idp::model::key::SigningAlg::Es256);
    let now = clinic.app.app.clock.now().unix_timestamp();
    let proof = |method: &str, path: &str, id: &str, token: Option<&str>| {
        let mut claims = json!({ "htm": method, "htu": clinic.app.url(path), "iat": now, "jti": id });
        if let Some(token) = token {
            claims["ath"] = idp::crypto::base64url::encode(idp::crypto::sha256(token.as_bytes())).into();
        }
        key.proof(&claims, &json!({}))
    };
    let basic = crate::support::client::basic_auth("robot", super::SECRET);
    let asked = proof("POST", "/oidc/token", "1", None);
    let fields = [("grant_type", "client_credentials"), ("resource", &*clinic.resource())];
    let form = serde_urlencoded::to_string(fields).unwrap();
    let headers = [("authorization", basic.as_str()), ("dpop", asked.as_str())];
    let tokens = clinic.client("robot").post("/oidc/token", &headers, &form).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(problem(&clinic.get(token, "/people").await), "invalid-token", "as a bearer token");
    let bound = format!("DPoP {token}");
    let good = proof("GET", "/api/v1/people", "2", Some(token));
    let headers = [("authorization", bound.as_str()), ("dpop", good.as_str())];
    assert_eq!(clinic.send(("GET", "/people"), &headers, None).await.status, 200);
    assert_eq!(problem(&clinic.send(("GET", "/people"), &headers, None).await), "invalid-proof", "again");
    let elsewhere = proof("GET", "/api/v1/organizations", "3", Some(token));
    let headers = [("authorization", bound.as_str()), ("dpop", elsewhere.as_str())];
    let answer = clinic.send(("GET", "/people"), &headers, None).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (401, "invalid-proof".to_owned()));
    assert!(answer.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""), "{answer:?}");
}

/// A caller is told how often they may call, and when to go on.
#[tokio::test]
async fn calls_are_limited_per_caller() {
    let settings = vec![("IDP_API__CALLS_PER_MINUTE", "3".to_owned())];
    let clinic = Clinic::on(Backend::Sqlite, settings).await.unwrap();
    let (robot, operator) = (clinic.machine("robot").await, clinic.operator().await);
    for left in ["2", "1", "0"] {
        let answer = clinic.get(&robot, "/me").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("ratelimit").starts_with(&format!("\"caller\";r={left};t=")), "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), "\"caller\";q=3;w=60");
    }
    let answer = clinic.get(&robot, "/me").await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (429, "rate-limited".to_owned()));
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(clinic.get(&operator, "/me").await.status, 200, "another caller");
    clinic.app.advance(Duration::seconds(wait));
    assert_eq!(clinic.get(&robot, "/me").await.status, 200);
}
