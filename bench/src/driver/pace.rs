//! When requests are due: one after the other at a fixed rate, whatever becomes of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A thread that slept less would spend more on waking up than the requests it wakes.
const LEAST_PAUSE: Duration = Duration::from_micros(250);

/// Fixed: `total` requests, `per_second`, from `begin` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) begin: Instant,
    pub(super) per_second: f64,
    pub(super) total: u64,
}

impl Pace {
    /// When request number `index` is due.
    pub(super) fn due(&self, index: u64) -> Instant {
        self.begin + Duration::from_secs_f64(as_f64(index) / self.per_second)
    }

    /// How many are due at `now`.
    fn due_by(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.begin).as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and bounded"
        )]
        let due = (passed * self.per_second).floor() as u64 + 1;
        due.min(self.total)
    }

    /// Gives a permit for each request when it is due, and at the end `more`, for whoever still waits. On a thread of
    /// its own, because the timer of the runtime knows no less than a millisecond.
    pub(super) fn keep(self, permits: &Arc<Semaphore>, more: usize) -> std::io::Result<()> {
        let permits = Arc::clone(permits);
        let keep = move || {
            let mut given = 0;
            while given < self.total {
                let due = self.due_by(Instant::now());
                permits.add_permits(usize::try_from(due - given).unwrap_or(0));
                given = due;
                let rest = self.due(given).saturating_duration_since(Instant::now());
                std::thread::sleep(rest.max(LEAST_PAUSE));
            }
            permits.add_permits(more);
        };
        std::thread::Builder::new().name("pace".to_owned()).spawn(keep)?;
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are far below 2^52")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_even_distances_and_no_more_than_there_are() {
        let pace = Pace { begin: Instant::now(), per_second: 100.0, total: 5 };
        assert_eq!(pace.due(3) - pace.begin, Duration::from_millis(30));
        let after = |millis| pace.due_by(pace.begin + Duration::from_millis(millis));
        assert_eq!((after(0), after(9), after(11), after(900)), (1, 1, 2, 5));
    }
}
