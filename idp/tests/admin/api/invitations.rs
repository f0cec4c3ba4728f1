//! Inviting people through the API.

use serde_json::{Value, json};
use time::Duration;

use super::{Clinic, EVERYTHING, problem};
use crate::store::Backend;
use crate::support::{Answer, TestApp};

const GUEST: &str = "guest@example.org";

async fn link(app: &TestApp) -> String {
    let mail = app.mail_to(GUEST).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("token=")).unwrap();
    link.strip_prefix(&app.issuer()).unwrap().to_owned()
}

async fn delete(clinic: &Clinic, token: &str, path: &str) -> Answer {
    clinic.call(token, ("DELETE", path), &[], &json!({})).await
}

/// product §4: the link is for the mailbox; whoever invites sees that somebody waits, and can take it back.
#[tokio::test]
async fn an_administrator_invites_and_takes_back() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let (carla, user) = clinic.somebody("carla@example.org", None).await;
        let (otto, other) = clinic.somebody("otto@example.org", None).await;
        let own = clinic.organization("lindenhof", &[(user.id, "administrator")]).await;
        let theirs = clinic.organization("waldrand", &[(other.id, "administrator")]).await;
        let (carla, otto) = (clinic.token(&carla, EVERYTHING).await, clinic.token(&otto, EVERYTHING).await);
        let path = format!("/organizations/{own}/invitations");
        let new = json!({ "email": GUEST, "roles": ["administrator"], "days": 3 });
        let made = clinic.call(&carla, ("POST", &path), &[], &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(!made.body.contains("token="));
        let first = link(&clinic.app).await;
        assert!(clinic.app.browser().get(&first).await.body.contains("lindenhof"), "{backend:?}");
        let listed = clinic.get(&carla, &path).await.json();
        assert_eq!(listed["items"], json!([made.json()]));
        assert_eq!((&made.json()["state"], &made.json()["invited_by"]), (&json!("waiting"), &json!(user.id)));
        // Another organization neither sees nor ends it, under its own address or under theirs.
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(clinic.get(&otto, &path).await.status, 404);
        for path in [format!("{path}/{id}"), format!("/organizations/{theirs}/invitations/{id}")] {
            assert_eq!(delete(&clinic, &otto, &path).await.status, 404, "{path}");
        }
        let again = clinic.call(&carla, ("POST", &format!("{path}/{id}/resend")), &[], &json!({})).await;
        assert_eq!(again.status, 201, "{}", again.body);
        let life = |made: &Value| {
            let at = |name: &str| {
                let rfc3339 = &time::format_description::well_known::Rfc3339;
                time::OffsetDateTime::parse(made[name].as_str().unwrap(), rfc3339).unwrap()
            };
            at("expires_at") - at("created_at")
        };
        assert_eq!(life(&again.json()), Duration::days(3));
        let id = again.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(delete(&clinic, &carla, &format!("{path}/{id}")).await.status, 204);
        assert_eq!(delete(&clinic, &carla, &format!("{path}/{id}")).await.status, 404, "a second time");
        assert_eq!(clinic.get(&carla, &path).await.json()["items"], json!([]));
    }
}

#[tokio::test]
async fn what_can_not_be_offered_is_refused() {
    let clinic = Clinic::open().await;
    let operator = clinic.operator().await;
    let ada = clinic.app.person("ada@example.org").await;
    let own = clinic.organization("lindenhof", &[(ada.id, "practitioner")]).await;
    let path = format!("/organizations/{own}/invitations");
    for (new, status, kind) in [
        (json!({ "email": GUEST, "roles": ["king"] }), 422, "unknown-role"),
        (json!({ "email": "ada@example.org" }), 409, "member-already"),
        (json!({ "email": GUEST, "days": 31 }), 422, "invalid-body"),
        (json!({ "email": GUEST, "application": "nobody" }), 422, "invalid-body"),
        (json!({ "email": "guest" }), 422, "invalid-body"),
        (json!({ "email": GUEST, "token": "x" }), 422, "unknown-member"),
    ] {
        let answer = clinic.call(&operator, ("POST", &path), &[], &new).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (status, kind.to_owned()), "{new}");
    }
    // Page by page, the newest first.
    for number in 0..3 {
        let new = json!({ "email": format!("g{number}@example.org") });
        assert_eq!(clinic.call(&operator, ("POST", &path), &[], &new).await.status, 201);
        clinic.app.advance(Duration::seconds(1));
    }
    let first = clinic.get(&operator, &format!("{path}?limit=2")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = clinic.get(&operator, &format!("{path}?limit=2&cursor={cursor}")).await.json();
    let emails: Vec<&Value> = [&first, &rest]
        .into_iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|invitation| &invitation["email"])
        .collect();
    assert_eq!(emails, ["g2@example.org", "g1@example.org", "g0@example.org"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    clinic.app.advance(Duration::days(8));
    let operator = clinic.machine("robot").await;
    assert_eq!(clinic.get(&operator, &path).await.json()["items"][0]["state"], "expired");
}
