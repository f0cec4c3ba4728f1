//! security §2.18: every operation of the document, for everybody.

use std::collections::{BTreeMap, BTreeSet};

use idp::model::api::AdminScope;
use idp::model::user::ServiceRole;
use serde_json::{Value, json};

use super::{Clinic, EVERYTHING, operations, problem};
use crate::store::Backend;
use crate::support::Answer;

const NOBODY: &str = "0197f3a0-0000-7000-8000-000000000000";

/// A good body for an operation that wants one.
fn body(operation: (&str, &str)) -> Option<Value> {
    Some(match operation {
        ("POST", "/people") => {
            json!({ "email": "new@example.org", "given_name": "Nora", "family_name": "New", "link_minutes": 60 })
        }
        ("POST", "/people/{id}/access-link") => json!({ "minutes": 60 }),
        ("PUT", "/people/{id}/role") => json!({ "role": null }),
        ("PUT", "/people/{id}/policy") => json!({ "policy": "free" }),
        ("POST", "/organizations") => json!({ "slug": "seeblick", "name": "Seeblick" }),
        ("PUT", "/organizations/{id}") => json!({ "name": "Other", "policy": null, "roles": [] }),
        ("POST", "/organizations/{id}/members") => json!({ "person": NOBODY, "roles": [] }),
        ("PUT", "/organizations/{id}/members/{person}") => json!({ "roles": ["practitioner"] }),
        ("POST", "/organizations/{id}/invitations") => json!({ "email": "guest@example.org" }),
        ("POST", "/organizations/{id}/invitations/{invitation}/resend") => json!({}),
        ("POST", "/applications") => {
            json!({ "type": "spa", "name": "Portal", "redirect_uris": ["https://portal.example.org/cb"] })
        }
        ("PUT", "/applications/{id}") => json!({
            "name": "Other", "redirect_uris": ["https://other.example.org/cb"], "post_logout_redirect_uris": [],
            "backchannel_logout_uri": null, "initiate_login_uri": null, "return_uris": [], "scopes": ["openid"],
            "resources": [], "id_token_alg": "ES256",
        }),
        ("POST", "/applications/{id}/secrets/{secret}/expire") => json!({ "days": 7 }),
        _ => return None,
    })
}

async fn call(clinic: &Clinic, token: &str, (method, path): (&str, &str), body: Option<Value>) -> Answer {
    match body {
        Some(body) => clinic.call(token, (method, path), &[("if-match", "\"x\"")], &body).await,
        None => clinic.send((method, path), &[("authorization", &format!("Bearer {token}"))], None).await,
    }
}

/// The address of an operation with somebody or something in place of each name.
fn address(path: &str, (person, organization, application): (&str, &str, &str)) -> String {
    let id = match path.split('/').nth(1) {
        Some("people") => person,
        Some("organizations") => organization,
        Some("applications") => application,
        _ => NOBODY,
    };
    let path = path.replace("{id}", id).replace("{person}", person);
    let path =
        ["{passkey}", "{invitation}", "{secret}"].iter().fold(path, |path, name| path.replace(name, NOBODY));
    if path.ends_with("/preview") { format!("{path}?email=ada@example.org") } else { path }
}

