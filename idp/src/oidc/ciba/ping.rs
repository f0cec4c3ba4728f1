//! Telling an application that somebody has answered (CIBA §10.2). The notice has no answer in it: that is fetched at
//! the token endpoint, by a client that proves who it is.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::crypto::random::Entropy;
use crate::model::client::{Client, ClientId};
use crate::model::ids::{OutboxId, UserId};
use crate::model::sign_in_request::Ping;
use crate::oidc::Desk;
use crate::store::outbox::{self, Kind};
use crate::store::{Tx, clients};

/// What waits in the outbox.
#[derive(Debug, Serialize, Deserialize)]
struct Notice {
    client: ClientId,
    ping: Ping,
}

pub(super) async fn later(
    tx: &Tx,
    entropy: Entropy,
    (client, user, ping): (&Client, UserId, &Ping),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let notice = Notice { client: client.id.clone(), ping: ping.clone() };
    let content = zeroize::Zeroizing::new(serde_json::to_vec(&notice)?);
    let to = (entropy.id(now, OutboxId::new)?, Some(&client.id));
    Ok(outbox::add_for(tx, to, (Kind::SignInPing, Some(user)), &content, now).await?)
}

/// Sends one notice. An application that wants none any more has got it.
///
/// # Errors
/// When it was not taken; it may be sent again.
pub async fn send(desk: &Desk<'_>, content: &[u8]) -> anyhow::Result<()> {
    let notice: Notice = serde_json::from_slice(content)?;
    let client = clients::by_id(desk.store, &notice.client).await?.filter(Client::is_enabled);
    let Some(address) = client.and_then(|client| client.settings.backchannel.notification_endpoint) else {
        return Ok(());
    };
    let body = json!({ "auth_req_id": notice.ping.auth_req_id }).to_string();
    desk.http.post_json_as(address.as_str(), notice.ping.token.as_str(), body).await?;
    tracing::info!(client = %notice.client, "an application was told that somebody has answered");
    Ok(())
}
