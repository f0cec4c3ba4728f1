//! Logs: to standard error, as text for people or JSON for machines; and with traces to a collector, where one is
//! named (`collector` listens, `fields` says what may leave, `otlp` writes, `export` sends). What others can choose is
//! logged escaped or cut down to plain characters, so that no input can forge a line.

mod collector;
mod export;
mod fields;
mod otlp;

use std::sync::Arc;

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt};

use self::collector::Collector;
use self::export::Export;
use crate::clock::SharedClock;
use crate::config::{Config, Log, LogFormat};
use crate::meter::Exports;

/// Libraries that would log what we judge ourselves, or every statement.
const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,webauthn_rs_core=off,hyper=warn";

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// What was started, to be ended in order.
#[derive(Debug, Default)]
pub struct Telemetry {
    export: Option<Export>,
}

impl Telemetry {
    /// What is sent is counted here, where anything is.
    #[must_use]
    pub fn exports(&self) -> Option<Arc<Exports>> {
        self.export.as_ref().map(Export::meter)
    }

    /// Sends what waits, within a few seconds.
    pub async fn finish(self) {
        if let Some(export) = self.export {
            export.finish().await;
        }
    }
}

/// Starts logging to standard error. Does nothing when it is started already.
///
/// # Errors
/// When the configured level can not be read.
pub fn start(log: &Log) -> anyhow::Result<()> {
    begin(vec![lines(log)?]);
    Ok(())
}

/// Starts logging, also to the collector that the configuration names.
///
/// # Errors
/// As [`start`].
pub fn start_with_collector(config: &Config, clock: &SharedClock) -> anyhow::Result<Telemetry> {
    let mut layers = vec![lines(&config.log)?];
    let Some(endpoint) = &config.telemetry.otlp_endpoint else {
        begin(layers);
        return Ok(Telemetry::default());
    };
    let (export, queue) = Export::start(endpoint)?;
    let collector =
        Collector::new(queue, export.meter(), (Arc::clone(clock), config.telemetry.sampled_percent));
    layers.push(collector.with_filter(collector::heard()).boxed());
    begin(layers);
    Ok(Telemetry { export: Some(export) })
}

fn lines(log: &Log) -> anyhow::Result<Boxed> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level))
        .map_err(|error| anyhow::anyhow!("log.level {:?} can not be read: {error}", log.level))?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(true);
    Ok(match log.format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(colours).with_filter(filter).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).with_filter(filter).boxed(),
    })
}

fn begin(layers: Vec<Boxed>) {
    // Only a second start fails, and the first one stands.
    drop(tracing_subscriber::registry().with(layers).try_init());
}
