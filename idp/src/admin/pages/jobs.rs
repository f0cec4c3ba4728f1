//! What waits to be sent, and when everything that happens by itself last did. Never shows what is in a message.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::act::ActPage;
use super::{Administrator, SECTION, granted, office, proof_first};
use crate::admin::{Act, Outcome, workings};
use crate::app::App;
use crate::app::journal::Job;
use crate::model::ids::OutboxId;
use crate::store::outbox::{Entry, Kind, LEASE};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Nothing, Posted};
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;
/// Of a reason. What is longer is in the log.
const LETTERS: usize = 300;

#[derive(Debug, Serialize)]
pub struct JobsPage {
    waiting: u64,
    failed: u64,
    failed_only: bool,
    rows: Vec<Row>,
    more: Option<String>,
    first: Option<String>,
    jobs: Vec<JobRow>,
    may_run: bool,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    kind: &'static str,
    /// Whom it concerns.
    person: Option<String>,
    client: Option<String>,
    attempts: i32,
    created_at: String,
    next_try_at: String,
    why: Option<String>,
    /// Whether it would have to wait, and need not.
    can_retry: bool,
}

#[derive(Debug, Serialize)]
struct JobRow {
    name: &'static str,
    at: Option<String>,
    why: Option<String>,
}

const NOTICES: [&str; 2] = ["retry-delivery", "give-up-delivery"];

impl Page for JobsPage {
    const TEMPLATE: &'static str = "admin/jobs.html";
    fn samples() -> Vec<Self> {
        let at = || "2026-11-23T09:05:00Z".to_owned();
        let row = |kind: Kind, why: Option<&str>| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            kind: kind.as_str(),
            person: why.map(ToOwned::to_owned),
            client: why.map(|_| "<b>".to_owned()),
            attempts: 3,
            created_at: at(),
            next_try_at: at(),
            why: why.map(ToOwned::to_owned),
            can_retry: why.is_some(),
        };
        let job = |job: Job, why: Option<&str>| JobRow {
            name: job.as_str(),
            at: (job != Job::Purge).then(at),
            why: why.map(ToOwned::to_owned),
        };
        let full = Self {
            waiting: 5,
            failed: 1,
            failed_only: true,
            rows: Kind::ALL
                .map(|kind| row(kind, None))
                .into_iter()
                .chain([row(Kind::Mail, Some("<b>"))])
                .collect(),
            more: Some("/admin/jobs?before=x".to_owned()),
            first: Some("/admin/jobs".to_owned()),
            jobs: Job::ALL
                .map(|name| job(name, None))
                .into_iter()
                .chain([job(Job::Keys, Some("<b>"))])
                .collect(),
            may_run: true,
            notice: Some("retry-delivery"),
        };
        let empty = Self {
            waiting: 0,
            failed: 0,
            failed_only: false,
            rows: Vec::new(),
            more: None,
            first: None,
            jobs: Vec::new(),
            may_run: false,
            notice: Some("give-up-delivery"),
        };
        vec![full, empty]
    }
}

#[derive(Debug, Deserialize)]
pub struct Which {
    /// `failed`, or everything.
    #[serde(default)]
    state: String,
    /// The last one of the page before.
    #[serde(default)]
    before: String,
    #[serde(default)]
    notice: String,
}

