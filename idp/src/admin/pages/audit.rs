//! The audit trail: a list by filters, and one record with everything in it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::search::Search;
use super::{Administrator, SECTION, granted, office, seen};
use crate::admin::{Act, trail};
use crate::app::App;
use crate::audit::KINDS;
use crate::crypto::base64url;
use crate::model::ids::UserId;
use crate::model::user::User;
use crate::store::audit::{Personal, Record};
use crate::store::searches::Search as KeptSearch;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 50;

#[derive(Debug, Serialize)]
pub struct AuditPage {
    kinds: &'static [&'static str],
    asked: Search,
    /// `person`, `organization` or `days`: what of it can not be.
    wrong: Option<&'static str>,
    /// So much that only the command line exports it.
    too_much: bool,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    /// The filter as a query, with the place, for the way back.
    here: String,
    saved: Vec<Saved>,
}

/// A search that somebody keeps.
#[derive(Debug, Clone, Serialize)]
struct Saved {
    id: String,
    name: String,
    query: String,
}

#[derive(Debug, Serialize)]
struct Row {
    sequence: i64,
    at: String,
    kind: String,
    actor: Option<Somebody>,
    subject: Option<Somebody>,
    client: Option<String>,
    /// How somebody signed in, or why not.
    method: Option<String>,
    why: Option<String>,
}

/// Somebody whom a record names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Somebody {
    id: String,
    /// `None`: they are gone.
    name: Option<String>,
}

impl Page for AuditPage {
    const TEMPLATE: &'static str = "admin/audit.html";
    fn samples() -> Vec<Self> {
        let somebody = |name: Option<&str>| {
            Some(Somebody {
                id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
                name: name.map(ToOwned::to_owned),
            })
        };
        let row = |kind: &str, method: Option<&str>| Row {
            sequence: 7,
            at: "2026-11-23T09:05:00Z".to_owned(),
            kind: kind.to_owned(),
            actor: somebody(method),
            subject: method.map_or(somebody(Some("Ada <Lovelace>")), |_| None),
            client: method.map(|_| "<b>".to_owned()),
            method: method.map(|_| "passkey".to_owned()),
            why: method.map(|_| "<script>alert".to_owned()),
        };
        let asked = Search { kind: "signed-in".to_owned(), person: "<b>".to_owned(), ..Search::default() };
        let page = |rows, wrong, too_much| Self {
            kinds: &KINDS,
            asked: asked.clone(),
            wrong,
            too_much,
            rows,
            older: Some("/admin/audit?before=5".to_owned()),
            newest: Some("/admin/audit".to_owned()),
            here: "kind=signed-in".to_owned(),
            saved: vec![Saved {
                id: "x".to_owned(),
                name: "My <key>".to_owned(),
                query: "kind=x".to_owned(),
            }],
        };
        let kinds = KINDS.iter().map(|kind| row(kind, None)).chain([row("signed-in", Some("Ada <b>"))]);
        vec![
            page(kinds.collect(), None, true),
            page(Vec::new(), Some("person"), false),
            page(Vec::new(), Some("organization"), false),
            page(Vec::new(), Some("days"), false),
            page(Vec::new(), Some("name"), false),
            Self {
                saved: Vec::new(),
                older: None,
                newest: None,
                asked: Search::default(),
                ..page(Vec::new(), None, false)
            },
        ]
    }
}

/// GET /admin/audit
pub async fn audit(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(asked): Asked<Search>,
) -> Result<Response, PageError> {
    show(&app, &visit, &administrator, (asked, None)).await
}

/// What of it somebody could not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// More of it at once than a browser is given.
    TooMuch,
    /// A search without a name, or with a very long one, or one too many.
    Name,
}

/// The list, with what was denied just now.
pub(super) async fn show(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (asked, denied): (Search, Option<Denied>),
) -> Result<Response, PageError> {
    let (office, actor) = (office(app, visit), &administrator.actor);
    // Before anything that was typed is looked up.
    if !actor.may(Act::ReadAudit) {
        return Err(PageError::NotFound);
    }
    let before: Option<i64> = asked.before.parse().ok();
    let (mut found, wrong) = match asked.filter(app).await? {
        Ok(filter) => {
            let place = (before.unwrap_or(i64::MAX), SHOWN as u64 + 1);
            let wrong = (denied == Some(Denied::Name)).then_some("name");
            (seen(trail::search(&office, actor, ("view", &filter), place).await?)?, wrong)
        }
        Err(wrong) => (Vec::new(), Some(wrong)),
    };
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let people = trail::people(&office, &found).await?;
    let last = found.last().filter(|_| goes_on).map(|record| record.sequence.to_string());
    let page = AuditPage {
        kinds: &KINDS,
        wrong,
        too_much: denied == Some(Denied::TooMuch),
        saved: saved(&trail::searches(&office, actor).await?),
        rows: found.iter().map(|record| row(record, |id| somebody(people.get(&id), id))).collect(),
        older: last.map(|last| asked.at(&last)),
        newest: before.map(|_| asked.at("")),
        here: asked.query(),
        asked,
    };
    page::render(app, visit, SECTION, &page)
}

