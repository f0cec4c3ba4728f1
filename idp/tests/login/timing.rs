//! G5, class 2.17: how long an answer takes says nothing about the account.

use std::time::Instant;

use idp::crypto::password::{Imported, marked};
use idp::store::passwords;
use time::Duration;

use crate::support::TestApp;

/// The greatest distance between two empirical distributions (Kolmogorov and Smirnov).
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let below = |samples: &[f64], limit: f64| {
        let count = samples.iter().filter(|sample| **sample <= limit).count();
        f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(samples.len()).unwrap())
    };
    a.iter().chain(b).map(|limit| (below(a, *limit) - below(b, *limit)).abs()).fold(0.0, f64::max)
}

/// Beyond this two groups of `n` samples differ by more than chance brings about once in a million.
fn limit(n: usize) -> f64 {
    let n = f64::from(u32::try_from(n).unwrap());
    (-(0.5e-6_f64.ln()) / 2.0).sqrt() * (2.0 / n).sqrt()
}

const ACCOUNTS: [&str; 5] = [
    "here@example.org",
    "missing@example.org",
    "disabled@example.org",
    "locked@example.org",
    "bare@example.org",
];

/// An account of every kind.
async fn accounts(app: &TestApp) {
    for email in [ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[3], ACCOUNTS[4]] {
        app.person(email).await;
    }
    for change in [
        "UPDATE user SET disabled_at = 1 WHERE email = 'disabled@example.org'",
        "UPDATE password SET failures = 100 WHERE user_id = (SELECT id FROM user WHERE email = 'locked@example.org')",
        "DELETE FROM password WHERE user_id = (SELECT id FROM user WHERE email = 'bare@example.org')",
    ] {
        app.sql(change).await;
    }
}

fn assert_alike(samples: &[Vec<f64>]) {
    assert_alike_for(&ACCOUNTS, samples);
}

fn assert_alike_for(accounts: &[&str], samples: &[Vec<f64>]) {
    for (email, group) in accounts.iter().zip(samples).skip(1) {
        let distance = distance(&samples[0], group);
        assert!(distance < limit(group.len()), "{email} differs by {distance}: {group:?} {:?}", samples[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_takes_as_long_for_every_account() {
    const SAMPLES: usize = 40;
    let app = TestApp::init().await;
    accounts(&app).await;
    let browser = app.browser();
    let csrf = browser.csrf().await;
    let mut samples = vec![Vec::new(); ACCOUNTS.len()];
    for _ in 0..SAMPLES {
        app.advance(Duration::minutes(16));
        for (index, email) in ACCOUNTS.iter().enumerate() {
            let fields = [("csrf", csrf.as_str()), ("email", email), ("password", "not the password")];
            let body = serde_urlencoded::to_string(fields).unwrap();
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
            let begun = Instant::now();
            let answer = browser.send(reqwest::Method::POST, "/login", &headers, Some(body)).await;
            samples[index].push(begun.elapsed().as_secs_f64());
            assert!(answer.body.contains("is not right"), "{email}: {}", answer.body);
        }
    }
    assert_alike(&samples);
}

/// F8: a hash that another program made takes longer than ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_takes_as_long_for_an_account_that_was_brought_over() {
    const SAMPLES: usize = 25;
    const THREE: [&str; 3] = ["here@example.org", "missing@example.org", "imported@example.org"];
    let app = TestApp::init().await;
    app.person(THREE[0]).await;
    let imported = app.person(THREE[2]).await;
    let hash = Imported::read("$2b$09$URAE0LzIiZ8TkhEkDrcaO.U2PmRu6kcT4toZWzC9WDJ.dIvGVVM0m").unwrap();
    let tx = app.app.store.begin().await.unwrap();
    passwords::set_imported(&tx, imported.id, (&marked(&hash), hash.decoy()), app.app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    app.app.tend_passwords().await.unwrap();
    let browser = app.browser();
    let csrf = browser.csrf().await;
    let mut samples = vec![Vec::new(); THREE.len()];
    for _ in 0..SAMPLES {
        app.advance(Duration::minutes(16));
        for (index, email) in THREE.iter().enumerate() {
            let fields = [("csrf", csrf.as_str()), ("email", email), ("password", "not the password")];
            let body = serde_urlencoded::to_string(fields).unwrap();
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
            let begun = Instant::now();
            let answer = browser.send(reqwest::Method::POST, "/login", &headers, Some(body)).await;
            samples[index].push(begun.elapsed().as_secs_f64());
            assert!(answer.body.contains("is not right"), "{email}: {}", answer.body);
        }
    }
    assert_alike_for(&THREE, &samples);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_new_password_takes_as_long_for_every_account() {
    const SAMPLES: usize = 60;
    let app = TestApp::init().await;
    accounts(&app).await;
    let browser = app.browser();
    let csrf = browser.csrf().await;
    let mut samples = vec![Vec::new(); ACCOUNTS.len()];
    for _ in 0..SAMPLES {
        app.advance(Duration::minutes(61));
        for (index, email) in ACCOUNTS.iter().enumerate() {
            let body = serde_urlencoded::to_string([("csrf", csrf.as_str()), ("email", email)]).unwrap();
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
            let begun = Instant::now();
            let answer = browser.send(reqwest::Method::POST, "/login/forgot", &headers, Some(body)).await;
            samples[index].push(begun.elapsed().as_secs_f64());
            assert_eq!(answer.status, 200, "{email}: {}", answer.body);
        }
    }
    assert_alike(&samples);
}

/// I13: beginning with a passkey names nobody, so there is nothing to tell apart: the options are the same
/// but for the challenge.
#[tokio::test]
async fn the_options_of_a_passkey_name_nobody() {
    let app = TestApp::init().await;
    app.person_with_passkey("ada@example.org").await;
    let (_, mut first) = app.browser().passkey_options(&serde_json::json!({})).await;
    let (_, mut second) = app.browser().passkey_options(&serde_json::json!({})).await;
    for options in [&mut first, &mut second] {
        assert_eq!(options["allowCredentials"], serde_json::json!([]));
        options.as_object_mut().unwrap().remove("challenge");
    }
    assert_eq!(first, second);
}
