//! What happened with somebody's account.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Head, NoticeQuery, Tab, see};
use crate::admin::Act;
use crate::admin::pages::{Administrator, SECTION, office, seen as shown};
use crate::admin::people as logic;
use crate::app::App;
use crate::audit::{BY, KINDS};
use crate::model::ids::UserId;
use crate::store::audit::Record;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 30;

#[derive(Debug, Serialize)]
pub struct PersonActivityPage {
    #[serde(flatten)]
    head: Head,
    entries: Vec<Entry>,
    older: Option<String>,
    newest: Option<String>,
    /// Where all of it is, for whoever reads the audit log.
    log: Option<String>,
    /// No more is shown than what happened in the organizations of whoever looks.
    partly: bool,
}

#[derive(Debug, Serialize)]
struct Entry {
    kind: String,
    at: String,
    /// How somebody signed in.
    method: Option<String>,
    client: Option<String>,
    /// Done by somebody else: an administrator, or the host.
    by_others: bool,
}

impl Entry {
    fn of(record: Record) -> Self {
        let detail: serde_json::Value = serde_json::from_str(&record.detail).unwrap_or_default();
        let method = detail.get("method").and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
        let anonymous = record.actor.is_none() && record.by_request && detail.get(BY).is_none();
        Self {
            by_others: record.actor != record.subject && !anonymous,
            kind: record.kind,
            at: moment(record.at),
            method,
            client: record.client,
        }
    }
}

impl Page for PersonActivityPage {
    const TEMPLATE: &'static str = "admin/person/activity.html";
    fn samples() -> Vec<Self> {
        let entry = |kind: &str, method: Option<&str>| Entry {
            kind: kind.to_owned(),
            at: "2026-11-23T09:05:00Z".to_owned(),
            method: method.map(ToOwned::to_owned),
            client: method.map(|_| "<b>".to_owned()),
            by_others: method.is_none(),
        };
        let entries = KINDS.iter().map(|kind| entry(kind, None)).chain([entry("signed-in", Some("passkey"))]);
        let page = |entries, partly: bool| Self {
            head: Head::sample(Tab::Activity, true, None),
            entries,
            older: (!partly).then(|| "/admin/people/x/activity?before=5".to_owned()),
            newest: (!partly).then(|| "/admin/people/x/activity".to_owned()),
            log: (!partly).then(|| "/admin/audit?person=x".to_owned()),
            partly,
        };
        vec![page(entries.collect(), false), page(Vec::new(), true)]
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Place {
    /// The last record of the page before: an address that stays good for "back" and a bookmark.
    #[serde(default)]
    before: String,
}

/// GET /admin/people/{id}/activity
pub async fn activity(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(place): Asked<Place>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let before: Option<i64> = place.before.parse().ok();
    // One more than is shown tells whether there are more.
    let at = (before.unwrap_or(i64::MAX), SHOWN as u64 + 1);
    let mut records = shown(logic::activity(&office, actor, id, at).await?)?;
    let goes_on = records.len() > SHOWN;
    records.truncate(SHOWN);
    let here = Tab::Activity.address(id);
    let last = records.last().filter(|_| goes_on).map(|record| record.sequence);
    let page = PersonActivityPage {
        head: Head::of(&seen, Tab::Activity, &NoticeQuery::default()),
        older: last.map(|last| format!("{here}?before={last}")),
        newest: before.map(|_| here),
        log: actor.may(Act::ReadAudit).then(|| format!("/admin/audit?person={id}")),
        partly: actor.sees_only().is_some(),
        entries: records.into_iter().map(Entry::of).collect(),
    };
    page::render(&app, &visit, SECTION, &page)
}
