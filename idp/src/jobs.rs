//! The few things that happen by themselves: what has expired is removed, in small steps that hold
//! nobody up; what waits in the outbox is sent, each by whoever claims it first; signing keys are rotated and a
//! renewed certificate is taken up; what imported passwords cost is measured; checkpoints of the audit trail are taken
//! outside.

use std::time::Duration;

use time::Duration as Span;
use tokio::task::JoinSet;

use crate::app::journal::{Job, Run};
use crate::app::{App, keys};
use crate::audit::{self, Notary};
use crate::login::{reset, sign_up};
use crate::mail::{Message, ResetRequest, SignUpRequest};
use crate::model::ids::OutboxId;
use crate::oidc;
use crate::oidc::ciba::{self, ping};
use crate::oidc::logout::notice;
use crate::store::outbox::{self, Kind, Waiting};
use crate::store::{
    StoreError, api_calls, browsers, client_secrets, figures, guesses, invitations, links,
    registration_tokens, revoked_tokens, sessions, sign_in_requests, sign_ups, spent_grants,
};

const EVERY: Duration = Duration::from_mins(1);
const BATCH: u64 = 500;
/// A spent grant is kept this long, so that a replayed code still finds what it has to revoke.
const KEEP_GRANTS: Span = Span::days(1);

/// A clock that was ahead for a while must not make anybody forget what has ended.
const KEEP_REVOKED_TOKENS: Span = Span::days(2);

/// A browser's cookie lives no longer than this.
const KEEP_BROWSERS: Span = Span::days(400);
/// What could not be sent for this long is of no use to its reader any more.
const KEEP_MESSAGES: Span = Span::days(5);
/// Later an application might end a newer log-in by it.
const KEEP_NOTICES: Span = Span::days(1);
/// Later there is nothing to be fetched.
const KEEP_PINGS: Span = Span::minutes(15);

/// What becomes mail, and mail.
const MAILS: [Kind; 4] = [Kind::Mail, Kind::ResetRequest, Kind::SignUpRequest, Kind::SignInRequest];
/// What applications are told.
const NOTICES: [Kind; 2] = [Kind::LogoutNotice, Kind::SignInPing];
/// How often the outbox is looked into.
const MAIL_EVERY: Duration = Duration::from_millis(500);
/// So long at most what another node has done to rules, looks and keys does not hold here: a second, with the time to read
/// it. It is read again and again, so that no message has to arrive for it.
const SET_EVERY: Duration = Duration::from_millis(500);
/// What fails again and again is said this often.
const SAID_EVERY: Duration = Duration::from_mins(1);
/// Counting reads whole tables.
const COUNT_EVERY: Duration = Duration::from_mins(10);
/// Applications are told side by side, so that one that hangs does not hold up each of the others in turn.
const NOTICES_AT_ONCE: usize = 16;
/// After a failure: soon, and then less and less often, for days.
const FIRST_RETRY: Span = Span::seconds(15);
const LAST_RETRY: Span = Span::hours(1);

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

/// Tells applications who has logged out. Apart from mail, so that a slow application delays none.
///
/// # Errors
/// When the database does not answer.
pub async fn tell(app: &App) -> anyhow::Result<()> {
    while notice::prepare(&app.store, app.entropy, app.clock.now()).await? {}
    send_due(app, &NOTICES, NOTICES_AT_ONCE).await
}

/// Sends what mail is due. What can not be sent stays for later and holds up nothing else.
///
/// # Errors
/// When the database does not answer.
pub async fn deliver(app: &App) -> anyhow::Result<()> {
    send_due(app, &MAILS, 1).await
}

async fn send_due(app: &App, kinds: &[Kind], at_once: usize) -> anyhow::Result<()> {
    loop {
        let due = outbox::due(&app.store, kinds, app.clock.now(), 50).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut under_way = JoinSet::new();
        let mut outcome = Ok(());
        for id in due {
            if under_way.len() >= at_once {
                outcome = outcome.and(ended(&mut under_way).await);
            }
            let app = app.clone();
            under_way.spawn(async move { deliver_or_postpone(&app, id).await });
        }
        // To the end, whatever became of one: a message that is broken off would be sent twice.
        while !under_way.is_empty() {
            outcome = outcome.and(ended(&mut under_way).await);
        }
        outcome?;
    }
}

async fn ended(under_way: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match under_way.join_next().await {
        Some(ended) => ended?,
        None => Ok(()),
    }
}

async fn deliver_or_postpone(app: &App, id: OutboxId) -> anyhow::Result<()> {
    let Err(error) = deliver_one(app, id).await else {
        return Ok(());
    };
    let why = format!("{error:#}");
    if let Some(StoreError::Damaged(_) | StoreError::Sealed(_)) = error.downcast_ref() {
        tracing::error!(%id, error = why, "a message in the outbox can not be opened");
        return postpone(app, id, LAST_RETRY, &why).await;
    }
    tracing::warn!(%id, error = why, "a message in the outbox could not be taken");
    postpone(app, id, FIRST_RETRY, &why).await
}

