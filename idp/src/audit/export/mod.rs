//! Writing the trail out, record by record: as JSON lines, in the words of OCSF or FHIR, or as CSV that a spreadsheet
//! can open without running what strangers have written into it. Ends with a checkpoint, so that what was written can
//! be held against the chain later.

mod fhir;
mod meaning;
mod ocsf;

use std::io::Write;

use anyhow::Context;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::audit::checkpoint::{Notary, Purpose, Signed};
use crate::audit::{Actor, Doer, record_reading};
use crate::crypto::base64url;
use crate::store::audit::{self, Filter, Personal, Record};

const PAGE: u64 = 500;
const COLUMNS: [&str; 11] = [
    "sequence", "time", "kind", "actor", "person", "client", "network", "browser", "detail", "personal",
    "hash",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    JsonLines,
    Csv,
    /// Events of the Open Cybersecurity Schema Framework, as JSON lines.
    Ocsf,
    /// FHIR R4 `AuditEvent` resources, as JSON lines.
    Fhir,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Asked {
    pub filter: Filter,
    pub format: Format,
}

/// Writes out the records that there are now, for whoever works on the host. Returns how many there were.
///
/// # Errors
/// When the database does not answer, `out` takes no more, or the checkpoint did not get to a destination.
pub async fn export(notary: Notary<'_>, asked: &Asked, out: &mut (impl Write + Send)) -> anyhow::Result<u64> {
    let mut export = Export::begin(notary, asked.clone(), Actor::Host).await?;
    while let Some(part) = export.next(notary).await? {
        out.write_all(&part)?;
    }
    out.flush()?;
    export.publish(notary).await?;
    Ok(export.count)
}

/// An export under way: part after part of what there was when it began, the oldest records first, and never more
/// than a page of them in memory.
#[derive(Debug)]
pub struct Export {
    asked: Asked,
    through: i64,
    hash: Vec<u8>,
    after: i64,
    count: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Head,
    Records,
    /// With the checkpoint that it ends with.
    Over(Box<Signed>),
}

impl Export {
    /// Begins one. That somebody reads the trail is recorded before the first record is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin<'a>(
        notary: Notary<'_>,
        asked: Asked,
        doer: impl Into<Doer<'a>>,
    ) -> anyhow::Result<Self> {
        let tx = notary.store.begin().await?;
        record_reading(&tx, notary.now, doer, ("export", &asked.filter)).await?;
        // What is vouched for in the end is kept before it leaves here.
        let (through, hash) = audit::head(&tx).await?;
        tx.commit().await?;
        Ok(Self { asked, through, hash, after: i64::MIN, count: 0, stage: Stage::Head })
    }

    /// The next part. `None` after the last one, which is the checkpoint.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next(&mut self, notary: Notary<'_>) -> anyhow::Result<Option<Vec<u8>>> {
        let mut part = Vec::new();
        match self.stage {
            Stage::Over(_) => return Ok(None),
            Stage::Head => {
                self.stage = Stage::Records;
                if self.asked.format == Format::Csv {
                    write_row(&mut part, COLUMNS.map(ToOwned::to_owned))?;
                }
            }
            Stage::Records => {
                let bounds = (self.after, self.through);
                let page = audit::find_between(notary.store, &self.asked.filter, bounds, PAGE).await?;
                let Some(last) = page.last() else {
                    return Ok(Some(self.end(notary).await?));
                };
                self.after = last.sequence;
                let issuer = notary.config.public_url.issuer();
                for record in &page {
                    self.count += 1;
                    match self.asked.format {
                        Format::JsonLines => writeln!(part, "{}", as_json(record))?,
                        Format::Csv => write_row(&mut part, as_row(record))?,
                        Format::Ocsf => writeln!(part, "{}", ocsf::event(record))?,
                        Format::Fhir => writeln!(part, "{}", fhir::event(record, &issuer))?,
                    }
                }
            }
        }
        Ok(Some(part))
    }

    async fn end(&mut self, notary: Notary<'_>) -> anyhow::Result<Vec<u8>> {
        let signed = notary.sign(Purpose::Export, (self.through, &self.hash)).await?;
        let issuer = notary.config.public_url.issuer();
        let mut part = Vec::new();
        match self.asked.format {
            Format::JsonLines => writeln!(part, "{}", signed.line())?,
            Format::Csv => write_row(&mut part, last_row(&signed))?,
            Format::Ocsf => writeln!(part, "{}", ocsf::checkpoint(&signed, notary.now))?,
            Format::Fhir => writeln!(part, "{}", fhir::checkpoint(&signed, notary.now, &issuer))?,
        }
        self.stage = Stage::Over(Box::new(signed));
        Ok(part)
    }

    /// Takes the checkpoint that it ended with to the places outside, if there are any.
    ///
    /// # Errors
    /// When it did not get to one of them.
    pub async fn publish(&self, notary: Notary<'_>) -> anyhow::Result<()> {
        match &self.stage {
            Stage::Over(signed) if !notary.config.audit.checkpoints.is_empty() => notary
                .publish(signed)
                .await
                .context("the export is complete, but its checkpoint is only in it"),
            _ => Ok(()),
        }
    }
}

fn time(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn as_json(record: &Record) -> Value {
    json!({
        "sequence": record.sequence,
        "time": time(record.at),
        "kind": record.kind,
        "actor": record.actor,
        "person": record.subject,
        "client": record.client,
        "network": origin(record, record.network.as_ref()),
        "browser": origin(record, record.browser.as_ref()),
        "detail": serde_json::from_str::<Value>(&record.detail).unwrap_or_default(),
        "personal": record.personal,
        "hash": base64url::encode(&record.hash),
    })
}

/// Says so where there was something that can not be read any more.
fn origin<'a>(record: &Record, value: Option<&'a String>) -> Option<&'a str> {
    match (value, record.personal) {
        (Some(value), _) => Some(value),
        (None, Personal::Erased) if record.by_request => Some("erased"),
        (None, _) => None,
    }
}

fn as_row(record: &Record) -> [String; 11] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let personal = match record.personal {
        Personal::Kept => "kept",
        Personal::Erased => "erased",
        Personal::Damaged => "damaged",
    };
    [
        record.sequence.to_string(),
        time(record.at),
        record.kind.clone(),
        id(record.actor),
        id(record.subject),
        text(record.client.as_deref()),
        text(origin(record, record.network.as_ref())),
        text(origin(record, record.browser.as_ref())),
        record.detail.clone(),
        personal.to_owned(),
        base64url::encode(&record.hash),
    ]
}

fn last_row(signed: &Signed) -> [String; 11] {
    let mut row: [String; 11] = Default::default();
    let said = &signed.checkpoint;
    let values =
        [said.sequence.to_string(), said.time(), "checkpoint".to_owned()].into_iter().zip(row.iter_mut());
    values.for_each(|(value, cell)| *cell = value);
    let [.., detail, _, hash] = &mut row;
    detail.clone_from(&signed.statement);
    hash.clone_from(&said.hash);
    row
}

/// RFC 4180, every cell in quotes. A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn write_row(out: &mut impl Write, cells: [String; 11]) -> std::io::Result<()> {
    let cell = |cell: String| {
        let harmless = !cell
            .trim_start()
            .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
            && !cell.starts_with(['\t', '\r', '\n']);
        let shield = if harmless { "" } else { "'" };
        format!("\"{shield}{}\"", cell.replace('"', "\"\""))
    };
    write!(out, "{}\r\n", cells.map(cell).join(","))
}
