//! Somebody as the API shows them to whoever looks.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Head, NoticeQuery, Tab, see};
use crate::admin::api::PersonView;
use crate::admin::pages::{Administrator, SECTION};
use crate::app::App;
use crate::model::ids::UserId;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonRawPage {
    #[serde(flatten)]
    head: Head,
    json: String,
}

impl Page for PersonRawPage {
    const TEMPLATE: &'static str = "admin/person/raw.html";
    fn samples() -> Vec<Self> {
        let json = "{\n  \"family_name\": \"<script>alert\"\n}".to_owned();
        vec![Self { head: Head::sample(Tab::Json, true, None), json }]
    }
}

/// GET /admin/people/{id}/json
pub async fn raw(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    let view = PersonView::of(&seen, |session| session.is_live(now, limits));
    let json = serde_json::to_string_pretty(&view).map_err(anyhow::Error::from)?;
    page::render(&app, &visit, SECTION, &PersonRawPage { head: Head::of(&seen, Tab::Json, &query), json })
}
