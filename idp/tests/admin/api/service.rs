//! The service as a whole, through the API.

use idp::app::keys::PUBLISHED_BEFORE_USE;
use idp::jobs;
use serde_json::{Value, json};

use super::{Clinic, problem};
use crate::store::Backend;

async fn keys(clinic: &Clinic, token: &str, state: &str) -> Vec<Value> {
    let all = clinic.get(token, "/keys").await.json()["items"].as_array().unwrap().clone();
    all.into_iter().filter(|key| key["state"] == state).map(|key| key["kid"].clone()).collect()
}

/// C24: never before everybody can know them; and on record with the program that did it.
#[tokio::test]
async fn keys_are_rotated_when_the_next_ones_are_known() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        jobs::tend_keys(&clinic.app.app).await.unwrap();
        let robot = clinic.machine("robot").await;
        let rotate = async |token: &str| clinic.call(token, ("POST", "/keys/rotate"), &[], &json!({})).await;
        let early = rotate(&robot).await;
        assert_eq!((early.status.as_u16(), problem(&early)), (409, "conflict".to_owned()));
        assert_eq!(early.header("retry-after"), PUBLISHED_BEFORE_USE.whole_seconds().to_string());
        clinic.app.advance(PUBLISHED_BEFORE_USE);
        let robot = clinic.machine("robot").await;
        let (current, next) = (keys(&clinic, &robot, "current").await, keys(&clinic, &robot, "next").await);
        assert_eq!((current.len(), next.len()), (4, 4), "{backend:?}");
        assert_eq!(rotate(&robot).await.status, 204);
        let sorted = |mut keys: Vec<Value>| {
            keys.sort_by_key(ToString::to_string);
            keys
        };
        assert_eq!(sorted(keys(&clinic, &robot, "current").await), sorted(next));
        assert_eq!(sorted(keys(&clinic, &robot, "retired").await), sorted(current));
        let records = clinic.get(&robot, "/audit?kind=key-rotated").await.json();
        assert_eq!(
            (&records["items"][0]["client"], &records["items"][0]["actor"]),
            (&json!("robot"), &Value::Null)
        );
        assert!(!clinic.get(&robot, "/keys").await.body.contains("\"d\""), "what signs is never shown");
        let verified = clinic.call(&robot, ("POST", "/audit/verify"), &[], &json!({})).await.json();
        assert_eq!(verified["whole"], true, "{verified}");
        let reads = clinic.get(&robot, "/audit?kind=audit-read").await.json();
        let how = |read: &Value| read["detail"]["how"] == "verify" && read["client"] == "robot";
        assert!(reads["items"].as_array().unwrap().iter().any(how), "S27: {reads}");
    }
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_again_or_given_up() {
    let clinic = Clinic::open().await;
    let ada = clinic.app.person("ada@example.org").await;
    let robot = clinic.machine("robot").await;
    let path = format!("/people/{}/access-link", ada.id);
    for _ in 0..2 {
        clinic.call(&robot, ("POST", &path), &[], &json!({ "minutes": 30 })).await;
    }
    let waiting = clinic.get(&robot, "/deliveries").await.json();
    assert_eq!((&waiting["waiting"], &waiting["failed"]), (&json!(2), &json!(0)), "{waiting}");
    let deed = async |id: &str, deed: &str| {
        let answer =
            clinic.call(&robot, ("POST", &format!("/deliveries/{id}/{deed}")), &[], &json!({})).await;
        answer.status.as_u16()
    };
    let id = |number: usize| waiting["items"][number]["id"].as_str().unwrap();
    assert_eq!(deed(id(0), "retry").await, 409, "it has not failed");
    assert_eq!(deed(id(0), "give-up").await, 409);
    let later = (clinic.app.app.clock.now() + time::Duration::hours(1)).unix_timestamp() * 1000;
    clinic.app.sql(&format!("UPDATE outbox SET last_error = 'no such host', next_try_at = {later}")).await;
    let failed = clinic.get(&robot, "/deliveries?failed=true&limit=1").await.json();
    assert_eq!((&failed["failed"], &failed["items"][0]["error"]), (&json!(2), &json!("no such host")));
    assert!(failed["next_cursor"].is_string());
    assert!(!failed.to_string().contains("token="), "never what is in it");
    assert_eq!((deed(id(0), "retry").await, deed(id(1), "give-up").await), (204, 204));
    assert_eq!(deed(id(1), "give-up").await, 404);
    let kinds = "/audit?kind=delivery-retried,delivery-given-up";
    assert_eq!(clinic.get(&robot, kinds).await.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(clinic.app.mails().await.iter().filter(|mail| mail.to == "ada@example.org").count(), 1);
}

#[tokio::test]
async fn health_and_figures_are_what_the_console_shows() {
    let clinic = Clinic::open().await;
    let token = clinic.operator().await;
    let health = clinic.get(&token, "/health").await.json();
    let names: Vec<&str> =
        health["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"database-fine") && names.contains(&"outbox-fine"), "{health}");
    assert!(names.iter().all(|name| idp::admin::health::NAMES.contains(name)), "{names:?}");
    let figures = clinic.get(&token, "/figures").await.json();
    let log_ins: u64 = figures["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|figure| figure["what"] == "signed-in")
        .map(|figure| figure["count"].as_u64().unwrap())
        .sum();
    assert!(log_ins >= 2, "{figures}");
}
