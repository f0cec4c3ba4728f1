//! `idp audit …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use crate::app;
use crate::audit;
use crate::clock::SharedClock;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the whole trail and say whether a record was changed, removed, inserted or reordered.
    Verify {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: &Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let Command::Verify { json } = command;
    let store = app::open_store(config, clock).await?;
    let verdict = audit::verify(&store).await?;
    match (&verdict, json) {
        (Ok(records), true) => println!("{}", json!({ "whole": true, "records": records })),
        (Err(broken), true) => println!("{}", json!({ "whole": false, "why": broken.to_string() })),
        (Ok(records), false) => println!("The audit trail is whole: {records} records."),
        (Err(broken), false) => {
            println!(
                "The audit trail is broken: {broken}. Compare with a backup, and ask who could write to the database."
            );
        }
    }
    Ok(if verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
