//! Applications through the API: registered, changed, given secrets, ended; and what a token may not give away.

use idp::model::user::ServiceRole;
use serde_json::{Value, json};
use time::Duration;

use super::{Clinic, EVERYTHING, problem};
use crate::store::Backend;
use crate::support::{Answer, Application};

fn laboratory() -> Value {
    json!({ "type": "machine", "name": "Laboratory", "scopes": ["samples:read"] })
}

fn portal() -> Value {
    json!({ "type": "web", "name": "Portal", "redirect_uris": ["https://portal.example.org/cb"] })
}

async fn make(clinic: &Clinic, token: &str, new: &Value) -> Answer {
    let answer = clinic.call(token, ("POST", "/applications"), &[], new).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn gets_a_token(clinic: &Clinic, id: &str, secret: &str) -> u16 {
    let client = Application::new(&clinic.app, id, Some(secret), "");
    client.token(&[("grant_type", "client_credentials")]).await.status.as_u16()
}

/// product §6: a secret is shown once.
#[tokio::test]
async fn a_secret_is_in_the_answer_that_made_it_and_in_no_other() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let token = clinic.operator().await;
        let key = [("idempotency-key", "k")];
        let made = clinic.call(&token, ("POST", "/applications"), &key, &laboratory()).await;
        let secret = made.json()["client_secret"].as_str().unwrap().to_owned();
        let id = id(&made);
        assert_eq!(made.location(), clinic.app.url(&format!("/api/v1/applications/{id}")));
        assert_eq!(gets_a_token(&clinic, &id, &secret).await, 200, "{backend:?}");
        // Sent again because the answer was lost: the same application, and still its secret.
        let again = clinic.call(&token, ("POST", "/applications"), &key, &laboratory()).await;
        assert_eq!(again.body, made.body);
        for path in [
            format!("/applications/{id}"),
            "/applications".to_owned(),
            format!("/applications/{id}/secrets"),
            "/audit?kind=client-created".to_owned(),
        ] {
            let answer = clinic.get(&token, &path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert!(
                !answer.body.contains(&secret) && answer.body.contains(&id) | path.contains(&id),
                "{path}"
            );
        }
        let public = make(
            &clinic,
            &token,
            &json!({ "type": "native", "name": "App",
            "redirect_uris": ["com.example.app:/cb"] }),
        )
        .await;
        assert_eq!(public.json()["client_secret"], Value::Null);
        assert_eq!(problem(&add(&clinic, &token, &super::applications::id(&public)).await), "conflict");
    }
}

async fn add(clinic: &Clinic, token: &str, id: &str) -> Answer {
    clinic.call(token, ("POST", &format!("/applications/{id}/secrets")), &[], &json!({})).await
}

/// GET then PUT is the identity; a change is made to the version that was read (RFC 9110 §13.1.1).
#[tokio::test]
async fn an_application_that_was_read_can_be_written_back() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let token = clinic.operator().await;
        for new in [laboratory(), portal()] {
            let path = format!("/applications/{}", id(&make(&clinic, &token, &new).await));
            let read = clinic.get(&token, &path).await;
            let tag = read.header("etag").to_owned();
            let put = async |tag: &str, body: &Value| {
                clinic.call(&token, ("PUT", &path), &[("if-match", tag)], body).await
            };
            let written = put(&tag, &read.json()).await;
            assert_eq!((written.status.as_u16(), written.json()), (200, read.json()), "{backend:?}");
            assert_eq!(written.header("etag"), tag);
            let mut change = read.json();
            change["name"] = "Another name".into();
            let answer = clinic.call(&token, ("PUT", &path), &[], &change).await;
            assert_eq!(problem(&answer), "precondition-required");
            assert_eq!(problem(&put("\"x\"", &change).await), "stale");
            for (member, value) in [
                ("id", json!("x")),
                ("type", json!("spa")),
                ("source", json!("config")),
                ("enabled", json!(false)),
                ("auth_method", json!("none")),
                ("created_at", json!("2026-01-01T00:00:00Z")),
            ] {
                let mut wrong = change.clone();
                wrong[member] = value;
                let answer = put(&tag, &wrong).await;
                assert_eq!(problem(&answer), "read-only-member", "{member}");
                assert_eq!(answer.json()["pointer"], format!("/{member}"));
            }
            for member in ["backchannel_logout_uri", "initiate_login_uri", "scopes", "return_uris"] {
                let mut partial = change.clone();
                partial.as_object_mut().unwrap().remove(member);
                assert_eq!(problem(&put(&tag, &partial).await), "invalid-body", "{member} is not taken away");
            }
            let changed = put(&tag, &change).await;
            assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &json!("Another name")));
            assert_eq!(problem(&put(&tag, &change).await), "stale", "a second time");
        }
        let changes = clinic.get(&token, "/audit?kind=client-changed").await.json();
        assert_eq!(changes["items"].as_array().unwrap().len(), 2, "what is the same is no change: {changes}");
        assert_eq!(changes["items"][0]["detail"]["by"], "desk");
    }
}

