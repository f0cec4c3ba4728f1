//! `idp keys …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{open_existing, say};
use crate::app;
use crate::audit::Actor;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store::{Store, keys};
use crate::theme::moment;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the keys that sign tokens, without their private halves.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the next keys sign from now on; the service follows within a minute.
    Rotate {
        /// The keys may be known to somebody else: make new ones, and let every token that was signed
        /// before be worth nothing.
        #[arg(long)]
        emergency: bool,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let store = open_existing(config, clock).await?;
    match command {
        Command::List { json } => list(&store, *json).await?,
        Command::Rotate { emergency: true, json } => {
            app::keys::replace_all(&store, Actor::Host, clock.now()).await?;
            let said = "New keys sign within a minute, and no older token is worth anything then.";
            say(*json, &json!({ "rotated": true, "emergency": true }), said);
        }
        Command::Rotate { emergency: false, json } => {
            app::keys::rotate(&store, Actor::Host, clock.now()).await??;
            let said = "The next keys sign within a minute.";
            say(*json, &json!({ "rotated": true, "emergency": false }), said);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, as_json: bool) -> anyhow::Result<()> {
    let keys = keys::public_keys(store).await?;
    if as_json {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({
                    "kid": key.kid,
                    "alg": key.alg,
                    "state": key.state,
                    "created_at": moment(key.created_at),
                    "since": moment(key.changed_at),
                })
            })
            .collect();
        println!("{}", json!(rows));
    } else {
        for key in keys {
            let (alg, state) = (key.alg.as_str(), key.state.as_str());
            println!("{}  {alg:5}  {state:7}  since {}", key.kid, moment(key.changed_at));
        }
    }
    Ok(())
}
