//! Hashes that another program made, as the store keeps them.

use idp::crypto::password::{Imported, marked};
use idp::model::attempt::PasswordVersion;
use idp::model::ids::UserId;
use idp::store::{Store, passwords};

use super::{now, on_both, stored_user};

const BCRYPT: &str = "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe";
const DEARER: &str = "$2b$06$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe";

async fn import(store: &Store, user: UserId, hash: &str) -> PasswordVersion {
    let hash = Imported::read(hash).unwrap();
    let tx = store.begin().await.unwrap();
    passwords::set_imported(&tx, user, (&marked(&hash), hash.decoy()), now()).await.unwrap();
    tx.commit().await.unwrap();
    passwords::version(store, user).await.unwrap().unwrap()
}

/// The hash that is kept, without counting a guess.
async fn kept(store: &Store, user: UserId) -> String {
    let tx = store.begin().await.unwrap();
    passwords::begin_attempt(&tx, user).await.unwrap().unwrap()
}

async fn renew(store: &Store, user: UserId, version: PasswordVersion, hash: &str) {
    let tx = store.begin().await.unwrap();
    passwords::renew(&tx, user, version, hash).await.unwrap();
    tx.commit().await.unwrap();
}

on_both! {
    /// F8
    an_imported_hash_is_replaced_once_and_stays_the_version_it_was(test) {
        let store = &test.store;
        let user = stored_user(store, "ada@example.org").await.id;
        let version = import(store, user, BCRYPT).await;
        assert!(kept(store, user).await.starts_with("imported:$2b$05$"));
        renew(store, user, version, "ours").await;
        assert_eq!(kept(store, user).await, "ours");
        assert_eq!(passwords::version(store, user).await.unwrap(), Some(version));
        renew(store, user, version, "again").await;
        assert_eq!(kept(store, user).await, "ours", "one of ours is not replaced");
        let tx = store.begin().await.unwrap();
        passwords::set(&tx, user, "ours", now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(passwords::version(store, user).await.unwrap(), Some(version), "set anew, it is another");
    }

    /// What was checked against an older password replaces no newer one.
    a_hash_of_another_password_is_not_renewed(test) {
        let store = &test.store;
        let user = stored_user(store, "ada@example.org").await.id;
        let before = import(store, user, BCRYPT).await;
        import(store, user, DEARER).await;
        renew(store, user, before, "ours").await;
        assert!(kept(store, user).await.starts_with("imported:$2b$06$"));
    }

    each_cost_is_known_once_until_the_last_of_it_is_gone(test) {
        let store = &test.store;
        let mut versions = Vec::new();
        for (email, hash) in [("a@b.c", BCRYPT), ("b@b.c", BCRYPT), ("c@b.c", DEARER)] {
            let user = stored_user(store, email).await.id;
            versions.push((user, import(store, user, hash).await));
        }
        let decoys = || async { passwords::imported_decoys(store).await.unwrap() };
        assert_eq!(decoys().await.len(), 2);
        assert!(decoys().await.iter().all(|decoy| !decoy.contains("GK...")), "nothing of a hash is in the open");
        renew(store, versions[0].0, versions[0].1, "ours").await;
        renew(store, versions[2].0, versions[2].1, "ours").await;
        assert_eq!(decoys().await.len(), 1);
        renew(store, versions[1].0, versions[1].1, "ours").await;
        assert!(decoys().await.is_empty());
    }
}
