//! The open loop: what is due is counted from when it was due.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bench::driver::line::request;
use bench::driver::search::Search;
use bench::driver::work::{Plain, Work};
use bench::driver::{Offer, Outcome, Rate, offer};

use crate::server::{self, BROKEN, LATER, OK};

fn asking() -> Arc<Work> {
    let requests = vec![request("GET", "/", &[("host", "localhost")], "")];
    Arc::new(Work::Repeated(Plain { requests, status: 200 }))
}

async fn offered(address: SocketAddr, per_second: f64, millis: u64, lines: usize) -> Outcome {
    let rate = Rate::PerSecond(per_second);
    offer(&[address], &asking(), Offer { rate, time: Duration::from_millis(millis), lines }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_due_while_the_server_stood_still_has_waited() {
    let stalls = |n| (Duration::from_millis(if n == 100 { 600 } else { 0 }), OK);
    let outcome = offered(server::start(stalls).await, 200.0, 1500, 4).await;
    assert_eq!((outcome.offered, outcome.done.count(), outcome.failed), (300, 300, 0));
    // Four requests were under way; but 120 were due, and those of the first 400 ms have waited 200 ms or longer.
    let waited = outcome.done.count_from(200_000);
    assert!((60..=120).contains(&waited), "{waited} waited");
    assert!(outcome.quantile(0.25) < 100.0, "the others did not: {}", outcome.quantile(0.25));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_begin_at_the_rate_and_not_when_there_is_time() {
    let outcome = offered(server::start(|_| (Duration::ZERO, OK)).await, 500.0, 1000, 8).await;
    assert_eq!((outcome.offered, outcome.done.count()), (500, 500));
    assert!((450.0..=500.0).contains(&outcome.throughput()), "{}", outcome.throughput());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_503_with_retry_after_is_being_turned_away() {
    let third = |n| (Duration::ZERO, [OK, LATER, BROKEN][usize::try_from(n % 3).unwrap()]);
    let outcome = offered(server::start(third).await, 300.0, 500, 4).await;
    assert_eq!((outcome.done.count(), outcome.turned_away.count(), outcome.failed), (50, 50, 50));
    assert_eq!(outcome.first_failure.as_deref(), Some("503: "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_answers_has_failed() {
    let nobody = server::start(|_| (Duration::ZERO, "no HTTP at all\r\n\r\n")).await;
    let outcome = offered(nobody, 100.0, 200, 2).await;
    assert_eq!((outcome.done.count(), outcome.failed), (0, 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_search_ends_below_what_the_server_can_do() {
    let address = server::start(|_| (Duration::from_millis(2), OK)).await;
    let step = Duration::from_millis(400);
    let search = Search { look: step, step, steps: 4, lines: 16, patience: 60.0 };
    let mut progress = search.begin(&offer(&[address], &asking(), search.first()).await.unwrap());
    while let Some(next) = progress.next() {
        let outcome = offer(&[address], &asking(), next).await.unwrap();
        progress.note(next, &outcome);
    }
    assert_eq!(progress.steps.len(), 4);
    assert!(progress.steps.iter().any(|step| !step.sustained), "{:?}", progress.steps);
    let (found, peak) = (progress.found(), progress.peak);
    assert!((0.35 * peak..=1.1 * peak).contains(&found), "{found} of {peak}: {:?}", progress.steps);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spent_is_asked_for_once() {
    let address = server::start(|_| (Duration::ZERO, OK)).await;
    let requests = vec![request("GET", "/", &[("host", "localhost")], ""); 7];
    let work = Arc::new(Work::Once(Plain { requests, status: 200 }));
    let once = Offer { rate: Rate::AsFastAsItGoes, time: Duration::from_millis(300), lines: 3 };
    assert_eq!(offer(&[address], &work, once).await.unwrap().done.count(), 7);
}
