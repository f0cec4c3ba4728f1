//! Organizations: seeing, making and changing them. A change says which version it is made to.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Body, Ids, Query, condition, etag, nullable};
use super::refusal::awaited;
use super::views::{self, OrganizationView, OrganizationsPage};
use crate::admin::organizations as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::ids::OrganizationId;
use crate::model::organization::{Organization, OrganizationName, Roles, Slug};
use crate::model::user::Policy;
use crate::store::organizations::Settings;
use crate::web::problem::{Kind, Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// List organizations, in the order of their short names
#[utoipa::path(get, path = "/api/v1/organizations", tag = "Organizations", operation_id = "listOrganizations",
    params(Paging), responses((status = 200, body = OrganizationsPage)),
    security(("token" = ["admin:organizations.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Query(paging): Query<Paging>,
) -> Result<Json<OrganizationsPage>, Problem> {
    authority.reads(AdminScope::OrganizationsRead)?;
    let limit = cursor::limit(paging.limit)?;
    let list = List::of(&app, &authority, ("organizations", &()))?;
    let after = list.place(paging.cursor.as_deref())?.map(|place| Slug::parse(&place));
    let after = after.transpose().map_err(|_| Problem::of(Kind::InvalidCursor))?;
    let office = authority.office(&app);
    let found = logic::list(&office, &authority.actor, after.as_ref(), limit + 1).await?;
    let (found, next) = cursor::cut(found, limit, |organization| organization.slug.to_string());
    Ok(Json(OrganizationsPage {
        items: found.iter().map(OrganizationView::from).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// See an organization
#[utoipa::path(get, path = "/api/v1/organizations/{id}", tag = "Organizations", operation_id = "getOrganization",
    params(("id" = Uuid, Path, description = "The organization")),
    responses((status = 200, body = OrganizationView, headers(("ETag" = String, description = "Its version, for If-Match")))),
    security(("token" = ["admin:organizations.read"])))]
pub(super) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
) -> Result<Response, Problem> {
    authority.reads(AdminScope::OrganizationsRead)?;
    let found = awaited(logic::view(&authority.office(&app), &authority.actor, id)).await?;
    Ok(shown(StatusCode::OK, &found))
}

fn shown(status: StatusCode, organization: &Organization) -> Response {
    let tag = etag(&logic::version(organization));
    (status, tag, Json(OrganizationView::from(organization))).into_response()
}

/// A new organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "slug": "lindenhof", "name": "Clinic Lindenhof", "policy": "require_passkey",
    "roles": ["practitioner", "reception"] }))]
pub(super) struct NewOrganization {
    /// Small letters, digits and hyphens; it never changes.
    #[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,58}[a-z0-9]$")]
    slug: Slug,
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: OrganizationName,
    /// At least this holds for its members.
    #[serde(default)]
    #[schema(schema_with = views::policy_or_null)]
    policy: Option<Policy>,
    /// The roles it gives, beside `administrator`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: Roles,
}

/// Make an organization, without members
#[utoipa::path(post, path = "/api/v1/organizations", tag = "Organizations", operation_id = "createOrganization",
    request_body = NewOrganization,
    responses((status = 201, body = OrganizationView, headers(
        ("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")))),
    security(("token" = ["admin:organizations.write"])))]
pub(super) async fn create(
    State(app): State<App>,
    authority: Authority,
    Body(new): Body<NewOrganization>,
) -> Result<Response, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let settings = Settings { name: new.name, policy: new.policy, roles: new.roles };
    let office = authority.office(&app);
    let made = awaited(logic::create(&office, &authority.actor, (new.slug, settings))).await?;
    let address = format!("/api/v1/organizations/{}", made.id);
    let location = HeaderValue::try_from(app.config.public_url.join(&address));
    let location: [(HeaderName, HeaderValue); 1] = [(LOCATION, location.map_err(anyhow::Error::from)?)];
    Ok((location, shown(StatusCode::CREATED, &made)).into_response())
}

