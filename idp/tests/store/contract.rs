//! What every database has to do, concurrency included.

use std::sync::Arc;

use futures_util::future::join_all;
use idp::audit::{self, Actor, Broken, Event};
use idp::crypto::keyring::NewKey;
use idp::crypto::token::{Token, TokenHash, TokenKind};
use idp::model::claims::{Claim, NamedClaims};
use idp::model::client::{Client, ClientId, ClientName, ClientSettings, ClientSource, ClientType};
use idp::model::credential::{Passkey, PasskeyName};
use idp::model::grant::{Grant, Permission, RefreshToken};
use idp::model::ids::{GrantId, PasskeyId, RefreshTokenId, SessionId, UserId};
use idp::model::key::{Confirmation, KeyState, SigningAlg, Thumbprint};
use idp::model::redirect_uri::RedirectUri;
use idp::model::resource::Resources;
use idp::model::scope::Scopes;
use idp::model::session::{Method, Session};
use idp::model::user::{Language, Policy, TimeZoneName};
use idp::store::held;
use idp::store::milestones::{self, Milestone};
use idp::store::{
    Tx, clients, consents, grants, keys, passkeys, passwords, revoked_tokens, sessions, spent_grants, users,
};
use sea_orm::ConnectionTrait;
use time::Duration;
use tokio::sync::Barrier;

use super::{ENTROPY, TestStore, now, on_both, stored_user, user};

const TAKERS: usize = 64;

pub(super) fn passkey(user: UserId, credential_id: &[u8]) -> Passkey {
    Passkey {
        id: ENTROPY.id(now(), PasskeyId::new).unwrap(),
        user_id: user,
        credential_id: credential_id.to_vec(),
        record: serde_json::json!({ "cred": { "counter": 0 } }),
        rp_id: "localhost".to_owned(),
        name: PasskeyName::parse("1Password").unwrap(),
        aaguid: uuid::Uuid::nil(),
        transports: vec!["internal".to_owned()],
        sign_count: u32::MAX,
        uv_initialized: true,
        backup_eligible: true,
        backup_state: false,
        created_at: now(),
        last_used_at: None,
        last_used_with: None,
        last_used_from: None,
        browser: None,
    }
}

fn session(user: UserId, passkey: Option<PasskeyId>) -> (Session, sessions::CookieHashes, Token) {
    let token = Token::generate(TokenKind::Session, ENTROPY).unwrap();
    let account = Token::generate(TokenKind::AccountSession, ENTROPY).unwrap();
    let session = Session {
        id: ENTROPY.id(now(), SessionId::new).unwrap(),
        user_id: user,
        passkey_id: passkey,
        method: Method::Passkey,
        authenticated_at: now(),
        created_at: now(),
        last_seen_at: now(),
        expires_at: now() + Duration::hours(24),
        browser: "Firefox on Linux".to_owned(),
        network: "192.0.2.7".to_owned(),
        limited: None,
    };
    let hashes = sessions::CookieHashes { session: token.hash(), account: account.hash() };
    (session, hashes, token)
}

pub(super) fn client(id: &str) -> Client {
    let uri = RedirectUri::parse("https://app.example/cb").unwrap();
    Client {
        id: ClientId::parse(id).unwrap(),
        settings: ClientSettings::of_type(ClientType::Spa, ClientName::parse("App").unwrap(), vec![uri]),
        source: ClientSource::Admin,
        disabled_at: None,
        created_at: now(),
    }
}

fn grant(user: UserId, client: &Client) -> Grant {
    Grant {
        id: ENTROPY.id(now(), GrantId::new).unwrap(),
        client_id: client.id.clone(),
        user_id: user,
        session_id: ENTROPY.id(now(), SessionId::new).unwrap(),
        passkey_id: None,
        permission: Permission {
            scopes: Scopes::parse("openid email").unwrap(),
            resources: Resources::parse("https://api.example.org").unwrap(),
            claims: NamedClaims { userinfo: [Claim::Email].into(), id_token: [Claim::Name].into() },
            details: serde_json::from_str(
                r#"[{"type": "payment", "amount": {"currency": "EUR", "amount": "1"}}]"#,
            )
            .unwrap(),
        },
        organization: None,
        key: Some(Confirmation::Certificate(Thumbprint::parse(&"k".repeat(43)).unwrap())),
        method: Method::Password,
        authenticated_at: now(),
        created_at: now(),
        revoked_at: None,
    }
}

