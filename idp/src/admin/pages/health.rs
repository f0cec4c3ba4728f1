//! How the installation does, as `idp doctor` says it.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Administrator, SECTION, granted, office};
use crate::admin::health::{Finding, NAMES, Standing};
use crate::admin::workings;
use crate::app::App;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct HealthPage {
    rows: Vec<Row>,
    /// How the worst of them stands.
    standing: &'static str,
}

#[derive(Debug, Serialize)]
struct Row {
    standing: &'static str,
    name: &'static str,
    about: String,
}

impl Row {
    fn of(finding: Finding) -> Self {
        Self { standing: finding.standing.as_str(), name: finding.name, about: finding.about }
    }
}

impl Page for HealthPage {
    const TEMPLATE: &'static str = "admin/health.html";
    fn samples() -> Vec<Self> {
        let standings = [Standing::Fine, Standing::Note, Standing::Wrong];
        let rows = |standing: &'static str| {
            NAMES.into_iter().map(move |name| Row { standing, name, about: "<b>".to_owned() })
        };
        let page = |standing: Standing| Self {
            rows: rows(standing.as_str()).collect(),
            standing: standing.as_str(),
        };
        standings.map(page).into()
    }
}

/// GET /admin/health
pub async fn health(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    let found =
        workings::health(&office(&app, &visit), &administrator.actor, (&app.config, &app.ephemeral)).await?;
    let found = granted(found)?;
    let any = |standing| found.iter().any(|finding| finding.standing == standing);
    let worst = match (any(Standing::Wrong), any(Standing::Note)) {
        (true, _) => Standing::Wrong,
        (false, true) => Standing::Note,
        (false, false) => Standing::Fine,
    };
    let page = HealthPage { standing: worst.as_str(), rows: found.into_iter().map(Row::of).collect() };
    page::render(&app, &visit, SECTION, &page)
}
