//! What the provider needs when nobody asks it for anything: memory, time to start, and its size on disk.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::stage::{Stage, Who};

/// Idle is what it is after this long.
const SETTLED: Duration = Duration::from_secs(3);
const STARTS: usize = 5;

#[derive(Debug, Clone, Serialize)]
pub struct Footprint {
    /// Resident, in megabytes.
    pub idle_megabytes: f64,
    /// Of these, what is not the program itself.
    pub idle_own_megabytes: f64,
    /// On an existing database; the median of five.
    pub ready_after_seconds: f64,
    /// Of the program, in megabytes.
    pub binary_megabytes: f64,
}

/// # Errors
/// When the provider can not be started.
pub async fn measure(stage: &Stage, idp: &Path) -> anyhow::Result<Footprint> {
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        let idp = stage.start(Who::Ours).await?;
        starts.push(idp.ready_after.as_secs_f64());
        idp.stop()?;
    }
    let running = stage.start(Who::Ours).await?;
    starts.push(running.ready_after.as_secs_f64());
    tokio::time::sleep(SETTLED).await;
    let idle = running.memory()?;
    running.stop()?;
    #[expect(clippy::cast_precision_loss, reason = "a file is far smaller than 2^52 bytes")]
    let binary_megabytes = std::fs::metadata(idp)?.len() as f64 / 1e6;
    Ok(Footprint {
        idle_megabytes: idle.resident,
        idle_own_megabytes: idle.own,
        ready_after_seconds: crate::run::median(&starts),
        binary_megabytes,
    })
}
