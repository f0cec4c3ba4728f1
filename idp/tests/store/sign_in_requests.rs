//! Requests to people who are somewhere else: places, one answer, one fetch, on every database.

use idp::crypto::token::{Token, TokenHash, TokenKind};
use idp::model::attempt::Approval;
use idp::model::grant::Permission;
use idp::model::ids::{SessionId, SignInRequestId, UserId};
use idp::model::scope::Scopes;
use idp::model::session::{Assurance, Method};
use idp::model::sign_in_request::{Asked, BindingMessage, Decision, NotificationToken, Ping, SignInRequest};
use idp::model::user::Email;
use idp::store::{clients, sign_in_requests};
use time::Duration;

use super::contract::{client, winners};
use super::{ENTROPY, TestStore, now, on_both, stored_user};

fn request(client: &str) -> (SignInRequest, TokenHash) {
    let token = Token::generate(TokenKind::SignInRequest, ENTROPY).unwrap();
    let ping = Ping {
        auth_req_id: token.expose().to_owned(),
        token: NotificationToken::parse("8d67dc78-7faa-4d41").unwrap(),
    };
    let request = SignInRequest {
        id: ENTROPY.id(now(), SignInRequestId::new).unwrap(),
        client_id: super::contract::client(client).id,
        user_id: None,
        asked: Asked {
            permission: Permission {
                scopes: Scopes::parse("openid email").unwrap(),
                ..Permission::default()
            },
            organization: Some("lindenhof".to_owned()),
            assurance: Some(Assurance::PhishingResistant),
            binding_message: Some(BindingMessage::parse("W4SCT").unwrap()),
            ping: Some(ping),
        },
        decision: None,
        created_at: now(),
        expires_at: now() + Duration::minutes(5),
    };
    (request, token.hash())
}

fn approval(user: UserId) -> Decision {
    Decision::Allowed(Approval {
        user_id: user,
        session_id: ENTROPY.id(now(), SessionId::new).unwrap(),
        passkey_id: None,
        method: Method::Passkey,
        authenticated_at: now(),
        organization: None,
    })
}

async fn with_clients(test: &TestStore) {
    let tx = test.store.begin().await.unwrap();
    for id in ["app", "other"] {
        assert!(clients::insert(&tx, &client(id)).await.unwrap());
    }
    tx.commit().await.unwrap();
}

async fn put(test: &TestStore, user: UserId) -> (SignInRequest, TokenHash) {
    let (new, token) = request("app");
    let tx = test.store.begin().await.unwrap();
    let address = Email::parse("ada@example.org").unwrap();
    assert!(sign_in_requests::insert(&tx, (&new, token), &address, 3, now()).await.unwrap());
    let assigned = sign_in_requests::assign(&tx, new.id, user).await.unwrap().unwrap();
    assert!(sign_in_requests::assign(&tx, new.id, user).await.unwrap().is_none(), "once");
    tx.commit().await.unwrap();
    (assigned, token)
}

