//! `idp config check`.

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with the configuration, with line and remedy.
    Check,
}

/// What is wrong with the file itself has been reported before any command runs.
pub(super) fn run(command: &Command, config: &Config) -> ExitCode {
    match command {
        Command::Check => {
            println!("The configuration is fine.");
            println!("  issuer    {}", config.public_url.issuer());
            let tls = if config.http.tls.is_some() { " (TLS)" } else { "" };
            println!("  listens   {}{tls}", config.http.listen);
            let database = if config.database.url.is_some() { "PostgreSQL" } else { "SQLite" };
            println!("  database  {database}");
            println!("  clients   {}", config.clients.len());
            ExitCode::SUCCESS
        }
    }
}
