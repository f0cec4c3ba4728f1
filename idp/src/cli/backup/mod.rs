//! `idp backup TARGET`: a consistent copy of the embedded database while the service runs, looked into before it has its
//! name. Never overwrites anything, and never copies the master key.

pub(super) mod description;
mod parts;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::signal::unix::{SignalKind, signal};

use self::description::{Description, Head, measure};
use self::parts::{Parts, remove_left, sweep};
use super::say;
use crate::app;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::base64url;
use crate::crypto::random::Entropy;
use crate::crypto::seal::MasterKey;
use crate::store::Hold;
use crate::store::copies::{self, CopyError};

const BROKEN_OFF: &str = "The backup was broken off by a signal. Nothing was left of it.";

const POSTGRES: &str = "\
This service keeps its data in PostgreSQL, which has tools of its own for this. Run, on a machine that has them in the \
version of the server:

    PGSERVICEFILE=FILE pg_dump --format=custom --file=portico.dump --dbname=service=portico

where FILE, which others can not read, has a line [portico] and below it host=, dbname=, user= and password= (a password in \
a command could be read by everybody on this machine), or let the server archive its log of writes (point-in-time \
recovery), which loses less. docs/operate/README.md says how to put either back. The master key is not in the database: \
keep a copy of it in another place.";

pub(super) async fn run(
    target: &Path,
    as_json: bool,
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<ExitCode> {
    if config.database.url.is_some() {
        bail!("{POSTGRES}");
    }
    super::require_existing(config)?;
    // Nobody puts another database in its place meanwhile.
    let _together = Hold::together(&config.data_dir)?;
    let begun = Instant::now();
    let now = clock.now();
    sweep(target);
    let target = place(target, now)?;
    remove_left(&target);
    let beside_it = Description::place(&target);
    for taken in [&target, &beside_it] {
        if taken.symlink_metadata().is_ok() {
            bail!(
                "{} is there already. A backup never takes the place of a file: choose another name.",
                taken.display()
            );
        }
    }
    let master = app::existing_master_key(config)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let parts = Parts::make(&target)?;
    let path = parts.database();
    let (description, broken) = tokio::select! {
        written = write(config, &path, (&master, now)) => written.map_err(|error| in_words(error, &target))?,
        _ = terminate.recv() => bail!(BROKEN_OFF),
        _ = interrupt.recv() => bail!(BROKEN_OFF),
    };
    parts.become_whole(&description).map_err(|error| unwritten(error, &target))?;
    let recorded = record(&description, config, clock).await.context(
        "The backup was written, but that it was could not be recorded in the audit trail. What doctor says of backups \
         is not right then",
    )?;
    tell(as_json, (&target, &description), (broken.as_deref(), recorded), begun);
    Ok(if broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Where it is written: at the name that was given, or in the folder under a name of the moment.
fn place(target: &Path, now: OffsetDateTime) -> anyhow::Result<PathBuf> {
    let target = std::path::absolute(target)?;
    if !target.is_dir() {
        return Ok(target);
    }
    let name = now.format(format_description!("portico-[year][month][day]T[hour][minute][second]Z.db"))?;
    Ok(target.join(name))
}

async fn write(
    config: &Config,
    path: &Path,
    (master, now): (&MasterKey, OffsetDateTime),
) -> anyhow::Result<(Description, Option<String>)> {
    copies::write(config, path).await?;
    describe(path, master, now).await
}

/// Looks into the copy, and says what is wrong with the audit trail in it, if anything is.
async fn describe(
    path: &Path,
    master: &MasterKey,
    now: OffsetDateTime,
) -> anyhow::Result<(Description, Option<String>)> {
    let copy = copies::look(path, master, Entropy::of_the_system()).await?;
    // An older schema is not one that this program can read; the head of the chain never changed.
    let broken = match copy.pending {
        0 => audit::verify(&copy.store).await?.err().map(|broken| broken.to_string()),
        _ => None,
    };
    let (sequence, hash) = copies::audit_head(&copy).await?;
    let copies::Copy { store, migration, data_keys, .. } = copy;
    store.close().await?;
    let (bytes, sha256) = measure(path)?;
    let description = Description {
        format: Description::format(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        database: "SQLite".to_owned(),
        made_at: now,
        last_migration: migration,
        audit: Head { sequence, hash: base64url::encode(hash) },
        master_key: master.name()?,
        data_keys,
        bytes,
        sha256,
    };
    Ok((description, broken))
}

/// In the audit trail of the service, not of the copy. `false`: its schema is not this program's, and a backup is no
/// moment to change that.
async fn record(description: &Description, config: &Config, clock: &SharedClock) -> anyhow::Result<bool> {
    if crate::store::pending_migrations(config).await? != Some(0) {
        return Ok(false);
    }
    let store = app::open_store(config, clock).await?;
    let tx = store.begin().await?;
    let event = Event::BackupMade { through: description.audit.sequence };
    audit::record(&tx, clock.now(), Actor::Host, None, event).await?;
    tx.commit().await?;
    Ok(true)
}

fn tell(
    as_json: bool,
    (target, description): (&Path, &Description),
    (broken, recorded): (Option<&str>, bool),
    begun: Instant,
) {
    let (place, took) = (target.display(), begun.elapsed().as_secs_f64());
    let Description { bytes, audit, master_key, .. } = description;
    let value = json!({
        "backup": target, "description": description, "broken": broken, "recorded": recorded, "seconds": took,
    });
    let trail = broken.map_or_else(
        || format!("whole, through record {} of the audit trail", audit.sequence),
        |broken| format!("but the AUDIT TRAIL IN IT IS BROKEN: {broken}"),
    );
    let note = if recorded {
        ""
    } else {
        "\nIt is not in the audit trail: the schema is of an older version than this program. Run `idp migrate` when you \
         upgrade."
    };
    let text = format!(
        "{place}: {bytes} bytes, {trail}, in {took:.1} s.\nOnly the master key {master_key} opens it. The key is not in \
         it: keep a copy of the key in another place than this file.{note}"
    );
    say(as_json, &value, &text);
}

fn in_words(error: anyhow::Error, target: &Path) -> anyhow::Error {
    match error.downcast_ref() {
        Some(CopyError::Full) => full(target),
        Some(CopyError::Failed(why)) => {
            anyhow::anyhow!("The backup could not be written: {why}. Nothing was left of it.")
        }
        None => error,
    }
}

fn unwritten(error: std::io::Error, target: &Path) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => full(target),
        _ => anyhow::Error::new(error).context(format!("{} can not be written", target.display())),
    }
}

fn full(target: &Path) -> anyhow::Error {
    let folder = target.parent().unwrap_or(target);
    let left = rustix::fs::statvfs(folder).map(|disk| disk.f_bavail * disk.f_frsize).unwrap_or_default();
    anyhow::anyhow!(
        "The disk of {} is full ({left} bytes are left): the backup was not written, and nothing was left of it. Make \
         room there, or name another place. The service is not affected.",
        folder.display()
    )
}
