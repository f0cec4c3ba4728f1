//! What is changed, and how it is asked for.

use serde_json::{Value, json};

use super::{Clinic, problem};
use crate::store::Backend;

async fn make(clinic: &Clinic, token: &str, slug: &str) -> (String, Value, String) {
    let new = json!({ "slug": slug, "name": "Clinic Lindenhof", "policy": null, "roles": ["practitioner"] });
    let answer = clinic.call(token, ("POST", "/organizations"), &[], &new).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let path = answer.location().strip_prefix(&clinic.resource()).unwrap().to_owned();
    (path, answer.json(), answer.header("etag").to_owned())
}

/// GET then PUT is the identity: nothing changes and nothing is recorded.
#[tokio::test]
async fn what_was_read_can_be_written_back() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let token = clinic.operator().await;
        let (path, made, _) = make(&clinic, &token, "lindenhof").await;
        let read = clinic.get(&token, &path).await;
        assert_eq!(read.json(), made);
        let tag = read.header("etag").to_owned();
        clinic.app.advance(time::Duration::seconds(5));
        let written = clinic.call(&token, ("PUT", &path), &[("if-match", &tag)], &read.json()).await;
        assert_eq!((written.status.as_u16(), written.json()), (200, made), "{backend:?}");
        assert_eq!(written.header("etag"), tag);
        let changes = clinic.get(&token, "/audit?kind=organization-changed").await.json();
        assert_eq!(changes["items"], json!([]));
    }
}

/// RFC 9110 §13.1.1, RFC 6585 §3
#[tokio::test]
async fn a_change_is_made_to_the_version_that_was_read_and_to_no_other() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let (path, made, tag) = make(&clinic, &token, "lindenhof").await;
    let mut change = made.clone();
    change["name"] = "Lindenhof & Co".into();
    let change_to =
        async |more: &[(&str, &str)], body: &Value| clinic.call(&token, ("PUT", &path), more, body).await;
    let answer = change_to(&[], &change).await;
    assert_eq!((answer.status.as_u16(), problem(&answer)), (428, "precondition-required".to_owned()));
    for stale in ["\"x\"", "*", &format!("W/{tag}"), ""] {
        let answer = change_to(&[("if-match", stale)], &change).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (412, "stale".to_owned()), "{stale}");
    }
    let changed = change_to(&[("if-match", &tag)], &change).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &json!("Lindenhof & Co")));
    assert_ne!(changed.header("etag"), tag);
    let answer = change_to(&[("if-match", &tag)], &change).await;
    assert_eq!(problem(&answer), "stale", "a second time");
    let tag = changed.header("etag").to_owned();
    for (member, value) in [("slug", json!("other")), ("enabled", json!(false)), ("created_at", json!("x"))] {
        let mut wrong = changed.json();
        wrong[member] = value;
        let answer = change_to(&[("if-match", &tag)], &wrong).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (422, "read-only-member".to_owned()));
        assert_eq!(answer.json()["pointer"], format!("/{member}"));
    }
    let mut partial = changed.json();
    partial.as_object_mut().unwrap().remove("policy");
    let answer = change_to(&[("if-match", &tag)], &partial).await;
    assert_eq!(problem(&answer), "invalid-body", "what is left out is not taken away");
}

