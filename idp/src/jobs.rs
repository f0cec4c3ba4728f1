//! The few things that happen by themselves: what has expired is removed, in small steps that hold
//! nobody up.

use std::time::Duration;

use time::Duration as Span;

use crate::app::App;
use crate::store::{grants, sessions};

const EVERY: Duration = Duration::from_mins(1);
const BATCH: u64 = 500;
/// A spent grant is kept this long, so that a replayed code still finds what it has to revoke.
const KEEP_GRANTS: Span = Span::days(1);

/// Runs until the program ends.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = purge(&app).await {
            tracing::error!(error = format!("{error:#}"), "expired rows could not be removed");
        }
    }
}

/// Removes expired sessions and spent grants.
///
/// # Errors
/// When the database does not answer.
pub async fn purge(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    loop {
        let tx = app.store.begin().await?;
        let sessions = sessions::purge(&tx, now, BATCH).await?;
        let grants = grants::purge(&tx, now, now - KEEP_GRANTS, BATCH).await?;
        tx.commit().await?;
        if sessions > 0 || grants > 0 {
            tracing::debug!(sessions, grants, "removed what had expired");
        }
        if sessions < BATCH && grants < BATCH {
            return Ok(());
        }
    }
}
