//! Secrets of applications: a new one beside the old one, so that the application changes over in its own time.

use time::{Duration, OffsetDateTime};

use super::begin;
use crate::admin::{AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::token::{Token, TokenKind};
use crate::model::client::{Client, ClientId, ClientSecret, ClientSource, LIVE_SECRETS};
use crate::model::ids::ClientSecretId;
use crate::store::{Tx, client_secrets};

/// Makes a secret beside the one that is in use. It is given out this once.
///
/// # Errors
/// When the database does not answer.
pub async fn add_secret(
    office: &Office<'_>,
    actor: &AdminActor,
    id: &ClientId,
) -> Outcome<(ClientSecretId, Token)> {
    let (tx, client) = match begin_own(office, actor, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if !client.settings.auth_method.has_secret() {
        return Ok(Err(Refused::NoSecrets));
    }
    if live(office, &tx, id).await?.len() >= LIVE_SECRETS {
        return Ok(Err(Refused::SecretsAtOnce));
    }
    let (token, secret_id) = make(office, &tx, &client).await?;
    office.record(&tx, actor, None, Event::ClientSecretMade { client: id.clone(), secret_id }).await?;
    tx.commit().await?;
    Ok(Ok((secret_id, token)))
}

/// Lets a secret be good for so long from now on. The only one keeps being good: an application must not be
/// locked out by a date that somebody forgot.
///
/// # Errors
/// When the database does not answer.
pub async fn expire_secret(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, secret): (&ClientId, ClientSecretId),
    good_for: Duration,
) -> Outcome<OffsetDateTime> {
    let tx = match begin_with_another(office, actor, (id, secret)).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    // What has ended stays so, whoever may have got hold of it since.
    if !live(office, &tx, id).await?.iter().any(|known| known.id == secret) {
        return Ok(Err(Refused::Unchanged));
    }
    let until = office.now + good_for;
    client_secrets::expire(&tx, id, secret, until).await?;
    let event =
        Event::ClientSecretExpires { client: id.clone(), secret_id: secret, at: until.unix_timestamp() };
    office.record(&tx, actor, None, event).await?;
    tx.commit().await?;
    Ok(Ok(until))
}

/// Takes a secret away at once. Not the only one: a leaked one is replaced first.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_secret(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, secret): (&ClientId, ClientSecretId),
) -> Outcome<()> {
    let tx = match begin_with_another(office, actor, (id, secret)).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    client_secrets::remove(&tx, id, secret).await?;
    office
        .record(&tx, actor, None, Event::ClientSecretRemoved { client: id.clone(), secret_id: secret })
        .await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// A new secret of an application that has one.
pub(super) async fn make(
    office: &Office<'_>,
    tx: &Tx,
    client: &Client,
) -> anyhow::Result<(Token, ClientSecretId)> {
    let token = Token::generate(TokenKind::ClientSecret, office.entropy)?;
    let secret = ClientSecret {
        id: office.entropy.id(office.now, ClientSecretId::new)?,
        hash: token.hash().0,
        created_at: office.now,
        expires_at: None,
        last_used_at: None,
    };
    let shared = client.settings.auth_method.is_shared().then(|| token.expose());
    client_secrets::insert(tx, &client.id, &secret, shared).await?;
    Ok((token, secret.id))
}

async fn live(office: &Office<'_>, tx: &Tx, id: &ClientId) -> anyhow::Result<Vec<ClientSecret>> {
    let mut known = client_secrets::of(tx, id).await?;
    known.retain(|secret| secret.is_live(office.now));
    Ok(known)
}

/// Begins a change to the secrets of an application whose secrets are not kept elsewhere.
async fn begin_own(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<(Tx, Client)> {
    let begun = begin(office, actor, id).await?;
    Ok(begun.and_then(|(tx, client)| match client.source {
        ClientSource::Config => Err(Refused::Declared),
        ClientSource::Admin | ClientSource::Registered => Ok((tx, client)),
    }))
}

/// Begins an end to a secret, while another one stays that the application can go on with.
async fn begin_with_another(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, secret): (&ClientId, ClientSecretId),
) -> Outcome<Tx> {
    let (tx, _) = match begin_own(office, actor, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    let known = client_secrets::of(&tx, id).await?;
    if !known.iter().any(|known| known.id == secret) {
        return Ok(Err(Refused::NotFound));
    }
    // One with an end of its own is none to rely on.
    let stays = |other: &ClientSecret| other.id != secret && other.expires_at.is_none();
    let ended = known.iter().any(|known| known.id == secret && !known.is_live(office.now));
    if !ended && !live(office, &tx, id).await?.iter().any(stays) {
        return Ok(Err(Refused::LastSecret));
    }
    Ok(Ok(tx))
}