fn refresh(grant: GrantId) -> (RefreshToken, Token) {
    let row = RefreshToken {
        id: ENTROPY.id(now(), RefreshTokenId::new).unwrap(),
        grant_id: grant,
        created_at: now(),
        last_used_at: now(),
        expires_at: now() + Duration::days(90),
        rotated_at: None,
        successor: None,
    };
    (row, Token::generate(TokenKind::RefreshToken, ENTROPY).unwrap())
}

/// A person, a client and a grant with one refresh token.
async fn granted(test: &TestStore) -> (Client, Grant, RefreshToken, Token) {
    let user = stored_user(&test.store, "ada@example.org").await;
    let client = client("app");
    let (session, hashes, _) = session(user.id, None);
    let grant = Grant { session_id: session.id, ..grant(user.id, &client) };
    let (row, token) = refresh(grant.id);
    let tx = test.store.begin().await.unwrap();
    sessions::insert(&tx, &session, hashes);
    assert!(clients::insert(&tx, &client).await.unwrap());
    assert!(grants::insert(&tx, &grant, TokenHash([1; 32])).await.unwrap());
    grants::insert_refresh_token(&tx, &row, &token);
    tx.commit().await.unwrap();
    (client, grant, row, token)
}

async fn purge_grants(
    tx: &Tx,
    now: time::OffsetDateTime,
    before: time::OffsetDateTime,
) -> idp::store::Result<u64> {
    let spent = spent_grants::find(tx, now, before, 10).await?;
    spent_grants::remove(tx, &spent, now).await
}

/// Runs `take` in 64 transactions at the same time and counts who was told yes.
pub(super) async fn winners<F, R>(test: &TestStore, take: F) -> usize
where
    F: Fn(idp::store::Store) -> R,
    R: Future<Output = bool> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(TAKERS));
    let tasks = (0..TAKERS).map(|_| {
        let (barrier, taking) = (Arc::clone(&barrier), take(test.store.clone()));
        tokio::spawn(async move {
            barrier.wait().await;
            taking.await
        })
    });
    join_all(tasks).await.into_iter().filter(|won| *won.as_ref().unwrap()).count()
}

