//! The audit trail as a file, and whether it is whole.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::audit::{Denied, show};
use super::search::Search;
use super::{Administrator, SECTION, granted, office, proof_first};
use crate::admin::{Act, trail};
use crate::app::App;
use crate::audit::{Asked, Broken, Checkpoint, Export, Format, Notary, Whole};
use crate::theme::Page;
use crate::web::download::{Pieces, download};
use crate::web::error::PageError;
use crate::web::form::{Nothing, Posted};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Deserialize)]
pub struct ExportForm {
    #[serde(default)]
    format: String,
    #[serde(flatten)]
    search: Search,
}

/// POST /admin/audit/export
pub async fn export(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(form): Posted<ExportForm>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    if !actor.may(Act::ReadAudit) {
        return Err(PageError::NotFound);
    }
    let here = format!("/admin/audit?{}", form.search.query());
    if let Some(elsewhere) = proof_first(&app, &administrator, &here) {
        return Ok(elsewhere);
    }
    let Ok(filter) = form.search.filter(&app).await? else {
        return show(&app, &visit, &administrator, (form.search, None)).await;
    };
    if !granted(trail::may_export(&office, actor, &filter).await?)? {
        return show(&app, &visit, &administrator, (form.search, Some(Denied::TooMuch))).await;
    }
    let (format, name, content_type) = match form.format.as_str() {
        "csv" => (Format::Csv, "audit.csv", "text/csv; charset=utf-8"),
        _ => (Format::JsonLines, "audit.jsonl", "application/jsonl; charset=utf-8"),
    };
    let (pieces, response) = download(name, content_type)?;
    let begun = Export::begin(notary(&app), Asked { filter, format }, office.doer(actor)).await?;
    tokio::spawn(write(app.clone(), begun, pieces));
    Ok(response)
}

fn notary(app: &App) -> Notary<'_> {
    Notary { store: &app.store, config: &app.config, http: &app.http, now: app.clock.now() }
}

/// To the end, or until nobody takes it any more.
async fn write(app: App, mut export: Export, pieces: Pieces) {
    loop {
        let piece = match export.next(notary(&app)).await {
            Ok(Some(part)) => Ok(Bytes::from(part)),
            Ok(None) => break,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "an export of the audit trail was broken off");
                Err(std::io::Error::other("the rest could not be read"))
            }
        };
        let over = piece.is_err();
        if pieces.send(piece).await.is_err() || over {
            return;
        }
    }
    if let Err(error) = export.publish(notary(&app)).await {
        tracing::error!(error = format!("{error:#}"), "the checkpoint of an export did not get outside");
    }
}

#[derive(Debug, Serialize)]
pub struct VerifyPage {
    verdict: Option<Verdict>,
}

#[derive(Debug, Default, Serialize)]
struct Verdict {
    whole: bool,
    records: i64,
    through: i64,
    /// Those up to here were removed for their age, and when that was.
    removed_through: Option<i64>,
    removed_at: String,
    /// What is wrong, in the words of the command line.
    why: String,
}

impl Page for VerifyPage {
    const TEMPLATE: &'static str = "admin/verify.html";
    fn samples() -> Vec<Self> {
        let whole = Verdict { whole: true, records: 12_345, through: 12_345, ..Verdict::default() };
        let trimmed = Verdict {
            whole: true,
            records: 1,
            through: 8,
            removed_through: Some(7),
            removed_at: "2026-11-23T09:05:00Z".to_owned(),
            ..Verdict::default()
        };
        let broken = Verdict { why: "record 3 was changed <b>".to_owned(), ..Verdict::default() };
        let asked = [None, Some(whole), Some(trimmed), Some(broken)];
        asked.map(|verdict| Self { verdict }).into()
    }
}

impl Verdict {
    fn of(verdict: Result<Whole, Broken>) -> Self {
        match verdict {
            Ok(whole) => Self {
                whole: true,
                records: whole.records,
                through: whole.through,
                removed_through: whole.anchor.as_ref().map(|anchor| anchor.sequence),
                removed_at: whole.anchor.as_ref().map(Checkpoint::time).unwrap_or_default(),
                why: String::new(),
            },
            Err(broken) => Self { why: broken.to_string(), ..Self::default() },
        }
    }
}

/// GET /admin/audit/verify
pub async fn confirm_verify(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    if !administrator.actor.may(Act::ReadAudit) {
        return Err(PageError::NotFound);
    }
    page::render(&app, &visit, SECTION, &VerifyPage { verdict: None })
}

/// POST /admin/audit/verify
pub async fn verify(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, PageError> {
    let verdict = granted(trail::verify(&office(&app, &visit), &administrator.actor).await?)?;
    page::render(&app, &visit, SECTION, &VerifyPage { verdict: Some(Verdict::of(verdict)) })
}