/// An organization as it is to be. What was read may be sent back as it is: members that can only be read have to be
/// what they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Clinic Lindenhof", "policy": null, "roles": ["practitioner"] }))]
pub(super) struct OrganizationChange {
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: OrganizationName,
    /// Null: what holds for everybody.
    #[serde(deserialize_with = "nullable")]
    #[schema(schema_with = views::policy_or_null, required = true)]
    policy: Option<Policy>,
    #[schema(value_type = Vec<String>)]
    roles: Roles,
    /// Can only be read.
    id: Option<Uuid>,
    /// Can only be read.
    slug: Option<String>,
    /// Can only be read; see `enable` and `disable`.
    enabled: Option<bool>,
    /// Can only be read.
    created_at: Option<String>,
    /// Can only be read.
    updated_at: Option<String>,
}

impl OrganizationChange {
    /// Which member that can only be read is another one than it is.
    fn differs(&self, now: &OrganizationView) -> Option<&'static str> {
        let others = [
            ("/id", self.id.is_some_and(|id| id != now.id)),
            ("/slug", self.slug.as_ref().is_some_and(|slug| *slug != now.slug)),
            ("/enabled", self.enabled.is_some_and(|enabled| enabled != now.enabled)),
            ("/created_at", self.created_at.as_ref().is_some_and(|at| *at != now.created_at)),
            ("/updated_at", self.updated_at.as_ref().is_some_and(|at| *at != now.updated_at)),
        ];
        others.into_iter().find(|(_, differs)| *differs).map(|(name, _)| name)
    }
}

/// Change an organization
///
/// `If-Match` has to be its `ETag` as it was read.
#[utoipa::path(put, path = "/api/v1/organizations/{id}", tag = "Organizations", operation_id = "changeOrganization",
    params(("id" = Uuid, Path, description = "The organization"),
        ("If-Match" = String, Header, description = "The ETag that was read")),
    request_body = OrganizationChange,
    responses((status = 200, body = OrganizationView, headers(("ETag" = String, description = "Its new version")))),
    security(("token" = ["admin:organizations.write"])))]
pub(super) async fn change(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
    headers: HeaderMap,
    Body(change): Body<OrganizationChange>,
) -> Result<Response, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let settings = Settings { name: change.name.clone(), policy: change.policy, roles: change.roles.clone() };
    let (office, actor) = (authority.office(&app), &authority.actor);
    let judge = |now: &Organization| {
        condition(&headers, &logic::version(now))?;
        match change.differs(&OrganizationView::from(now)) {
            Some(member) => Err(Problem::of(Kind::ReadOnlyMember).at(member)),
            None => Ok(()),
        }
    };
    let changed = awaited(logic::replace(&office, actor, (id, &settings), judge)).await??;
    Ok(shown(StatusCode::OK, &changed))
}

/// Disable an organization
///
/// Nobody administers it then, and it has no say about how its members sign in. Its people keep their accounts.
#[utoipa::path(post, path = "/api/v1/organizations/{id}/disable", tag = "Organizations",
    operation_id = "disableOrganization", params(("id" = Uuid, Path, description = "The organization")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn disable(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
) -> Result<StatusCode, Problem> {
    set_enabled(&app, &authority, id, false).await
}

/// Enable an organization again
#[utoipa::path(post, path = "/api/v1/organizations/{id}/enable", tag = "Organizations",
    operation_id = "enableOrganization", params(("id" = Uuid, Path, description = "The organization")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn enable(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
) -> Result<StatusCode, Problem> {
    set_enabled(&app, &authority, id, true).await
}

async fn set_enabled(
    app: &App,
    authority: &Authority,
    id: OrganizationId,
    enabled: bool,
) -> Result<StatusCode, Problem> {
    authority.changes(app, AdminScope::OrganizationsWrite)?;
    awaited(logic::set_enabled(&authority.office(app), &authority.actor, id, enabled)).await?;
    Ok(StatusCode::NO_CONTENT)
}
