//! Whether this node should be sent anybody, and why not: for `/readyz` and for the metrics alike. Changes nothing.

use std::time::Duration;

use crate::app::App;
use crate::ephemeral::Reach;
use crate::store::server::Use;

/// Whoever asks waits a second or two at most, and takes silence for "not ready".
const REDIS_PATIENCE: Duration = Duration::from_millis(300);
/// A busy database is not a lost one.
const DATABASE_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Readiness {
    pub(super) database: Option<Use>,
    pub(super) reach: Reach,
    /// Why nobody should be sent here.
    pub(super) why_not: Option<&'static str>,
}

impl Readiness {
    pub(super) async fn of(app: &App) -> Self {
        let asked = tokio::time::timeout(DATABASE_PATIENCE, app.store.usable_for());
        let (answer, reach) = tokio::join!(asked, app.ephemeral.reach(REDIS_PATIENCE));
        let database = answer.ok().and_then(Result::ok);
        let why_not = match (app.is_ready(), database, reach) {
            (false, ..) => Some("shutting down"),
            (_, None, _) => Some("the database does not answer"),
            // Another node may know the right one.
            (_, Some(Use::Following), _) => Some("the database is a standby"),
            (.., Reach::NeverFound) => Some("Redis does not answer"),
            _ => None,
        };
        Self { database, reach, why_not }
    }

    /// What does not go although people may be sent here: most of what applications ask for needs neither, and every node
    /// has lost Redis then.
    pub(super) fn degraded(&self, app: &App) -> Option<&'static str> {
        if self.reach == Reach::Lost {
            return Some("Redis does not answer: nobody can log in");
        }
        if self.database == Some(Use::Reading) {
            return Some("the database is read-only: nobody can log in");
        }
        app.is_disk_full().then_some("the disk of the database is full: nobody can log in")
    }
}
