//! The few things that happen by themselves: what has expired is removed, in small steps that hold
//! nobody up; what waits in the outbox is sent, each by whoever claims it first; signing keys are rotated and a
//! renewed certificate is taken up; what imported passwords cost is measured; checkpoints of the audit trail are taken
//! outside.

mod deliveries;
mod purge;

use std::time::Duration;

use crate::app::journal::{Job, Run};
use crate::app::{App, keys};
use crate::audit::{self, Notary};
use crate::store::figures;

pub use deliveries::{deliver, tell};
pub use purge::purge;

const EVERY: Duration = Duration::from_mins(1);
/// How often the outbox is looked into.
const MAIL_EVERY: Duration = Duration::from_millis(500);
/// So long at most what another node has done to rules, looks and keys does not hold here: a second, with the time to read
/// it. It is read again and again, so that no message has to arrive for it.
const SET_EVERY: Duration = Duration::from_millis(500);
/// What fails again and again is said this often.
const SAID_EVERY: Duration = Duration::from_mins(1);
/// Counting reads whole tables.
const COUNT_EVERY: Duration = Duration::from_mins(10);

/// Runs until the program ends.
pub async fn run(app: App) {
    let certificate = |app: App| async move {
        if let Some(tls) = &app.tls {
            tls.refresh();
        }
        Ok(())
    };
    tokio::join!(
        repeat(&app, (Job::Purge, EVERY), |app| async move { purge(&app).await }),
        repeat(&app, (Job::Mails, MAIL_EVERY), |app| async move { deliver(&app).await }),
        repeat(&app, (Job::Notices, MAIL_EVERY), |app| async move { tell(&app).await }),
        repeat(&app, (Job::Keys, EVERY), |app| async move { tend_keys(&app).await }),
        repeat(&app, (Job::Certificate, EVERY), certificate),
        repeat(&app, (Job::Audit, EVERY), |app| async move { tend_audit(&app).await }),
        repeat(&app, (Job::Figures, COUNT_EVERY), |app| async move { count(&app).await }),
        repeat(&app, (Job::Passwords, EVERY), |app| async move { app.tend_passwords().await }),
        repeat(&app, (Job::Settings, SET_EVERY), |app| async move { learn(&app).await }),
    );
}

/// Does one thing again and again. What goes wrong once is noted, and tried again the next time.
async fn repeat<F>(app: &App, (job, every): (Job, Duration), work: impl Fn(App) -> F)
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut said: Option<tokio::time::Instant> = None;
    loop {
        ticks.tick().await;
        let outcome = work(app.clone()).await;
        let error = outcome.err().map(|error| format!("{error:#}"));
        match &error {
            Some(error) if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) => {
                tracing::error!(error, "{}", failure(job));
                said = Some(tokio::time::Instant::now());
            }
            Some(error) => tracing::debug!(error, "{}", failure(job)),
            None => said = None,
        }
        app.journal.note(job, Run { at: app.clock.now(), error });
    }
}

const fn failure(job: Job) -> &'static str {
    match job {
        Job::Mails => "the outbox could not be read",
        Job::Notices => "applications could not be told of log-outs",
        Job::Keys => "the signing keys could not be tended",
        Job::Audit => "the audit trail could not be tended",
        Job::Figures => "the figures could not be counted",
        Job::Purge => "expired rows could not be removed",
        Job::Certificate => "the certificate could not be taken up",
        Job::Passwords => "what imported passwords cost could not be measured",
        Job::Settings => "what is set in the console could not be read",
    }
}

/// Counts what the first page of the console shows.
///
/// # Errors
/// When the database does not answer.
pub async fn count(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let counted = figures::count(&app.store).await?;
    let tx = app.store.begin().await?;
    figures::keep(&tx, &counted, now);
    Ok(tx.commit().await?)
}

/// Learns what others have done to rules, looks and keys.
///
/// # Errors
/// When the database does not answer, or a key is damaged.
pub async fn learn(app: &App) -> anyhow::Result<()> {
    app.refresh_standing().await?;
    app.refresh_keys().await
}

/// Rotates the signing keys where that is due, and takes up what came of it.
///
/// # Errors
/// When the database does not answer, or no key can be made.
pub async fn tend_keys(app: &App) -> anyhow::Result<()> {
    keys::tend(&app.store, &app.config, app.clock.now()).await?;
    app.refresh_keys().await
}

/// Takes a checkpoint of the audit trail outside where one is due, and removes what is older than it is kept.
///
/// # Errors
/// When the database does not answer, a destination can not be reached, or the trail is not whole.
pub async fn tend_audit(app: &App) -> anyhow::Result<()> {
    let notary = Notary { store: &app.store, config: &app.config, http: &app.http, now: app.clock.now() };
    notary.checkpoint_if_due().await?;
    let removed = audit::trim(notary).await?;
    if removed > 0 {
        tracing::info!(removed, "old records of the audit trail were removed");
    }
    Ok(())
}
