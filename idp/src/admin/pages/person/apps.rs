//! The applications that know somebody.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Head, NoticeQuery, Tab, see};
use crate::admin::pages::{Administrator, SECTION, office, seen as shown};
use crate::admin::people::{self as logic, Connected};
use crate::app::App;
use crate::model::ids::UserId;
use crate::model::organization::OrganizationName;
use crate::model::scope::Scopes;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonAppsPage {
    #[serde(flatten)]
    head: Head,
    apps: Vec<Row>,
    may_help: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    /// The scopes that the texts know.
    scopes: Vec<&'static str>,
    organizations: Vec<String>,
    since: String,
    offline: bool,
}

impl Page for PersonAppsPage {
    const TEMPLATE: &'static str = "admin/person/apps.html";
    fn samples() -> Vec<Self> {
        let row = |offline: bool| Row {
            id: "practice-web".to_owned(),
            name: "Practice <b>".to_owned(),
            scopes: Scopes::OF_PERSON.into(),
            organizations: ["Lindenhof <Clinic>".to_owned()].into_iter().filter(|_| offline).collect(),
            since: "2026-11-23T09:05:00Z".to_owned(),
            offline,
        };
        let page = |full: bool| Self {
            head: Head::sample(Tab::Applications, full, None),
            apps: [true, false].into_iter().filter(|_| full).map(row).collect(),
            may_help: full,
        };
        vec![page(true), page(false)]
    }
}

/// GET /admin/people/{id}/applications
pub async fn apps(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let known = shown(logic::apps(&office(&app, &visit), &administrator.actor, id).await?)?;
    let row = |known: Connected| Row {
        id: known.client.to_string(),
        name: known.name,
        scopes: Scopes::OF_PERSON.into_iter().filter(|scope| known.scopes.contains(scope)).collect(),
        organizations: known.organizations.iter().map(OrganizationName::to_string).collect(),
        since: moment(known.since),
        offline: known.offline,
    };
    let page = PersonAppsPage {
        head: Head::of(&seen, Tab::Applications, &query),
        apps: known.into_iter().map(row).collect(),
        may_help: seen.may_help,
    };
    page::render(&app, &visit, SECTION, &page)
}
