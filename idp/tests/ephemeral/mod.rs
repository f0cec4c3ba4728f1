//! The contract of ephemeral storage. Every backend passes the same one.

mod redis;

use std::sync::Arc;

use futures_util::future::join_all;
use idp::clock::{SharedClock, TestClock};
use idp::ephemeral::{Backend, Ephemeral, EphemeralError, Kind, Memory};
use time::Duration;
use time::macros::datetime;

use crate::support::redis::RedisServer;

const KEY: [u8; 32] = [1; 32];

/// A backend and the clocks it goes by.
struct Subject {
    backend: Arc<dyn Backend>,
    clock: Arc<TestClock>,
    /// Servers that have a clock of their own.
    servers: Vec<RedisServer>,
}

impl Subject {
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
        for server in &self.servers {
            server.age(by);
        }
    }
}

fn clock() -> Arc<TestClock> {
    Arc::new(TestClock::starting_at(datetime!(2026-11-23 09:00 UTC)))
}

fn memory() -> Subject {
    let clock = clock();
    Subject { backend: Arc::new(Memory::new(Arc::clone(&clock) as SharedClock)), clock, servers: Vec::new() }
}

async fn contract(subject: &Subject) {
    values_are_kept_until_they_expire(subject).await;
    one_kind_is_nothing_to_another(subject).await;
    one_of_many_takers_wins(subject).await;
    what_expired_is_not_taken(subject).await;
    counts_begin_anew_after_their_window(subject).await;
    counting_side_by_side_loses_nothing(subject).await;
    one_of_many_uses_is_the_first(subject).await;
    what_was_used_is_used_until_it_expires(subject).await;
    subject.backend.ping().await.unwrap();
}

async fn values_are_kept_until_they_expire(subject @ Subject { backend, .. }: &Subject) {
    backend.put(Kind::Attempt, KEY, b"one".to_vec(), Duration::seconds(10)).await.unwrap();
    backend.put(Kind::Attempt, KEY, b"two".to_vec(), Duration::seconds(10)).await.unwrap();
    subject.advance(Duration::seconds(9));
    assert_eq!(backend.get(Kind::Attempt, KEY).await.unwrap().as_deref(), Some(b"two".as_slice()));
    subject.advance(Duration::seconds(1));
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

async fn what_expired_is_not_taken(subject @ Subject { backend, .. }: &Subject) {
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::seconds(60)).await.unwrap();
    subject.advance(Duration::seconds(60));
    assert_eq!(backend.take(Kind::Code, KEY).await.unwrap(), None);
}

async fn counts_begin_anew_after_their_window(subject @ Subject { backend, .. }: &Subject) {
    let count = || backend.count(Kind::Attempt, [2; 32], Duration::seconds(10));
    assert_eq!((count().await.unwrap(), count().await.unwrap()), (1, 2));
    subject.advance(Duration::seconds(9));
    assert_eq!(count().await.unwrap(), 3, "a count does not move the window");
    subject.advance(Duration::seconds(1));
    assert_eq!(count().await.unwrap(), 1);
}

async fn counting_side_by_side_loses_nothing(Subject { backend, .. }: &Subject) {
    let counters = (0..64).map(|_| {
        let backend = Arc::clone(backend);
        tokio::spawn(async move { backend.count(Kind::Attempt, [3; 32], Duration::MINUTE).await.unwrap() })
    });
    let mut counts: Vec<u64> = join_all(counters).await.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert!(counts.iter().zip(1..).all(|(&count, least)| count >= least), "{counts:?}");
    assert_eq!(counts.last(), Some(&64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    contract(&memory()).await;
}

async fn one_of_many_uses_is_the_first(Subject { backend, .. }: &Subject) {
    let users = (0..64).map(|_| {
        let backend = Arc::clone(backend);
        tokio::spawn(
            async move { backend.note(Kind::AssertionUsed, [4; 32], Duration::MINUTE).await.unwrap() },
        )
    });
    let mut times: Vec<u64> = join_all(users).await.into_iter().map(|noted| noted.unwrap().times).collect();
    times.sort_unstable();
    assert_eq!(times, (1..=64).collect::<Vec<_>>());
}

async fn what_was_used_is_used_until_it_expires(subject @ Subject { backend, .. }: &Subject) {
    let note = || backend.note(Kind::ProofUsed, KEY, Duration::MINUTE);
    let first = note().await.unwrap();
    assert_eq!(first.times, 1);
    subject.advance(Duration::seconds(59));
    let second = note().await.unwrap();
    assert_eq!((second.times, second.since), (2, first.since), "a second use does not begin anew");
    subject.advance(Duration::SECOND);
    assert_eq!(note().await.unwrap().times, 1);
}

/// T8
#[tokio::test]
async fn a_clock_that_is_set_back_prolongs_nothing_in_memory() {
    let subject @ Subject { backend, .. } = &memory();
    let hour = Duration::HOUR;
    let count = || backend.count(Kind::Attempt, KEY, Duration::seconds(10));
    subject.advance(hour);
    backend.put(Kind::Code, KEY, b"code".to_vec(), Duration::MINUTE).await.unwrap();
    assert_eq!((count().await.unwrap(), count().await.unwrap()), (1, 2));
    subject.advance(-hour);
    assert_eq!(backend.get(Kind::Code, KEY).await.unwrap(), None);
    assert_eq!(count().await.unwrap(), 3, "a count is not forgotten");
    subject.advance(Duration::seconds(10));
    assert_eq!(count().await.unwrap(), 1, "a count lasts no longer than its window");

    // A shorter window of somebody later takes nothing from the first one.
    let long = backend.count(Kind::Attempt, [6; 32], Duration::MINUTE).await.unwrap();
    let short = backend.count(Kind::Attempt, [6; 32], Duration::SECOND).await.unwrap();
    subject.advance(Duration::seconds(30));
    let later = backend.count(Kind::Attempt, [6; 32], Duration::SECOND).await.unwrap();
    assert_eq!((long, short, later), (1, 2, 3));

    // Started while the clock was ahead.
    subject.advance(-hour);
    let noted = || backend.note(Kind::ProofUsed, [5; 32], Duration::MINUTE);
    let began = noted().await.unwrap().since;
    assert_eq!(began, idp::clock::Clock::now(subject.clock.as_ref()));
    subject.advance(Duration::seconds(30));
    let again = noted().await.unwrap();
    assert_eq!((again.times, again.since), (2, began));
}

/// S22: of what was made before a start nobody can tell whether it was used.
#[tokio::test]
async fn what_is_older_than_the_memory_counts_as_used() {
    let clock = clock();
    let began = idp::clock::Clock::now(clock.as_ref()).unix_timestamp();
    let ephemeral = Ephemeral::new(Memory::new(Arc::clone(&clock) as SharedClock));
    let first_use = |key, made_at| ephemeral.first_use(Kind::AssertionUsed, key, (made_at, Duration::MINUTE));
    assert!(!first_use([1; 32], Some(began - 1)).await.unwrap());
    assert!(first_use([2; 32], Some(began)).await.unwrap());
    assert!(!first_use([2; 32], Some(began)).await.unwrap());
    assert!(first_use([3; 32], None).await.unwrap(), "what does not say when it was made");
}

#[tokio::test]
async fn a_full_memory_refuses_and_recovers() {
    let subject = memory();
    let backend = &subject.backend;
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
    subject.advance(Duration::MINUTE);
    backend.put(Kind::Attempt, KEY, vec![0; 8], Duration::MINUTE).await.unwrap();
}
