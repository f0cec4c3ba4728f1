//! Applications, as they are registered.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Ids, Query};
use super::organizations::Paging;
use super::refusal::awaited;
use super::views::moment;
use crate::admin::applications as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::client::{Client, ClientId, ClientSource, ClientType};
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resource;
use crate::model::scope::Scope;
use crate::web::problem::{Kind, Problem};

/// An application.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApplicationView {
    id: String,
    name: String,
    /// `web`, `spa`, `native`, `machine` or `device`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: ClientType,
    /// Who registered it: the configuration, an operator, or the application itself.
    #[schema(value_type = String)]
    source: &'static str,
    enabled: bool,
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
    /// The APIs that it may ask access tokens for.
    resources: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Client> for ApplicationView {
    fn from(client: &Client) -> Self {
        let settings = &client.settings;
        Self {
            id: client.id.to_string(),
            name: settings.name.to_string(),
            kind: settings.client_type,
            source: ClientSource::as_str(client.source),
            enabled: client.is_enabled(),
            redirect_uris: settings.redirect_uris.iter().map(RedirectUri::to_string).collect(),
            scopes: settings.scopes.iter().map(Scope::to_string).collect(),
            resources: settings.resources.iter().map(Resource::to_string).collect(),
            created_at: moment(client.created_at),
        }
    }
}

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApplicationsPage {
    items: Vec<ApplicationView>,
    /// The `cursor` with which the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List applications, in the order of their identifiers
#[utoipa::path(get, path = "/api/v1/applications", tag = "Applications", operation_id = "listApplications",
    params(Paging), responses((status = 200, body = ApplicationsPage)),
    security(("token" = ["admin:applications.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Query(paging): Query<Paging>,
) -> Result<Json<ApplicationsPage>, Problem> {
    authority.reads(AdminScope::ApplicationsRead)?;
    let limit = cursor::limit(paging.limit)?;
    let list = List::of(&app, &authority, ("applications", &()))?;
    let after = list.place(paging.cursor.as_deref())?.map(|place| ClientId::parse(&place));
    let after = after.transpose().map_err(|_| Problem::of(Kind::InvalidCursor))?;
    let office = authority.office(&app);
    let found = awaited(logic::list(&office, &authority.actor, ("", after.as_ref()), limit + 1)).await?;
    let (found, next) = cursor::cut(found, limit, |client| client.id.to_string());
    Ok(Json(ApplicationsPage {
        items: found.iter().map(ApplicationView::from).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// See an application
#[utoipa::path(get, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "getApplication",
    params(("id" = String, Path, description = "Its client_id")), responses((status = 200, body = ApplicationView)),
    security(("token" = ["admin:applications.read"])))]
pub(super) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<Json<ApplicationView>, Problem> {
    authority.reads(AdminScope::ApplicationsRead)?;
    let found = awaited(logic::view(&authority.office(&app), &authority.actor, &id)).await?;
    Ok(Json((&found.client).into()))
}