#[tokio::test]
async fn what_an_application_can_not_be_is_refused_by_its_member() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let cases = [
        (json!({ "type": "web", "name": "X" }), None),
        (json!({ "type": "king", "name": "X" }), Some("/type")),
        (json!({ "type": "web", "name": " ", "redirect_uris": [] }), Some("/name")),
        (
            json!({ "type": "web", "name": "X", "redirect_uris": ["https://a.example/cb", "http://evil.example"] }),
            None,
        ),
        (json!({ "type": "web", "name": "X", "redirect_uris": ["no address"] }), Some("/redirect_uris/0")),
        (
            json!({ "type": "web", "name": "X", "redirect_uris": ["https://a.example/cb"], "scopes": ["a b"] }),
            Some("/scopes/0"),
        ),
        (
            json!({ "type": "web", "name": "X", "redirect_uris": ["https://a.example/cb"], "id_token_alg": "none" }),
            Some("/id_token_alg"),
        ),
        (json!({ "type": "machine", "name": "X", "scopes": ["openid"] }), None),
    ];
    for (body, pointer) in cases {
        let answer = clinic.call(&token, ("POST", "/applications"), &[], &body).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (422, "invalid-body".to_owned()), "{body}");
        if let Some(pointer) = pointer {
            assert_eq!(answer.json()["pointer"], pointer, "{body}");
        }
    }
    let answer = clinic.call(&token, ("POST", "/applications"), &[], &json!({ "consent": "never" })).await;
    assert_eq!(problem(&answer), "unknown-member");
    // What is declared is changed in the configuration.
    let read = clinic.get(&token, "/applications/stranger").await;
    let mut change = read.json();
    change["name"] = "Friend".into();
    let tag = [("if-match", read.header("etag"))];
    let answer = clinic.call(&token, ("PUT", "/applications/stranger"), &tag, &change).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (409, "conflict".to_owned()));
    for (method, path) in [("DELETE", ""), ("POST", "/disable"), ("POST", "/secrets")] {
        let answer =
            clinic.call(&token, (method, &format!("/applications/stranger{path}")), &[], &json!({})).await;
        assert_eq!(problem(&answer), "conflict", "{path}");
    }
}

/// What a database can not keep is refused or kept in another form, and is no fault of ours (security: T18).
#[tokio::test]
async fn a_null_character_in_an_address_breaks_nothing() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let token = clinic.operator().await;
        for member in ["return_uris", "redirect_uris", "resources", "scopes"] {
            let mut new = portal();
            new[member] = json!(["https://portal.example.org/a\u{0}b"]);
            let answer = clinic.call(&token, ("POST", "/applications"), &[], &new).await;
            assert!(matches!(answer.status.as_u16(), 201 | 422), "{backend:?} {member}: {}", answer.body);
        }
        let answer = clinic.get(&token, "/applications/desk/preview?email=a%00@example.org").await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{backend:?}: {}", answer.body);
        assert_eq!(clinic.get(&token, "/applications").await.status, 200, "{backend:?}");
    }
}

