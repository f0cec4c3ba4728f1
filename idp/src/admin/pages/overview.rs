//! The first page of the console: who somebody is here, and the service in numbers.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};

use super::chart::{Bars, Line, bars, shares};
use super::{Administrator, SECTION, office};
use crate::admin::{figures, organizations};
use crate::app::App;
use crate::model::key::{KeyState, PublicKey};
use crate::store::figures::{Count, Figure};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::page;
use crate::web::visit::Visit;

/// More than these are not named one by one.
const NAMED: u64 = 50;
/// Keys that make room within so many days are named.
const SOON: Duration = Duration::days(14);

/// From below: the strongest first, which most should be.
const METHODS: [&str; 5] =
    ["passkey", "password-passkey", "password-code", "password-recovery-code", "password"];

/// Why a log-in fails, as the audit trail has it, and how the theme calls it.
const REASONS: [(&str, &str); 5] = [
    ("password", "password"),
    ("code", "code"),
    ("recovery code", "recovery-code"),
    ("unknown passkey", "unknown-passkey"),
    ("passkey refused", "passkey-refused"),
];

#[derive(Debug, Serialize)]
pub struct OverviewPage {
    name: String,
    role: &'static str,
    /// The organizations that somebody without a role over the service looks after.
    organizations: Vec<String>,
    figures: Option<Figures>,
}

#[derive(Debug, Serialize)]
struct Figures {
    sign_ins: Bars,
    adoption: Line,
    adopted: Option<u64>,
    failures: Vec<Reason>,
    /// Whom one loss would lock out. `None`: nobody has counted yet.
    at_risk: Option<u64>,
    keys: Vec<KeyRow>,
}

#[derive(Debug, Serialize)]
struct Reason {
    name: &'static str,
    count: u64,
    /// Of the most frequent one, in percent.
    width: u64,
}

#[derive(Debug, Serialize)]
struct KeyRow {
    alg: &'static str,
    changes_at: String,
}

impl Page for OverviewPage {
    const TEMPLATE: &'static str = "admin/overview.html";
    fn samples() -> Vec<Self> {
        let page =
            |role, organizations, figures| Self { name: "Ada <b>".to_owned(), role, organizations, figures };
        let day = OffsetDateTime::UNIX_EPOCH.date();
        let figure = |what, sort: &str, count| Figure { day, what, sort: sort.to_owned(), count };
        let known = [
            figure(Count::SignedIn, "passkey", 5),
            figure(Count::SignInFailed, "<b>", 5),
            figure(Count::SignInFailed, "password", 5),
            figure(Count::People, "", 5),
            figure(Count::WithPasskey, "", 4),
            figure(Count::AtRisk, "", 4),
        ];
        let mut full = Figures::of(&known, day);
        full.keys = vec![KeyRow { alg: "ES256", changes_at: "2026-11-23T09:05:00Z".to_owned() }];
        vec![
            page("operator", Vec::new(), Some(full)),
            page("support", Vec::new(), Some(Figures::of(&[], day))),
            page("auditor", Vec::new(), None),
            page("administrator", vec!["Lindenhof <Clinic>".to_owned()], None),
        ]
    }
}

/// GET /admin
pub async fn overview(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let user = &administrator.signed_in.user;
    let mut own = Vec::new();
    if user.role.is_none() {
        let found = organizations::list(&office, actor, None, NAMED).await?;
        own = found.into_iter().map(|organization| organization.name.to_string()).collect();
    }
    let known = figures::of_late(&office, actor).await?;
    let mut figures = known.map(|known| Figures::of(&known, office.now.date()));
    if let Some(figures) = &mut figures {
        figures.keys = changing(&app, &figures::signing_keys(&office, actor).await?);
    }
    let page = OverviewPage {
        name: user.display_name(),
        role: user.role.map_or("administrator", |role| role.as_str()),
        organizations: own,
        figures,
    };
    page::render(&app, &visit, SECTION, &page)
}

/// The keys that make room before long.
fn changing(app: &App, keys: &[PublicKey]) -> Vec<KeyRow> {
    let after = app.config.keys.rotate_after();
    let soon =
        |key: &&PublicKey| key.state == KeyState::Current && key.changed_at + after - app.clock.now() <= SOON;
    let row = |key: &PublicKey| KeyRow { alg: key.alg.as_str(), changes_at: moment(key.changed_at + after) };
    keys.iter().filter(soon).map(row).collect()
}

impl Figures {
    fn of(known: &[Figure], today: Date) -> Self {
        let days: Vec<Date> =
            (0..figures::DAYS).rev().filter_map(|ago| today.checked_sub(Duration::days(ago))).collect();
        let mut sign_ins = BTreeMap::new();
        for figure in known.iter().filter(|figure| figure.what == Count::SignedIn) {
            if let Some(method) = METHODS.into_iter().find(|method| *method == figure.sort) {
                sign_ins.insert((figure.day, method), figure.count);
            }
        }
        let adoption = shares(&days, &adoption(known));
        let risk = known.iter().rfind(|figure| figure.what == Count::AtRisk);
        Self {
            sign_ins: bars(&days, &METHODS, &sign_ins),
            adopted: adoption.last(),
            adoption,
            failures: reasons(known),
            at_risk: risk.map(|figure| figure.count),
            keys: Vec::new(),
        }
    }
}

/// For each day, of how many people how many had a passkey.
fn adoption(known: &[Figure]) -> BTreeMap<Date, (u64, u64)> {
    let mut by_day: BTreeMap<Date, (u64, u64)> = BTreeMap::new();
    for figure in known {
        let entry = by_day.entry(figure.day).or_default();
        match figure.what {
            Count::WithPasskey => entry.0 = figure.count,
            Count::People => entry.1 = figure.count,
            _ => {}
        }
    }
    by_day
}

/// Why log-ins failed, the most frequent reason first.
fn reasons(known: &[Figure]) -> Vec<Reason> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for figure in known.iter().filter(|figure| figure.what == Count::SignInFailed) {
        let name = REASONS.into_iter().find(|(why, _)| *why == figure.sort).map_or("other", |(_, name)| name);
        *counts.entry(name).or_default() += figure.count;
    }
    let most = counts.values().copied().max().unwrap_or(0).max(1);
    let reason = |(name, count): (&'static str, u64)| Reason { name, count, width: count * 100 / most };
    let mut reasons: Vec<Reason> = counts.into_iter().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}
