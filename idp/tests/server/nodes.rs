//! Two nodes on one PostgreSQL and one Redis, behind a proxy that takes them in turn: everything goes on at the other.

use idp::app::{App, keys};
use idp::audit::Actor;
use idp::model::client::ClientId;
use idp::model::user::Policy;
use idp::store::{clients, settings};
use serde_json::json;
use time::Duration;

use crate::support::cluster::Cluster;
use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_goes_on_at_any_node() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.first();
    let (_, mut authenticator) = app.person_with_passkey(ADA).await;
    let clinic = app.clinic();
    for _ in 0..4 {
        let browser = app.browser();
        let asked = clinic.authorize(&browser, &[]).await;
        let attempt = asked.parameter("attempt").unwrap();
        let answer = browser.use_passkey(&mut authenticator, &json!({ "attempt": attempt })).await;
        let next = answer.json()["location"].as_str().unwrap().to_owned();
        let back = browser.get(&next).await;
        let code = back.parameter("code").unwrap_or_else(|| panic!("no code: {back:?}"));
        let tokens = clinic.redeem(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let access = tokens.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(clinic.userinfo(&access).await.status, 200);
        assert_eq!(clinic.redeem(&code).await.status, 400, "the other node took it again");
    }
}

/// Wrong passwords are counted over all nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_are_counted_over_all_nodes() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let alone = TestApp::init().await;
    assert_eq!(guesses(cluster.first()).await, guesses(&alone).await);
}

/// How many guesses are checked before the next one has to wait.
async fn guesses(app: &TestApp) -> usize {
    app.person(ADA).await;
    let browser = app.browser();
    for made in 0..50 {
        if browser.submit_password(ADA, "not the password").await.body.contains("Please wait") {
            return made;
        }
    }
    panic!("guessing went on for ever");
}

/// A session that ends at one node is over at the other, at once, and so is an account that is disabled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_at_one_node_is_over_at_the_other() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.first();
    let ada = app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let tokens = app.clinic().offline_tokens(&browser).await;
    cluster.disable(ada.id).await;
    for _ in 0..4 {
        assert!(!browser.is_signed_in().await);
        assert!(!app.clinic().can_refresh(&tokens).await);
    }
}

/// A key that one node rotates is published by the other before anything is signed with it, and what it signs is
/// taken by both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_one_node_rotates_are_known_to_the_other() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.first();
    app.person(ADA).await;
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    let before = app.clinic().tokens(&browser, &[]).await;
    cluster.advance(Duration::days(91));
    for node in &cluster.nodes {
        idp::jobs::tend_keys(&node.app).await.unwrap();
    }
    let keys = |body: String| body.matches("\"kid\"").count();
    let (one, other) = (app.browser().get("/oidc/jwks").await, app.browser().get("/oidc/jwks").await);
    assert_eq!(keys(one.body), keys(other.body));
    let access = before["access_token"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(app.clinic().userinfo(access).await.status, 401, "it has expired, and at both");
    }
    let browser = app.browser();
    browser.log_in_with_password(ADA, PASSWORD).await;
    for _ in 0..4 {
        let tokens = app.clinic().tokens(&browser, &[]).await;
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(app.clinic().userinfo(access).await.status, 200);
    }
}

/// T28: no message tells a node what another one did, so none can be lost: it looks for itself, in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_keys_of_one_node_hold_at_the_other_within_a_second() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let (one, other) = (&cluster.nodes[0].app, &cluster.nodes[1].app);
    let jobs = tokio::spawn(idp::jobs::run(other.clone()));
    let within_a_second = async |what: &str, holds: &dyn Fn() -> bool| {
        let changed = std::time::Instant::now();
        while !holds() {
            assert!(changed.elapsed() < std::time::Duration::from_secs(1), "{what}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    assert_eq!(other.policy(), Policy::Free);
    let tx = one.store.begin().await.unwrap();
    settings::set_policy(&tx, Policy::RequirePasskey, one.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    within_a_second("the rule", &|| other.policy() == Policy::RequirePasskey).await;
    let before = other.keys.current();
    keys::replace_all(&one.store, Actor::Host, one.clock.now()).await.unwrap();
    within_a_second("the keys", &|| !std::sync::Arc::ptr_eq(&other.keys.current(), &before)).await;
    jobs.abort();
    // An application that one node disables is known to the other from a moment ago, and no longer.
    let id = ClientId::parse("clinic-example").unwrap();
    let enabled = async |app: &App| clients::by_id(&app.store, &id).await.unwrap().unwrap().is_enabled();
    assert!(enabled(other).await && enabled(one).await);
    let tx = one.store.begin().await.unwrap();
    clients::set_enabled(&tx, &id, false, one.clock.now()).await.unwrap();
    assert!(enabled(one).await, "not before it is committed");
    tx.commit().await.unwrap();
    assert!(!enabled(one).await, "at once where it was done");
    let changed = std::time::Instant::now();
    while enabled(other).await {
        assert!(changed.elapsed() < std::time::Duration::from_secs(1), "the application");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// What waits in the outbox is sent by one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_sent_by_one_of_them() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.first();
    app.person(ADA).await;
    app.browser().post("/login/forgot", &[("email", ADA)]).await;
    let (one, other) = (&cluster.nodes[0], &cluster.nodes[1]);
    tokio::join!(one.mails(), other.mails());
    let sent = one.mails().await.len() + other.mails().await.len();
    assert_eq!(sent, 1);
}
