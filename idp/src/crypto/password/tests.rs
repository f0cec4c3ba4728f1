//! What the password workers hold to.

use super::*;

fn workers(threads: usize, queue: usize) -> PasswordWorkers {
    PasswordWorkers::start(threads, queue, Entropy::of_the_system()).unwrap()
}

fn password(text: &str) -> Password {
    Password::presented(text).unwrap()
}

async fn verify(workers: &PasswordWorkers, text: &str, hash: Option<&str>) -> Result<bool, HashError> {
    Ok(workers.verify(password(text), hash, workers.reserve()?).await?.fits)
}

/// F6
#[tokio::test]
async fn a_hash_is_argon2id_with_the_agreed_cost_and_verifies() {
    let workers = workers(1, 4);
    let hash = workers.hash(password("correct horse battery"), Entropy::of_the_system()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(verify(&workers, "correct horse battery", Some(&hash)).await.unwrap());
    assert!(!verify(&workers, "correct horse batterz", Some(&hash)).await.unwrap());
    assert!(!verify(&workers, "correct horse battery", None).await.unwrap());
}

/// F5
#[tokio::test]
async fn the_same_characters_typed_differently_are_the_same_password() {
    let workers = workers(1, 4);
    let hash = workers.hash(password("Zu\u{308}rich am Abend"), Entropy::of_the_system()).await.unwrap();
    assert!(verify(&workers, "Z\u{fc}rich am Abend", Some(&hash)).await.unwrap());
}

/// T14
#[tokio::test]
async fn a_stored_hash_that_asks_for_gigabytes_is_refused() {
    let workers = workers(1, 4);
    for hash in [
        "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=19456,t=4000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2d$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "nonsense",
    ] {
        assert!(verify(&workers, "x", Some(hash)).await.is_err(), "{hash}");
    }
}

/// T13
#[tokio::test]
async fn beyond_the_queue_the_answer_is_busy_at_once() {
    let workers = workers(1, 2);
    let flood: Vec<_> = (0..50)
        .map(|_| {
            let workers = workers.clone();
            tokio::spawn(async move { verify(&workers, "x", None).await })
        })
        .collect();
    let mut busy = 0;
    for task in flood {
        match task.await.unwrap() {
            Ok(fits) => assert!(!fits),
            Err(HashError::Busy) => busy += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(busy >= 40, "only {busy} were turned away");
}

const BCRYPT: &str = "$2b$05$GK...CfYEA7o.W6h/3Qd5O6n8aGN3OgYeInJe7ugzsejXZT8Mw3Fe";

/// F8
#[tokio::test]
async fn a_hash_made_elsewhere_is_replaced_by_ours_when_it_fits() {
    let workers = workers(1, 4);
    let stored = marked(&Imported::read(BCRYPT).unwrap());
    let wrong = workers.verify(password("wrong"), Some(&stored), workers.reserve().unwrap()).await.unwrap();
    assert!(!wrong.fits && wrong.renewed.is_none());
    let right = workers
        .verify(password("correct horse battery"), Some(&stored), workers.reserve().unwrap())
        .await
        .unwrap();
    assert!(right.fits);
    let renewed = right.renewed.unwrap();
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    assert!(verify(&workers, "correct horse battery", Some(&renewed)).await.unwrap());
    // Without the mark it is none of ours.
    assert!(verify(&workers, "correct horse battery", Some(BCRYPT)).await.is_err());
}

/// F5
#[tokio::test]
async fn a_password_hashed_elsewhere_as_it_was_typed_still_fits() {
    let workers = workers(1, 4);
    let hash = "$2b$05$URAE0LzIiZ8TkhEkDrcaO.U2PmRu6kcT4toZWzC9WDJ.dIvGVVM0m";
    let stored = marked(&Imported::read(hash).unwrap());
    assert!(verify(&workers, "Zu\u{308}rich am Abend", Some(&stored)).await.unwrap());
}

/// G5: no answer of no comes sooner than the dearest hash would take, and yes is not held up.
#[tokio::test]
async fn a_wrong_password_is_answered_no_sooner_than_the_dearest_hash_takes() {
    let workers = workers(1, 4);
    let decoy = "$pbkdf2-sha256$i=400000$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";
    workers.pad_for(vec![decoy.to_owned()]).await.unwrap();
    let least = workers.padding.least();
    assert!(least > Duration::from_millis(20), "{least:?}");
    let hash = workers.hash(password("correct horse battery"), Entropy::of_the_system()).await.unwrap();
    for stored in [None, Some(hash.as_str())] {
        let begun = Instant::now();
        assert!(!verify(&workers, "wrong", stored).await.unwrap());
        assert!(begun.elapsed() >= least, "{:?} {least:?}", begun.elapsed());
    }
    workers.pad_for(Vec::new()).await.unwrap();
    assert_eq!(workers.padding.least(), Duration::ZERO);
}

/// T13: a crowd with passwords holds up nobody else.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn password_workers_give_way_to_everything_else() {
    let workers = workers(2, 4);
    assert!(!verify(&workers, "correct horse battery", None).await.unwrap());
    let niceness = |task: &std::path::Path| -> Option<i32> {
        let stat = std::fs::read_to_string(task.join("stat")).ok()?;
        // The name is in brackets and may have anything in it.
        stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok()
    };
    let own = niceness(std::path::Path::new("/proc/thread-self")).unwrap();
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named = |task: &std::path::PathBuf| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with("password-"))
    };
    let workers: Vec<_> = tasks.filter(named).filter_map(|task| niceness(&task)).collect();
    assert!(workers.len() >= 2, "{workers:?}");
    assert!(workers.contains(&(own + YIELDING).min(19)), "{workers:?} beside {own}");
}
