//! The applications that there are, and their secrets: the same as an operator does in the console, with the rights of
//! the host.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::admin::applications::{self, Application};
use crate::admin::{AdminActor, Office, Refused};
use crate::cli::{Host, open_existing, say};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::client::{Client, ClientId, ClientSecret};
use crate::model::ids::ClientSecretId;
use crate::theme::moment;

/// So many are read at once.
const PAGE: u64 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct Output {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    /// The identifier of the application.
    id: ClientId,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only those with this text in their name or identifier.
    #[arg(long, default_value = "")]
    search: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Secret {
    /// Make a new one beside the one in use. It is shown this once.
    Add(Which),
    /// Let one expire while the application changes over to the other.
    Expire {
        #[command(flatten)]
        which: Which,
        /// As `idp client show` names it.
        secret: ClientSecretId,
        /// It is good for so many days more.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=90))]
        days: i64,
    },
    /// Take one away at once; never the only one.
    Remove {
        #[command(flatten)]
        which: Which,
        /// As `idp client show` names it.
        secret: ClientSecretId,
    },
}

pub(super) async fn list(list: &List, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    let mut known: Vec<Client> = Vec::new();
    loop {
        let after = known.last().map(|client| &client.id);
        let page = applications::list(&office, &actor, (&list.search, after), PAGE).await??;
        if page.is_empty() {
            break;
        }
        known.extend(page);
    }
    let text = known.iter().map(|client| {
        let state = if client.is_enabled() { "" } else { "  (disabled)" };
        format!("{}  {}  {}{state}", client.id, client.settings.name, client.source.as_str())
    });
    let text = text.collect::<Vec<_>>().join("\n");
    say(list.output.json, &json!(known.iter().map(in_short).collect::<Vec<_>>()), &text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn show(which: &Which, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let seen = seen(&host.office(), &which.id).await?;
    let now = clock.now();
    let mut shown = in_short(&seen.client);
    if let Some(members) = shown.as_object_mut() {
        let secrets = seen.secrets.iter().map(|secret| in_full(secret, now)).collect::<Vec<_>>();
        members.insert("people".to_owned(), seen.people.into());
        members.insert("secrets".to_owned(), secrets.into());
        members.insert("settings".to_owned(), serde_json::to_value(&seen.client.settings)?);
    }
    say(which.output.json, &shown, &serde_json::to_string_pretty(&shown)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn set_enabled(
    (which, enabled): (&Which, bool),
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    let done = applications::set_enabled(&office, &actor, &which.id, enabled).await?;
    done.map_err(|refused| said(refused, &which.id))?;
    let text = if enabled { "works again" } else { "gets nothing until it is enabled again" };
    let json = json!({ "client_id": which.id, "enabled": enabled });
    say(which.output.json, &json, &format!("{} {text}.", which.id));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn remove(which: &Which, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    let people = seen(&office, &which.id).await?.people;
    let done = applications::remove(&office, &actor, &which.id).await?;
    done.map_err(|refused| said(refused, &which.id))?;
    let json = json!({ "client_id": which.id, "people": people });
    say(which.output.json, &json, &format!("{} is gone. {people} people used it.", which.id));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn secret(
    command: &Secret,
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    let host = Host::new(open_existing(config, clock).await?, config, clock).await?;
    let (office, actor) = (host.office(), AdminActor::of_the_host());
    match command {
        Secret::Add(which) => {
            let made = applications::add_secret(&office, &actor, &which.id).await?;
            let (_, made) = made.map_err(|refused| said(refused, &which.id))?;
            let json = json!({ "client_id": which.id, "client_secret": made.expose() });
            let text = format!(
                "{}\nIt is shown this once and never again. The one before it stays good; when the \
                 application has changed over, let that one expire.",
                made.expose()
            );
            say(which.output.json, &json, &text);
        }
        Secret::Expire { which, secret, days } => {
            let one = (&which.id, *secret);
            let until = applications::expire_secret(&office, &actor, one, Duration::days(*days)).await?;
            let until = moment(until.map_err(|refused| said(refused, &which.id))?);
            let json = json!({ "client_id": which.id, "secret": secret, "expires_at": until });
            say(which.output.json, &json, &format!("It is good until {until}."));
        }
        Secret::Remove { which, secret } => {
            let done = applications::remove_secret(&office, &actor, (&which.id, *secret)).await?;
            done.map_err(|refused| said(refused, &which.id))?;
            let json = json!({ "client_id": which.id, "removed": secret });
            say(which.output.json, &json, "It opens nothing any more.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn seen(office: &Office<'_>, id: &ClientId) -> anyhow::Result<Application> {
    let seen = applications::view(office, &AdminActor::of_the_host(), id).await?;
    seen.map_err(|refused| said(refused, id))
}

fn said(refused: Refused, id: &ClientId) -> anyhow::Error {
    match refused {
        Refused::NotFound => {
            anyhow!("There is no application {id}, or it has no such secret. See: idp client list")
        }
        other => anyhow!("{id}: {other}."),
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

fn in_full(secret: &ClientSecret, now: OffsetDateTime) -> Value {
    json!({
        "id": secret.id,
        "good": secret.is_live(now),
        "created_at": moment(secret.created_at),
        "expires_at": secret.expires_at.map(moment),
        "last_used_at": secret.last_used_at.map(moment),
    })
}
