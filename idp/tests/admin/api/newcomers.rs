//! Accounts that are made for people.

use serde_json::{Value, json};

use super::{Clinic, problem};
use crate::store::Backend;

fn nora() -> Value {
    json!({ "email": "Nora@example.org", "given_name": "Nora", "family_name": "Neumann", "language": "de",
        "link_minutes": 60 })
}

/// product §5: nobody makes a way in for somebody else. The link goes to the mailbox and is in no answer.
#[tokio::test]
async fn an_account_begins_without_rights_and_with_a_link_that_only_its_person_gets() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let robot = clinic.machine("robot").await;
        let made = clinic.call(&robot, ("POST", "/people"), &[], &nora()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = made.location().strip_prefix(&clinic.resource()).unwrap().to_owned();
        let seen = clinic.get(&robot, &path).await.json();
        for (member, value) in [
            ("email_verified", json!(false)),
            ("enabled", json!(true)),
            ("role", Value::Null),
            ("password", json!("none")),
            ("passkeys", json!([])),
            ("organizations", json!([])),
        ] {
            assert_eq!(seen[member], value, "{backend:?} {member}");
        }
        assert!(!made.body.contains("token="), "{}", made.body);
        let mail = clinic.app.mail_to("nora@example.org").await;
        let link = mail.text.split_whitespace().find(|word| word.contains("/login/access?token=")).unwrap();
        let page = clinic.app.browser().get(link.strip_prefix(&clinic.app.issuer()).unwrap()).await;
        assert_eq!(page.status, 200);
        let operator = clinic.operator().await;
        let record =
            clinic.get(&operator, "/audit?kind=user-created&client=robot").await.json()["items"][0].clone();
        assert_eq!((&record["person"], &record["client"]), (&seen["id"], &json!("robot")), "{record}");
        let again = clinic.call(&robot, ("POST", "/people"), &[], &nora()).await;
        assert_eq!((again.status.as_u16(), problem(&again)), (409, "address-taken".to_owned()));
    }
}

#[tokio::test]
async fn without_minutes_no_mail_goes_out() {
    let clinic = Clinic::open().await;
    let robot = clinic.machine("robot").await;
    let mut quiet = nora();
    quiet["link_minutes"] = Value::Null;
    assert_eq!(clinic.call(&robot, ("POST", "/people"), &[], &quiet).await.status, 201);
    assert!(clinic.app.mails().await.is_empty());
    for (member, value) in [
        ("link_minutes", json!(4)),
        ("link_minutes", json!(1441)),
        ("email", json!("nora")),
        ("given_name", json!("")),
        ("language", json!("de\u{0}")),
    ] {
        let mut wrong = nora();
        wrong[member] = value;
        let answer = clinic.call(&robot, ("POST", "/people"), &[], &wrong).await;
        assert_eq!(
            (problem(&answer), &answer.json()["pointer"]),
            ("invalid-body".to_owned(), &json!(format!("/{member}")))
        );
    }
    for member in ["role", "password", "email_verified", "policy"] {
        let mut wrong = nora();
        wrong[member] = "operator".into();
        let answer = clinic.call(&robot, ("POST", "/people"), &[], &wrong).await;
        assert_eq!(problem(&answer), "unknown-member", "{member}");
    }
}
