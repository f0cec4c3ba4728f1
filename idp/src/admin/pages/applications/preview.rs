//! What an application would be told about somebody.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::see;
use crate::admin::applications::{self as logic, Preview, Told};
use crate::admin::pages::{Administrator, SECTION, office};
use crate::app::App;
use crate::model::client::ClientId;
use crate::model::scope::Scopes;
use crate::model::user::Email;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PreviewPage {
    id: String,
    name: String,
    person: String,
    scopes: String,
    found: Option<Found>,
    /// Nobody has this address, as far as whoever asks may know.
    nobody: bool,
    /// The scopes can not be read.
    unreadable: bool,
}

#[derive(Debug, Serialize)]
struct Found {
    name: String,
    /// `None`: a name of its own for this application.
    sub: Option<String>,
    enabled: bool,
    left_out: String,
    told: Vec<Row>,
    missing: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    claim: &'static str,
    scope: &'static str,
    value: String,
    why: &'static str,
}

impl Page for PreviewPage {
    const TEMPLATE: &'static str = "admin/applications/preview.html";
    fn samples() -> Vec<Self> {
        let row = |why| Row { claim: "name", scope: "profile", value: "\"Ada <b>\"".to_owned(), why };
        let page = |found, nobody, unreadable| Self {
            id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            person: "ada@example.org".to_owned(),
            scopes: "openid <b>".to_owned(),
            found,
            nobody,
            unreadable,
        };
        let found = |sub: Option<&str>| Found {
            name: "Ada <b>".to_owned(),
            sub: sub.map(ToOwned::to_owned),
            enabled: sub.is_some(),
            left_out: if sub.is_some() { String::new() } else { "phone".to_owned() },
            told: if sub.is_some() { vec![row("told")] } else { Vec::new() },
            missing: REASONS.map(row).into(),
        };
        vec![
            page(Some(found(Some("0197f3a0"))), false, false),
            page(Some(found(None)), false, false),
            page(None, true, false),
            page(None, false, true),
            page(None, false, false),
        ]
    }
}

const REASONS: [&str; 5] = ["not-asked", "not-registered", "not-known", "no-organization", "chosen"];

#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    person: String,
    scope: Option<String>,
}

/// GET /admin/applications/{id}/preview
pub async fn show_preview(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, &id).await?;
    let scopes = wanted.scope.unwrap_or_else(|| seen.client.settings.scopes.to_string());
    let mut page = PreviewPage {
        id: id.to_string(),
        name: seen.client.settings.name.to_string(),
        person: wanted.person.trim().to_owned(),
        found: None,
        nobody: false,
        unreadable: false,
        scopes,
    };
    let mut status = StatusCode::OK;
    if !page.person.is_empty() {
        match (Email::parse(&page.person), Scopes::parse(&page.scopes)) {
            (_, Err(_)) => {
                page.unreadable = true;
                status = StatusCode::UNPROCESSABLE_ENTITY;
            }
            (Err(_), Ok(_)) => page.nobody = true,
            (Ok(email), Ok(asked)) => {
                let (office, actor) = (office(&app, &visit), &administrator.actor);
                let found = logic::preview(&office, actor, &id, (&email, &asked)).await?;
                page.found = found.ok().map(|preview| found_of(&preview));
                page.nobody = page.found.is_none();
            }
        }
    }
    let mut response = page::render(&app, &visit, SECTION, &page)?;
    *response.status_mut() = status;
    Ok(response)
}

fn found_of(preview: &Preview) -> Found {
    let rows = preview.claims.iter().map(|(claim, told)| {
        let (value, why) = match told {
            Told::Value(value) => (value.to_string(), "told"),
            Told::NotAsked => (String::new(), "not-asked"),
            Told::NotRegistered => (String::new(), "not-registered"),
            Told::NotKnown => (String::new(), "not-known"),
            Told::NoOrganization => (String::new(), "no-organization"),
            Told::Chosen => (String::new(), "chosen"),
        };
        Row { claim: claim.as_str(), scope: claim.scope(), value, why }
    });
    let (told, missing) = rows.partition(|row| row.why == "told");
    Found {
        name: preview.user.display_name(),
        sub: (!preview.is_pairwise()).then(|| preview.user.id.to_string()),
        enabled: preview.user.is_enabled(),
        left_out: preview.left_out.to_string(),
        told,
        missing,
    }
}
