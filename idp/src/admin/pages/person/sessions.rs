//! Where somebody is logged in.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Head, NoticeQuery, Tab, see};
use crate::admin::pages::{Administrator, SECTION};
use crate::app::App;
use crate::model::ids::UserId;
use crate::model::session::Session;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonSessionsPage {
    #[serde(flatten)]
    head: Head,
    sessions: Vec<Row>,
    may_help: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    browser: String,
    method: &'static str,
    begun_at: String,
    last_seen_at: String,
}

impl Page for PersonSessionsPage {
    const TEMPLATE: &'static str = "admin/person/sessions.html";
    fn samples() -> Vec<Self> {
        let row = |method| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            browser: if method == "passkey" { String::new() } else { "Fire<b>".to_owned() },
            method,
            begun_at: "2026-11-23T09:05:00Z".to_owned(),
            last_seen_at: "2026-11-23T09:06:00Z".to_owned(),
        };
        let methods = ["passkey", "password", "password-code", "password-recovery-code", "password-passkey"];
        let page = |full: bool| Self {
            head: Head::sample(Tab::Sessions, full, None),
            sessions: methods.into_iter().filter(|_| full).map(row).collect(),
            may_help: full,
        };
        vec![page(true), page(false)]
    }
}

/// GET /admin/people/{id}/sessions
pub async fn sessions(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    let row = |session: &Session| Row {
        id: session.id.to_string(),
        browser: session.browser.clone(),
        method: session.method.as_str(),
        begun_at: moment(session.created_at),
        last_seen_at: moment(session.last_seen_at),
    };
    let live = seen.sessions.iter().filter(|session| session.is_live(now, limits) && !session.is_limited());
    let page = PersonSessionsPage {
        head: Head::of(&seen, Tab::Sessions, &query),
        sessions: live.map(row).collect(),
        may_help: seen.may_help,
    };
    page::render(&app, &visit, SECTION, &page)
}
