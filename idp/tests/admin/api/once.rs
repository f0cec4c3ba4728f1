//! Idempotency keys (draft-ietf-httpapi-idempotency-key-header): what is sent twice is done once.

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;

use super::{Clinic, problem};
use crate::store::Backend;
use crate::support::fault_proxy::{FaultProxy, Weather};

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

/// A service whose line to the database fails.
async fn over_a_line() -> Option<(Clinic, FaultProxy)> {
    let (config, _dir) = crate::store::config(Backend::Postgres).await?;
    let mut url = url::Url::parse(config.database.url.unwrap().expose()).unwrap();
    let network = FaultProxy::before(url.socket_addrs(|| Some(5432)).unwrap()[0]).await;
    url.set_port(Some(network.port)).unwrap();
    Some((Clinic::at(vec![("IDP_DATABASE__URL", url.to_string())]).await, network))
}

/// T7: the commit is done, and nobody hears of it.
#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let Some((clinic, network)) = over_a_line().await else { return };
    let robot = clinic.machine("robot").await;
    let at = ("POST", "/organizations");
    // The one ends what was asked for, the other the wait for the disk.
    // By then it has taken its key, with a commit of its own.
    for (slug, words, others) in [("lindenhof", "COMMIT AND CHAIN", 0), ("seeblick", "COMMIT\0", 1)] {
        let new = json!({ "slug": slug, "name": slug });
        let key = [("idempotency-key", slug)];
        let cuts = network.cuts();
        network.cut_after_others(others, words.as_bytes());
        let unclear = clinic.call(&robot, at, &key, &new).await;
        assert_eq!((unclear.status.as_u16(), problem(&unclear)), (503, "unclear".to_owned()));
        assert_eq!(network.cuts(), cuts + 1);
        assert_eq!(unclear.header("retry-after"), "", "nobody is to repeat it unseen");
        assert_eq!(problem(&clinic.call(&robot, at, &key, &new).await), "under-way");
        clinic.app.advance(Duration::minutes(3));
        let robot = clinic.machine("robot").await;
        assert_eq!(problem(&clinic.call(&robot, at, &key, &new).await), "broken-off");
        assert_eq!(problem(&clinic.call(&robot, at, &[], &new).await), "slug-taken", "it was done");
    }
}

/// How a call ended is told at once, and known to its key soon after, whatever fails meanwhile.
#[tokio::test]
async fn an_end_that_could_not_be_noted_is_told_and_noted_later() {
    let Some((clinic, network)) = over_a_line().await else { return };
    let robot = clinic.machine("robot").await;
    let new = |slug: &str| json!({ "slug": slug, "name": "Lindenhof" });
    let call = async |key: &str, body: &serde_json::Value| {
        clinic.call(&robot, ("POST", "/organizations"), &[("idempotency-key", key)], body).await
    };
    let soon = async |key: &str| {
        for _ in 0..50 {
            let answer = call(key, &new(key)).await;
            if answer.status.is_success() {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        panic!("never noted");
    };
    // A statement is said in words the first time only.
    let cuts = network.cuts();
    // It was done.
    network.cut_after(b"SET \"sealed_answer\"");
    let done = call("done", &new("done")).await;
    assert_eq!(done.status, 201, "{done:?}");
    assert_eq!(network.cuts(), cuts + 1);
    clinic.app.advance(Duration::seconds(1));
    let again = soon("done").await;
    assert_eq!((again.status, &again.body), (done.status, &done.body));

    // It was refused; whoever forgets a call names the moment in which it began.
    network.cut_after(b"\"begun_at\" = $");
    let refused = call("refused", &new("")).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(network.cuts(), cuts + 2);
    clinic.app.advance(Duration::seconds(1));
    soon("refused").await;

    // Its key may have been taken, and nothing was done.
    network.cut_after(b"COMMIT\0");
    let begun = call("begun", &new("begun")).await;
    assert_eq!((begun.status.as_u16(), problem(&begun)), (503, "unavailable".to_owned()));
    assert_eq!(network.cuts(), cuts + 3);
    clinic.app.advance(Duration::seconds(1));
    soon("begun").await;
}

/// T20: whoever hangs up, at whatever moment, gets what was done when they ask again.
#[tokio::test]
async fn a_caller_who_hangs_up_is_answered_when_they_ask_again() {
    let Some((clinic, network)) = over_a_line().await else { return };
    let robot = clinic.machine("robot").await;
    let at = ("POST", "/organizations");
    network.set(Weather::Slow(std::time::Duration::from_millis(20)));
    for number in 0..16 {
        let slug = format!("clinic-{number}");
        let (key, new) = ([("idempotency-key", slug.as_str())], json!({ "slug": slug, "name": slug }));
        let call = clinic.call(&robot, at, &key, &new);
        let patience = std::time::Duration::from_millis(number * 40);
        let _hung_up = tokio::time::timeout(patience, call).await;
        let mut answer = clinic.call(&robot, at, &key, &new).await;
        for _ in 0..50 {
            if answer.status != 409 {
                break;
            }
            assert_eq!(problem(&answer), "under-way");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            answer = clinic.call(&robot, at, &key, &new).await;
        }
        assert_eq!(answer.status, 201, "after {patience:?}: {answer:?}");
    }
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
