//! Putting a request to its person, where nobody watches the clock: whoever has the address, if anybody has, gets a
//! mail that says so and leads to our own pages.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::request::Whom;
use crate::audit::{self, Actor, Event};
use crate::crypto::random::Entropy;
use crate::mail::{Circumstances, Mailer};
use crate::model::client::Client;
use crate::model::ids::{OutboxId, SignInRequestId, UserId};
use crate::model::user::{Email, User};
use crate::store::outbox::{self, Kind};
use crate::store::{Store, Tx, clients, sign_in_requests, users};

/// What waits in the outbox.
#[derive(Debug, Serialize, Deserialize)]
struct Put {
    request: SignInRequestId,
    address: Email,
    user: Option<UserId>,
}

pub(super) async fn later(
    tx: &Tx,
    entropy: Entropy,
    (request, whom): (SignInRequestId, &Whom),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let put = Put { request, address: whom.address.clone(), user: whom.user };
    let id = entropy.id(now, OutboxId::new)?;
    Ok(outbox::add(tx, id, (Kind::SignInRequest, None), &serde_json::to_vec(&put)?, now).await?)
}

/// Puts a request to its person, and writes to them. It is done in the same transaction, so that it is done once.
///
/// # Errors
/// When it could not be done; it then still waits.
pub async fn put(
    (store, mailer): (&Store, &Mailer),
    (id, content): (OutboxId, &[u8]),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let put: Put = serde_json::from_slice(content)?;
    let tx = store.begin().await?;
    outbox::done(&tx, id).await?;
    let user = match put.user {
        Some(user) => users::by_id(&tx, user).await?,
        None => users::by_email(&tx, &put.address).await?,
    };
    if let Some(user) = user.filter(User::is_enabled) {
        tell(&tx, mailer, (put.request, &user), now).await?;
    }
    Ok(tx.commit().await?)
}

async fn tell(
    tx: &Tx,
    mailer: &Mailer,
    (request, user): (SignInRequestId, &User),
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let Some(request) = sign_in_requests::assign(tx, request, user.id).await? else {
        return Ok(());
    };
    let client = clients::by_id(tx, &request.client_id).await?.filter(Client::is_enabled);
    let Some(client) = client.filter(|_| now < request.expires_at) else {
        return Ok(());
    };
    let happened = Circumstances::on_the_host(request.created_at);
    mailer.sign_in_requested(tx, user, client.settings.name.as_str(), &happened).await?;
    let message = request.asked.binding_message.map(|message| message.to_string());
    let event = Event::SignInRequested { client: client.id, message };
    Ok(audit::record(tx, now, Actor::Anonymous, Some(user.id), event).await?)
}
