//! The first page of the console: who somebody is here, and where to go.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Administrator, SECTION, office};
use crate::admin::organizations;
use crate::app::App;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page;
use crate::web::visit::Visit;

/// More than these are not named one by one.
const NAMED: u64 = 50;

#[derive(Debug, Serialize)]
pub struct OverviewPage {
    name: String,
    role: &'static str,
    /// The organizations that somebody without a role over the service looks after.
    organizations: Vec<String>,
}

impl Page for OverviewPage {
    const TEMPLATE: &'static str = "admin/overview.html";
    fn samples() -> Vec<Self> {
        let page = |role, organizations| Self { name: "Ada <b>".to_owned(), role, organizations };
        vec![
            page("operator", Vec::new()),
            page("support", Vec::new()),
            page("auditor", Vec::new()),
            page("administrator", vec!["Lindenhof <Clinic>".to_owned()]),
        ]
    }
}

/// GET /admin
pub async fn overview(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    let user = &administrator.signed_in.user;
    let mut own = Vec::new();
    if user.role.is_none() {
        let found = organizations::list(&office(&app, &visit), &administrator.actor, None, NAMED).await?;
        own = found.into_iter().map(|organization| organization.name.to_string()).collect();
    }
    let page = OverviewPage {
        name: user.display_name(),
        role: user.role.map_or("administrator", |role| role.as_str()),
        organizations: own,
    };
    page::render(&app, &visit, SECTION, &page)
}
