//! The contract of ephemeral storage. Every backend passes the same one.

use std::sync::Arc;

use futures_util::future::join_all;
use idp::clock::{SharedClock, TestClock};
use idp::ephemeral::{Backend, EphemeralError, Kind, Memory};
use time::Duration;
use time::macros::datetime;

const KEY: [u8; 32] = [1; 32];

/// A backend and the clock it goes by.
struct Subject {
    backend: Arc<dyn Backend>,
    clock: Arc<TestClock>,
}

fn memory() -> Subject {
    let clock = Arc::new(TestClock::starting_at(datetime!(2026-11-23 09:00 UTC)));
    Subject { backend: Arc::new(Memory::new(Arc::clone(&clock) as SharedClock)), clock }
}

async fn contract(subject: Subject) {
    values_are_kept_until_they_expire(&subject).await;
    one_kind_is_nothing_to_another(&subject).await;
    one_of_many_takers_wins(&subject).await;
    what_expired_is_not_taken(&subject).await;
    counts_begin_anew_after_their_window(&subject).await;
    counting_side_by_side_loses_nothing(&subject).await;
}

async fn values_are_kept_until_they_expire(Subject { backend, clock }: &Subject) {
    backend.put(Kind::Attempt, KEY, b"one".to_vec(), Duration::seconds(10)).await.unwrap();
    backend.put(Kind::Attempt, KEY, b"two".to_vec(), Duration::seconds(10)).await.unwrap();
    clock.advance(Duration::seconds(9));
    assert_eq!(backend.get(Kind::Attempt, KEY).await.unwrap().as_deref(), Some(b"two".as_slice()));
    clock.advance(Duration::seconds(1));
    assert_eq!(backend.get(Kind::Attempt, KEY).await.unwrap(), None);
}

async fn one_kind_is_nothing_to_another(Subject { backend, .. }: &Subject) {
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
    assert_eq!(backend.get(Kind::Attempt, KEY).await.unwrap(), None);
    assert_eq!(backend.take(Kind::SignIn, KEY).await.unwrap(), None);
    assert!(backend.take(Kind::Code, KEY).await.unwrap().is_some());
}

async fn one_of_many_takers_wins(Subject { backend, .. }: &Subject) {
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
    let takers = (0..64).map(|_| {
        let backend = Arc::clone(backend);
        tokio::spawn(async move { backend.take(Kind::Code, KEY).await.unwrap() })
    });
    let won = join_all(takers).await.into_iter().filter(|taken| taken.as_ref().unwrap().is_some()).count();
    assert_eq!(won, 1);
}

async fn what_expired_is_not_taken(Subject { backend, clock }: &Subject) {
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::seconds(60)).await.unwrap();
    clock.advance(Duration::seconds(60));
    assert_eq!(backend.take(Kind::Code, KEY).await.unwrap(), None);
}

async fn counts_begin_anew_after_their_window(Subject { backend, clock }: &Subject) {
    let count = || backend.count(Kind::Attempt, [2; 32], Duration::seconds(10));
    assert_eq!((count().await.unwrap(), count().await.unwrap()), (1, 2));
    clock.advance(Duration::seconds(9));
    assert_eq!(count().await.unwrap(), 3, "a count does not move the window");
    clock.advance(Duration::seconds(1));
    assert_eq!(count().await.unwrap(), 1);
}

async fn counting_side_by_side_loses_nothing(Subject { backend, .. }: &Subject) {
    let counters = (0..64).map(|_| {
        let backend = Arc::clone(backend);
        tokio::spawn(async move { backend.count(Kind::Attempt, [3; 32], Duration::MINUTE).await.unwrap() })
    });
    let mut counts: Vec<u64> = join_all(counters).await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    contract(memory()).await;
}

#[tokio::test]
async fn a_full_memory_refuses_and_recovers() {
    let Subject { backend, clock } = memory();
    let key = |n: u32| idp::crypto::sha256(&n.to_be_bytes());
    let mut kept = 0;
    let full = loop {
        match backend.put(Kind::Attempt, key(kept), vec![0; 8], Duration::MINUTE).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000_000, "there is no bound");
    };
    assert!(matches!(full, EphemeralError::Unavailable(_)));
    assert!(backend.get(Kind::Attempt, key(0)).await.unwrap().is_some(), "nothing live was forgotten");
    clock.advance(Duration::MINUTE);
    backend.put(Kind::Attempt, KEY, vec![0; 8], Duration::MINUTE).await.unwrap();
}
