//! Pulling the plug in the middle of work (T1): whatever was acknowledged is there afterwards, and no
//! code gives tokens twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rounds;
use crate::support::ledger::{Ledger, Outcome, Visitor};
use crate::support::postgres::PostgresServer;
use crate::support::process::{Installation, Process};
use crate::support::{Browser, PASSWORD, TempDir};

const WORKERS: usize = 4;
/// From the start of the program until it listens, with a database that there is.
const BACK_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_no_code_is_redeemed_twice() {
    pull_the_plug(None, rounds(6, 200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgresql_either() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    pull_the_plug(Some(server.url()), rounds(3, 50)).await;
}

async fn pull_the_plug(database: Option<String>, rounds: u32) {
    let dir = TempDir::new("crash");
    let mut installation = Installation::new(&dir.0.join("data"));
    installation.environment.extend(database.map(|url| ("IDP_DATABASE__URL".to_owned(), url)));
    let mut process = installation.start();
    let mut browsers = Vec::new();
    for worker in 0..WORKERS {
        let email = format!("person{worker}@example.org");
        installation.person(&email);
        let browser = process.browser();
        browser.log_in_with_password(&email, PASSWORD).await;
        browsers.push(Arc::new(browser));
    }
    let ledger = Arc::new(Ledger::default());
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let work: Vec<_> = browsers
            .iter()
            .map(|browser| {
                let (browser, ledger) = (Arc::clone(browser), Arc::clone(&ledger));
                let visitor = Visitor { browser, clinic: process.clinic(), ledger };
                tokio::spawn(async move { while visitor.sign_in().await == Outcome::Done {} })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(u64::from(300 + 97 * (round % 7)))).await;
        process.kill();
        for worker in work {
            worker.await.unwrap();
        }
        let begun = Instant::now();
        process = installation.start();
        slowest = slowest.max(begun.elapsed());
        check(&process, &browsers, &ledger).await;
    }
    println!(
        "{rounds} times killed, {} sign-ins acknowledged, back after {slowest:?} at most",
        ledger.signed_in()
    );
    assert!(ledger.signed_in() > 8 * rounds as usize, "only {} were made", ledger.signed_in());
    assert!(slowest < BACK_WITHIN, "it took {slowest:?} to start again");
    ledger.spent_codes_stay_spent(&process.clinic(), 2_000).await;
    assert!(process.terminate().success());
    installation.is_whole(&ledger.secrets());
}

async fn check(process: &Process, browsers: &[Arc<Browser>], ledger: &Ledger) {
    ledger.holds(&process.clinic(), 200).await;
    for browser in browsers {
        assert!(browser.is_signed_in().await, "an acknowledged session is gone");
    }
    // Codes are kept in the memory of the process that was killed.
    ledger.doubtful_codes_open_little(&process.clinic(), true).await;
}
