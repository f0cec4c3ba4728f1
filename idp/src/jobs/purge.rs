//! Removes what has expired, in small steps that hold nobody up.

use time::Duration as Span;

use super::deliveries::MAILS;
use crate::app::App;
use crate::oidc::ciba;
use crate::store::outbox::{self, Kind};
use crate::store::{
    api_calls, browsers, client_secrets, guesses, invitations, links, registration_tokens, revoked_tokens,
    sessions, sign_in_requests, sign_ups, spent_grants,
};

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
