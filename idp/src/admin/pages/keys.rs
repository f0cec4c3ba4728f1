//! The keys that sign: which there are, how long each has been what it is, and letting the next ones take over.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::act::ActPage;
use super::person::NoticeQuery;
use super::{Administrator, SECTION, granted, office, proof_first};
use crate::admin::{Act, workings};
use crate::app::App;
use crate::app::keys::{self, NotYet};
use crate::model::key::{KeyState, PublicKey, SigningAlg};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Nothing, Posted};
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct KeysPage {
    algs: Vec<AlgRow>,
    may_run: bool,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct AlgRow {
    alg: &'static str,
    keys: Vec<KeyRow>,
}

#[derive(Debug, Serialize)]
struct KeyRow {
    kid: String,
    state: &'static str,
    since: String,
    /// In whole days.
    age: i64,
    /// When it becomes what it is next.
    changes_at: Option<String>,
}

const NOTICES: [&str; 2] = ["rotate", "replace"];

impl Page for KeysPage {
    const TEMPLATE: &'static str = "admin/keys.html";
    fn samples() -> Vec<Self> {
        let key = |state, changes: bool| KeyRow {
            kid: "<b>kid".to_owned(),
            state,
            since: "2026-11-23T09:05:00Z".to_owned(),
            age: 3,
            changes_at: changes.then(|| "2026-12-23T09:05:00Z".to_owned()),
        };
        let page =
            |may_run, notice, keys| Self { algs: vec![AlgRow { alg: "ES256", keys }], may_run, notice };
        vec![
            page(true, Some("rotate"), vec![key("next", true), key("current", true), key("retired", true)]),
            page(false, Some("replace"), vec![key("next", false)]),
            Self { algs: Vec::new(), may_run: true, notice: None },
        ]
    }
}

/// GET /admin/keys
pub async fn keys(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let known = granted(workings::signing_keys(&office(&app, &visit), &administrator.actor).await?)?;
    let page = KeysPage {
        algs: SigningAlg::ALL.map(|alg| alg_row(&app, alg, &known)).into(),
        may_run: administrator.actor.may(Act::RunService),
        notice: NOTICES.into_iter().find(|notice| *notice == query.notice),
    };
    page::render(&app, &visit, SECTION, &page)
}

fn alg_row(app: &App, alg: SigningAlg, known: &[PublicKey]) -> AlgRow {
    let now = app.clock.now();
    let of = |state| known.iter().filter(move |key| key.alg == alg && key.state == state);
    let states = [KeyState::Next, KeyState::Current, KeyState::Retired];
    let row = |key: &PublicKey| KeyRow {
        kid: key.kid.clone(),
        state: key.state.as_str(),
        since: moment(key.changed_at),
        age: (now - key.changed_at).whole_days(),
        changes_at: keys::changes_at(&app.config, key, known).map(moment),
    };
    AlgRow { alg: alg.as_str(), keys: states.into_iter().flat_map(of).map(row).collect() }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Rotate,
    Replace,
}

impl Deed {
    fn named(name: &str) -> Result<Self, PageError> {
        match name {
            "rotate" => Ok(Self::Rotate),
            "replace" => Ok(Self::Replace),
            _ => Err(PageError::NotFound),
        }
    }

    fn page(self) -> ActPage {
        match self {
            Self::Rotate => ActPage::of("rotate-keys", "/admin/keys/rotate", "/admin/keys"),
            Self::Replace => ActPage::of("replace-keys", "/admin/keys/replace", "/admin/keys"),
        }
    }
}

/// GET /admin/keys/{deed}
pub async fn confirm_keys(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(deed): Path<String>,
) -> Result<Response, PageError> {
    let page = Deed::named(&deed)?.page();
    granted(workings::may_run(&office(&app, &visit), &administrator.actor).await?)
        .map_err(|_| PageError::NotFound)?;
    if let Some(elsewhere) = proof_first(&app, &administrator, page.here()) {
        return Ok(elsewhere);
    }
    page::render(&app, &visit, SECTION, &page)
}

/// POST /admin/keys/{deed}
pub async fn change_keys(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(deed): Path<String>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, PageError> {
    let deed = Deed::named(&deed)?;
    let (office, page) = (office(&app, &visit), deed.page());
    if let Err(refused) = workings::may_run(&office, &administrator.actor).await? {
        return page.refuse(&app, &visit, refused);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, page.here()) {
        return Ok(elsewhere);
    }
    let by = office.doer(&administrator.actor);
    let done = match deed {
        Deed::Rotate => keys::rotate(&app.store, by, office.now).await?,
        Deed::Replace => Ok(keys::replace_all(&app.store, by, office.now).await?),
    };
    match done {
        Ok(()) => {
            // Here at once, on other nodes within a minute.
            app.take_up_keys().await;
            Ok(see_other(match deed {
                Deed::Rotate => "/admin/keys?notice=rotate",
                Deed::Replace => "/admin/keys?notice=replace",
            }))
        }
        Err(not_yet) => page.say(&app, &visit, (StatusCode::CONFLICT, refusal(&not_yet))),
    }
}

const fn refusal(not_yet: &NotYet) -> &'static str {
    match not_yet {
        NotYet::TooYoung { .. } => "key-too-young",
        NotYet::Missing(_) => "key-missing",
    }
}
