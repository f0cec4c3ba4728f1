//! What waits in the outbox, each taken by whoever claims it first: mail, what becomes mail, and what applications are told.

use time::Duration as Span;
use tokio::task::JoinSet;

use crate::app::App;
use crate::login::{reset, sign_up};
use crate::mail::{Message, ResetRequest, SignUpRequest};
use crate::model::ids::OutboxId;
use crate::oidc;
use crate::oidc::ciba::{self, ping};
use crate::oidc::logout::notice;
use crate::store::StoreError;
use crate::store::outbox::{self, Kind, Waiting};

/// What becomes mail, and mail.
pub(super) const MAILS: [Kind; 4] =
    [Kind::Mail, Kind::ResetRequest, Kind::SignUpRequest, Kind::SignInRequest];
/// What applications are told.
const NOTICES: [Kind; 2] = [Kind::LogoutNotice, Kind::SignInPing];
/// Applications are told side by side, so that one that hangs does not hold up each of the others in turn.
const NOTICES_AT_ONCE: usize = 16;
/// After a failure: soon, and then less and less often, for days.
const FIRST_RETRY: Span = Span::seconds(15);
const LAST_RETRY: Span = Span::hours(1);

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
