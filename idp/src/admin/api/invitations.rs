//! Inviting people to an organization. Its link goes to the address and to nobody else.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::authority::Authority;
use super::cursor::{self, List};
use super::input::{Body, Ids, Query};
use super::organizations::Paging;
use super::refusal::awaited;
use super::views::{moment, words};
use crate::admin::invitations as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::client::ClientId;
use crate::model::ids::{InvitationId, OrganizationId, UserId};
use crate::model::organization::{Invitation, Roles, USUAL_INVITATION_DAYS};
use crate::model::user::{Email, Language};
use crate::web::problem::{Kind, Problem};

/// Somebody who was asked to join.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationView {
    id: Uuid,
    email: String,
    roles: Vec<String>,
    /// The application that they go on to.
    application: Option<String>,
    /// The person who invited; null where it was done on the host or by a program.
    invited_by: Option<Uuid>,
    /// `void`: whoever invited may not any more, or the organization does not give these roles any more.
    #[schema(pattern = "^(waiting|expired|void)$")]
    state: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl InvitationView {
    fn of(invitation: &Invitation, state: &'static str) -> Self {
        Self {
            id: invitation.id.uuid(),
            email: invitation.email.to_string(),
            roles: words(&invitation.roles),
            application: invitation.client.as_ref().map(ClientId::to_string),
            invited_by: invitation.invited_by.map(UserId::uuid),
            state,
            created_at: moment(invitation.created_at),
            expires_at: moment(invitation.expires_at),
        }
    }
}

/// A page of invitations, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationsPage {
    items: Vec<InvitationView>,
    /// The `cursor` with which the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// List the invitations of an organization that wait or have grown too old, the newest first
#[utoipa::path(get, path = "/api/v1/organizations/{id}/invitations", tag = "Invitations",
    operation_id = "listInvitations", params(("id" = Uuid, Path, description = "The organization"), Paging),
    responses((status = 200, body = InvitationsPage)), security(("token" = ["admin:people.read"])))]
pub(super) async fn list(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
    Query(paging): Query<Paging>,
) -> Result<Json<InvitationsPage>, Problem> {
    authority.reads(AdminScope::PeopleRead)?;
    let limit = cursor::limit(paging.limit)?;
    let list = List::of(&app, &authority, ("invitations", &id))?;
    let before = list.place(paging.cursor.as_deref())?.map(|place| place.parse::<InvitationId>());
    let before = before.transpose().map_err(|_| Problem::of(Kind::InvalidCursor))?;
    let mut found = awaited(logic::list(&authority.office(&app), &authority.actor, id)).await?;
    found.retain(|waiting| before.is_none_or(|before| waiting.invitation.id < before));
    let (found, next) = cursor::cut(found, limit, |waiting| waiting.invitation.id.to_string());
    let view = |waiting: &logic::Waiting| {
        let state = match (waiting.expired, waiting.void) {
            (true, _) => "expired",
            (false, true) => "void",
            (false, false) => "waiting",
        };
        InvitationView::of(&waiting.invitation, state)
    };
    Ok(Json(InvitationsPage {
        items: found.iter().map(view).collect(),
        next_cursor: next.map(|place| list.cursor(&place)),
    }))
}

/// Somebody who is to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example-clinic.org", "roles": [], "days": 7, "language": "en" }))]
pub(super) struct NewInvitation {
    #[schema(value_type = String, format = Email)]
    email: Email,
    /// `administrator`, and those that the organization gives.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: Roles,
    /// The application that they go on to: one with an `initiate_login_uri` that did not register itself.
    #[schema(value_type = Option<String>)]
    application: Option<ClientId>,
    /// So long it can be accepted.
    #[serde(default = "usual_days")]
    #[schema(minimum = 1, maximum = 30, default = 7)]
    days: u32,
    /// What the mail is written in for whoever has no account.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
}

const fn usual_days() -> u32 {
    USUAL_INVITATION_DAYS
}

/// Ask an address to join, in place of what the organization asked it before
///
/// Nobody is told whether there is an account with the address.
#[utoipa::path(post, path = "/api/v1/organizations/{id}/invitations", tag = "Invitations", operation_id = "invite",
    params(("id" = Uuid, Path, description = "The organization")), request_body = NewInvitation,
    responses((status = 201, body = InvitationView)), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn invite(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(OrganizationId,)>,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let new = logic::New {
        email: new.email,
        roles: new.roles,
        client: new.application,
        days: new.days,
        language: new.language,
    };
    let made = awaited(logic::invite(&authority.office(&app), &authority.actor, (id, new))).await?;
    Ok((StatusCode::CREATED, Json(InvitationView::of(&made, "waiting"))))
}

/// In what to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "language": "de" }))]
pub(super) struct Again {
    /// For whoever has no account.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
}

/// Send an invitation once more, for as long as before. Its old link is dead
#[utoipa::path(post, path = "/api/v1/organizations/{id}/invitations/{invitation}/resend", tag = "Invitations",
    operation_id = "resendInvitation", params(("id" = Uuid, Path, description = "The organization"),
        ("invitation" = Uuid, Path, description = "The invitation")), request_body = Again,
    responses((status = 201, body = InvitationView)), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn resend(
    State(app): State<App>,
    authority: Authority,
    Ids(ids): Ids<(OrganizationId, InvitationId)>,
    Body(again): Body<Again>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    let office = authority.office(&app);
    let made = awaited(logic::resend(&office, &authority.actor, ids, again.language)).await?;
    Ok((StatusCode::CREATED, Json(InvitationView::of(&made, "waiting"))))
}

/// Take an invitation back: its link is dead
#[utoipa::path(delete, path = "/api/v1/organizations/{id}/invitations/{invitation}", tag = "Invitations",
    operation_id = "withdrawInvitation", params(("id" = Uuid, Path, description = "The organization"),
        ("invitation" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:organizations.write"])))]
pub(super) async fn withdraw(
    State(app): State<App>,
    authority: Authority,
    Ids(ids): Ids<(OrganizationId, InvitationId)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::OrganizationsWrite)?;
    awaited(logic::withdraw(&authority.office(&app), &authority.actor, ids)).await?;
    Ok(StatusCode::NO_CONTENT)
}
