//! Looking at the applications that there are, and stopping one. What the configuration declares is changed there.

use std::process::ExitCode;

use anyhow::{bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::app;
use crate::audit::{self, Actor, Event};
use crate::cli::say;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::client::{Client, ClientId, ClientSource};
use crate::store::{Read, clients};
use crate::theme::moment;

const PAGE: u64 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    id: ClientId,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(list: &List, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let store = app::open_store(config, clock).await?;
    let mut known: Vec<Client> = Vec::new();
    loop {
        let page = clients::page(&store, known.last().map(|client| &client.id), PAGE).await?;
        if page.is_empty() {
            break;
        }
        known.extend(page);
    }
    if list.json {
        println!("{}", json!(known.iter().map(in_short).collect::<Vec<_>>()));
        return Ok(ExitCode::SUCCESS);
    }
    for client in known {
        let state = if client.is_enabled() { "" } else { "  (disabled)" };
        println!("{}  {}  {}{state}", client.id, client.settings.name, client.source.as_str());
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn show(which: &Which, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let store = app::open_store(config, clock).await?;
    let client = find(&store, &which.id).await?;
    let mut shown = in_short(&client);
    if let Some(members) = shown.as_object_mut() {
        members.insert("has_secret".to_owned(), client.secret_hash.is_some().into());
        members.insert("settings".to_owned(), serde_json::to_value(&client.settings)?);
    }
    say(which.json, &shown, &serde_json::to_string_pretty(&shown)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn set_enabled(
    (which, enabled): (&Which, bool),
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    let store = app::open_store(config, clock).await?;
    let tx = store.begin().await?;
    let client = find(&tx, &which.id).await?;
    if client.source == ClientSource::Config {
        bail!(
            "{} is declared in the configuration, which brings it back at every start. Change it there and restart.",
            client.id
        );
    }
    let changed = clients::set_enabled(&tx, &client.id, enabled, clock.now()).await?;
    ensure!(changed, "{} is {} already.", client.id, if enabled { "enabled" } else { "disabled" });
    let event = Event::ClientEnabled { client: client.id.clone(), enabled };
    audit::record(&tx, clock.now(), Actor::Host, None, event).await?;
    tx.commit().await?;
    let said = if enabled { "works again" } else { "can do nothing any more" };
    say(which.json, &json!({ "enabled": enabled }), &format!("{} {said}.", client.settings.name));
    Ok(ExitCode::SUCCESS)
}

async fn find(db: &impl Read, id: &ClientId) -> anyhow::Result<Client> {
    match clients::by_id(db, id).await? {
        Some(client) => Ok(client),
        None => bail!("There is no application {id}. See: idp client list."),
    }
}

fn in_short(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "name": client.settings.name,
        "type": client.settings.client_type,
        "source": client.source,
        "enabled": client.is_enabled(),
        "created_at": moment(client.created_at),
    })
}
