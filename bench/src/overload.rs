//! Ten times as many passwords as can be checked: whether everything else goes on as if nothing were, whether the surplus
//! is turned away at once, and whether memory stays what it was.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::contender::{Contender, memory_of};
use crate::driver::work::Work;
use crate::driver::{Offer, Outcome, Rate, offer};
use crate::operation::Operation;
use crate::stage::{Stage, Who};

const TIMES: f64 = 10.0;
/// p99 may be so many times that of a quiet hour.
pub const MOST: f64 = 1.5;
/// The surplus is answered within this many milliseconds.
pub const AT_ONCE: f64 = 50.0;
/// A quiet hour, per second.
const QUIET: [(Operation, f64); 3] =
    [(Operation::Passkey, 20.0), (Operation::Refresh, 100.0), (Operation::Jwks, 200.0)];
const LINES: usize = 32;
/// More than wait for their password to be checked.
const PASSWORD_LINES: usize = 256;
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Serialize)]
pub struct Overload {
    /// Passwords that can be checked per second.
    pub capacity: f64,
    pub offered: f64,
    /// Log-ins that came through meanwhile, per second.
    pub let_in: f64,
    pub others: Vec<Other>,
    pub turned_away: Surplus,
    /// Answered neither with a session nor with 503 and Retry-After.
    pub failed: u64,
    pub first_failure: Option<String>,
    /// Seconds, and resident megabytes; the flood begins at `flood_at`.
    pub memory: Vec<(f64, f64)>,
    pub flood_at: f64,
}

/// Somebody else's request, in quiet and during the flood; in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Other {
    pub operation: Operation,
    pub per_second: f64,
    pub quiet_p50: f64,
    pub quiet_p99: f64,
    pub flood_p50: f64,
    pub flood_p99: f64,
    pub failed: u64,
}

impl Other {
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.flood_p99 / self.quiet_p99.max(0.001)
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Surplus {
    pub count: u64,
    pub p50: f64,
    pub p99: f64,
}

/// # Errors
/// When the provider can not be started or offered anything.
pub async fn measure(stage: &Stage, quick: bool) -> anyhow::Result<Overload> {
    let ours = stage.start(Who::Ours).await?;
    let seconds = |quick_time, whole| Duration::from_secs_f64(if quick { quick_time } else { whole });
    let passwords = stage.world.work(Operation::Password, ours.address, 0).await?;
    let look = Offer { rate: Rate::AsFastAsItGoes, time: seconds(1.5, 5.0), lines: 16 };
    let capacity = offer(&[ours.address], &passwords, look).await?.throughput();

    let time = seconds(2.0, 20.0);
    let watch = Watch::begin(&ours)?;
    let quiet = others(stage, &ours, time).await?;
    let flood_at = watch.begun.elapsed().as_secs_f64();
    let rate = Rate::PerSecond(capacity * TIMES);
    let flood = Offer { rate, time, lines: PASSWORD_LINES };
    let there = [ours.address];
    let (flooded, loaded) = tokio::join!(offer(&there, &passwords, flood), others(stage, &ours, time));
    let (flooded, loaded) = (flooded?, loaded?);
    tokio::time::sleep(seconds(0.2, 3.0)).await;
    let memory = watch.end();
    ours.stop()?;

    let others =
        QUIET.into_iter().zip(quiet).zip(loaded).map(|(((operation, per_second), quiet), loaded)| Other {
            operation,
            per_second,
            quiet_p50: quiet.quantile(0.5),
            quiet_p99: quiet.quantile(0.99),
            flood_p50: loaded.quantile(0.5),
            flood_p99: loaded.quantile(0.99),
            failed: quiet.failed + loaded.failed + quiet.turned_away.count() + loaded.turned_away.count(),
        });
    Ok(Overload {
        capacity,
        offered: capacity * TIMES,
        let_in: flooded.throughput(),
        others: others.collect(),
        turned_away: Surplus {
            count: flooded.turned_away.count(),
            p50: flooded.turned_away.millis(0.5),
            p99: flooded.turned_away.millis(0.99),
        },
        failed: flooded.failed,
        first_failure: flooded.first_failure,
        memory,
        flood_at,
    })
}

/// What everybody else does, at the rate of a quiet hour.
async fn others(stage: &Stage, ours: &Contender, time: Duration) -> anyhow::Result<Vec<Outcome>> {
    let [passkey, refresh, jwks] = QUIET;
    let work = |(operation, _)| stage.world.work(operation, ours.address, 0);
    let (first, second, third) = (work(passkey).await?, work(refresh).await?, work(jwks).await?);
    let at = |(_, rate): (Operation, f64), work: Arc<Work>| async move {
        offer(&[ours.address], &work, Offer { rate: Rate::PerSecond(rate), time, lines: LINES }).await
    };
    let (first, second, third) = tokio::join!(at(passkey, first), at(refresh, second), at(jwks, third));
    Ok(vec![first?, second?, third?])
}

/// Looks at the memory of a process again and again.
struct Watch {
    begun: Instant,
    seen: Arc<Mutex<Vec<(f64, f64)>>>,
    looking: tokio::task::JoinHandle<()>,
}

impl Watch {
    fn begin(contender: &Contender) -> anyhow::Result<Self> {
        let (begun, id) = (Instant::now(), contender.id());
        let seen = Arc::new(Mutex::new(vec![(0.0, memory_of(id)?.resident)]));
        let keep = Arc::clone(&seen);
        let looking = tokio::spawn(async move {
            while let Ok(memory) = memory_of(id) {
                let at = begun.elapsed().as_secs_f64();
                keep.lock().unwrap_or_else(PoisonError::into_inner).push((at, memory.resident));
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Ok(Self { begun, seen, looking })
    }

    fn end(self) -> Vec<(f64, f64)> {
        self.looking.abort();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
