//! `idp config check`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::say;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with the configuration, with line and remedy.
    Check {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is wrong with the file itself has been reported before any command runs.
pub(super) fn run(command: &Command, config: &Config) -> ExitCode {
    match command {
        Command::Check { json } => {
            let (issuer, listen) = (config.public_url.issuer(), config.http.listen);
            let database = if config.database.url.is_some() { "PostgreSQL" } else { "SQLite" };
            let (tls, clients) = (config.http.tls.is_some(), config.clients.len());
            let shown = json!({
                "issuer": issuer, "listen": listen, "tls": tls, "database": database, "clients": clients,
            });
            let tls = if tls { " (TLS)" } else { "" };
            let said = format!(
                "The configuration is fine.\n  issuer    {issuer}\n  listens   {listen}{tls}\n  \
                 database  {database}\n  clients   {clients}"
            );
            say(*json, &shown, &said);
            ExitCode::SUCCESS
        }
    }
}
