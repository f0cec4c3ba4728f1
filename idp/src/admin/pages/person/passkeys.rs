//! How somebody gets in: passkeys, password, code app and recovery codes.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::overview::password;
use super::{Head, NoticeQuery, Tab, see};
use crate::admin::pages::{Administrator, SECTION};
use crate::app::App;
use crate::model::credential::Passkey;
use crate::model::ids::UserId;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonPasskeysPage {
    #[serde(flatten)]
    head: Head,
    /// `none`, `works` or `locked`.
    password: &'static str,
    code_app: bool,
    recovery_codes_left: u64,
    passkeys: Vec<Row>,
    may_help: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    /// It may be copied to other devices.
    synced: bool,
    created_at: String,
    last_used_at: Option<String>,
}

impl Page for PersonPasskeysPage {
    const TEMPLATE: &'static str = "admin/person/passkeys.html";
    fn samples() -> Vec<Self> {
        let at = || "2026-11-23T09:05:00Z".to_owned();
        let row = |last_used_at: Option<String>| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "My <key>".to_owned(),
            synced: last_used_at.is_some(),
            created_at: at(),
            last_used_at,
        };
        let page = |full: bool, password| Self {
            head: Head::sample(Tab::Passkeys, full, None),
            password,
            code_app: full,
            recovery_codes_left: 3,
            passkeys: [Some(at()), None].into_iter().filter(|_| full).map(row).collect(),
            may_help: full,
        };
        vec![page(true, "works"), page(true, "locked"), page(false, "none")]
    }
}

/// GET /admin/people/{id}/passkeys
pub async fn passkeys(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let row = |passkey: &Passkey| Row {
        id: passkey.id.to_string(),
        name: passkey.name.to_string(),
        synced: passkey.backup_state,
        created_at: moment(passkey.created_at),
        last_used_at: passkey.last_used_at.map(moment),
    };
    let page = PersonPasskeysPage {
        head: Head::of(&seen, Tab::Passkeys, &query),
        password: password(&seen),
        code_app: seen.has_code_app,
        recovery_codes_left: seen.recovery_codes_left,
        passkeys: seen.passkeys.iter().map(row).collect(),
        may_help: seen.may_help,
    };
    page::render(&app, &visit, SECTION, &page)
}
