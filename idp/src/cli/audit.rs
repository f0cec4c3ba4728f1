//! `idp audit …`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::{Iso8601, Rfc3339};

use super::open_existing;
use crate::audit::{self, Asked, Broken, Checkpoints, Format, KINDS, Notary, Signer, Unreadable, Whole};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::http_client::HttpClient;
use crate::model::user::Email;
use crate::store::audit::Filter;
use crate::store::{Store, users};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the whole trail and say whether a record was changed, removed, inserted or reordered, or does not open.
    ///
    /// Exit codes: 0 whole, 1 broken, unreadable or not to be verified, 2 the arguments or the configuration are wrong.
    Verify {
        /// Checkpoints that were kept elsewhere (a file, a log with them, or an export): also find a trail that was
        /// cut or rewritten as a whole.
        #[arg(long, value_name = "FILE")]
        checkpoints: Option<PathBuf>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write records out, the oldest first. That they were is recorded.
    ///
    /// Exit codes: 0 complete with its checkpoint, 1 failed or the checkpoint did not get outside, 2 the arguments
    /// or the configuration are wrong.
    Export(Export),
    /// Print the public key that checkpoints are checked with, as a JWK Set.
    Key,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Not before this: a day (UTC) such as 2026-01-31, or a moment such as 2026-01-31T08:00:00Z.
    #[arg(long, value_parser = moment)]
    from: Option<OffsetDateTime>,
    /// Before this.
    #[arg(long, value_parser = moment)]
    to: Option<OffsetDateTime>,
    /// What happened, such as signed-in. May be given several times.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(KINDS), hide_possible_values = true)]
    kind: Vec<String>,
    /// Whom it is about: their address, or their identifier.
    #[arg(long)]
    person: Option<String>,
    #[arg(long, default_value = "jsonl")]
    format: FormatName,
    /// A new file for it. Without it: standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// With --output: print on standard output, as JSON, how many records there were.
    #[arg(long, requires = "output")]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Jsonl,
    Csv,
    /// Events of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// FHIR R4 `AuditEvent` resources.
    Fhir,
}

pub(super) async fn run(command: &Command, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let store = open_existing(config, clock).await?;
    match command {
        Command::Verify { checkpoints, json } => verify(&store, checkpoints.as_deref(), *json).await,
        Command::Export(wanted) => {
            let http = HttpClient::new(config)?;
            export(wanted, Notary { store: &store, config, http: &http, now: clock.now() }).await
        }
        Command::Key => {
            let signer = Signer::existing(&store).await?.context(
                "There is no key yet. The first checkpoint makes it: start the service, or export something.",
            )?;
            println!("{}", signer.jwks());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn verify(store: &Store, checkpoints: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let verdict = match checkpoints {
        None => audit::verify(store).await?,
        Some(path) => {
            let place = path.display();
            let file = File::open(path).with_context(|| format!("{place} can not be read"))?;
            let signer = Signer::existing(store).await?;
            let checkpoints = Checkpoints::read(signer.as_ref(), BufReader::new(file))
                .with_context(|| format!("{place} does not hold checkpoints of this service"))?;
            audit::verify_against(store, &checkpoints).await?
        }
    };
    let lost = if verdict.is_ok() { audit::unreadable(store).await? } else { None };
    match (&verdict, &lost, as_json) {
        (Ok(whole), _, true) => println!("{}", as_value(whole, lost)),
        (Err(broken), _, true) => println!("{}", json!({ "whole": false, "why": broken.to_string() })),
        (Ok(whole), None, false) => println!("{}", in_words(whole, checkpoints.is_some())),
        (Ok(_), Some(lost), false) => {
            println!("The chain is whole, but {lost}. Put the table audit_key back from a backup.");
        }
        (Err(broken), _, false) => println!("{}", warning(broken)),
    }
    Ok(if verdict.is_ok() && lost.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_value(whole: &Whole, lost: Option<Unreadable>) -> serde_json::Value {
    let anchor = whole.anchor.as_ref();
    json!({
        "whole": true,
        "records": whole.records,
        "through": whole.through,
        "removed_through": anchor.map(|anchor| anchor.sequence),
        "removed_at": anchor.map(audit::Checkpoint::time),
        "checkpoints_compared": whole.compared,
        "unreadable": lost.map_or(0, |lost| lost.records),
        "first_unreadable": lost.map(|lost| lost.first),
    })
}

fn in_words(whole: &Whole, compared: bool) -> String {
    let Whole { records, anchor, compared: checkpoints, .. } = whole;
    let from = match anchor {
        None => "from the first one on".to_owned(),
        Some(anchor) => {
            let (sequence, time, first) = (anchor.sequence, anchor.time(), anchor.sequence + 1);
            format!("from record {first} on; those up to {sequence} were removed for their age ({time})")
        }
    };
    let agree = if compared { format!(" {checkpoints} checkpoints agree.") } else { String::new() };
    format!("The audit trail is whole: {records} records, {from}.{agree}")
}

fn warning(broken: &Broken) -> String {
    format!(
        "The audit trail is broken: {broken}. Compare with a backup, and ask who could write to the database."
    )
}

async fn export(wanted: &Export, notary: Notary<'_>) -> anyhow::Result<ExitCode> {
    let filter = Filter {
        kinds: wanted.kind.clone(),
        person: person(notary.store, wanted.person.as_deref()).await?,
        from: wanted.from,
        to: wanted.to,
        ..Filter::default()
    };
    let format = match wanted.format {
        FormatName::Jsonl => Format::JsonLines,
        FormatName::Csv => Format::Csv,
        FormatName::Ocsf => Format::Ocsf,
        FormatName::Fhir => Format::Fhir,
    };
    let asked = Asked { filter, format };
    let Some(path) = &wanted.output else {
        audit::export(notary, &asked, &mut BufWriter::new(std::io::stdout())).await?;
        return Ok(ExitCode::SUCCESS);
    };
    // Never over something else, and for nobody else to read.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut out = BufWriter::new(file.with_context(|| format!("{} can not be made", path.display()))?);
    let count = audit::export(notary, &asked, &mut out).await?;
    out.flush()?;
    out.get_ref().sync_all()?;
    if wanted.json {
        println!("{}", json!({ "records": count, "output": path }));
    } else {
        eprintln!("{count} records were written to {}.", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Who is meant. Somebody who is gone is known by their identifier only.
async fn person(store: &Store, text: Option<&str>) -> anyhow::Result<Option<uuid::Uuid>> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let Ok(email) = Email::parse(text) else {
        bail!("{text:?} is neither an address nor an identifier.");
    };
    match users::by_email(store, &email).await? {
        Some(user) => Ok(Some(user.id.uuid())),
        None => bail!("There is no account with the address {email}."),
    }
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let day = || time::Date::parse(text, &Iso8601::DATE).map(|day| day.midnight().assume_utc());
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| day())
        .map_err(|_| "write a day such as 2026-01-31 or a moment such as 2026-01-31T08:00:00Z".to_owned())
}