on_both! {
    a_person_is_read_back_as_stored(test) {
        let mut ada = user("ada@example.org");
        ada.role = Some(idp::model::user::ServiceRole::Operator);
        ada.language = Some(Language::parse("de").unwrap());
        ada.time_zone = Some(TimeZoneName::parse("Europe/Zurich").unwrap());
        ada.policy = Policy::RequirePasskey;
        let tx = test.store.begin().await.unwrap();
        assert!(users::insert(&tx, &ada).await.unwrap());
        assert_eq!(users::by_email(&tx, &ada.email).await.unwrap().unwrap(), ada, "seen in its own transaction");
        tx.commit().await.unwrap();
        assert_eq!(users::by_id(&test.store, ada.id).await.unwrap().unwrap(), ada);
        assert!(users::by_id(&test.store, user("eve@example.org").id).await.unwrap().is_none());
    }

    a_transaction_that_is_dropped_leaves_no_trace(test) {
        let ada = user("ada@example.org");
        let tx = test.store.begin().await.unwrap();
        assert!(users::insert(&tx, &ada).await.unwrap());
        drop(tx);
        assert!(users::by_id(&test.store, ada.id).await.unwrap().is_none());
        stored_user(&test.store, "ada@example.org").await;
    }

    /// T20
    an_address_belongs_to_one_person(test) {
        let won = winners(test, |store| async move {
            let tx = store.begin().await.unwrap();
            let inserted = users::insert(&tx, &user("ada@example.org")).await.unwrap();
            tx.commit().await.unwrap();
            inserted
        });
        assert_eq!(won.await, 1);
    }

    /// T20
    a_credential_belongs_to_one_person(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let eve = stored_user(&test.store, "eve@example.org").await.id;
        let owners = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let won = winners(test, move |store| {
            let owner = if owners.fetch_xor(true, std::sync::atomic::Ordering::SeqCst) { ada } else { eve };
            async move {
                let tx = store.begin().await.unwrap();
                let inserted = passkeys::insert(&tx, &passkey(owner, b"the same id")).await.unwrap();
                tx.commit().await.unwrap();
                inserted
            }
        });
        assert_eq!(won.await, 1);
    }

    a_passkey_is_read_back_found_and_changed_by_its_owner_only(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let eve = stored_user(&test.store, "eve@example.org").await.id;
        let key = passkey(ada, b"id");
        let tx = test.store.begin().await.unwrap();
        assert!(passkeys::insert(&tx, &key).await.unwrap());
        let name = PasskeyName::parse("Eve's").unwrap();
        assert!(!passkeys::rename(&tx, eve, key.id, &name).await.unwrap());
        assert!(!passkeys::delete(&tx, eve, key.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(passkeys::by_credential_id(&test.store, b"id").await.unwrap().unwrap(), key);
        assert_eq!(passkeys::of_user(&test.store, ada).await.unwrap(), std::slice::from_ref(&key));
        assert!(passkeys::of_user_by_id(&test.store, eve, key.id).await.unwrap().is_none());
        let tx = test.store.begin().await.unwrap();
        let used = passkeys::Use { at: now(), with: "Safari on Mac", from: "192.0.2.7", sign_count: 5, backup_state: true, on: None };
        assert!(!passkeys::record_use(&tx, eve, key.id, &used).await.unwrap());
        assert!(passkeys::record_use(&tx, ada, key.id, &used).await.unwrap());
        assert!(passkeys::delete(&tx, ada, key.id).await.unwrap());
        assert!(!passkeys::record_use(&tx, ada, key.id, &used).await.unwrap(), "a deleted passkey is not used");
        tx.commit().await.unwrap();
    }

    /// G1: guesses side by side can not outrun the count.
    no_more_guesses_are_evaluated_than_allowed(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        passwords::set(&tx, ada, "the hash", now()).await.unwrap();
        for _ in 0..passwords::MAX_FAILURES - 10 {
            assert_eq!(passwords::begin_attempt(&tx, ada).await.unwrap().as_deref(), Some("the hash"));
        }
        tx.commit().await.unwrap();
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let evaluated = passwords::begin_attempt(&tx, ada).await.unwrap().is_some();
            tx.commit().await.unwrap();
            evaluated
        });
        assert_eq!(won.await, 10);
        let tx = test.store.begin().await.unwrap();
        passwords::reset_failures(&tx, ada).await.unwrap();
        assert!(passwords::begin_attempt(&tx, ada).await.unwrap().is_some());
    }

    /// S1, S6: what is in the database does not contain the hash.
    a_password_hash_is_sealed(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        passwords::set(&tx, ada, "$argon2id$canary", now()).await.unwrap();
        tx.commit().await.unwrap();
        let raw = raw_connection(test).await;
        let row = raw
            .query_one_raw(sea_orm::Statement::from_string(raw.get_database_backend(), "SELECT sealed_hash FROM password"))
            .await
            .unwrap()
            .unwrap();
        let sealed: Vec<u8> = row.try_get("", "sealed_hash").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
    }

    a_session_is_found_by_either_cookie_and_ends_at_once(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let (session, hashes, token) = session(ada, None);
        let tx = test.store.begin().await.unwrap();
        sessions::insert(&tx, &session, hashes);
        tx.commit().await.unwrap();
        assert_eq!(held::by_session_token(&test.store, token.hash()).await.unwrap().unwrap().0, session);
        assert_eq!(held::by_account_token(&test.store, hashes.account).await.unwrap().unwrap().0, session);
        assert!(held::by_session_token(&test.store, hashes.account).await.unwrap().is_none(), "one for the other");
        let tx = test.store.begin().await.unwrap();
        assert!(sessions::end(&tx, ada, session.id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(held::by_session_token(&test.store, token.hash()).await.unwrap().is_none());
    }

    /// T3: what was to be written later, and could not be, is acknowledged with nothing else either.
    what_waits_to_be_written_is_written_before_all_that_follows(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let (first, hashes, _) = session(ada, None);
        let (stranger, others, _) = session(ENTROPY.id(now(), UserId::new).unwrap(), None);
        let tx = test.store.begin().await.unwrap();
        sessions::insert(&tx, &first, hashes);
        assert_eq!(sessions::of_user(&tx, ada).await.unwrap(), std::slice::from_ref(&first));
        tx.commit().await.unwrap();

        let tx = test.store.begin().await.unwrap();
        assert!(sessions::end(&tx, ada, first.id).await.unwrap());
        sessions::insert(&tx, &stranger, others);
        sessions::of_user(&tx, ada).await.unwrap_err();
        // Whatever succeeds after it does not mend it.
        sessions::touch(&tx, first.id, now());
        let _ = sessions::of_user(&tx, ada).await;
        tx.commit().await.unwrap_err();
        assert_eq!(sessions::of_user(&test.store, ada).await.unwrap(), std::slice::from_ref(&first));

        let tx = test.store.begin().await.unwrap();
        assert!(sessions::end(&tx, ada, first.id).await.unwrap());
        sessions::insert(&tx, &stranger, others);
        tx.commit().await.unwrap_err();
        assert_eq!(sessions::of_user(&test.store, ada).await.unwrap(), std::slice::from_ref(&first));
    }

    /// J1
    a_renewed_session_forgets_its_old_cookies(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let (first, hashes, token) = session(ada, None);
        let (other, new_hashes, new_token) = session(ada, None);
        let renewed = Session { id: first.id, method: Method::Password, ..other };
        let tx = test.store.begin().await.unwrap();
        sessions::insert(&tx, &first, hashes);
        assert!(sessions::renew(&tx, &renewed, new_hashes).await.unwrap());
        tx.commit().await.unwrap();
        assert!(held::by_session_token(&test.store, token.hash()).await.unwrap().is_none());
        assert_eq!(held::by_session_token(&test.store, new_token.hash()).await.unwrap().unwrap().0, renewed);
    }

    /// J9
    the_longest_unseen_sessions_make_room(test) {
        let ada = stored_user(&test.store, "ada@example.org").await.id;
        let tx = test.store.begin().await.unwrap();
        let mut tokens = Vec::new();
        for minute in 0..=i64::try_from(sessions::MAX_PER_USER).unwrap() {
            let (mut one, hashes, token) = session(ada, None);
            one.last_seen_at = now() + Duration::minutes(minute);
            sessions::insert(&tx, &one, hashes);
            tokens.push(token);
        }
        sessions::end_surplus(&tx, ada, now() + Duration::hours(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(held::by_session_token(&test.store, tokens[0].hash()).await.unwrap().is_none());
        assert!(held::by_session_token(&test.store, tokens[1].hash()).await.unwrap().is_some());
    }

    expired_sessions_and_spent_grants_are_purged_in_batches(test) {
        let (_, grant, row, _) = granted(test).await;
        let tx = test.store.begin().await.unwrap();
        for _ in 0..5 {
            let (one, hashes, _) = session(grant.user_id, None);
            sessions::insert(&tx, &one, hashes);
        }
        let later = row.expires_at + Duration::DAY;
        assert_eq!(sessions::purge(&tx, now(), 10).await.unwrap(), 0, "nothing has expired yet");
        assert_eq!(sessions::purge(&tx, later, 3).await.unwrap(), 3);
        assert_eq!(sessions::purge(&tx, later, 4).await.unwrap(), 3);
        assert_eq!(purge_grants(&tx, later, later).await.unwrap(), 0, "somebody is to be told");
        assert_eq!(sessions::take_ended(&tx, 10).await.unwrap().len(), 6);
        assert_eq!(purge_grants(&tx, row.expires_at - Duration::DAY, later).await.unwrap(), 0, "a token lives");
        assert_eq!(purge_grants(&tx, later, later).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(grants::by_id(&test.store, grant.id).await.unwrap().is_none());
    }

    /// A9, T20: the database decides that a code is redeemed once.
    a_code_becomes_one_grant(test) {
        let (client, grant, ..) = granted(test).await;
        let (person, session_id) = (grant.user_id, grant.session_id);
        let won = winners(test, move |store| {
            let another = Grant { session_id, ..super::grant(person, &client) };
            async move {
                let tx = store.begin().await.unwrap();
                let inserted = grants::insert(&tx, &another, TokenHash([2; 32])).await.unwrap();
                tx.commit().await.unwrap();
                inserted
            }
        });
        assert_eq!(won.await, 1);
    }

    /// C6: whoever has logged out is given nothing, also when that happened just now.
    a_session_that_has_ended_gives_nothing(test) {
        let (client, grant, ..) = granted(test).await;
        let another = Grant { session_id: grant.session_id, ..super::grant(grant.user_id, &client) };
        let ending = test.store.begin().await.unwrap();
        assert!(sessions::end(&ending, grant.user_id, grant.session_id).await.unwrap());
        let store = test.store.clone();
        let giving = tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let given = grants::insert(&tx, &another, TokenHash([3; 32])).await.unwrap();
            tx.commit().await.unwrap();
            given
        });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(!giving.is_finished(), "it did not wait for what becomes of the session");
        ending.commit().await.unwrap();
        assert!(!giving.await.unwrap());
    }

    /// C4, T20
    a_refresh_token_is_rotated_once_and_keeps_its_successor(test) {
        let (_, _, row, token) = granted(test).await;
        let id = row.id;
        let won = winners(test, move |store| async move {
            let successor = Token::generate(TokenKind::RefreshToken, ENTROPY).unwrap();
            let tx = store.begin().await.unwrap();
            let rotated = grants::rotate(&tx, id, &successor, now()).await.unwrap();
            tx.commit().await.unwrap();
            rotated
        });
        assert_eq!(won.await, 1);
        let (rotated, _) = held::by_refresh_token(&test.store, token.hash()).await.unwrap().unwrap();
        assert_eq!(rotated.rotated_at, Some(now()));
        assert!(grants::successor(&test.store, &rotated).unwrap().is_some());
    }

    a_refresh_token_is_found_with_its_grant(test) {
        let (_, grant, row, token) = granted(test).await;
        let found = held::by_refresh_token(&test.store, token.hash()).await.unwrap();
        let (found, held) = found.unwrap();
        assert_eq!(held.user.map(|user| user.id), Some(grant.user_id));
        assert_eq!(held.session.map(|session| session.id), Some(grant.session_id));
        assert_eq!((found, &held.grant), (row, &grant));
        let tx = test.store.begin().await.unwrap();
        assert!(sessions::end(&tx, grant.user_id, grant.session_id).await.unwrap());
        tx.commit().await.unwrap();
        let held = held::by_access_token(&test.store, grant.id, "a token").await.unwrap().unwrap();
        assert!(held.user.is_some() && held.session.is_none(), "it goes on without its session");
        let tx = test.store.begin().await.unwrap();
        assert!(revoked_tokens::insert(&tx, "a token", now()).await.unwrap());
        tx.commit().await.unwrap();
        assert!(held::by_access_token(&test.store, grant.id, "a token").await.unwrap().is_none());
        assert!(held::by_access_token(&test.store, grant.id, "another").await.unwrap().is_some());
        let (_, other) = refresh(ENTROPY.id(now(), GrantId::new).unwrap());
        assert!(held::by_refresh_token(&test.store, other.hash()).await.unwrap().is_none());
    }

    an_algorithm_has_one_key_of_each_living_state(test) {
        let new = || NewKey::generate(SigningAlg::EdDsa).unwrap();
        let before = keys::public_keys(&test.store).await.unwrap();
        let tx = test.store.begin().await.unwrap();
        keys::forget_all(&tx).await.unwrap();
        assert!(keys::insert(&tx, &new(), KeyState::Current, now()).await.unwrap());
        assert!(!keys::insert(&tx, &new(), KeyState::Current, now()).await.unwrap());
        let next = new();
        assert!(keys::insert(&tx, &next, KeyState::Next, now()).await.unwrap());
        assert!(!keys::insert(&tx, &new(), KeyState::Next, now()).await.unwrap());
        let current = keys::public_keys(&tx).await.unwrap().into_iter().find(|key| key.state == KeyState::Current);
        let retire = (KeyState::Current, KeyState::Retired);
        let kid = current.unwrap().kid;
        assert!(keys::change_state(&tx, &kid, retire, now()).await.unwrap());
        assert!(!keys::change_state(&tx, &kid, retire, now()).await.unwrap());
        assert!(keys::change_state(&tx, &next.kid, (KeyState::Next, KeyState::Current), now()).await.unwrap());
        assert_eq!(keys::forget_retired(&tx, now()).await.unwrap(), 0);
        assert_eq!(keys::forget_retired(&tx, now() + Duration::seconds(1)).await.unwrap(), 1);
        drop(tx);
        assert_eq!(keys::public_keys(&test.store).await.unwrap().len(), before.len());
    }

    a_token_that_ended_early_is_known_until_it_would_have_expired(test) {
        let tx = test.store.begin().await.unwrap();
        assert!(revoked_tokens::insert(&tx, "a", now() + Duration::minutes(5)).await.unwrap());
        assert!(!revoked_tokens::insert(&tx, "a", now() + Duration::minutes(5)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(revoked_tokens::contains(&test.store, "a").await.unwrap());
        assert!(!revoked_tokens::contains(&test.store, "b").await.unwrap());
        for (minutes, removed) in [(4, 0), (5, 1)] {
            let tx = test.store.begin().await.unwrap();
            let purged = revoked_tokens::purge(&tx, now() + Duration::minutes(minutes), 10).await.unwrap();
            assert_eq!(purged, removed);
            tx.commit().await.unwrap();
        }
        assert!(!revoked_tokens::contains(&test.store, "a").await.unwrap());
    }

    a_grant_is_revoked_once(test) {
        let (_, grant, ..) = granted(test).await;
        let id = grant.id;
        let won = winners(test, move |store| async move {
            let tx = store.begin().await.unwrap();
            let revoked = grants::revoke(&tx, id, now()).await.unwrap();
            tx.commit().await.unwrap();
            revoked
        });
        assert_eq!(won.await, 1);
        assert_eq!(grants::by_code(&test.store, TokenHash([1; 32])).await.unwrap().unwrap().revoked_at, Some(now()));
    }

    a_declared_client_follows_the_configuration(test) {
        let mut declared = client("app");
        declared.source = ClientSource::Config;
        let tx = test.store.begin().await.unwrap();
        clients::declare(&tx, &declared).await.unwrap();
        declared.settings.name = ClientName::parse("Renamed").unwrap();
        clients::declare(&tx, &declared).await.unwrap();
        clients::insert(&tx, &client("by-hand")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(clients::by_id(&test.store, &declared.id).await.unwrap().unwrap(), declared);
        assert!(clients::runs_on(&test.store, "https://app.example").await.unwrap());
        assert!(!clients::runs_on(&test.store, "https://evil.example").await.unwrap());
        let tx = test.store.begin().await.unwrap();
        let disabled = clients::disable_undeclared(&tx, &[], now()).await.unwrap();
        assert_eq!(disabled, [declared.id.clone()], "only what was declared");
        tx.commit().await.unwrap();
        assert!(!clients::by_id(&test.store, &declared.id).await.unwrap().unwrap().is_enabled());
    }

    a_consent_is_remembered_and_replaced(test) {
        let (client, grant, ..) = granted(test).await;
        let person = grant.user_id;
        let permission = |scopes, resources| Permission {
            scopes: Scopes::parse(scopes).unwrap(),
            resources: Resources::parse(resources).unwrap(),
            claims: NamedClaims { userinfo: [Claim::Email].into(), id_token: [Claim::Name].into() },
            ..Permission::default()
        };
        let (narrow, wide) = (permission("openid", ""), permission("openid email", "urn:api:a urn:api:b"));
        let tx = test.store.begin().await.unwrap();
        consents::remember(&tx, person, &client.id, &narrow, now()).await.unwrap();
        consents::remember(&tx, person, &client.id, &wide, now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(consents::permission(&test.store, person, &client.id).await.unwrap(), Some(wide));
    }

    a_milestone_is_reached_once(test) {
        let won = winners(test, |store| async move {
            let tx = store.begin().await.unwrap();
            let reached = milestones::reach(&tx, Milestone::SetUp, now()).await.unwrap();
            tx.commit().await.unwrap();
            reached
        });
        assert_eq!(won.await, 1);
        assert!(milestones::is_reached(&test.store, Milestone::SetUp).await.unwrap());
    }

    /// S23, S25
    the_audit_chain_is_whole_after_writers_side_by_side_and_shows_tampering(test) {
        winners(test, |store| async move {
            let tx = store.begin().await.unwrap();
            let event = Event::SignInFailed { why: "password" };
            audit::record(&tx, now(), Actor::Anonymous, None, event).await.unwrap();
            tx.commit().await.unwrap();
            true
        })
        .await;
        assert_eq!(audit::verify(&test.store).await.unwrap().map(|whole| whole.records), Ok(64));
        let raw = raw_connection(test).await;
        let swap = "UPDATE audit_event SET sequence = CASE sequence WHEN 10 THEN -11 ELSE -10 END WHERE sequence IN (10, 11)";
        let back = "UPDATE audit_event SET sequence = -sequence WHERE sequence < 0";
        let insert = "INSERT INTO audit_event (sequence, at, kind, detail, previous_hash, hash) \
            SELECT 65, at, kind, detail, hash, hash FROM audit_event WHERE sequence = 64";
        for (tamper, found, undo) in [
            ("UPDATE audit_event SET network = '192.0.2.1' WHERE sequence = 9", Broken::Changed(9),
                "UPDATE audit_event SET network = NULL WHERE sequence = 9"),
            (insert, Broken::Changed(65), "DELETE FROM audit_event WHERE sequence = 65"),
            ("UPDATE audit_event SET sequence = -64 WHERE sequence = 64", Broken::Missing(1),
                "UPDATE audit_event SET sequence = 64 WHERE sequence = -64"),
        ] {
            raw.execute_unprepared(tamper).await.unwrap();
            assert_eq!(audit::verify(&test.store).await.unwrap().map(|whole| whole.records), Err(found), "{tamper}");
            raw.execute_unprepared(undo).await.unwrap();
            assert_eq!(audit::verify(&test.store).await.unwrap().map(|whole| whole.records), Ok(64), "{undo}");
        }
        for twice in 0..2 {
            raw.execute_unprepared(swap).await.unwrap();
            raw.execute_unprepared(back).await.unwrap();
            let found = if twice == 0 { Err(Broken::Changed(10)) } else { Ok(64) };
            assert_eq!(audit::verify(&test.store).await.unwrap().map(|whole| whole.records), found, "two records in each other's place");
        }
        for (tamper, found) in [
            ("UPDATE audit_event SET detail = '{}' WHERE sequence = 7", Broken::Changed(7)),
            ("DELETE FROM audit_event WHERE sequence = 5", Broken::Missing(5)),
            ("DELETE FROM audit_event WHERE sequence > 3", Broken::Truncated(3)),
        ] {
            raw.execute_unprepared(tamper).await.unwrap();
            assert_eq!(audit::verify(&test.store).await.unwrap().map(|whole| whole.records), Err(found), "{tamper}");
        }
    }
}

/// The database itself, as an attacker with its file or password has it.
pub(super) async fn raw_connection(test: &TestStore) -> sea_orm::DatabaseConnection {
    let url = match &test.config.database.url {
        Some(url) => url.expose().to_owned(),
        None => format!("sqlite://{}", test.config.sqlite_path().display()),
    };
    sea_orm::Database::connect(url).await.unwrap()
}
