//! Signing keys: C2, C24, S7, checklist 2 and 4.

use futures_util::future::join_all;
use idp::app::keys::{self, NotYet, PUBLISHED_BEFORE_USE};
use idp::audit::Actor;
use idp::jobs;
use idp::model::key::{KeyState, PublicKey, SigningAlg};
use serde_json::Value;
use time::Duration;

use super::{Office, assert_token_error, part, text, verified};
use crate::support::{Application, PASSWORD, TestApp};

async fn stored(app: &TestApp) -> Vec<PublicKey> {
    idp::store::keys::public_keys(&app.app.store).await.unwrap()
}

fn count(keys: &[PublicKey], state: KeyState) -> usize {
    keys.iter().filter(|key| key.state == state).count()
}

async fn published(client: &Application) -> Vec<Value> {
    client.get("/oidc/jwks", &[]).await.json()["keys"].as_array().unwrap().clone()
}

/// Checklist 2: whatever a client registers for its ID tokens; `at_hash` fits the algorithm.
#[tokio::test]
async fn id_tokens_are_signed_as_registered() {
    for alg in SigningAlg::ALL {
        let office = Office::open().await;
        let change =
            format!("UPDATE client SET settings = json_set(settings, '$.id_token_alg', '{}')", alg.as_str());
        office.app.sql(&change).await;
        let practice = office.practice();
        let tokens = practice.tokens(&office.browser, &[]).await;
        let id_token = text(&tokens, "id_token");
        assert_eq!(part(id_token, 0)["alg"], alg.as_str());
        let claims = verified(&practice, id_token).await;
        let half = if alg == SigningAlg::EdDsa { 32 } else { 16 };
        let at_hash = idp::crypto::base64url::decode(text(&claims, "at_hash")).unwrap();
        assert_eq!(at_hash.len(), half, "{alg:?}");
    }
}

/// C24: published before it signs anything, and after it has signed its last until nobody can ask for it.
#[tokio::test]
async fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
    let office = Office::open().await;
    let (app, practice) = (&office.app, office.practice());
    assert_eq!(published(&practice).await.len(), 4);
    jobs::tend_keys(&app.app).await.unwrap();
    let before = stored(app).await;
    assert_eq!((count(&before, KeyState::Current), count(&before, KeyState::Next)), (4, 4));
    assert_eq!(published(&practice).await.len(), 8, "the next ones too");
    let refused = keys::rotate(&app.app.store, Actor::Host, app.app.clock.now()).await.unwrap().unwrap_err();
    assert!(matches!(refused, NotYet::TooYoung { .. }), "{refused}");
    let old = practice.tokens(&office.browser, &[]).await;
    app.advance(PUBLISHED_BEFORE_USE);
    keys::rotate(&app.app.store, Actor::Host, app.app.clock.now()).await.unwrap().unwrap();
    app.app.refresh_keys().await.unwrap();
    office.browser.log_in_with_password(super::ADA, PASSWORD).await;
    let new = practice.tokens(&office.browser, &[]).await;
    let kid = |tokens: &Value| text(&part(text(tokens, "id_token"), 0), "kid").to_owned();
    assert_ne!(kid(&old), kid(&new));
    assert!(before.iter().any(|key| key.kid == kid(&new) && key.state == KeyState::Next));
    verified(&practice, text(&old, "id_token")).await;
    verified(&practice, text(&new, "id_token")).await;
    app.advance(app.app.config.keep_retired_keys() + Duration::minutes(1));
    jobs::tend_keys(&app.app).await.unwrap();
    let left = published(&practice).await;
    assert!(!left.iter().any(|key| key["kid"] == kid(&old).as_str()), "{left:?}");
    assert!(left.iter().any(|key| key["kid"] == kid(&new).as_str()));
}

/// S7: by age, without anybody doing anything.
#[tokio::test]
async fn keys_rotate_by_themselves() {
    let app = TestApp::init().await;
    jobs::tend_keys(&app.app).await.unwrap();
    let first = stored(&app).await;
    app.advance(Duration::days(89));
    jobs::tend_keys(&app.app).await.unwrap();
    assert_eq!(stored(&app).await.len(), 8, "not yet");
    app.advance(Duration::days(1));
    for _ in 0..3 {
        jobs::tend_keys(&app.app).await.unwrap();
    }
    let keys = stored(&app).await;
    for key in keys.iter().filter(|key| key.state == KeyState::Current) {
        let was = first.iter().find(|was| was.kid == key.kid).unwrap();
        assert_eq!(was.state, KeyState::Next, "{key:?}");
    }
    assert_eq!((count(&keys, KeyState::Retired), count(&keys, KeyState::Next)), (4, 4));
}

