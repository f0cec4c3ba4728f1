//! `idp migrate-store`: moves a service that is stopped from SQLite to PostgreSQL, or back. What it is moved from stays as
//! it was.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::say;
use crate::app;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::{Config, SecretText};
use crate::store::Hold;
use crate::store::moving::{self, Moved, Side};

#[derive(Debug, Args)]
pub(super) struct MigrateStore {
    /// An empty database: `postgres://user@host/name`, or `sqlite` for the file idp.db in `data_dir`. A password in it can be
    /// seen by others on this machine: see --to-file.
    #[arg(long, value_name = "URL", required_unless_present = "to_file", conflicts_with = "to_file")]
    to: Option<String>,
    /// A file that has that address in it, such as the one of `IDP_DATABASE__URL_FILE`.
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";

pub(super) async fn run(
    wanted: &MigrateStore,
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let to = match (&wanted.to, &wanted.to_file) {
        (Some(to), _) => to.clone(),
        (None, Some(file)) => {
            std::fs::read_to_string(file).with_context(|| format!("{} can not be read", file.display()))?
        }
        (None, None) => bail!("Say where to: --to URL or --to-file FILE."),
    };
    let to = SecretText::from(to.trim().to_owned());
    let file = config.sqlite_path();
    super::require_existing(config)?;
    // Whatever it is sealed with has to be there before anything is moved.
    app::existing_master_key(config)?;
    let alone = Hold::alone(&config.data_dir)?;
    let (names, moved, moved_to) = match (&config.database.url, to.expose()) {
        (None, url) if is_postgres(url) => {
            let moved = moving::everything(Side::Sqlite(&file), Side::Postgres(url)).await?;
            ((SQLITE, POSTGRES), moved, with_url(config, Some(to)))
        }
        (Some(url), "sqlite") => {
            let moved = move_into_file(url.expose(), &file).await?;
            ((POSTGRES, SQLITE), moved, with_url(config, None))
        }
        (None, _) => bail!(
            "This service is on SQLite, and moves to postgres://user@host/name. Make an empty database there first."
        ),
        (Some(_), _) => {
            bail!("This service is on PostgreSQL, and moves to sqlite: the file {}.", file.display())
        }
    };
    drop(alone);
    let records = settle(&moved_to, names, clock).await?;
    tell(wanted.json, (names, &file), (&moved, records), begun);
    Ok(ExitCode::SUCCESS)
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn with_url(config: &Config, url: Option<SecretText>) -> Config {
    let mut moved = config.clone();
    moved.database.url = url;
    moved
}

/// A file that was not filled is gone again.
async fn move_into_file(url: &str, file: &Path) -> anyhow::Result<Vec<Moved>> {
    if file.exists() {
        bail!("{} is there. Move it away first.", file.display());
    }
    let moved = moving::everything(Side::Postgres(url), Side::Sqlite(file)).await;
    if moved.is_err() {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(crate::store::copies::beside(file, ending));
        }
    }
    Ok(moved?)
}

/// Opens the database as the service will, reads its whole audit trail, and adds the record of the move. Returns how many
/// records there were.
async fn settle(
    config: &Config,
    (from, to): (&'static str, &'static str),
    clock: &SharedClock,
) -> anyhow::Result<i64> {
    let store = app::open_store(config, clock).await?;
    let whole = audit::verify(&store).await?.map_err(|broken| {
        anyhow::anyhow!(
            "Everything was moved and is the same in both databases, but the audit trail is broken: {broken}. It was so \
             before: ask who could write to the database."
        )
    })?;
    let tx = store.begin().await?;
    audit::record(&tx, clock.now(), Actor::Host, None, Event::StoreMoved { from, to }).await?;
    tx.commit().await?;
    store.close().await?;
    Ok(whole.records)
}

fn tell(
    as_json: bool,
    ((from, to), file): ((&str, &str), &Path),
    (moved, records): (&[Moved], i64),
    begun: Instant,
) {
    let took = begun.elapsed().as_secs_f64();
    let rows: u64 = moved.iter().map(|moved| moved.rows).sum();
    let tables: Map<String, Value> =
        moved.iter().map(|moved| (moved.table.to_owned(), moved.rows.into())).collect();
    let value = json!({
        "from": from, "to": to, "tables": tables, "rows": rows, "audit_records": records, "seconds": took,
    });
    let next = if to == POSTGRES {
        format!(
            "set database.url (best by IDP_DATABASE__URL_FILE) to the new database, keep the master key, run idp doctor, \
             and start the service. Without database.url it would go on with {}, which is as it was: keep it until you \
             are sure, and then remove it.",
            file.display()
        )
    } else {
        format!(
            "take database.url out of the configuration, run idp doctor, and start the service. It goes on with {}; the \
             database on the server is as it was.",
            file.display()
        )
    };
    let text = format!(
        "Moved from {from} to {to} in {took:.1} s: {rows} rows of {} tables, each compared. The audit trail of {records} \
         records is whole there.\nNext: {next}",
        moved.len()
    );
    say(as_json, &value, &text);
}
