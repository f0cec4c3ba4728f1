//! How much a server can do: the highest rate at which as much is answered as is asked, in good time.

use std::time::Duration;

use super::offer::{Offer, Outcome, Rate};

/// Of what is asked, at least so much is answered within the time.
const FOLLOWS: f64 = 0.97;

/// How a search goes.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Of the first look, as fast as it goes.
    pub look: Duration,
    /// Of each step.
    pub step: Duration,
    pub steps: u32,
    pub lines: usize,
    /// p99 beyond this, in milliseconds, means that a queue grows.
    pub patience: f64,
}

/// One step, for the plot of latency against rate.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Step {
    pub offered: f64,
    pub achieved: f64,
    pub p50: f64,
    pub p99: f64,
    pub failed: u64,
    pub sustained: bool,
}

/// Where a search stands.
#[derive(Debug)]
pub struct Progress {
    search: Search,
    /// What came of the first look, per second.
    pub peak: f64,
    low: f64,
    high: f64,
    pub steps: Vec<Step>,
}

impl Search {
    #[must_use]
    pub fn first(&self) -> Offer {
        Offer { rate: Rate::AsFastAsItGoes, time: self.look, lines: self.lines }
    }

    /// Goes on from what the first look showed.
    #[must_use]
    pub fn begin(self, look: &Outcome) -> Progress {
        Progress { search: self, peak: look.throughput(), low: 0.4, high: 1.2, steps: Vec::new() }
    }
}

impl Progress {
    /// What to offer next; `None` when it is found.
    #[must_use]
    pub fn next(&self) -> Option<Offer> {
        if u32::try_from(self.steps.len()).unwrap_or(u32::MAX) >= self.search.steps || self.peak < 1.0 {
            return None;
        }
        let rate = Rate::PerSecond(self.peak * f64::midpoint(self.low, self.high));
        Some(Offer { rate, time: self.search.step, lines: self.search.lines })
    }

    /// Takes what came of it.
    pub fn note(&mut self, offer: Offer, outcome: &Outcome) {
        let Rate::PerSecond(offered) = offer.rate else {
            return;
        };
        let (achieved, p99) = (outcome.throughput(), outcome.quantile(0.99));
        let turned_away = outcome.turned_away.count();
        let sustained = outcome.failed == 0
            && turned_away == 0
            && achieved >= offered * FOLLOWS
            && p99 <= self.search.patience;
        let middle = offered / self.peak;
        if sustained {
            self.low = middle;
        } else {
            self.high = middle;
        }
        self.steps.push(Step {
            offered,
            achieved,
            p50: outcome.quantile(0.5),
            p99,
            failed: outcome.failed + turned_away,
            sustained,
        });
    }

    /// The highest sustained throughput. Where not even the least was sustained, what was achieved of it; without any
    /// steps, what the first look showed.
    #[must_use]
    pub fn found(&self) -> f64 {
        if self.steps.is_empty() {
            return self.peak;
        }
        let sustained = self.steps.iter().filter(|step| step.sustained).map(|step| step.achieved);
        let best = sustained.fold(0.0, f64::max);
        if best > 0.0 { best } else { self.steps.iter().map(|step| step.achieved).fold(0.0, f64::max) }
    }
}