fn saved(searches: &[KeptSearch]) -> Vec<Saved> {
    let card = |search: &KeptSearch| Saved {
        id: search.id.to_string(),
        name: search.name.clone(),
        query: search.query.clone(),
    };
    searches.iter().map(card).collect()
}

fn row(record: &Record, somebody: impl Fn(UserId) -> Somebody) -> Row {
    let detail: serde_json::Value = serde_json::from_str(&record.detail).unwrap_or_default();
    let member = |name: &str| detail.get(name).and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
    let person = |id: Option<Uuid>| id.map(|id| somebody(UserId::from_uuid(id)));
    Row {
        sequence: record.sequence,
        at: moment(record.at),
        kind: record.kind.clone(),
        actor: person(record.actor),
        // Said once where somebody does something with their own account.
        subject: person(record.subject.filter(|subject| record.actor != Some(*subject))),
        client: record.client.clone(),
        method: member("method"),
        why: member("why"),
    }
}

fn somebody(user: Option<&User>, id: UserId) -> Somebody {
    Somebody { id: id.to_string(), name: user.map(User::display_name) }
}

#[derive(Debug, Serialize)]
pub struct RecordPage {
    row: Row,
    /// Whom it is about, also where they acted themselves.
    about: Option<Somebody>,
    network: Option<String>,
    browser: Option<String>,
    personal: &'static str,
    members: Vec<(String, String)>,
    hash: String,
    /// Where the list is that somebody came from.
    back: String,
}

impl Page for RecordPage {
    const TEMPLATE: &'static str = "admin/record.html";
    fn samples() -> Vec<Self> {
        let somebody = |name: Option<&str>| Somebody {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: name.map(ToOwned::to_owned),
        };
        let page = |kind: &str, personal, full: bool| Self {
            row: Row {
                sequence: 7,
                at: "2026-11-23T09:05:00Z".to_owned(),
                kind: kind.to_owned(),
                actor: full.then(|| somebody(Some("Ada <Lovelace>"))),
                subject: None,
                client: full.then(|| "<b>".to_owned()),
                method: None,
                why: None,
            },
            about: full.then(|| somebody(None)),
            network: full.then(|| "192.0.2.7".to_owned()),
            browser: full.then(|| "Fire<b>".to_owned()),
            personal,
            members: vec![("why".to_owned(), "<script>alert".to_owned())],
            hash: "x".repeat(43),
            back: "/admin/audit?kind=signed-in".to_owned(),
        };
        vec![
            page("signed-in", "kept", true),
            page("signed-in", "erased", false),
            page("key-rotated", "damaged", false),
        ]
    }
}

/// GET /admin/audit/{sequence}
pub async fn record(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(sequence): Path<String>,
    Asked(asked): Asked<Search>,
) -> Result<Response, PageError> {
    let office = office(&app, &visit);
    let sequence = sequence.parse().map_err(|_| PageError::NotFound)?;
    let record = granted(trail::one(&office, &administrator.actor, sequence).await?)?;
    let people = trail::people(&office, std::slice::from_ref(&record)).await?;
    let known = |id| somebody(people.get(&id), id);
    let page = RecordPage {
        row: row(&record, known),
        about: record.subject.map(|id| known(UserId::from_uuid(id))),
        personal: match record.personal {
            Personal::Kept => "kept",
            Personal::Erased => "erased",
            Personal::Damaged => "damaged",
        },
        members: members(&record),
        hash: base64url::encode(&record.hash),
        back: format!("/admin/audit?{}", asked.query()),
        network: record.network,
        browser: record.browser,
    };
    page::render(&app, &visit, SECTION, &page)
}

/// What an event says besides its kind, as it is written.
fn members(record: &Record) -> Vec<(String, String)> {
    let detail: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&record.detail).unwrap_or_default();
    let written = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let said = detail.into_iter().filter(|(name, value)| name != "kind" && !value.is_null());
    said.map(|(name, value)| (name, written(value))).collect()
}