/// product §6: two secrets are good at once, each until its own end, and never none.
#[tokio::test]
async fn an_application_changes_over_to_a_new_secret() {
    let clinic = Clinic::open().await;
    let robot = clinic.machine("robot").await;
    let made = make(&clinic, &robot, &laboratory()).await;
    let (id, first) = (id(&made), made.json()["client_secret"].as_str().unwrap().to_owned());
    let path = format!("/applications/{id}/secrets");
    let list = async || clinic.get(&robot, &path).await.json()["items"].as_array().unwrap().clone();
    let old = list().await[0]["id"].as_str().unwrap().to_owned();
    let last = format!("{path}/{old}");
    let answer = clinic.call(&robot, ("DELETE", &last), &[], &json!({})).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (409, "conflict".to_owned()), "the only one");
    clinic.app.advance(Duration::seconds(1));
    let second = add(&clinic, &robot, &id).await;
    assert_eq!(second.status, 201, "{}", second.body);
    let new = second.json()["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(list().await[1]["id"], second.json()["id"]);
    assert_eq!(problem(&add(&clinic, &robot, &id).await), "conflict", "two at once");
    for days in [0, 91] {
        let answer =
            clinic.call(&robot, ("POST", &format!("{last}/expire")), &[], &json!({ "days": days })).await;
        assert_eq!(
            (problem(&answer), &answer.json()["pointer"]),
            ("invalid-body".to_owned(), &json!("/days"))
        );
    }
    let ends = clinic.call(&robot, ("POST", &format!("{last}/expire")), &[], &json!({ "days": 1 })).await;
    assert_eq!(ends.json()["expires_at"], list().await[0]["expires_at"], "{}", ends.body);
    for secret in [&first, &new] {
        assert_eq!(gets_a_token(&clinic, &id, secret).await, 200);
    }
    clinic.app.advance(Duration::days(1));
    assert_eq!(
        (gets_a_token(&clinic, &id, &first).await, gets_a_token(&clinic, &id, &new).await),
        (401, 200)
    );
    let robot = clinic.machine("robot").await;
    let listed = clinic.get(&robot, &path).await.json();
    assert_eq!((&listed["items"][0]["good"], &listed["items"][1]["good"]), (&json!(false), &json!(true)));
    assert_eq!(clinic.call(&robot, ("DELETE", &last), &[], &json!({})).await.status, 204);
    for (deed, status) in [("disable", 204), ("disable", 409), ("enable", 204)] {
        let at = format!("/applications/{id}/{deed}");
        assert_eq!(clinic.call(&robot, ("POST", &at), &[], &json!({})).await.status, status, "{deed}");
        let expected = if deed == "enable" { 200 } else { 401 };
        assert_eq!(gets_a_token(&clinic, &id, &new).await, expected, "{deed}");
    }
    let at = format!("/applications/{id}");
    assert_eq!(clinic.call(&robot, ("DELETE", &at), &[], &json!({})).await.status, 204);
    assert_eq!(clinic.get(&robot, &at).await.status, 404);
    assert_eq!(gets_a_token(&clinic, &id, &new).await, 401);
}

