//! Applications: registering them, changing them, taking them away.

mod preview;
mod secrets;
mod trial;

pub use preview::{Preview, Told, preview};
pub use secrets::{add_secret, expire_secret, remove_secret};
pub use trial::begin_trial;

use time::OffsetDateTime;

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::crypto::token::Token;
use crate::crypto::{base64url, sha256};
use crate::model::client::{Client, ClientId, ClientSecret, ClientSettings, ClientSource};
use crate::store::{Tx, client_secrets, clients, grants};

/// An application as administrators see it.
#[derive(Debug)]
pub struct Application {
    pub client: Client,
    /// The oldest first; expired ones too.
    pub secrets: Vec<ClientSecret>,
    /// How many people use it.
    pub people: u64,
    /// Whether its settings can be changed here: not those of the configuration file, nor those that it
    /// registered itself.
    pub may_change: bool,
    /// Whether it can be disabled and removed here.
    pub may_end: bool,
}

/// At most `limit` applications with this text in their names, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    office: &Office<'_>,
    actor: &AdminActor,
    (text, after): (&str, Option<&ClientId>),
    limit: u64,
) -> Outcome<Vec<Client>> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    Ok(Ok(clients::page(office.store, text, after, limit).await?))
}

/// # Errors
/// When the database does not answer.
pub async fn view(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<Application> {
    if !actor.may(Act::SeeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    let Some(client) = clients::by_id(office.store, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let may = actor.may(Act::ChangeApplications);
    Ok(Ok(Application {
        secrets: client_secrets::of(office.store, id).await?,
        people: clients::people_of(office.store, id).await?,
        may_change: may && client.source == ClientSource::Admin,
        may_end: may && client.source != ClientSource::Config,
        client,
    }))
}

/// Whether somebody may register one.
#[must_use]
pub fn may_register(actor: &AdminActor) -> bool {
    actor.may(Act::ChangeApplications)
}

/// Registers an application, with a secret if it is one that has one.
///
/// # Errors
/// When the database does not answer.
pub async fn create(
    office: &Office<'_>,
    actor: &AdminActor,
    settings: ClientSettings,
) -> Outcome<(Client, Option<Token>)> {
    if !actor.may(Act::ChangeApplications) {
        return Ok(Err(Refused::Forbidden));
    }
    if let Err(invalid) = settings.validate() {
        return Ok(Err(Refused::Settings(invalid.why)));
    }
    if !actor.may_pass_on(&settings.scopes) {
        return Ok(Err(Refused::Forbidden));
    }
    let client = Client {
        id: ClientId::parse(&format!("app-{}", base64url::encode(office.entropy.bytes::<12>()?)))?,
        settings,
        source: ClientSource::Admin,
        disabled_at: None,
        created_at: office.now,
    };
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    anyhow::ensure!(clients::insert(&tx, &client).await?, "a new client id is taken");
    let secret = if client.settings.auth_method.has_secret() {
        Some(secrets::make(office, &tx, &client).await?.0)
    } else {
        None
    };
    office.record(&tx, actor, None, Event::ClientCreated { client: client.id.clone() }).await?;
    tx.commit().await?;
    Ok(Ok((client, secret)))
}

/// What an application is registered with, in a few letters: two that differ are called differently.
///
/// # Errors
/// When it can not be written down.
pub fn version(client: &Client) -> anyhow::Result<String> {
    let disabled_at = client.disabled_at.map(OffsetDateTime::unix_timestamp_nanos);
    let whole = serde_json::to_vec(&(&client.id, &client.settings, disabled_at.map(|at| at.to_string())))?;
    Ok(base64url::encode(sha256(&whole)))
}

/// Changes what an application is registered with. How it proves itself stays as it is: a secret fits only the way
/// that it was made for.
///
/// # Errors
/// When the database does not answer.
pub async fn change(
    office: &Office<'_>,
    actor: &AdminActor,
    (id, settings): (&ClientId, ClientSettings),
) -> Outcome<()> {
    let begun = begin(office, actor, id).await?;
    match begun {
        Ok(begun) => Ok(write(office, actor, begun, settings).await?.map(|_| ())),
        Err(refused) => Ok(Err(refused)),
    }
}

/// Changes it to what `to` makes of how it is now, while it is held. What is the same already is as good.
///
/// # Errors
/// When the database does not answer.
pub async fn replace<E>(
    office: &Office<'_>,
    actor: &AdminActor,
    id: &ClientId,
    to: impl FnOnce(&Client) -> Result<ClientSettings, E>,
) -> Outcome<Result<Client, E>> {
    let (tx, before) = match begin(office, actor, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    match to(&before) {
        Err(why) => Ok(Ok(Err(why))),
        Ok(settings) if settings == before.settings => Ok(Ok(Ok(before))),
        Ok(settings) => Ok(write(office, actor, (tx, before), settings).await?.map(Ok)),
    }
}

async fn write(
    office: &Office<'_>,
    actor: &AdminActor,
    (tx, before): (Tx, Client),
    settings: ClientSettings,
) -> Outcome<Client> {
    match before.source {
        ClientSource::Admin => {}
        ClientSource::Config => return Ok(Err(Refused::Declared)),
        ClientSource::Registered => return Ok(Err(Refused::Registered)),
    }
    if let Err(invalid) = settings.validate() {
        return Ok(Err(Refused::Settings(invalid.why)));
    }
    if before.settings.auth_method != settings.auth_method {
        return Ok(Err(Refused::Settings("keeps the way in which it authenticates; register another one")));
    }
    if before.settings == settings {
        return Ok(Err(Refused::Unchanged));
    }
    if !actor.may_pass_on(&settings.scopes) {
        return Ok(Err(Refused::Forbidden));
    }
    let same_names = before.settings.subject == settings.subject;
    let changed = Client { settings, ..before };
    clients::update(&tx, &changed).await?;
    // A refreshed token keeps its `sub` (OIDC Core §12.2): what was given under other names of people ends.
    if !same_names {
        grants::revoke_of_client(&tx, &changed.id, office.now).await?;
    }
    office.record(&tx, actor, None, Event::ClientChanged { client: changed.id.clone() }).await?;
    tx.commit().await?;
    Ok(Ok(changed))
}

/// Disables an application, or enables it again. Disabled it gets nothing, and its tokens are worth nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn set_enabled(
    office: &Office<'_>,
    actor: &AdminActor,
    id: &ClientId,
    enabled: bool,
) -> Outcome<()> {
    let (tx, client) = match begin(office, actor, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if client.source == ClientSource::Config {
        return Ok(Err(Refused::Declared));
    }
    if client.is_enabled() == enabled {
        return Ok(Err(Refused::Unchanged));
    }
    clients::set_enabled(&tx, id, enabled, office.now).await?;
    office.record(&tx, actor, None, Event::ClientEnabled { client: id.clone(), enabled }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Removes an application for ever, with everything that people allowed it.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<()> {
    let (tx, client) = match begin(office, actor, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(Err(refused)),
    };
    if client.source == ClientSource::Config {
        return Ok(Err(Refused::Declared));
    }
    clients::delete(&tx, id).await?;
    office.record(&tx, actor, None, Event::ClientRemoved { client: id.clone() }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Begins a change to an application: holds it, and makes sure that the actor may make it.
async fn begin(office: &Office<'_>, actor: &AdminActor, id: &ClientId) -> Outcome<(Tx, Client)> {
    if !actor.may(Act::ChangeApplications) {
        let seen = actor.may(Act::SeeApplications);
        return Ok(Err(if seen { Refused::Forbidden } else { Refused::NotFound }));
    }
    let tx = office.store.begin().await?;
    clients::lock(&tx, id).await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    let Some(client) = clients::by_id(&tx, id).await? else {
        return Ok(Err(Refused::NotFound));
    };
    if !actor.may_pass_on(&client.settings.scopes) {
        return Ok(Err(Refused::Forbidden));
    }
    Ok(Ok((tx, client)))
}