async fn deliver_one(app: &App, id: OutboxId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let tx = app.store.begin().await?;
    let Some(waiting) = outbox::claim(&tx, id, now, outbox::LEASE).await? else {
        return Ok(());
    };
    tx.commit().await?;
    let outcome = match waiting.kind {
        Kind::Mail => send(app, &waiting).await,
        Kind::ResetRequest => answer(app, &waiting).await,
        Kind::SignUpRequest => answer_sign_up(app, &waiting).await,
        Kind::SignInRequest => ask(app, &waiting).await,
        Kind::LogoutNotice | Kind::SignInPing => notify(app, &waiting).await,
    };
    let Err(error) = outcome else { return Ok(()) };
    let retry = retry_after(waiting.attempts);
    let why = format!("{error:#}");
    tracing::warn!(%id, error = why, again_in = %retry, "a message could not be sent");
    postpone(app, id, retry, &why).await
}

async fn postpone(app: &App, id: OutboxId, by: Span, why: &str) -> anyhow::Result<()> {
    let tx = app.store.begin().await?;
    outbox::postpone(&tx, id, app.clock.now() + by, why).await?;
    Ok(tx.commit().await?)
}

fn retry_after(attempts: i32) -> Span {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
    (FIRST_RETRY * 2_i32.pow(doublings)).min(LAST_RETRY)
}

async fn send(app: &App, waiting: &Waiting) -> anyhow::Result<()> {
    let message: Message = serde_json::from_slice(&waiting.content)?;
    let place = app.transport.send(waiting.id, &message, app.clock.now()).await?;
    let tx = app.store.begin().await?;
    outbox::done(&tx, waiting.id).await?;
    tx.commit().await?;
    tracing::info!(id = %waiting.id, to = place, "a mail was sent");
    Ok(())
}

async fn notify(app: &App, waiting: &Waiting) -> anyhow::Result<()> {
    let issuer = app.config.public_url.issuer();
    let desk = oidc::endpoints::desk(app, &issuer);
    match waiting.kind {
        Kind::SignInPing => ping::send(&desk, &waiting.content).await?,
        _ => notice::send(&desk, &app.http, &waiting.content).await?,
    }
    let tx = app.store.begin().await?;
    outbox::done(&tx, waiting.id).await?;
    Ok(tx.commit().await?)
}

async fn ask(app: &App, waiting: &Waiting) -> anyhow::Result<()> {
    ciba::put((&app.store, &app.mail), (waiting.id, &waiting.content), app.clock.now()).await
}

async fn answer(app: &App, waiting: &Waiting) -> anyhow::Result<()> {
    let request: ResetRequest = serde_json::from_slice(&waiting.content)?;
    let tools = (&app.store, &*app.mail, app.entropy);
    reset::answer(tools, (waiting.id, &request), app.clock.now()).await
}

async fn answer_sign_up(app: &App, waiting: &Waiting) -> anyhow::Result<()> {
    let request: SignUpRequest = serde_json::from_slice(&waiting.content)?;
    let tools = (&app.store, &*app.mail, app.entropy);
    sign_up::answer(tools, (waiting.id, &request), app.clock.now()).await
}

/// Removes what has expired: sessions, spent grants, old guesses, invitations, links, browsers and messages.
///
/// # Errors
/// When the database does not answer.
pub async fn purge(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    client_secrets::note_uses(&app.store, &app.secret_uses).await?;
    let tx = app.store.begin().await?;
    let mut given_up = outbox::give_up(&tx, &MAILS, now - KEEP_MESSAGES).await?;
    given_up.extend(outbox::give_up(&tx, &[Kind::LogoutNotice], now - KEEP_NOTICES).await?);
    given_up.extend(outbox::give_up(&tx, &[Kind::SignInPing], now - KEEP_PINGS).await?);
    registration_tokens::purge(&tx, now).await?;
    tx.commit().await?;
    for id in given_up {
        tracing::error!(%id, "a message could not be sent for days and was given up");
    }
    let mut more = true;
    loop {
        let spent = if more {
            spent_grants::find(&app.store, now, now - KEEP_GRANTS, BATCH).await?
        } else {
            // All were found, and looking takes long where there are many.
            Vec::new()
        };
        more = spent.len() as u64 == BATCH;
        let tx = app.store.begin().await?;
        let removed = [
            sessions::purge(&tx, now, BATCH).await?,
            spent_grants::remove(&tx, &spent, now).await?,
            guesses::purge(&tx, now, BATCH).await?,
            links::purge(&tx, now, BATCH).await?,
            invitations::purge(&tx, now, BATCH).await?,
            sign_ups::purge(&tx, now, BATCH).await?,
            api_calls::purge(&tx, now, BATCH).await?,
            revoked_tokens::purge(&tx, now - KEEP_REVOKED_TOKENS, BATCH).await?,
            sign_in_requests::purge(&tx, now - ciba::REMEMBERED, BATCH).await?,
            browsers::purge(&tx, now - KEEP_BROWSERS, BATCH).await?,
        ];
        tx.commit().await?;
        if removed.iter().any(|count| *count > 0) {
            tracing::debug!(?removed, "removed what had expired");
        }
        if removed.iter().all(|count| *count < BATCH) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_less_and_less_often() {
        assert_eq!(retry_after(1), Span::seconds(15));
        assert_eq!(retry_after(3), Span::minutes(1));
        assert_eq!(retry_after(20), Span::hours(1));
        assert_eq!(retry_after(i32::MAX), Span::hours(1));
    }
}
