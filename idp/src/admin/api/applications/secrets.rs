//! Secrets of applications: when each was made and last used, a new one beside it, and its end. What a secret is
//! stands in the answer that made it and nowhere else.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::admin::api::authority::Authority;
use crate::admin::api::input::{Body, Ids};
use crate::admin::api::refusal::awaited;
use crate::admin::api::views::moment;
use crate::admin::applications as logic;
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::client::{ClientId, ClientSecret};
use crate::model::ids::ClientSecretId;
use crate::web::problem::{Kind, Problem};

/// A secret, but for what it is.
#[derive(Debug, Serialize, ToSchema)]
struct SecretView {
    id: Uuid,
    /// False once its end has come.
    good: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null: it stays good.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the hour.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

/// The secrets of an application, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin::api) struct Secrets {
    items: Vec<SecretView>,
}

/// List the secrets of an application, the oldest first
#[utoipa::path(get, path = "/api/v1/applications/{id}/secrets", tag = "Applications",
    operation_id = "listApplicationSecrets", params(("id" = String, Path, description = "Its client_id")),
    responses((status = 200, body = Secrets)), security(("token" = ["admin:applications.read"])))]
pub(in crate::admin::api) async fn list(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<Json<Secrets>, Problem> {
    authority.reads(AdminScope::ApplicationsRead)?;
    let found = awaited(logic::view(&authority.office(&app), &authority.actor, &id)).await?;
    let now = app.clock.now();
    let view = |secret: &ClientSecret| SecretView {
        id: secret.id.uuid(),
        good: secret.is_live(now),
        created_at: moment(secret.created_at),
        expires_at: secret.expires_at.map(moment),
        last_used_at: secret.last_used_at.map(moment),
    };
    Ok(Json(Secrets { items: found.secrets.iter().map(view).collect() }))
}

/// A secret that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin::api) struct MadeSecret {
    id: Uuid,
    /// Shown this once.
    client_secret: String,
}

/// Make a secret beside the one in use
///
/// Two are good at once, so that the application changes over without a break.
#[utoipa::path(post, path = "/api/v1/applications/{id}/secrets", tag = "Applications",
    operation_id = "addApplicationSecret", params(("id" = String, Path, description = "Its client_id")),
    responses((status = 201, body = MadeSecret)), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn add(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<(StatusCode, Json<MadeSecret>), Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    let (secret, token) = awaited(logic::add_secret(&authority.office(&app), &authority.actor, &id)).await?;
    let made = MadeSecret { id: secret.uuid(), client_secret: token.expose().to_string() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// For how long a secret is still good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "days": 7 }))]
pub(in crate::admin::api) struct SecretEnd {
    #[schema(minimum = 1, maximum = 90)]
    days: i64,
}

/// When a secret ends.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin::api) struct SecretEnds {
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Let a secret be good for so many days from now
///
/// Not the only one that stays good.
#[utoipa::path(post, path = "/api/v1/applications/{id}/secrets/{secret}/expire", tag = "Applications",
    operation_id = "expireApplicationSecret", params(("id" = String, Path, description = "Its client_id"),
        ("secret" = Uuid, Path, description = "The secret")), request_body = SecretEnd,
    responses((status = 200, body = SecretEnds)), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn expire(
    State(app): State<App>,
    authority: Authority,
    Ids((id, secret)): Ids<(ClientId, ClientSecretId)>,
    Body(end): Body<SecretEnd>,
) -> Result<Json<SecretEnds>, Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    if !(1..=90).contains(&end.days) {
        return Err(Problem::of(Kind::InvalidBody).detail("days must be 1 to 90").at("/days"));
    }
    let (office, good_for) = (authority.office(&app), Duration::days(end.days));
    let ends = awaited(logic::expire_secret(&office, &authority.actor, (&id, secret), good_for)).await?;
    Ok(Json(SecretEnds { expires_at: moment(ends) }))
}

/// Take a secret away at once
///
/// Not the only one that stays good: make another one first.
#[utoipa::path(delete, path = "/api/v1/applications/{id}/secrets/{secret}", tag = "Applications",
    operation_id = "removeApplicationSecret", params(("id" = String, Path, description = "Its client_id"),
        ("secret" = Uuid, Path, description = "The secret")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn remove(
    State(app): State<App>,
    authority: Authority,
    Ids((id, secret)): Ids<(ClientId, ClientSecretId)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    let office = authority.office(&app);
    awaited(logic::remove_secret(&office, &authority.actor, (&id, secret))).await?;
    Ok(StatusCode::NO_CONTENT)
}
