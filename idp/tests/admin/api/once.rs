//! Idempotency keys (draft-ietf-httpapi-idempotency-key-header): what is sent twice is done once.

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

use super::{Clinic, problem};
use crate::store::Backend;
use crate::support::fault_proxy::FaultProxy;

#[tokio::test]
async fn what_is_sent_again_is_answered_as_the_first_time_and_done_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let (robot, operator) = (clinic.machine("robot").await, clinic.operator().await);
        let at = ("POST", "/organizations");
        let new = json!({ "slug": "lindenhof", "name": "Lindenhof" });
        let key = [("idempotency-key", "4b1d")];
        let first = clinic.call(&robot, at, &key, &new).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let again = clinic.call(&robot, at, &key, &new).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{backend:?}");
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        let other = json!({ "slug": "seeblick", "name": "Seeblick" });
        let answer = clinic.call(&robot, at, &key, &other).await;
        assert_eq!((answer.status.as_u16(), problem(&answer)), (422, "idempotency-key-reused".to_owned()));
        let answer = clinic.call(&operator, at, &key, &other).await;
        assert_eq!(answer.status, 201, "a key is its caller's own");
        assert_eq!(problem(&clinic.call(&robot, at, &[], &new).await), "slug-taken", "without a key");
        clinic.app.advance(Duration::hours(24));
        let robot = clinic.machine("robot").await;
        assert_eq!(problem(&clinic.call(&robot, at, &key, &new).await), "slug-taken", "a day later");
    }
}

/// What was refused is tried anew.
#[tokio::test]
async fn a_refusal_does_not_use_a_key_up() {
    let clinic = Clinic::open().await;
    let ada = clinic.app.person("ada@example.org").await;
    let robot = clinic.machine("robot").await;
    let path = format!("/people/{}/access-link", ada.id);
    let key = [("idempotency-key", "k")];
    let wrong = clinic.call(&robot, ("POST", &path), &key, &json!({ "minutes": 1 })).await;
    assert_eq!(problem(&wrong), "invalid-body");
    let sent = clinic.call(&robot, ("POST", &path), &key, &json!({ "minutes": 30 })).await;
    assert_eq!(sent.status, 204, "{}", sent.body);
    let again = clinic.call(&robot, ("POST", &path), &key, &json!({ "minutes": 30 })).await;
    assert_eq!(again.status, 204);
    let mails = clinic.app.mails().await;
    assert_eq!(mails.iter().filter(|mail| mail.to == "ada@example.org").count(), 1, "{mails:?}");
    for bad in ["", "a b", &"x".repeat(256)] {
        let answer = clinic.call(&robot, ("POST", &path), &[("idempotency-key", bad)], &json!({})).await;
        assert_eq!(problem(&answer), "invalid-request", "{bad:?}");
    }
}

/// T7: the commit is done, and nobody hears of it.
#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let Some((config, _dir)) = crate::store::config(Backend::Postgres).await else { return };
    let url = url::Url::parse(config.database.url.unwrap().expose()).unwrap();
    let server = url.socket_addrs(|| Some(5432)).unwrap();
    let network = FaultProxy::before(server[0]).await;
    let mut through = url.clone();
    through.set_port(Some(network.port)).unwrap();
    let clinic = Clinic::at(vec![("IDP_DATABASE__URL", through.to_string())]).await;
    let robot = clinic.machine("robot").await;
    let at = ("POST", "/organizations");
    let new = json!({ "slug": "lindenhof", "name": "Lindenhof" });
    let key = [("idempotency-key", "4b1d")];
    let cuts = network.cuts();
    network.cut_after(b"COMMIT AND CHAIN");
    let unclear = clinic.call(&robot, at, &key, &new).await;
    assert_eq!((unclear.status.as_u16(), problem(&unclear)), (503, "unclear".to_owned()));
    assert_eq!(network.cuts(), cuts + 1);
    assert!(!unclear.header("retry-after").is_empty());
    assert_eq!(problem(&clinic.call(&robot, at, &key, &new).await), "under-way");
    clinic.app.advance(Duration::minutes(3));
    assert_eq!(problem(&clinic.call(&robot, at, &key, &new).await), "broken-off");
    assert_eq!(problem(&clinic.call(&robot, at, &[], &new).await), "slug-taken", "it was done");
}

/// T20
#[tokio::test]
async fn of_many_at_once_one_is_done() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(clinic) = Clinic::on(backend, Vec::new()).await else { continue };
        let ada = clinic.app.person("ada@example.org").await;
        let robot = clinic.machine("robot").await;
        let path = format!("/people/{}/access-link", ada.id);
        let body = json!({ "minutes": 30 });
        let calls = (0..8).map(|_| clinic.call(&robot, ("POST", &path), &[("idempotency-key", "k")], &body));
        for answer in join_all(calls).await {
            match answer.status.as_u16() {
                204 => {}
                409 => assert_eq!(problem(&answer), "under-way"),
                _ => panic!("{answer:?}"),
            }
        }
        let mails = clinic.app.mails().await;
        assert_eq!(
            mails.iter().filter(|mail| mail.to == "ada@example.org").count(),
            1,
            "{backend:?} {mails:?}"
        );
    }
}
