//! Logs: to standard error, as text for people or JSON for machines. What others can choose is
//! logged escaped or cut down to plain characters, so that no input can forge a line.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// Libraries that would log what we judge ourselves, or every statement.
const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,webauthn_rs_core=off,hyper=warn";

/// Starts logging. Does nothing when it is started already.
///
/// # Errors
/// When the configured level can not be read.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level))
        .map_err(|error| anyhow::anyhow!("log.level {:?} can not be read: {error}", log.level))?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    let started = match log.format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
    };
    // Only a second start fails, and the first one stands.
    drop(started);
    Ok(())
}
