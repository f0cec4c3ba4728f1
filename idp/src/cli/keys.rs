//! `idp keys …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use crate::app;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store::keys;
use crate::theme::moment;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the keys that sign tokens, without their private halves.
    List {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let Command::List { json: as_json } = command;
    let store = app::open_store(config, clock).await?;
    let keys = keys::public_keys(&store).await?;
    if *as_json {
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({ "kid": key.kid, "alg": key.alg, "state": key.state, "created_at": moment(key.created_at) })
            })
            .collect();
        println!("{}", json!(rows));
    } else {
        for key in keys {
            let (alg, state) = (key.alg.as_str(), key.state.as_str());
            println!("{}  {alg:5}  {state:7}  {}", key.kid, moment(key.created_at));
        }
    }
    Ok(ExitCode::SUCCESS)
}
