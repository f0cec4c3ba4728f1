//! The administration API: the functions of `admin` as JSON, for applications with access tokens of ours. It shows
//! what those functions give and refuse, and never judges rights; what a token is for bounds the proof that they want.

mod applications;
mod authority;
mod cursor;
mod document;
mod input;
mod invitations;
mod members;
mod once;
mod organizations;
mod pages;
mod people;
mod person;
mod records;
mod refusal;
mod routes;
mod traffic;
mod views;
mod workings;

pub use pages::{ApiPage, docs};
pub use routes::{open_routes, routes};
pub(super) use views::PersonView;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::model::api::AdminScope;
use crate::web::problem::Problem;
use authority::Authority;

/// Who calls, and what the token is for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The application that the token was given to.
    client: String,
    /// The person it speaks for; null where an application acts for itself.
    person: Option<Uuid>,
    /// A role over the service.
    #[schema(schema_with = views::role_or_null)]
    role: Option<&'static str>,
    /// Those scopes of the token that are for this API.
    scopes: Vec<&'static str>,
}

/// Who calls, and what the token is for
#[utoipa::path(get, path = "/api/v1/me", tag = "Me", operation_id = "getMe",
    responses((status = 200, body = Me)), security(("token" = [])))]
async fn me(State(_): State<App>, authority: Authority) -> Result<Json<Me>, Problem> {
    let caller = &authority.caller;
    Ok(Json(Me {
        client: caller.client.id.to_string(),
        person: caller.user.as_ref().map(|user| user.id.uuid()),
        role: caller.user.as_ref().and_then(|user| user.role).map(crate::model::user::ServiceRole::as_str),
        scopes: AdminScope::among(&caller.scopes).map(AdminScope::as_str).collect(),
    }))
}