#[tokio::test]
async fn a_body_is_json_and_has_no_member_that_is_not_known() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let bearer = format!("Bearer {token}");
    let at = ("POST", "/organizations");
    let good = r#"{"slug":"lindenhof","name":"Lindenhof"}"#;
    let json = "application/json";
    let long = format!("{{\"slug\":\"lindenhof\",\"name\":\"{}\"}}", "x".repeat(70_000));
    let cases = [
        ("text/plain", good, 415, "unsupported-media-type", None),
        ("application/x-www-form-urlencoded", "slug=a&name=b", 415, "unsupported-media-type", None),
        (json, "{", 400, "malformed-json", None),
        (json, "", 400, "malformed-json", None),
        (json, "\u{feff}{}", 400, "malformed-json", None),
        (json, r#"{"slug":"lindenhof","name":"Lindenhof"} x"#, 400, "malformed-json", None),
        (json, r#"{"slug":"lindenhof","name":"L","nmae":"x"}"#, 422, "unknown-member", Some("/nmae")),
        (json, r#"{"slug":"lindenhof","name":"L","name":"M"}"#, 422, "invalid-body", None),
        (json, r#"{"slug":"Linden Hof","name":"L"}"#, 422, "invalid-body", Some("/slug")),
        (json, r#"{"slug":"lindenhof","name":"L","roles":["a b"]}"#, 422, "invalid-body", Some("/roles/0")),
        (json, r#"{"slug":"lindenhof"}"#, 422, "invalid-body", None),
        (json, "[]", 422, "invalid-body", None),
        (json, long.as_str(), 413, "too-large", None),
    ];
    for (kind, body, status, name, pointer) in cases {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let answer = clinic.send(at, &headers, Some(body)).await;
        let shown = &body[..body.len().min(80)];
        assert_eq!((answer.status.as_u16(), problem(&answer)), (status, name.to_owned()), "{shown}");
        if let Some(pointer) = pointer {
            assert_eq!(answer.json()["pointer"], pointer, "{shown}");
        }
    }
    assert_eq!(clinic.get(&token, "/organizations").await.json()["items"], json!([]));
}

/// What a program did is on record as its doing, and its person sees that it was not they.
#[tokio::test]
async fn a_deed_is_recorded_with_the_application_that_did_it() {
    let clinic = Clinic::open().await;
    let (browser, ada) = clinic.somebody("ada@example.org", None).await;
    let robot = clinic.machine("robot").await;
    let path = format!("/people/{}/access-link", ada.id);
    let answer = clinic.call(&robot, ("POST", &path), &[], &json!({ "minutes": 30 })).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (204, ""),
        "the link goes to its person alone"
    );
    let mail = clinic.app.mail_to("ada@example.org").await;
    assert!(mail.text.contains("/login/access?token="), "{}", mail.text);
    let operator = clinic.operator().await;
    let record = clinic.get(&operator, "/audit?kind=access-link-issued").await.json()["items"][0].clone();
    assert_eq!((&record["actor"], &record["client"]), (&Value::Null, &json!("robot")));
    assert_eq!(record["person"], ada.id.to_string());
    let shown = browser.get("/account/activity").await.body;
    assert!(shown.contains("by an administrator"), "{shown}");
    let verified = idp::audit::verify(&clinic.app.app.store).await.unwrap();
    assert!(verified.is_ok(), "{verified:?}");
}

/// What is not there, and what an address does not know.
#[tokio::test]
async fn nothing_is_answered_by_anything_but_a_problem() {
    let clinic = Clinic::open().await;
    let robot = clinic.machine("robot").await;
    let bearer = format!("Bearer {robot}");
    for (operation, status, name) in [
        (("GET", "/nowhere"), 404, "not-found"),
        (("GET", "/people/ada"), 404, "not-found"),
        (("GET", "/people/%00"), 404, "not-found"),
        (("GET", "/organizations/0197f3a0-0000-7000-8000-000000000000"), 404, "not-found"),
        (("DELETE", "/people"), 405, "method-not-allowed"),
        (("PATCH", "/organizations/0197f3a0-0000-7000-8000-000000000000"), 405, "method-not-allowed"),
    ] {
        let answer = clinic.send(operation, &[("authorization", &bearer)], None).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (status, name.to_owned()), "{operation:?}");
        if status == 405 {
            assert!(answer.header("allow").contains("GET"), "{answer:?}");
        }
    }
    // No other origin's script is let in, and none is told that it could be.
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    let answer = clinic.send(("OPTIONS", "/people"), &preflight, None).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "{answer:?}");
}
