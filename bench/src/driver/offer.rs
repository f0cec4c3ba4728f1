//! Offers one kind of work at a rate for a time, and says what came of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::histogram::Histogram;
use super::line::Line;
use super::pace::{Pace, as_f64};
use super::work::{Verdict, Work};

/// How long what is under way at the end may take until it counts as lost.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
pub enum Rate {
    /// Each begins when it is due.
    PerSecond(f64),
    /// The next begins when one is done: what the server can do at most, and no statement about latency.
    AsFastAsItGoes,
}

#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub rate: Rate,
    pub time: Duration,
    /// Connections; as many requests are under way at once at most, and the others wait, which is counted.
    pub lines: usize,
}

/// What came of an offer.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub offered: u64,
    /// Answered as they should be; from when each was due, in microseconds.
    pub done: Histogram,
    /// Of these, within the time of the offer.
    pub in_time: u64,
    /// Answered with 503 and Retry-After.
    pub turned_away: Histogram,
    /// Everything else, and what had no answer.
    pub failed: u64,
    pub first_failure: Option<String>,
    /// From the first until the last was answered, and no longer than was offered.
    pub lasted: Duration,
}

impl Outcome {
    /// Done in time, per second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        as_f64(self.in_time) / self.lasted.as_secs_f64().max(0.001)
    }

    /// Of what was done, in milliseconds.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> f64 {
        self.done.millis(quantile)
    }

    fn note(&mut self, verdict: Verdict, took: Duration, in_time: bool) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        match verdict {
            Verdict::Done => {
                self.done.record(micros);
                self.in_time += u64::from(in_time);
            }
            Verdict::TurnedAway => self.turned_away.record(micros),
            Verdict::Failed(why) => {
                self.failed += 1;
                self.first_failure.get_or_insert(why);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.done.add(&other.done);
        self.turned_away.add(&other.turned_away);
        self.in_time += other.in_time;
        self.failed += other.failed;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.lasted = self.lasted.max(other.lasted);
    }
}

/// What all lines of an offer share.
struct Shared {
    work: Arc<Work>,
    pace: Pace,
    paced: bool,
    deadline: Instant,
    permits: Arc<Semaphore>,
    next: AtomicU64,
}

impl Shared {
    /// The next request and when it was due; `None` when there is none left.
    async fn take(&self) -> Option<(u64, Instant)> {
        if self.paced {
            self.permits.acquire().await.ok()?.forget();
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let over = if self.paced { index >= self.pace.total } else { Instant::now() >= self.deadline };
        if over || !self.work.has(index) {
            return None;
        }
        Some((index, if self.paced { self.pace.due(index) } else { Instant::now() }))
    }
}

/// Makes the offer, each address as many lines.
///
/// # Errors
/// When there is no thread or memory to make it with; what the server does wrong is in the outcome.
pub async fn offer(addresses: &[SocketAddr], work: &Arc<Work>, offer: Offer) -> anyhow::Result<Outcome> {
    let (paced, per_second) = match offer.rate {
        Rate::PerSecond(rate) => (true, rate),
        Rate::AsFastAsItGoes => (false, 1.0),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and bounded")]
    let total = (per_second * offer.time.as_secs_f64()).round() as u64;
    let begin = Instant::now();
    let shared = Arc::new(Shared {
        work: Arc::clone(work),
        pace: Pace { begin, per_second, total },
        paced,
        deadline: begin + offer.time,
        permits: Arc::new(Semaphore::new(0)),
        next: AtomicU64::new(0),
    });
    let mut lines = JoinSet::new();
    for address in addresses.iter().cycle().take(offer.lines) {
        lines.spawn(serve(Line::to(*address), Arc::clone(&shared)));
    }
    if paced {
        shared.pace.keep(&shared.permits, offer.lines)?;
    }
    let mut outcome = Outcome::default();
    let end = tokio::time::Instant::from_std(shared.deadline + GRACE);
    loop {
        match tokio::time::timeout_at(end, lines.join_next()).await {
            Ok(Some(line)) => outcome.merge(line.context("a line broke off")?),
            Ok(None) => break,
            Err(_) => {
                lines.shutdown().await;
                outcome.first_failure.get_or_insert_with(|| "no answer".to_owned());
                break;
            }
        }
    }
    let answered = outcome.done.count() + outcome.turned_away.count() + outcome.failed;
    outcome.offered = if paced { total } else { answered };
    // What was never taken up, or never answered.
    outcome.failed += outcome.offered.saturating_sub(answered);
    outcome.lasted = if paced { offer.time } else { outcome.lasted.min(offer.time) };
    Ok(outcome)
}

async fn serve(mut line: Line, shared: Arc<Shared>) -> Outcome {
    let mut outcome = Outcome::default();
    while let Some((index, due)) = shared.take().await {
        let verdict = shared.work.perform(&mut line, index).await;
        let now = Instant::now();
        outcome.note(verdict, now.saturating_duration_since(due), now <= shared.deadline);
        outcome.lasted = now.saturating_duration_since(shared.pace.begin);
    }
    outcome
}
