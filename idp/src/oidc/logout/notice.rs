//! Notices that somebody has logged out (OpenID Connect Back-Channel Logout 1.0): one for each application
//! that was used in a session, signed when it is sent, and sent again until it is taken.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::crypto::random::Entropy;
use crate::crypto::{base64url, jwt};
use crate::http_client::HttpClient;
use crate::model::client::{Client, ClientId};
use crate::model::ids::{OutboxId, SessionId, UserId};
use crate::oidc::{Desk, subject};
use crate::store::outbox::{self, Kind};
use crate::store::{Store, clients, grants, sessions};

/// §2.4: two minutes are recommended.
const LIFETIME: Duration = Duration::minutes(2);
/// §2.6
const TYP: &str = "logout+jwt";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What waits in the outbox.
#[derive(Debug, Serialize, Deserialize)]
pub struct Notice {
    client: ClientId,
    user: UserId,
    session: SessionId,
}

/// Writes the notices of sessions that have ended. Returns whether there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn prepare(store: &Store, entropy: Entropy, now: OffsetDateTime) -> anyhow::Result<bool> {
    const AT_ONCE: u64 = 50;
    if !sessions::any_ended(store).await? {
        return Ok(false);
    }
    let tx = store.begin().await?;
    let ended = sessions::take_ended(&tx, AT_ONCE).await?;
    for (session, user) in &ended {
        for client in grants::clients_of_session(&tx, *session).await? {
            let known = clients::by_id(&tx, &client).await?.filter(Client::is_enabled);
            if known.is_none_or(|client| client.settings.backchannel_logout_uri.is_none()) {
                continue;
            }
            let id = entropy.id(now, OutboxId::new)?;
            let notice = Notice { client, user: *user, session: *session };
            let content = serde_json::to_vec(&notice)?;
            let whose = (Kind::LogoutNotice, Some(*user));
            outbox::add_for(&tx, (id, Some(&notice.client)), whose, &content, now).await?;
        }
    }
    tx.commit().await?;
    Ok(ended.len() as u64 == AT_ONCE)
}

/// Sends one notice. An application that wants none any more has got it.
///
/// # Errors
/// When it was not taken; it may be sent again.
pub async fn send(desk: &Desk<'_>, http: &HttpClient, content: &[u8]) -> anyhow::Result<()> {
    let notice: Notice = serde_json::from_slice(content)?;
    let client = clients::by_id(desk.store, &notice.client).await?.filter(Client::is_enabled);
    let Some((client, address)) = client.and_then(|client| {
        let address = client.settings.backchannel_logout_uri.clone()?;
        Some((client, address))
    }) else {
        return Ok(());
    };
    let token = sign(desk, &client, &notice).await?;
    http.post_form(address.as_str(), &[("logout_token", &token)]).await?;
    tracing::info!(client = %client.id, "an application was told of a log-out");
    Ok(())
}

async fn sign(desk: &Desk<'_>, client: &Client, notice: &Notice) -> anyhow::Result<String> {
    let mut events = Map::new();
    events.insert(EVENT.to_owned(), Value::Object(Map::new()));
    let claims = json!({
        "iss": desk.issuer,
        "aud": client.id,
        "iat": desk.now.unix_timestamp(),
        "exp": (desk.now + LIFETIME).unix_timestamp(),
        "jti": base64url::encode(desk.entropy.bytes::<16>()?),
        "events": events,
        "sub": subject::of(desk.store.sealer(), client, notice.user),
        "sid": subject::of_session(desk.store.sealer(), client, notice.session),
    });
    Ok(jwt::sign(&desk.keys, client.settings.id_token_alg, TYP, &claims).await?)
}
