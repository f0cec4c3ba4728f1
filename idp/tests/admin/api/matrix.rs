//! security §2.18: every operation of the document, for everybody.

use idp::model::user::ServiceRole;
use serde_json::{Value, json};

use super::{Clinic, EVERYTHING, operations, problem};
use crate::store::Backend;

const NOBODY: &str = "0197f3a0-0000-7000-8000-000000000000";

/// A good body for an operation that wants one.
fn body(method: &str, path: &str) -> Option<Value> {
    match (method, path) {
        ("POST", "/organizations") => Some(json!({ "slug": "seeblick", "name": "Seeblick" })),
        ("POST", path) if path.ends_with("/access-link") => Some(json!({ "minutes": 60 })),
        ("POST", path) if path.ends_with("/members") => Some(json!({ "person": NOBODY, "roles": [] })),
        ("PUT", path) if path.ends_with("/role") => Some(json!({ "role": "operator" })),
        ("PUT", path) if path.ends_with("/policy") => Some(json!({ "policy": "free" })),
        ("PUT", path) if path.contains("/members/") => Some(json!({ "roles": ["practitioner"] })),
        ("PUT", _) => Some(json!({ "name": "Other", "policy": null, "roles": [] })),
        _ => None,
    }
}

async fn call(clinic: &Clinic, token: &str, operation: (&str, &str)) -> crate::support::Answer {
    match body(operation.0, operation.1) {
        Some(body) => clinic.call(token, operation, &[("if-match", "\"x\"")], &body).await,
        None => clinic.send(operation, &[("authorization", &format!("Bearer {token}"))], None).await,
    }
}

