//! What an application would be told about somebody.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::admin::api::authority::Authority;
use crate::admin::api::input::{Ids, Query};
use crate::admin::api::refusal::awaited;
use crate::admin::applications::{self as logic, Preview, Told};
use crate::app::App;
use crate::model::api::AdminScope;
use crate::model::client::ClientId;
use crate::model::scope::{Scope, Scopes};
use crate::model::user::Email;
use crate::web::problem::{Kind, Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::admin::api) struct Wanted {
    /// The email address of the person.
    #[param(example = "ada@example-clinic.org")]
    email: String,
    /// What is asked for, with spaces between; otherwise all that the application is registered for.
    #[param(example = "openid profile")]
    scope: Option<String>,
}

/// What an application would be told about somebody, and why not the rest.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin::api) struct PreviewView {
    person: Uuid,
    /// Under which name it would know them; null where that is one of its own.
    sub: Option<Uuid>,
    /// Whether they can log in at all.
    enabled: bool,
    granted: Vec<String>,
    /// What is asked for and the application is not registered for.
    left_out: Vec<String>,
    claims: Vec<ClaimView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClaimView {
    claim: &'static str,
    /// That brings it.
    scope: &'static str,
    /// Null where it is not told.
    value: Value,
    #[schema(pattern = "^(told|not-asked|not-registered|not-known|no-organization|chosen)$")]
    why: &'static str,
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        let names = |scopes: &Scopes| scopes.iter().map(Scope::to_string).collect();
        let (person, pairwise) = (preview.user.id.uuid(), preview.is_pairwise());
        let (granted, left_out) = (names(&preview.granted), names(&preview.left_out));
        let claims = preview.claims.into_iter().map(|(claim, told)| {
            let (value, why) = match told {
                Told::Value(value) => (value, "told"),
                Told::NotAsked => (Value::Null, "not-asked"),
                Told::NotRegistered => (Value::Null, "not-registered"),
                Told::NotKnown => (Value::Null, "not-known"),
                Told::NoOrganization => (Value::Null, "no-organization"),
                Told::Chosen => (Value::Null, "chosen"),
            };
            ClaimView { claim: claim.as_str(), scope: claim.scope(), value, why }
        });
        Self {
            person,
            sub: (!pairwise).then_some(person),
            enabled: preview.user.is_enabled(),
            granted,
            left_out,
            claims: claims.collect(),
        }
    }
}

/// See what an application would be told about somebody, and why not the rest
///
/// Nothing is issued. It needs both scopes.
#[utoipa::path(get, path = "/api/v1/applications/{id}/preview", tag = "Applications",
    operation_id = "previewClaims", params(("id" = String, Path, description = "Its client_id"), Wanted),
    responses((status = 200, body = PreviewView)),
    security(("token" = ["admin:applications.read", "admin:people.read"])))]
pub(in crate::admin::api) async fn show(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<PreviewView>, Problem> {
    authority.reads(AdminScope::ApplicationsRead)?;
    authority.reads(AdminScope::PeopleRead)?;
    let wrong = |name: &str, why: &str| Problem::of(Kind::InvalidParameter).detail(format!("{name} {why}"));
    let email = Email::parse(&wanted.email).map_err(|error| wrong("email", error.why))?;
    let (office, actor) = (authority.office(&app), &authority.actor);
    let asked = match wanted.scope.as_deref() {
        Some(text) => Scopes::parse(text).map_err(|error| wrong("scope", error.why))?,
        None => awaited(logic::view(&office, actor, &id)).await?.client.settings.scopes,
    };
    let seen = awaited(logic::preview(&office, actor, &id, (&email, &asked))).await?;
    Ok(Json(seen.into()))
}