/// Walks the document: a route that is not in it is not served, and one that is in it is never open.
#[tokio::test]
async fn no_operation_is_done_without_a_token_for_it() {
    let clinic = Clinic::open().await;
    let (browser, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    let ada = clinic.app.person("ada@example.org").await.id.to_string();
    let document = clinic.document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let operations = operations(&document);
    assert!(operations.len() >= 50, "{operations:?}");
    let desk = clinic.client("desk");
    let tokens =
        desk.tokens(&browser, &[("scope", "openid"), ("resource", "https://slots.example.org")]).await;
    let elsewhere = tokens["access_token"].as_str().unwrap().to_owned();
    let own = desk.tokens(&browser, &[("scope", EVERYTHING)]).await;
    let for_userinfo = own["access_token"].as_str().unwrap().to_owned();
    let mut without = BTreeMap::new();
    for scope in AdminScope::ALL.map(AdminScope::as_str) {
        let others: Vec<&str> = EVERYTHING.split_whitespace().filter(|other| *other != scope).collect();
        without.insert(scope, clinic.token(&browser, &others.join(" ")).await);
    }
    for (method, path, scopes) in &operations {
        let body = body((method, path));
        let path = address(path, (&ada, NOBODY, "desk"));
        let operation = (method.as_str(), path.as_str());
        let none = clinic.send(operation, &[], None).await;
        assert_eq!(
            (none.status.as_u16(), problem(&none)),
            (401, "token-required".to_owned()),
            "{operation:?}"
        );
        assert!(none.header("www-authenticate").starts_with("Bearer"), "{none:?}");
        for wrong in [elsewhere.as_str(), for_userinfo.as_str(), "nonsense"] {
            let answer = call(&clinic, wrong, operation, body.clone()).await;
            assert_eq!((answer.status.as_u16(), problem(&answer)), (401, "invalid-token".to_owned()));
        }
        // C7, L3: cookies are nothing here, whoever is logged in.
        let cookie = browser.cookie("idp_session");
        let answer = clinic.send(operation, &[("cookie", &cookie)], None).await;
        assert_eq!(answer.status, 401, "{operation:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "{operation:?}");
        assert!(!scopes.is_empty() || path == "/me", "{operation:?}");
        for scope in scopes {
            let answer = call(&clinic, &without[scope.as_str()], operation, body.clone()).await;
            let expected = (403, "insufficient-scope".to_owned());
            assert_eq!((answer.status.as_u16(), problem(&answer)), expected, "{operation:?}");
            assert!(answer.header("www-authenticate").contains(&format!("scope=\"{scope}\"")), "{answer:?}");
        }
    }
}

/// Rows: operations on Ada or Bea, who belong to Lindenhof, on Lindenhof, on an application that an administrator
/// registered. Columns: a plain person, the administrator of Lindenhof, the one of another clinic, support, auditor,
/// operator, and a program with all scopes but `people.write` and `roles.write`. In this order one after the other.
///
/// Without rights over anything everything is 403; what somebody may not see is not there; what they may see and not do
/// is 403. 404, 409 and 412 of the last two say that they may, and that there is nothing to do: no such passkey,
/// invitation, secret or delivery, an account that is enabled, an old `ETag`.
const MATRIX: [(&str, &str, [u16; 7]); 50] = [
    ("GET", "/me", [403, 200, 200, 200, 200, 200, 200]),
    ("GET", "/people", [403, 200, 200, 200, 200, 200, 200]),
    ("POST", "/people", [403, 403, 403, 403, 403, 201, 409]),
    ("GET", "/people/{id}", [403, 200, 404, 200, 200, 200, 200]),
    ("POST", "/people/{id}/log-out", [403, 204, 404, 204, 403, 204, 204]),
    ("POST", "/people/{id}/unlock", [403, 204, 404, 204, 403, 204, 204]),
    ("POST", "/people/{id}/reset-passkeys", [403, 204, 404, 204, 403, 204, 204]),
    ("POST", "/people/{id}/reset-two-factor", [403, 204, 404, 204, 403, 204, 204]),
    ("POST", "/people/{id}/access-link", [403, 204, 404, 204, 403, 204, 204]),
    ("DELETE", "/people/{id}/passkeys/{passkey}", [403, 404, 404, 404, 403, 404, 404]),
    ("POST", "/people/{id}/disable", [403, 204, 404, 403, 403, 409, 403]),
    ("POST", "/people/{id}/enable", [403, 204, 404, 403, 403, 409, 403]),
    ("PUT", "/people/{id}/policy", [403, 403, 404, 403, 403, 204, 403]),
    ("PUT", "/people/{id}/role", [403, 403, 404, 403, 403, 204, 403]),
    ("GET", "/organizations", [403, 200, 200, 200, 200, 200, 200]),
    ("POST", "/organizations", [403, 403, 403, 403, 403, 201, 409]),
    ("GET", "/organizations/{id}", [403, 200, 404, 200, 200, 200, 200]),
    ("PUT", "/organizations/{id}", [403, 412, 404, 403, 403, 412, 412]),
    ("GET", "/organizations/{id}/members", [403, 200, 404, 200, 200, 200, 200]),
    ("POST", "/organizations/{id}/members", [403, 403, 404, 403, 403, 404, 404]),
    ("GET", "/organizations/{id}/members/{person}", [403, 200, 404, 200, 200, 200, 200]),
    ("PUT", "/organizations/{id}/members/{person}", [403, 204, 404, 403, 403, 204, 204]),
    ("GET", "/organizations/{id}/invitations", [403, 200, 404, 200, 200, 200, 200]),
    ("POST", "/organizations/{id}/invitations", [403, 201, 404, 403, 403, 201, 201]),
    ("POST", "/organizations/{id}/invitations/{invitation}/resend", [403, 404, 404, 403, 403, 404, 404]),
    ("DELETE", "/organizations/{id}/invitations/{invitation}", [403, 404, 404, 403, 403, 404, 404]),
    ("DELETE", "/organizations/{id}/members/{person}", [403, 204, 404, 403, 403, 404, 404]),
    ("POST", "/organizations/{id}/disable", [403, 403, 404, 403, 403, 204, 409]),
    ("POST", "/organizations/{id}/enable", [403, 403, 404, 403, 403, 204, 409]),
    ("GET", "/applications", [403, 403, 403, 403, 200, 200, 200]),
    ("POST", "/applications", [403, 403, 403, 403, 403, 201, 201]),
    ("GET", "/applications/{id}", [403, 403, 403, 403, 200, 200, 200]),
    ("PUT", "/applications/{id}", [403, 404, 404, 404, 403, 412, 412]),
    ("GET", "/applications/{id}/preview", [403, 403, 403, 403, 200, 200, 200]),
    ("GET", "/applications/{id}/secrets", [403, 403, 403, 403, 200, 200, 200]),
    ("POST", "/applications/{id}/secrets", [403, 404, 404, 404, 403, 201, 409]),
    ("POST", "/applications/{id}/secrets/{secret}/expire", [403, 404, 404, 404, 403, 404, 404]),
    ("DELETE", "/applications/{id}/secrets/{secret}", [403, 404, 404, 404, 403, 404, 404]),
    ("POST", "/applications/{id}/disable", [403, 404, 404, 404, 403, 204, 409]),
    ("POST", "/applications/{id}/enable", [403, 404, 404, 404, 403, 204, 409]),
    ("DELETE", "/applications/{id}", [403, 404, 404, 404, 403, 204, 404]),
    ("GET", "/audit", [403, 403, 403, 403, 200, 200, 200]),
    ("POST", "/audit/verify", [403, 404, 404, 404, 200, 200, 200]),
    ("GET", "/figures", [403, 403, 403, 200, 200, 200, 200]),
    ("GET", "/health", [403, 404, 404, 404, 200, 200, 200]),
    ("GET", "/keys", [403, 404, 404, 404, 200, 200, 200]),
    ("POST", "/keys/rotate", [403, 404, 404, 404, 403, 409, 409]),
    ("GET", "/deliveries", [403, 404, 404, 404, 200, 200, 200]),
    ("POST", "/deliveries/{id}/retry", [403, 404, 404, 404, 403, 404, 404]),
    ("POST", "/deliveries/{id}/give-up", [403, 404, 404, 404, 403, 404, 404]),
];

#[tokio::test]
async fn each_operation_is_open_to_exactly_those_whom_the_matrix_names() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let document = clinic.document().await;
        let operations = operations(&document).into_iter().map(|(method, path, _)| (method, path));
        let rows = MATRIX.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
        assert_eq!(
            rows.collect::<BTreeSet<_>>(),
            operations.collect::<BTreeSet<_>>(),
            "every operation has its row"
        );
        let ada = clinic.app.person("ada@example.org").await.id;
        let bea = clinic.app.person("bea@example.org").await.id;
        let people = [
            ("plain@example.org", None),
            ("carla@example.org", None),
            ("otto@example.org", None),
            ("support@example.org", Some(ServiceRole::Support)),
            ("auditor@example.org", Some(ServiceRole::Auditor)),
            ("olive@example.org", Some(ServiceRole::Operator)),
        ];
        let (mut tokens, mut ids) = (Vec::new(), Vec::new());
        let mut browsers = Vec::new();
        for (email, role) in people {
            let (browser, user) = clinic.somebody(email, role).await;
            browsers.push(browser);
            ids.push(user.id);
        }
        let members = [(ada, "practitioner"), (bea, "practitioner"), (ids[1], "administrator")];
        let own = clinic.organization("lindenhof", &members).await.to_string();
        clinic.organization("waldrand", &[(ids[2], "administrator")]).await;
        for browser in &browsers {
            tokens.push(clinic.token(browser, EVERYTHING).await);
        }
        tokens.push(clinic.machine("robot").await);
        let web =
            json!({ "type": "web", "name": "Records", "redirect_uris": ["https://records.example.org/cb"] });
        let made = clinic.call(&tokens[5], ("POST", "/applications"), &[], &web).await.json();
        let application = made["id"].as_str().unwrap();
        for (method, path, row) in MATRIX {
            let whom =
                if path.ends_with("/disable") || path.ends_with("/enable") { bea } else { ada }.to_string();
            let at = address(path, (&whom, &own, application));
            for ((token, expected), who) in tokens.iter().zip(row).zip(0..) {
                let answer = call(&clinic, token, (method, &at), body((method, path))).await;
                assert_eq!(answer.status, expected, "{backend:?} {method} {at} {who}: {}", answer.body);
            }
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
    assert_eq!(call(&clinic, &operator, ("POST", &path), None).await.status, 204);
    assert_eq!(problem(&clinic.get(&token, "/organizations").await), "forbidden");
    let path = format!("/people/{}/disable", carla.id);
    assert_eq!(call(&clinic, &operator, ("POST", &path), None).await.status, 204);
    assert_eq!(problem(&clinic.get(&token, "/organizations").await), "invalid-token");
}
