//! Those whom the loss of one device would lock out, so that somebody can write to them in time.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, granted, office};
use crate::admin::figures;
use crate::app::App;
use crate::model::ids::UserId;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct RiskPage {
    people: Vec<Row>,
    more: Option<String>,
    later: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    email: String,
}

impl Page for RiskPage {
    const TEMPLATE: &'static str = "admin/risk.html";
    fn samples() -> Vec<Self> {
        let row = Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
        };
        vec![
            Self { people: vec![row], more: Some("/admin/risk?after=x".to_owned()), later: true },
            Self { people: Vec::new(), more: None, later: false },
        ]
    }
}

#[derive(Debug, Deserialize)]
pub struct Place {
    /// The last person of the page before.
    #[serde(default)]
    after: String,
}

/// GET /admin/risk
pub async fn risk(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(place): Asked<Place>,
) -> Result<Response, PageError> {
    let after = place.after.parse::<UserId>().ok();
    let wanted = (after, SHOWN as u64 + 1);
    let found = figures::at_risk(&office(&app, &visit), &administrator.actor, wanted).await?;
    let mut found = granted(found)?;
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let last = found.last().filter(|_| goes_on).map(|user| user.id);
    let page = RiskPage {
        people: found
            .into_iter()
            .map(|user| Row {
                id: user.id.to_string(),
                name: user.display_name(),
                email: user.email.to_string(),
            })
            .collect(),
        more: last.map(|id| format!("/admin/risk?after={id}")),
        later: after.is_some(),
    };
    page::render(&app, &visit, SECTION, &page)
}
