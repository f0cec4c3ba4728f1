//! `idp restore`: puts a backup in the place of the embedded database, and ends what it had handed out (ADR 0039). The
//! database that was there is moved aside and never deleted. Nothing changes before the backup was found good.

mod place;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use time::OffsetDateTime;

use self::place::Staged;
use super::backup::description::{Description, measure};
use super::say;
use crate::app;
use crate::audit::{self, Actor, Event};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::totp::step_at;
use crate::store::copies;
use crate::store::revived::{self, Revived};
use crate::store::{Hold, Store};
use crate::theme::moment;

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    #[arg(value_name = "FILE", required_unless_present = "in_place", conflicts_with = "in_place")]
    source: Option<PathBuf>,
    /// There is a database here: move it aside.
    #[arg(long, conflicts_with = "in_place")]
    replace: bool,
    /// The database was put back already, by other means such as `pg_restore`: end what it had handed out.
    #[arg(long)]
    in_place: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What was done.
struct Done {
    /// When the backup was made, if it says so.
    made_at: Option<OffsetDateTime>,
    /// The last record of the audit trail in it.
    through: i64,
    /// What is wrong with the trail up to there.
    broken: Option<String>,
    ended: Revived,
    /// Where the database is that was there before.
    aside: Option<PathBuf>,
}

pub(super) async fn run(wanted: &Restore, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let done = match &wanted.source {
        None => in_place(config, clock).await?,
        Some(_) if config.database.url.is_some() => bail!(
            "This service keeps its data in PostgreSQL. Stop every node, put the dump back with pg_restore, and then run \
             `idp restore --in-place`. docs/operate/README.md has the steps."
        ),
        Some(source) => put_back(source, wanted.replace, config, clock).await?,
    };
    tell(wanted.json, &done, begun);
    Ok(ExitCode::SUCCESS)
}

async fn in_place(config: &Config, clock: &SharedClock) -> anyhow::Result<Done> {
    // A dump that was put back elsewhere, or not at all, is no service: nothing is made here.
    app::existing_master_key(config)?;
    if crate::store::pending_migrations(config).await?.is_none() {
        bail!("There is no service in this database. Put the dump back first, and then run this again.");
    }
    let store = super::open_existing(config, clock).await?;
    let done = settle(&store, None, clock.now()).await?;
    store.close().await?;
    Ok(done)
}

async fn put_back(
    source: &Path,
    replace: bool,
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<Done> {
    let place = source.display();
    if !source.is_file() {
        bail!("{place} is no file.");
    }
    let described = Description::read(source)?;
    app::prepare_data_dir(&config.data_dir)?;
    let _alone = Hold::alone(&config.data_dir)?;
    let target = config.sqlite_path();
    if target.exists() && !replace {
        bail!(
            "{} is there. To put the backup in its place, run this with --replace: the database that is there is moved \
             aside and kept.",
            target.display()
        );
    }
    let master = app::existing_master_key(config)?;
    if let Some(described) = &described {
        let ours = master.name()?;
        if described.master_key != ours {
            bail!(
                "{place} was made with another master key: it needs the key {}, and the key here is {ours}. Put that key \
                 into {} or name its file in IDP_SECRETS__MASTER_KEY_FILE.",
                described.master_key,
                config.master_key_path().display()
            );
        }
    }
    let staged = Staged::copy(source, &target, described.is_none())?;
    if let Some(described) = &described {
        let (bytes, sha256) = measure(staged.path()).with_context(|| format!("{place} can not be read"))?;
        if (bytes, &sha256) != (described.bytes, &described.sha256) {
            bail!(
                "{place} is damaged: it is not the file that {} describes. Take another backup.",
                Description::place(source).display()
            );
        }
    }
    let copy = copies::adopt(staged.path(), &master, Entropy::of_the_system()).await?;
    let made_at = described.as_ref().map(|described| described.made_at);
    let done = settle(&copy.store, made_at, clock.now()).await?;
    copy.store.close().await?;
    let aside = staged.take_the_place(clock.now()).await?;
    Ok(Done { aside, ..done })
}

/// Ends what the database had handed out, and records that it was put back, in one transaction.
async fn settle(store: &Store, made_at: Option<OffsetDateTime>, now: OffsetDateTime) -> anyhow::Result<Done> {
    let (broken, through) = match audit::verify(store).await? {
        Ok(whole) => (None, whole.through),
        Err(broken) => (Some(broken.to_string()), crate::store::audit::head(store).await?.0),
    };
    let tx = store.begin().await?;
    let ended = revived::end(&tx, step_at(now), now).await?;
    let event = Event::DatabaseRestored {
        through,
        at: made_at.map(OffsetDateTime::unix_timestamp),
        whole: broken.is_none(),
        sessions_ended: ended.sessions,
        grants_ended: ended.grants,
        links_ended: ended.links,
        invitations_ended: ended.invitations,
        tokens_ended: ended.registration_tokens,
        deliveries_dropped: ended.deliveries,
    };
    audit::record(&tx, now, Actor::Host, None, event).await?;
    tx.commit().await?;
    Ok(Done { made_at, through, broken, ended, aside: None })
}

fn tell(as_json: bool, done: &Done, begun: Instant) {
    let took = begun.elapsed().as_secs_f64();
    let Done { made_at, through, broken, ended, aside } = done;
    let Revived { sessions, grants, links, invitations, registration_tokens, deliveries } = ended;
    let value = json!({
        "made_at": made_at.map(moment),
        "through": through,
        "broken": broken,
        "ended": {
            "sessions": sessions, "grants": grants, "links": links, "invitations": invitations,
            "registration_tokens": registration_tokens, "deliveries": deliveries,
        },
        "aside": aside,
        "seconds": took,
    });
    let when = made_at.map_or_else(String::new, |at| format!(" of {}", moment(at)));
    let trail = broken.as_deref().map_or_else(
        || "The audit trail in it is whole.".to_owned(),
        |broken| format!("THE AUDIT TRAIL IN IT IS BROKEN: {broken}."),
    );
    let kept = aside.as_ref().map_or_else(String::new, |aside| {
        format!("\nThe database that was there is kept as {}.", aside.display())
    });
    let text = format!(
        "The database{when} is in place, through record {through}, in {took:.1} s. {trail}\nEnded, because nobody knows \
         what became of it since: {sessions} sessions, {grants} grants of applications, {links} links and requests, \
         {invitations} invitations, {registration_tokens} tokens for registrations. {deliveries} mails and notices that \
         waited are not sent.\nUndone is what was changed after the backup: look again at who was disabled, which passkeys, \
         passwords and client secrets were removed or changed, and who was given a role.\nCheckpoints after record \
         {through} are of the trail that is gone: keep their file, and begin another.{kept}\nNext: idp doctor, then start \
         the service."
    );
    say(as_json, &value, &text);
}
