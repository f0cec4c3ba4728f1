//! How often somebody may ask whether a person has answered: a device (RFC 8628 §3.5), an application that waits for
//! somebody elsewhere (CIBA §7.3, §11). Decides nothing else.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Desk;
use super::error::{EndpointError, OAuthError};
use crate::crypto::token::TokenHash;
use crate::ephemeral::Kind;

/// RFC 8628 §3.2 and §3.5, CIBA §7.3, in seconds.
pub(super) const INTERVAL: i64 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Pace {
    asked_at: OffsetDateTime,
    interval: i64,
}

/// Whoever asks too soon has to wait five seconds longer from then on.
pub(super) async fn keep(
    desk: &Desk<'_>,
    (kind, code): (Kind, TokenHash),
    lifetime: Duration,
) -> Result<(), EndpointError> {
    let last: Option<Pace> = desk.ephemeral.get(kind, code.0).await?;
    let too_soon =
        last.as_ref().is_some_and(|last| desk.now - last.asked_at < Duration::seconds(last.interval));
    let interval = last.map_or(INTERVAL, |last| last.interval) + if too_soon { INTERVAL } else { 0 };
    let pace = Pace { asked_at: desk.now, interval };
    desk.ephemeral.put(kind, code.0, &pace, lifetime).await?;
    if too_soon { Err(OAuthError::SlowDown.into()) } else { Ok(()) }
}
