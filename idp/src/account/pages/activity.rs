//! The page with a person's own part of the audit trail.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::SECTION;
use crate::account::activity as logic;
use crate::app::App;
use crate::audit::{BY, KINDS};
use crate::store::audit::{Personal, Record};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct ActivityPage {
    entries: Vec<Entry>,
    next: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Entry {
    kind: String,
    at: String,
    /// How somebody signed in.
    method: Option<String>,
    /// Done by somebody else: an administrator, or the host.
    by_others: bool,
    browser: Option<String>,
    network: Option<String>,
    /// Where it came from was sealed under a key that is gone.
    erased: bool,
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
            browser: record.browser.filter(|text| !text.is_empty()),
            network: record.network.filter(|text| !text.is_empty()),
            erased: record.personal != Personal::Kept,
        }
    }
}

impl Page for ActivityPage {
    const TEMPLATE: &'static str = "account/activity.html";
    fn samples() -> Vec<Self> {
        let entry = |kind: &str, method: Option<&str>| Entry {
            kind: kind.to_owned(),
            at: "2026-11-23T09:05:00Z".to_owned(),
            method: method.map(ToOwned::to_owned),
            by_others: method.is_none(),
            browser: method.map(|_| "Firefox on <b>Linux</b>".to_owned()),
            network: method.map(|_| "192.0.2.7".to_owned()),
            erased: kind == "policy-set",
        };
        let mut entries: Vec<_> = KINDS.iter().map(|kind| entry(kind, None)).collect();
        let methods = ["passkey", "password-passkey", "password-code", "password-recovery-code", "password"];
        entries.extend(methods.map(|method| entry("signed-in", Some(method))));
        vec![Self { entries, next: Some(5) }, Self { entries: Vec::new(), next: None }]
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct ActivityQuery {
    #[serde(default)]
    before: Option<i64>,
}

/// GET /account/activity
pub async fn activity(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Asked(query): Asked<ActivityQuery>,
) -> Result<Response, PageError> {
    let (records, next) = logic::page(&app.store, owner.user.id, query.before).await?;
    let entries = records.into_iter().map(Entry::of).collect();
    page::render(&app, &visit, SECTION, &ActivityPage { entries, next })
}
