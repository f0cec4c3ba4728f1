//! Who belongs to an organization.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Body, Ids, Query};
use super::organizations::Paging;
use super::refusal::{awaited, is_so};
use super::views::{MemberView, MembersPage};
use crate::admin::members as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::Roles;
use crate::web::problem::{Kind, Problem};

/// List the members of an organization
#[utoipa::path(get, path = "/api/v1/organizations/{id}/members", tag = "Members", operation_id = "listMembers",
    params(("id" = Uuid, Path, description = "The organization"), Paging),
    responses((status = 200, body = MembersPage)), security(("token" = ["admin:people.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
    Query(paging): Query<Paging>,
) -> Result<Json<MembersPage>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let limit = cursor::limit(paging.limit)?;
    let list = List::of(&app, &authority, ("members", &id))?;
    let after = list.place(paging.cursor.as_deref())?.map(|place| place.parse::<UserId>());
    let after = after.transpose().map_err(|_| Problem::of(Kind::InvalidCursor))?;
    let office = authority.office(&app);
    let found = awaited(logic::list(&office, &authority.actor, (id, after), limit + 1)).await?;
    let (found, next) = cursor::cut(found, limit, |(user, _)| user.id.to_string());
    Ok(Json(MembersPage {
        items: found.iter().map(MemberView::of).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// See a member of an organization
#[utoipa::path(get, path = "/api/v1/organizations/{id}/members/{person}", tag = "Members", operation_id = "getMember",
    params(("id" = Uuid, Path, description = "The organization"), ("person" = Uuid, Path, description = "The member")),
    responses((status = 200, body = MemberView)), security(("token" = ["admin:people.read"])))]
pub(super) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids(ids): Ids<(OrganizationId, UserId)>,
) -> Result<Json<MemberView>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let found = awaited(logic::view(&authority.office(&app), &authority.actor, ids)).await?;
    Ok(Json(MemberView::of(&found)))
}

/// Somebody who is to belong to an organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "person": "0197f3a0-0000-7000-8000-000000000000", "roles": ["administrator"] }))]
pub(super) struct NewMember {
    person: Uuid,
    /// `administrator`, and those that the organization gives.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: Roles,
}

/// Make somebody with an account a member without asking them
///
/// For whoever runs the service.
#[utoipa::path(post, path = "/api/v1/organizations/{id}/members", tag = "Members", operation_id = "addMember",
    params(("id" = Uuid, Path, description = "The organization")), request_body = NewMember,
    responses((status = 201, description = "Added")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn add(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
    Body(new): Body<NewMember>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let person = UserId::from_uuid(new.person);
    awaited(logic::add(&authority.office(&app), &authority.actor, (id, person, &new.roles))).await?;
    Ok(StatusCode::CREATED)
}

/// The roles of a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "roles": ["administrator"] }))]
pub(super) struct RolesChange {
    #[schema(value_type = Vec<String>)]
    roles: Roles,
}

/// Give a member these roles and no others
#[utoipa::path(put, path = "/api/v1/organizations/{id}/members/{person}", tag = "Members",
    operation_id = "setMemberRoles", params(("id" = Uuid, Path, description = "The organization"),
        ("person" = Uuid, Path, description = "The member")), request_body = RolesChange,
    responses((status = 204, description = "It is so")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn set_roles(
    State(app): State<App>,
    authority: Authority,
    Ids((id, person)): Ids<(OrganizationId, UserId)>,
    Body(change): Body<RolesChange>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let office = authority.office(&app);
    is_so(logic::set_roles(&office, &authority.actor, (id, person, &change.roles)).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a member go. Their account stays
#[utoipa::path(delete, path = "/api/v1/organizations/{id}/members/{person}", tag = "Members",
    operation_id = "removeMember", params(("id" = Uuid, Path, description = "The organization"),
        ("person" = Uuid, Path, description = "The member")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn remove(
    State(app): State<App>,
    authority: Authority,
    Ids((id, person)): Ids<(OrganizationId, UserId)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    awaited(logic::remove(&authority.office(&app), &authority.actor, (id, person))).await?;
    Ok(StatusCode::NO_CONTENT)
}