/// Walks the document: a route that is not in it is not served, and one that is in it is never open.
#[tokio::test]
async fn no_operation_is_done_without_a_token_for_it() {
    let clinic = Clinic::open().await;
    let (browser, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    let ada = clinic.app.person("ada@example.org").await;
    let document = clinic.document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let operations = operations(&document);
    assert!(operations.len() > 20, "{operations:?}");
    let desk = clinic.client("desk");
    let tokens =
        desk.tokens(&browser, &[("scope", "openid"), ("resource", "https://slots.example.org")]).await;
    let elsewhere = tokens["access_token"].as_str().unwrap().to_owned();
    let own = desk.tokens(&browser, &[("scope", EVERYTHING)]).await;
    let for_userinfo = own["access_token"].as_str().unwrap().to_owned();
    for (method, path, scope) in &operations {
        let path = path.replace("/applications/{id}", "/applications/desk");
        let path = path.replace("{id}", &ada.id.to_string()).replace("{person}", NOBODY);
        let path = path.replace("{passkey}", NOBODY);
        let operation = (method.as_str(), path.as_str());
        let none = clinic.send(operation, &[], None).await;
        assert_eq!(
            (none.status.as_u16(), problem(&none)),
            (401, "token-required".to_owned()),
            "{operation:?}"
        );
        assert!(none.header("www-authenticate").starts_with("Bearer"), "{none:?}");
        for wrong in [elsewhere.as_str(), for_userinfo.as_str(), "nonsense"] {
            let answer = call(&clinic, wrong, operation).await;
            assert_eq!((answer.status.as_u16(), problem(&answer)), (401, "invalid-token".to_owned()));
        }
        // C7, L3: cookies are nothing here, whoever is logged in.
        let cookie = browser.cookie("idp_session");
        let answer = clinic.send(operation, &[("cookie", &cookie)], None).await;
        assert_eq!(answer.status, 401, "{operation:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "{operation:?}");
        let Some(scope) = scope else { continue };
        let others: Vec<&str> =
            EVERYTHING.split(' ').filter(|other| other != scope && !other.is_empty()).collect();
        let token = clinic.token(&browser, &others.join(" ")).await;
        let answer = call(&clinic, &token, operation).await;
        let expected = (403, "insufficient-scope".to_owned());
        assert_eq!((answer.status.as_u16(), problem(&answer)), expected, "{operation:?}");
        assert!(answer.header("www-authenticate").contains(&format!("scope=\"{scope}\"")), "{answer:?}");
    }
}

/// Rows: operations on Ada, who belongs to Lindenhof, or on Lindenhof. Columns: a plain person, the administrator of
/// Lindenhof, the one of another clinic, support, auditor, operator, and a program with some scopes.
#[tokio::test]
async fn each_operation_is_open_to_exactly_those_whom_the_matrix_names() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let ada = clinic.app.person("ada@example.org").await;
        let people = [
            ("plain@example.org", None),
            ("carla@example.org", None),
            ("otto@example.org", None),
            ("support@example.org", Some(ServiceRole::Support)),
            ("auditor@example.org", Some(ServiceRole::Auditor)),
            ("olive@example.org", Some(ServiceRole::Operator)),
        ];
        let (mut browsers, mut ids) = (Vec::new(), Vec::new());
        for (email, role) in people {
            let (browser, user) = clinic.somebody(email, role).await;
            browsers.push(browser);
            ids.push(user.id);
        }
        let members = [(ada.id, "practitioner"), (ids[1], "administrator")];
        let own = clinic.organization("lindenhof", &members).await;
        clinic.organization("waldrand", &[(ids[2], "administrator")]).await;
        let mut tokens = Vec::new();
        for browser in &browsers {
            tokens.push(clinic.token(browser, EVERYTHING).await);
        }
        tokens.push(clinic.machine("robot").await);
        let person = format!("/people/{}", ada.id);
        let clinic_path = format!("/organizations/{own}");
        let member = format!("{clinic_path}/members/{}", ada.id);
        // Without rights over anything everything is 403; what somebody may not see is not there; what they may see and
        // not do is 403. 412: they may, and the ETag is old.
        let matrix = [
            (("GET", "/people".to_owned()), [403, 200, 200, 200, 200, 200, 200]),
            (("GET", person.clone()), [403, 200, 404, 200, 200, 200, 200]),
            (("POST", format!("{person}/log-out")), [403, 204, 404, 204, 403, 204, 204]),
            (("POST", format!("{person}/unlock")), [403, 204, 404, 204, 403, 204, 204]),
            (("POST", format!("{person}/reset-passkeys")), [403, 204, 404, 204, 403, 204, 204]),
            (("POST", format!("{person}/reset-two-factor")), [403, 204, 404, 204, 403, 204, 204]),
            (("POST", format!("{person}/access-link")), [403, 204, 404, 204, 403, 204, 204]),
            (("DELETE", format!("{person}/passkeys/{NOBODY}")), [403, 404, 404, 404, 403, 404, 404]),
            (("POST", format!("{person}/enable")), [403, 409, 404, 403, 403, 409, 403]),
            (("PUT", format!("{person}/policy")), [403, 403, 404, 403, 403, 204, 403]),
            (("GET", "/organizations".to_owned()), [403, 200, 200, 200, 200, 200, 200]),
            (("GET", clinic_path.clone()), [403, 200, 404, 200, 200, 200, 200]),
            (("PUT", clinic_path.clone()), [403, 412, 404, 403, 403, 412, 412]),
            (("POST", format!("{clinic_path}/enable")), [403, 403, 404, 403, 403, 409, 409]),
            (("GET", format!("{clinic_path}/members")), [403, 200, 404, 200, 200, 200, 200]),
            (("POST", format!("{clinic_path}/members")), [403, 403, 404, 403, 403, 404, 404]),
            (("PUT", member.clone()), [403, 204, 404, 403, 403, 204, 204]),
            (("GET", "/applications".to_owned()), [403, 403, 403, 403, 200, 200, 200]),
            (("GET", "/applications/desk".to_owned()), [403, 403, 403, 403, 200, 200, 200]),
            (("GET", "/audit".to_owned()), [403, 403, 403, 403, 200, 200, 200]),
            (("GET", "/me".to_owned()), [403, 200, 200, 200, 200, 200, 200]),
        ];
        for ((method, path), row) in &matrix {
            for ((token, expected), who) in tokens.iter().zip(row).zip(0..) {
                let answer = call(&clinic, token, (method, path)).await;
                assert_eq!(answer.status, *expected, "{backend:?} {method} {path} {who}: {}", answer.body);
            }
        }
        for (token, who) in tokens.iter().zip(0..) {
            let gives = call(&clinic, token, ("PUT", &format!("{person}/role"))).await;
            let expected = match who {
                2 => 404,
                5 => 204,
                _ => 403,
            };
            assert_eq!(gives.status, expected, "{who}: {}", gives.body);
        }
    }
}

/// product §5: whoever lost their rights has none at the next call.
#[tokio::test]
async fn rights_are_those_of_this_moment() {
    let clinic = Clinic::open().await;
    let (browser, carla) = clinic.somebody("carla@example.org", None).await;
    let own = clinic.organization("lindenhof", &[(carla.id, "administrator")]).await;
    let token = clinic.token(&browser, EVERYTHING).await;
    assert_eq!(clinic.get(&token, "/organizations").await.status, 200);
    let operator = clinic.operator().await;
    let path = format!("/organizations/{own}/disable");
    assert_eq!(call(&clinic, &operator, ("POST", &path)).await.status, 204);
    assert_eq!(problem(&clinic.get(&token, "/organizations").await), "forbidden");
    let path = format!("/people/{}/disable", carla.id);
    assert_eq!(call(&clinic, &operator, ("POST", &path)).await.status, 204);
    assert_eq!(problem(&clinic.get(&token, "/organizations").await), "invalid-token");
}
