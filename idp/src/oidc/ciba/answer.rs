//! What a person answers: kept once, with their consent, its record, and the notice to the application, all or none.

use time::OffsetDateTime;

use super::ping;
use crate::audit::{self, Doer, Event};
use crate::crypto::random::Entropy;
use crate::model::client::Client;
use crate::model::ids::{SignInRequestId, UserId};
use crate::model::sign_in_request::Decision;
use crate::oidc::consent;
use crate::store::{Store, sign_in_requests};

/// Keeps an answer. `false` when it came too late, or there was one before.
pub(super) async fn keep(
    (store, entropy): (&Store, Entropy),
    (user, request): (UserId, SignInRequestId),
    (decision, client): (&Decision, &Client),
    doer: Doer<'_>,
    now: OffsetDateTime,
) -> anyhow::Result<bool> {
    let tx = store.begin().await?;
    let Some(request) = sign_in_requests::decide(&tx, (user, request), decision, now).await? else {
        return Ok(false);
    };
    if let Some(wanted) = &request.asked.ping {
        ping::later(&tx, entropy, (client, user, wanted), now).await?;
    }
    match decision {
        Decision::Allowed(_) => {
            consent::allow(&tx, (&request.asked.permission, client), (user, doer), now).await?;
        }
        Decision::Denied => {
            let event = Event::SignInDenied { client: client.id.clone() };
            audit::record(&tx, now, doer, Some(user), event).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}