/// GET /admin/jobs
pub async fn jobs(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(which): Asked<Which>,
) -> Result<Response, PageError> {
    let actor = &administrator.actor;
    let (failed_only, before) = (which.state == "failed", which.before.parse::<OutboxId>().ok());
    let office = office(&app, &visit);
    let found = workings::deliveries(&office, actor, (failed_only, before), SHOWN as u64 + 1).await?;
    let mut found = granted(found)?;
    let goes_on = found.entries.len() > SHOWN;
    found.entries.truncate(SHOWN);
    let last = found.entries.last().filter(|_| goes_on).map(|entry| entry.id);
    let state = if failed_only { "state=failed&" } else { "" };
    let may_run = actor.may(Act::RunService);
    let page = JobsPage {
        waiting: found.waiting,
        failed: found.failed,
        failed_only,
        rows: found.entries.iter().map(|entry| row(entry, &app)).collect(),
        more: last.map(|id| format!("/admin/jobs?{state}before={id}")),
        first: before.map(|_| format!("/admin/jobs?{state}")),
        jobs: Job::ALL
            .into_iter()
            .filter(|job| *job != Job::Certificate || app.tls.is_some())
            .map(|job| job_row(&app, job))
            .collect(),
        may_run,
        notice: NOTICES.into_iter().find(|notice| *notice == which.notice),
    };
    page::render(&app, &visit, SECTION, &page)
}

fn row(entry: &Entry, app: &App) -> Row {
    Row {
        id: entry.id.to_string(),
        kind: entry.kind.as_str(),
        person: entry.user_id.map(|id| id.to_string()),
        client: entry.recipient.as_ref().map(ToString::to_string),
        attempts: entry.attempts,
        created_at: moment(entry.created_at),
        next_try_at: moment(entry.next_try_at),
        why: entry.last_error.as_deref().map(shortened),
        can_retry: entry.last_error.is_some() && entry.next_try_at > app.clock.now() + LEASE,
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(LETTERS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn job_row(app: &App, job: Job) -> JobRow {
    let last = app.journal.last(job);
    JobRow {
        name: job.as_str(),
        at: last.as_ref().map(|run| moment(run.at)),
        why: last.and_then(|run| run.error).as_deref().map(shortened),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Retry,
    GiveUp,
}

/// What a path names: a thing that waits, and what to do with it.
fn named((id, deed): &(String, String)) -> Result<(OutboxId, Deed), PageError> {
    let deed = match deed.as_str() {
        "retry" => Deed::Retry,
        "give-up" => Deed::GiveUp,
        _ => return Err(PageError::NotFound),
    };
    Ok((id.parse().map_err(|_| PageError::NotFound)?, deed))
}

fn page_of((id, deed): (OutboxId, Deed), entry: &Entry) -> ActPage {
    let (act, path) = match deed {
        Deed::Retry => ("retry-delivery", "retry"),
        Deed::GiveUp => ("give-up-delivery", "give-up"),
    };
    let page = ActPage::of(act, &format!("/admin/jobs/{id}/{path}"), "/admin/jobs");
    page.about(entry.last_error.as_deref().map(shortened).as_deref().unwrap_or_default())
}

/// GET /admin/jobs/{id}/{deed}
pub async fn confirm_delivery(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let (id, deed) = named(&path)?;
    let entry = granted(workings::delivery(&office, actor, id).await?)?;
    if !actor.may(Act::RunService) || entry.last_error.is_none() {
        return Err(PageError::NotFound);
    }
    let page = page_of((id, deed), &entry);
    if let Some(elsewhere) = proof_first(&app, &administrator, page.here()) {
        return Ok(elsewhere);
    }
    page::render(&app, &visit, SECTION, &page)
}

/// POST /admin/jobs/{id}/{deed}
pub async fn change_delivery(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let (id, deed) = named(&path)?;
    let entry = granted(workings::delivery(&office, actor, id).await?)?;
    let page = page_of((id, deed), &entry);
    if let Some(elsewhere) = proof_first(&app, &administrator, page.here()) {
        return Ok(elsewhere);
    }
    let done: Outcome<()> = match deed {
        Deed::Retry => workings::retry(&office, actor, id).await,
        Deed::GiveUp => workings::give_up(&office, actor, id).await,
    };
    match (done?, deed) {
        (Ok(()), Deed::Retry) => Ok(see_other("/admin/jobs?notice=retry-delivery")),
        (Ok(()), Deed::GiveUp) => Ok(see_other("/admin/jobs?notice=give-up-delivery")),
        (Err(refused), _) => page.refuse(&app, &visit, refused),
    }
}
