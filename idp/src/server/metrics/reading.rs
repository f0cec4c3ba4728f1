//! What the database and ephemeral storage have to be asked for, each time that somebody reads the metrics; at most
//! every few seconds, however many do, and never longer than they wait.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::super::readiness::Readiness;
use crate::app::App;
use crate::model::key::PublicKey;
use crate::store::audit::{self, MarkName};
use crate::store::{Result, keys, outbox};

/// What was read is good for so long.
const FRESH: Duration = Duration::from_secs(3);
/// A database that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// `None`: it could not be read.
    pub(super) stored: Option<Stored>,
    pub(super) readiness: Readiness,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) waiting: u64,
    pub(super) failed: u64,
    pub(super) oldest: Option<OffsetDateTime>,
    /// The number of the last record of the audit trail.
    pub(super) sequence: i64,
    pub(super) checkpoint: Option<Checkpoint>,
    /// When the first record was written that no checkpoint outside vouches for.
    pub(super) open_since: Option<OffsetDateTime>,
    pub(super) keys: Vec<PublicKey>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Checkpoint {
    pub(super) sequence: i64,
    pub(super) at: OffsetDateTime,
}

/// The last reading, and who is at it.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<Option<(Instant, Reading)>>);

impl Readings {
    pub(super) async fn current(&self, app: &App) -> Reading {
        let mut last = self.0.lock().await;
        if let Some((at, reading)) = &*last
            && at.elapsed() < FRESH
        {
            return reading.clone();
        }
        let stored = tokio::time::timeout(PATIENCE, read(app));
        let (stored, readiness) = tokio::join!(stored, Readiness::of(app));
        let stored = match stored {
            Ok(Ok(stored)) => Some(stored),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the database could not be read for the metrics"
                );
                None
            }
            Err(_) => None,
        };
        let reading = Reading { stored, readiness };
        *last = Some((Instant::now(), reading.clone()));
        reading
    }
}

async fn read(app: &App) -> Result<Stored> {
    let (waiting, failed) = outbox::waiting(&app.store).await?;
    let oldest = outbox::oldest(&app.store).await?;
    let (sequence, _) = audit::head(&app.store).await?;
    let mark = audit::mark(&app.store, MarkName::Checkpoint).await?;
    let checkpoint = mark.map(|mark| Checkpoint { sequence: mark.sequence, at: mark.at });
    let vouched_for = checkpoint.map_or(0, |checkpoint| checkpoint.sequence);
    let open = if app.config.audit.checkpoints.is_empty() {
        Vec::new()
    } else {
        audit::after(&app.store, vouched_for, 1).await?
    };
    Ok(Stored {
        waiting,
        failed,
        oldest,
        sequence,
        checkpoint,
        open_since: open.first().map(|record| record.at),
        keys: keys::public_keys(&app.store).await?,
    })
}
