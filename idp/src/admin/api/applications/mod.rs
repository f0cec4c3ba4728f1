//! Applications: seeing them here, what is done to them in `change`, their secrets, and what each would be told.

pub(super) mod change;
pub(super) mod preview;
pub(super) mod secrets;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Ids, Query, etag};
use super::organizations::Paging;
use super::refusal::awaited;
use super::views::{client_type, moment, signing_alg};
use crate::admin::applications as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::client::{Client, ClientId, ClientSource, ClientType, WebUri};
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resource;
use crate::model::scope::Scope;
use crate::web::problem::{Kind, Problem};

/// An application.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApplicationView {
    id: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(schema_with = client_type)]
    kind: ClientType,
    /// Who registered it: the configuration, an administrator, or the application itself. Only what an administrator
    /// registered can be changed here.
    #[schema(value_type = String, pattern = "^(config|admin|registered)$")]
    source: &'static str,
    enabled: bool,
    /// How it proves itself at the token endpoint. Stays as it is.
    #[schema(value_type = String)]
    auth_method: &'static str,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    /// Where it is told that somebody has logged out.
    backchannel_logout_uri: Option<String>,
    /// Where logging in to it begins, for whoever starts here.
    initiate_login_uri: Option<String>,
    /// Pages of the application that account pages may lead back to.
    return_uris: Vec<String>,
    scopes: Vec<String>,
    /// The APIs that it may ask access tokens for.
    resources: Vec<String>,
    /// What its ID tokens are signed with.
    #[schema(schema_with = signing_alg)]
    id_token_alg: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
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
            auth_method: settings.auth_method.as_str(),
            redirect_uris: texts::<RedirectUri>(&settings.redirect_uris),
            post_logout_redirect_uris: texts::<RedirectUri>(&settings.post_logout_redirect_uris),
            backchannel_logout_uri: settings.backchannel_logout_uri.as_ref().map(WebUri::to_string),
            initiate_login_uri: settings.initiate_login_uri.as_ref().map(WebUri::to_string),
            return_uris: texts::<WebUri>(&settings.return_uris),
            scopes: settings.scopes.iter().map(Scope::to_string).collect(),
            resources: settings.resources.iter().map(Resource::to_string).collect(),
            id_token_alg: settings.id_token_alg.as_str(),
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
    params(("id" = String, Path, description = "Its client_id")),
    responses((status = 200, body = ApplicationView, headers(("ETag" = String, description = "Its version, for If-Match")))),
    security(("token" = ["admin:applications.read"])))]
pub(super) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<Response, Problem> {
    authority.reads(AdminScope::ApplicationsRead)?;
    let found = awaited(logic::view(&authority.office(&app), &authority.actor, &id)).await?;
    shown(StatusCode::OK, &found.client)
}

fn shown(status: StatusCode, client: &Client) -> Result<Response, Problem> {
    let tag = etag(&logic::version(client)?);
    Ok((status, tag, Json(ApplicationView::from(client))).into_response())
}
