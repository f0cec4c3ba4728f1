//! What is done to a person. Whatever the console offers, and nothing else: people create their own passkeys and
//! passwords.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::authority::Authority;
use super::input::{Body, Ids, nullable};
use super::refusal::{awaited, is_so};
use super::views;
use crate::admin::access::LINK_MINUTES;
use crate::admin::{access, people as logic};
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::ids::{PasskeyId, UserId};
use crate::model::user::{Policy, ServiceRole};
use crate::web::problem::{Kind, Problem};

type Done = Result<StatusCode, Problem>;

/// Disable an account, and log its person out everywhere
#[utoipa::path(post, path = "/api/v1/people/{id}/disable", tag = "People", operation_id = "disablePerson",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.write"])))]
pub(super) async fn disable(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleWrite)?;
    let office = authority.office(&app);
    awaited(logic::set_enabled(&office, &authority.actor, id, false)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable an account again
#[utoipa::path(post, path = "/api/v1/people/{id}/enable", tag = "People", operation_id = "enablePerson",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.write"])))]
pub(super) async fn enable(State(app): State<App>, authority: Authority, Ids((id,)): Ids<(UserId,)>) -> Done {
    authority.changes(&app, AdminScope::PeopleWrite)?;
    let office = authority.office(&app);
    awaited(logic::set_enabled(&office, &authority.actor, id, true)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log somebody out everywhere, and end what applications were given
#[utoipa::path(post, path = "/api/v1/people/{id}/log-out", tag = "People", operation_id = "logOutPerson",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.help"])))]
pub(super) async fn log_out(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    awaited(logic::log_out_everywhere(&authority.office(&app), &authority.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a password work again that stopped after too many wrong ones
#[utoipa::path(post, path = "/api/v1/people/{id}/unlock", tag = "People", operation_id = "unlockPassword",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.help"])))]
pub(super) async fn unlock(State(app): State<App>, authority: Authority, Ids((id,)): Ids<(UserId,)>) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    awaited(logic::unlock(&authority.office(&app), &authority.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove all passkeys of somebody: their password works again
#[utoipa::path(post, path = "/api/v1/people/{id}/reset-passkeys", tag = "People", operation_id = "resetPasskeys",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.help"])))]
pub(super) async fn reset_passkeys(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    awaited(logic::reset_passkeys(&authority.office(&app), &authority.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turn somebody's code app off and void their recovery codes
#[utoipa::path(post, path = "/api/v1/people/{id}/reset-two-factor", tag = "People", operation_id = "resetTwoFactor",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.help"])))]
pub(super) async fn reset_two_factor(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    awaited(logic::reset_two_factor(&authority.office(&app), &authority.actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove one passkey of somebody, a lost one
#[utoipa::path(delete, path = "/api/v1/people/{id}/passkeys/{passkey}", tag = "People", operation_id = "removePasskey",
    params(("id" = uuid::Uuid, Path, description = "The person"),
        ("passkey" = uuid::Uuid, Path, description = "The passkey")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:people.help"])))]
pub(super) async fn remove_passkey(
    State(app): State<App>,
    authority: Authority,
    Ids((id, passkey)): Ids<(UserId, PasskeyId)>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    awaited(logic::remove_passkey(&authority.office(&app), &authority.actor, (id, passkey))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How long a link is good for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "minutes": 60 }))]
pub(super) struct NewLink {
    #[schema(minimum = 5, maximum = 1440)]
    minutes: u32,
}

/// Send somebody who is locked out a link with which they create a passkey
///
/// It goes to their email address. Nobody else gets to see it.
#[utoipa::path(post, path = "/api/v1/people/{id}/access-link", tag = "People", operation_id = "sendAccessLink",
    params(("id" = uuid::Uuid, Path, description = "The person")), request_body = NewLink,
    responses((status = 204, description = "Sent")), security(("token" = ["admin:people.help"])))]
pub(super) async fn access_link(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
    Body(new): Body<NewLink>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleHelp)?;
    if !LINK_MINUTES.contains(&new.minutes) {
        return Err(Problem::of(Kind::InvalidBody).detail("minutes must be 5 to 1440").at("/minutes"));
    }
    awaited(access::make_link(&authority.office(&app), &authority.actor, (id, new.minutes))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role over the service.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "support" }))]
pub(super) struct RoleChange {
    /// Null takes it.
    #[serde(deserialize_with = "nullable")]
    #[schema(schema_with = views::role_or_null, required = true)]
    role: Option<ServiceRole>,
}

/// Give somebody a role over the service, or take it
#[utoipa::path(put, path = "/api/v1/people/{id}/role", tag = "People", operation_id = "setServiceRole",
    params(("id" = uuid::Uuid, Path, description = "The person")), request_body = RoleChange,
    responses((status = 204, description = "It is so")), security(("token" = ["admin:roles.write"])))]
pub(super) async fn set_role(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
    Body(change): Body<RoleChange>,
) -> Done {
    authority.changes(&app, AdminScope::RolesWrite)?;
    is_so(logic::set_role(&authority.office(&app), &authority.actor, id, change.role).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// How somebody may sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "policy": "require_passkey" }))]
pub(super) struct PolicyChange {
    #[schema(schema_with = views::policy)]
    policy: Policy,
}

/// Say how somebody may sign in, beside what holds for everybody and in their organizations
#[utoipa::path(put, path = "/api/v1/people/{id}/policy", tag = "People", operation_id = "setPersonPolicy",
    params(("id" = uuid::Uuid, Path, description = "The person")), request_body = PolicyChange,
    responses((status = 204, description = "It is so")), security(("token" = ["admin:people.write"])))]
pub(super) async fn set_policy(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(UserId,)>,
    Body(change): Body<PolicyChange>,
) -> Done {
    authority.changes(&app, AdminScope::PeopleWrite)?;
    is_so(logic::set_policy(&authority.office(&app), &authority.actor, id, change.policy).await?)?;
    Ok(StatusCode::NO_CONTENT)
}