/// C24: whatever is rotated while they are used, no token that holds is refused.
#[tokio::test]
async fn rotating_under_load_refuses_no_valid_token() {
    let office = Office::open().await;
    let (app, practice) = (&office.app, office.practice());
    let grant = ("grant_type", "client_credentials");
    let slots = office.slots();
    jobs::tend_keys(&app.app).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        // A token of this round must live through the next rotation.
        app.advance(PUBLISHED_BEFORE_USE);
        office.browser.log_in_with_password(super::ADA, PASSWORD).await;
        held.clear();
        for _ in 0..3 {
            held.push(practice.tokens(&office.browser, &[]).await);
        }
        let rotation = async {
            keys::rotate(&app.app.store, Actor::Host, app.app.clock.now()).await.unwrap().unwrap();
            app.app.refresh_keys().await.unwrap();
        };
        let uses = join_all(held.iter().map(|tokens| async {
            for _ in 0..5 {
                assert_eq!(practice.userinfo(text(tokens, "access_token")).await.status, 200);
                let refreshed = practice.refresh(text(tokens, "refresh_token")).await;
                assert_eq!(refreshed.status, 200, "{}", refreshed.body);
                let own = slots.token(&[grant]).await.json();
                verified(&slots, text(&own, "access_token")).await;
                verified(&practice, text(&refreshed.json(), "id_token")).await;
            }
        }));
        tokio::join!(rotation, uses);
        for tokens in &held {
            assert_eq!(practice.userinfo(text(tokens, "access_token")).await.status, 200);
            verified(&practice, text(tokens, "id_token")).await;
        }
    }
}

/// Of any number of nodes one does it.
#[tokio::test]
async fn many_nodes_rotate_once() {
    let app = TestApp::init().await;
    let now = app.app.clock.now();
    let tend = async |at| {
        let all = (0..6).map(|_| keys::tend(&app.app.store, &app.app.config, at));
        for tended in join_all(all).await {
            tended.unwrap();
        }
    };
    tend(now).await;
    assert_eq!(count(&stored(&app).await, KeyState::Next), 4);
    let due = now + Duration::days(91);
    tend(due).await;
    tend(due).await;
    let keys = stored(&app).await;
    let states = [KeyState::Current, KeyState::Next, KeyState::Retired].map(|state| count(&keys, state));
    assert_eq!(states, [4, 4, 4]);
}

/// In an emergency everything that was signed before is worth nothing, and people go on.
#[tokio::test]
async fn in_an_emergency_nothing_older_is_worth_anything() {
    let office = Office::open().await;
    let (app, practice) = (&office.app, office.practice());
    let old = practice.tokens(&office.browser, &[]).await;
    keys::replace_all(&app.app.store, Actor::Host, app.app.clock.now()).await.unwrap();
    app.app.refresh_keys().await.unwrap();
    assert_eq!(practice.userinfo(text(&old, "access_token")).await.status, 401);
    let refreshed = practice.refresh(text(&old, "refresh_token")).await.json();
    assert_eq!(practice.userinfo(text(&refreshed, "access_token")).await.status, 200);
    verified(&practice, text(&refreshed, "id_token")).await;
    assert_eq!(published(&practice).await.len(), 8);
    assert_token_error(&practice.refresh("idp_rt_x").await, 400, "invalid_grant");
    assert!(office.browser.is_signed_in().await);
    let trail = app.texts("SELECT kind FROM audit_event WHERE kind LIKE 'key%'").await;
    assert_eq!(trail, ["keys-replaced"]);
}

/// S7: from the host; the running service follows.
#[tokio::test]
async fn keys_are_rotated_from_the_host() {
    let dir = crate::support::TempDir::new("cli");
    let installation = crate::support::process::Installation::new(&dir.0.join("data"));
    let create =
        ["user", "create", "--email", "ada@example.org", "--given-name", "Ada", "--family-name", "Lovelace"];
    assert!(installation.run(&[&create[..], &["--password-stdin"]].concat(), PASSWORD).status.success());
    let process = installation.start();
    let early = installation.run(&["keys", "rotate"], "");
    assert_eq!(early.status.code(), Some(1));
    let said = String::from_utf8(early.stderr).unwrap();
    assert!(said.contains("--emergency") || said.contains("makes one within a minute"), "{said}");
    assert!(installation.run(&["keys", "rotate", "--emergency"], "").status.success());
    let list = installation.run(&["keys", "list", "--json"], "");
    let rows: Vec<Value> = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(rows.len(), 8);
    drop(process);
}