on_both! {
    a_request_is_read_back_by_its_person_and_its_client(test) {
        with_clients(test).await;
        let (ada, eve) =
            (stored_user(&test.store, "ada@example.org").await, stored_user(&test.store, "eve@example.org").await);
        let (new, token) = put(test, ada.id).await;
        assert_eq!(new.user_id, Some(ada.id));
        assert_eq!(new, SignInRequest { user_id: Some(ada.id), ..request_as(&new) });
        let store = &test.store;
        assert_eq!(
            sign_in_requests::of_user(store, ada.id, now()).await.unwrap(),
            std::slice::from_ref(&new)
        );
        assert_eq!(sign_in_requests::count_of_user(store, ada.id, now()).await.unwrap(), 1);
        let by_id = sign_in_requests::of_user_by_id(store, ada.id, new.id, now()).await.unwrap();
        assert_eq!(by_id.as_ref(), Some(&new));
        assert!(sign_in_requests::of_user_by_id(store, eve.id, new.id, now()).await.unwrap().is_none());
        assert_eq!(sign_in_requests::of_client(store, &new.client_id, token).await.unwrap(), Some(new.clone()));
        let other = client("other").id;
        assert!(sign_in_requests::of_client(store, &other, token).await.unwrap().is_none());
        assert!(sign_in_requests::of_user(store, ada.id, new.expires_at).await.unwrap().is_empty(), "expired");
        let tx = store.begin().await.unwrap();
        assert!(!sign_in_requests::take(&tx, &new.client_id, token).await.unwrap(), "not answered");
        assert!(sign_in_requests::decide(&tx, (eve.id, new.id), &Decision::Denied, now()).await.unwrap().is_none());
        let late = sign_in_requests::decide(&tx, (ada.id, new.id), &Decision::Denied, new.expires_at).await;
        assert!(late.unwrap().is_none());
        assert_eq!(sign_in_requests::purge(&tx, now(), 10).await.unwrap(), 0);
        assert_eq!(sign_in_requests::purge(&tx, new.expires_at, 10).await.unwrap(), 1);
    }

    /// So many wait for one person at one client, however many come at the same time.
    there_are_three_places_for_a_person_at_a_client(test) {
        with_clients(test).await;
        let insert = async |store: idp::store::Store, client: &str, address: &str, at| {
            let (new, token) = request(client);
            let new = SignInRequest { expires_at: at + Duration::minutes(5), ..new };
            let tx = store.begin().await.unwrap();
            let address = Email::parse(address).unwrap();
            let inserted = sign_in_requests::insert(&tx, (&new, token), &address, 3, at).await.unwrap();
            tx.commit().await.unwrap();
            inserted
        };
        let won = winners(test, move |store| async move {
            let (new, token) = request("app");
            let Ok(tx) = store.begin().await else { return false };
            let address = Email::parse("ada@example.org").unwrap();
            let inserted = sign_in_requests::insert(&tx, (&new, token), &address, 3, now()).await;
            inserted.is_ok_and(|inserted| inserted) && tx.commit().await.is_ok()
        })
        .await;
        assert_eq!(won, 3);
        assert!(!insert(test.store.clone(), "app", "ada@example.org", now()).await);
        assert!(insert(test.store.clone(), "app", "eve@example.org", now()).await, "another person");
        assert!(insert(test.store.clone(), "other", "ada@example.org", now()).await, "another client");
        let later = now() + Duration::minutes(5);
        assert!(insert(test.store.clone(), "app", "ada@example.org", later).await, "the others have expired");
    }

    /// T20
    a_request_is_answered_and_fetched_once(test) {
        with_clients(test).await;
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let (new, token) = put(test, ada).await;
        let (id, client) = (new.id, new.client_id.clone());
        let won = winners(test, move |store| async move {
            let Ok(tx) = store.begin().await else { return false };
            let decided = sign_in_requests::decide(&tx, (ada, id), &approval(ada), now()).await;
            decided.is_ok_and(|decided| decided.is_some()) && tx.commit().await.is_ok()
        })
        .await;
        assert_eq!(won, 1);
        let kept = sign_in_requests::of_client(&test.store, &client, token).await.unwrap().unwrap();
        assert!(matches!(kept.decision, Some(Decision::Allowed(approval)) if approval.user_id == ada));
        assert!(sign_in_requests::of_user(&test.store, ada, now()).await.unwrap().is_empty());
        let won = winners(test, move |store| {
            let client = client.clone();
            async move {
                let Ok(tx) = store.begin().await else { return false };
                let taken = sign_in_requests::take(&tx, &client, token).await;
                taken.is_ok_and(|taken| taken) && tx.commit().await.is_ok()
            }
        })
        .await;
        assert_eq!(won, 1);
    }
}

/// What was asked, as it was before it was stored.
fn request_as(stored: &SignInRequest) -> SignInRequest {
    let (fresh, _) = request("app");
    let ping = stored.asked.ping.clone();
    SignInRequest { id: stored.id, asked: Asked { ping, ..fresh.asked }, ..fresh }
}
