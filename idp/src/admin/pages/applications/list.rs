//! Finding applications.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::admin::applications as logic;
use crate::admin::pages::{Administrator, SECTION, office, seen};
use crate::app::App;
use crate::model::client::{Client, ClientId, ClientSource, ClientType};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct ApplicationsPage {
    q: String,
    applications: Vec<Row>,
    /// Where the list goes on.
    more: Option<String>,
    /// Where it begins, when this is not the beginning.
    first: Option<String>,
    may_register: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    kind: ClientType,
    source: ClientSource,
    enabled: bool,
}

impl Page for ApplicationsPage {
    const TEMPLATE: &'static str = "admin/applications/list.html";
    fn samples() -> Vec<Self> {
        let row = |kind, source, enabled| Row {
            id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            kind,
            source,
            enabled,
        };
        let rows = vec![
            row(ClientType::Web, ClientSource::Config, true),
            row(ClientType::Spa, ClientSource::Admin, false),
            row(ClientType::Native, ClientSource::Registered, true),
            row(ClientType::Machine, ClientSource::Admin, true),
            row(ClientType::Device, ClientSource::Admin, true),
        ];
        let page = |applications, more: Option<&str>| Self {
            q: "<b>".to_owned(),
            applications,
            more: more.map(ToOwned::to_owned),
            first: more.map(ToOwned::to_owned),
            may_register: more.is_some(),
        };
        vec![page(rows, Some("/admin/applications?after=x")), page(Vec::new(), None)]
    }
}

#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    /// The last application of the page before.
    #[serde(default)]
    after: String,
}

/// GET /admin/applications
pub async fn list(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(search): Asked<Search>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let after = ClientId::parse(&search.after).ok();
    // One more than is shown tells whether there are more.
    let found = logic::list(&office, actor, (&search.q, after.as_ref()), SHOWN as u64 + 1).await?;
    let mut found = seen(found)?;
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let last = found.last().filter(|_| goes_on).map(|client| client.id.to_string());
    let page = ApplicationsPage {
        more: last.map(|id| at(&search.q, &id)),
        first: after.map(|_| at(&search.q, "")),
        applications: found.iter().map(row).collect(),
        may_register: logic::may_register(actor),
        q: search.q,
    };
    page::render(&app, &visit, SECTION, &page)
}

fn at(q: &str, after: &str) -> String {
    let query = [("q", q), ("after", after)].into_iter().filter(|(_, value)| !value.is_empty());
    let query = serde_urlencoded::to_string(query.collect::<Vec<_>>()).unwrap_or_default();
    format!("/admin/applications?{query}")
}

fn row(client: &Client) -> Row {
    Row {
        id: client.id.to_string(),
        name: client.settings.name.to_string(),
        kind: client.settings.client_type,
        source: client.source,
        enabled: client.is_enabled(),
    }
}