/// product §5, nothing above one's own rights: a token for applications makes no application that could do more than it,
/// and turns none that can into its own.
#[tokio::test]
async fn a_token_gives_no_application_what_it_has_not_itself() {
    let clinic = Clinic::open().await;
    let (browser, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    let all = clinic.token(&browser, EVERYTHING).await;
    let few = clinic.token(&browser, "openid admin:applications.write admin:people.read").await;
    let with = |scopes: &[&str]| {
        let mut new = portal();
        new["scopes"] = json!(scopes);
        new
    };
    make(&clinic, &few, &with(&["openid", "admin:people.read"])).await;
    let more = with(&["openid", "admin:people.read", "admin:people.help"]);
    let answer = clinic.call(&few, ("POST", "/applications"), &[], &more).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (403, "forbidden".to_owned()));
    let strong = make(&clinic, &all, &more).await;
    let path = format!("/applications/{}", id(&strong));
    let mut moved = clinic.get(&all, &path).await.json();
    moved["redirect_uris"] = json!(["https://evil.example/cb"]);
    let tag = [("if-match", strong.header("etag"))];
    assert_eq!(problem(&clinic.call(&few, ("PUT", &path), &tag, &moved).await), "forbidden");
    assert_eq!(problem(&add(&clinic, &few, &id(&strong)).await), "forbidden");
    for (method, rest) in [("POST", "/disable"), ("DELETE", "")] {
        let answer = clinic.call(&few, (method, &format!("{path}{rest}")), &[], &json!({})).await;
        assert_eq!(problem(&answer), "forbidden", "{method} {rest}");
    }
    // Neither is one that has none raised to what the token lacks.
    let weak = make(&clinic, &all, &portal()).await;
    let mut raised = weak.json();
    raised.as_object_mut().unwrap().remove("client_secret");
    raised["scopes"] = more["scopes"].clone();
    let (path, tag) = (format!("/applications/{}", id(&weak)), [("if-match", weak.header("etag"))]);
    assert_eq!(problem(&clinic.call(&few, ("PUT", &path), &tag, &raised).await), "forbidden");
    assert_eq!(clinic.call(&all, ("PUT", &path), &tag, &raised).await.status, 200);
}

/// RFC 9470: what changes something wants a proof that is fresh.
#[tokio::test]
async fn registering_wants_a_fresh_log_in() {
    let clinic = Clinic::open().await;
    let (browser, _) = clinic.somebody("olive@example.org", Some(ServiceRole::Operator)).await;
    clinic.app.advance(Duration::minutes(6));
    let token = clinic.token(&browser, EVERYTHING).await;
    let answer = clinic.call(&token, ("POST", "/applications"), &[], &portal()).await;
    assert_eq!(problem(&answer), "insufficient-user-authentication");
    assert_eq!(clinic.get(&token, "/applications").await.status, 200);
}

#[tokio::test]
async fn what_an_application_would_be_told_is_shown_with_the_reasons_for_the_rest() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let ada = clinic.app.person("ada@example.org").await;
    let path = format!("/applications/{}/preview", id(&make(&clinic, &token, &portal()).await));
    let seen = clinic
        .get(&token, &format!("{path}?email=ada@example.org&scope=openid%20email%20phone"))
        .await
        .json();
    assert_eq!((&seen["person"], &seen["sub"]), (&json!(ada.id), &json!(ada.id)), "{seen}");
    assert_eq!((&seen["granted"], &seen["left_out"]), (&json!(["email", "openid"]), &json!(["phone"])));
    let claim = |name: &str| {
        let all = seen["claims"].as_array().unwrap();
        let found = all.iter().find(|claim| claim["claim"] == name).unwrap();
        (found["value"].clone(), found["why"].as_str().unwrap().to_owned())
    };
    assert_eq!(claim("email"), (json!("ada@example.org"), "told".to_owned()));
    assert_eq!(claim("given_name"), (Value::Null, "not-asked".to_owned()));
    assert_eq!(claim("phone_number"), (Value::Null, "not-registered".to_owned()));
    let records = clinic.get(&token, "/audit?kind=claims-previewed").await.json();
    let record = &records["items"][0];
    assert_eq!((&record["person"], &record["detail"]["by"]), (&json!(ada.id), &json!("desk")), "{record}");
    for (query, status, kind) in [
        ("?email=nobody@example.org", 404, "not-found"),
        ("?email=ada", 400, "invalid-parameter"),
        ("", 400, "invalid-parameter"),
        ("?email=ada@example.org&scope=%22", 400, "invalid-parameter"),
    ] {
        let answer = clinic.get(&token, &format!("{path}{query}")).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (status, kind.to_owned()), "{query}");
    }
}
