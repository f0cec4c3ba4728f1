//! Finding organizations.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, office};
use crate::admin::Act;
use crate::admin::organizations as logic;
use crate::app::App;
use crate::model::organization::Slug;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct OrganizationsPage {
    q: String,
    may_create: bool,
    organizations: Vec<Row>,
    /// Where the list goes on.
    more: Option<String>,
    /// Where it begins, when this is not the beginning.
    first: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    slug: String,
    members: u64,
    enabled: bool,
}

impl Page for OrganizationsPage {
    const TEMPLATE: &'static str = "admin/organizations.html";
    fn samples() -> Vec<Self> {
        let row = |enabled| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "Lindenhof <Clinic>".to_owned(),
            slug: "lindenhof".to_owned(),
            members: if enabled { 12 } else { 1 },
            enabled,
        };
        let page = |organizations, more: Option<&str>| Self {
            q: "<b>".to_owned(),
            may_create: more.is_some(),
            organizations,
            more: more.map(ToOwned::to_owned),
            first: more.map(ToOwned::to_owned),
        };
        vec![
            page(vec![row(true), row(false)], Some("/admin/organizations?q=x&after=y")),
            page(Vec::new(), None),
        ]
    }
}

#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    /// The last of the page before.
    #[serde(default)]
    after: String,
}

/// GET /admin/organizations
pub async fn organizations(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(search): Asked<Search>,
) -> Result<Response, PageError> {
    let after = Slug::parse(&search.after).ok();
    let office = office(&app, &visit);
    // One more than is shown tells whether there are more.
    let asked = (search.q.as_str(), after.as_ref());
    let mut found = logic::search(&office, &administrator.actor, asked, SHOWN as u64 + 1).await?;
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let last = found.last().filter(|_| goes_on).map(|(last, _)| last.slug.to_string());
    let at = |after: &str| {
        let query: Vec<_> = [("q", search.q.as_str()), ("after", after)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        format!("/admin/organizations?{}", serde_urlencoded::to_string(query).unwrap_or_default())
    };
    let page = OrganizationsPage {
        more: last.map(|slug| at(&slug)),
        first: after.is_some().then(|| at("")),
        organizations: found
            .into_iter()
            .map(|(organization, members)| Row {
                id: organization.id.to_string(),
                enabled: organization.is_enabled(),
                name: organization.name.to_string(),
                slug: organization.slug.to_string(),
                members,
            })
            .collect(),
        may_create: administrator.actor.may(Act::CreateOrganization),
        q: search.q,
    };
    page::render(&app, &visit, SECTION, &page)
}
