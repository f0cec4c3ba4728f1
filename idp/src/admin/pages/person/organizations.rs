//! Where somebody belongs, as far as whoever looks may see it.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Head, NoticeQuery, Tab, see};
use crate::admin::pages::organization::named;
use crate::admin::pages::{Administrator, SECTION};
use crate::app::App;
use crate::model::ids::UserId;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonOrganizationsPage {
    #[serde(flatten)]
    head: Head,
    organizations: Vec<Row>,
    may_invite: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    enabled: bool,
    administrator: bool,
    roles: String,
    since: String,
}

impl Page for PersonOrganizationsPage {
    const TEMPLATE: &'static str = "admin/person/organizations.html";
    fn samples() -> Vec<Self> {
        let row = |administrator: bool| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "Lindenhof <Clinic>".to_owned(),
            enabled: administrator,
            administrator,
            roles: if administrator { "practitioner".to_owned() } else { String::new() },
            since: "2026-11-23T09:05:00Z".to_owned(),
        };
        let page = |full: bool| Self {
            head: Head::sample(Tab::Organizations, full, None),
            organizations: [true, false].into_iter().filter(|_| full).map(row).collect(),
            may_invite: full,
        };
        vec![page(true), page(false)]
    }
}

/// GET /admin/people/{id}/organizations
pub async fn organizations(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let rows = seen.organizations.iter().map(|(organization, membership)| Row {
        id: organization.id.to_string(),
        name: organization.name.to_string(),
        enabled: organization.is_enabled(),
        administrator: membership.roles.is_administrator(),
        roles: named(&membership.roles),
        since: moment(membership.created_at),
    });
    let page = PersonOrganizationsPage {
        head: Head::of(&seen, Tab::Organizations, &query),
        organizations: rows.collect(),
        may_invite: administrator.actor.may_invite(),
    };
    page::render(&app, &visit, SECTION, &page)
}
