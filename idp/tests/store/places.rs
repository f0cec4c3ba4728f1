//! Connections to a database server: some are left for those who only read, however many write.

use std::time::{Duration, Instant};

use idp::store::{Store, StoreError, users};

use super::{Backend, config, open_with, stored_user, user};

use crate::support::TempDir;

/// With so many connections.
async fn store(most: usize) -> Option<(Store, TempDir)> {
    let (mut settings, dir) = config(Backend::Postgres).await?;
    settings.database.max_connections = most;
    Some((open_with(&settings).await, dir))
}

/// Of eight connections six write at most, of two one, of one that one. Everybody else waits for a second at most, and
/// whoever reads waits for nobody.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_leaves_connections_to_those_who_read() {
    for (most, writing) in [(8, 6), (4, 3), (2, 1)] {
        let Some((store, _dir)) = store(most).await else { return };
        let nobody = user("nobody@example.org").email;
        let mut held = Vec::new();
        for _ in 0..writing {
            held.push(store.begin().await.unwrap());
        }
        let (late, asked) = (store.clone(), Instant::now());
        let late = tokio::spawn(async move { late.begin().await });
        for _ in 0..20 {
            let reading = users::by_email(&store, &nobody);
            let found = tokio::time::timeout(Duration::from_millis(500), reading).await;
            assert_eq!(found.expect("nobody waits to read").unwrap(), None, "{most} connections");
        }
        let refused = late.await.unwrap();
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{most} connections: {refused:?}");
        assert!(asked.elapsed() < Duration::from_millis(2500), "{most} connections: {:?}", asked.elapsed());

        // Given up or committed, a place is free again, also for whoever waits for it.
        let (late, ends) = (store.clone(), held.pop().unwrap());
        let late = tokio::spawn(async move { late.begin().await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        ends.commit().await.unwrap();
        held.push(late.await.unwrap().expect("a place that was given back"));
        drop(held);
        for _ in 0..writing {
            store.begin().await.unwrap().commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_single_connection_reads_and_writes() {
    let Some((store, _dir)) = store(1).await else { return };
    let ada = stored_user(&store, "ada@example.org").await;
    assert!(users::by_email(&store, &ada.email).await.unwrap().is_some());
}
