//! The page that shows where a person is logged in.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{NoticeQuery, SECTION, bench, done, notice_of, owner_of};
use crate::account::{apps, sessions as logic};
use crate::app::App;
use crate::model::ids::SessionId;
use crate::store::sessions as stored;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id, Nothing, Posted};
use crate::web::page::{self, see_other};
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct SessionsPage {
    sessions: Vec<Card>,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Card {
    id: String,
    browser: String,
    network: String,
    method: &'static str,
    begun_at: String,
    last_seen_at: String,
    apps: Vec<String>,
    this_device: bool,
}

impl Page for SessionsPage {
    const TEMPLATE: &'static str = "account/sessions.html";
    fn samples() -> Vec<Self> {
        let card = |this_device, method| Card {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            browser: if this_device { "Firefox on <b>Linux</b>".to_owned() } else { String::new() },
            network: if this_device { "192.0.2.7".to_owned() } else { String::new() },
            method,
            begun_at: "2026-11-23T09:05:00Z".to_owned(),
            last_seen_at: "2026-11-23T09:06:00Z".to_owned(),
            apps: if this_device { vec!["Lindenhof <Clinic>".to_owned()] } else { Vec::new() },
            this_device,
        };
        vec![
            Self { sessions: vec![card(true, "passkey")], notice: Some("others-logged-out") },
            Self {
                sessions: vec![
                    card(true, "password"),
                    card(false, "password-code"),
                    card(false, "password-recovery-code"),
                    card(false, "password-passkey"),
                ],
                notice: Some("logged-out-there"),
            },
        ]
    }
}

/// GET /account/sessions
pub async fn sessions(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    let mut used = apps::by_session(&app.store, owner.user.id).await?;
    let all = stored::of_user(&app.store, owner.user.id).await?;
    let live = all.into_iter().filter(|session| session.is_live(now, limits) && !session.is_limited());
    let mut sessions: Vec<Card> = live
        .map(|session| Card {
            id: session.id.to_string(),
            browser: session.browser,
            network: session.network,
            method: session.method.as_str(),
            begun_at: moment(session.created_at),
            last_seen_at: moment(session.last_seen_at),
            apps: used.remove(&session.id).unwrap_or_default(),
            this_device: session.id == owner.session.id,
        })
        .collect();
    sessions.sort_by_key(|session| !session.this_device);
    let notice = notice_of(&query.notice, &["logged-out-there", "others-logged-out"]);
    page::render(&app, &visit, SECTION, &SessionsPage { sessions, notice })
}

/// POST /account/sessions/{id}/end
pub async fn end_session(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Id(id): Id<SessionId>,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    done(logic::end(&bench(&app, &visit), owner_of(&owner), id).await?)?;
    Ok(see_other("/account/sessions?notice=logged-out-there"))
}

/// POST /account/sessions/end-others
pub async fn end_other_sessions(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    done(logic::end_others(&bench(&app, &visit), owner_of(&owner)).await?)?;
    Ok(see_other("/account/sessions?notice=others-logged-out"))
}
