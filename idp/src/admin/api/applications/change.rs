//! Registering applications, changing them, and ending them. A change says which version it is made to; a secret is
//! shown once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{ApplicationView, shown};
use crate::admin::api::authority::Authority;
use crate::admin::api::input::{Body, Ids, condition, etag, nullable};
use crate::admin::api::refusal::awaited;
use crate::admin::api::views::{client_type, signing_alg};
use crate::admin::applications as logic;
use crate::app::App;
use crate::crypto::token::Token;
use crate::model::api::AdminScope;
use crate::model::client::{Client, ClientId, ClientName, ClientSettings, ClientType, WebUri};
use crate::model::key::SigningAlg;
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;
use crate::web::problem::{Kind, Problem};

/// A new application. What is left out is what is safe for its type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "type": "web", "name": "Patient Portal",
    "redirect_uris": ["https://portal.example-clinic.org/callback"] }))]
pub(in crate::admin::api) struct NewApplication {
    /// It never changes.
    #[serde(rename = "type")]
    #[schema(schema_with = client_type)]
    kind: ClientType,
    /// What people read when they log in.
    #[schema(value_type = String, min_length = 1, max_length = 80)]
    name: ClientName,
    /// For `web`, `spa` and `native`; others have none.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    redirect_uris: Vec<RedirectUri>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that somebody has logged out.
    #[schema(value_type = Option<String>)]
    backchannel_logout_uri: Option<WebUri>,
    /// Where logging in to it begins, for whoever starts here.
    #[schema(value_type = Option<String>)]
    initiate_login_uri: Option<WebUri>,
    /// Pages of the application that account pages may lead back to.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    return_uris: Vec<WebUri>,
    /// Null: those of its type.
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<Scopes>,
    /// The APIs that it may ask access tokens for.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 50)]
    resources: Resources,
    #[serde(default = "es256")]
    #[schema(schema_with = signing_alg)]
    id_token_alg: SigningAlg,
}

/// The default of the standard is for old libraries; every current one reads this.
const fn es256() -> SigningAlg {
    SigningAlg::Es256
}

impl NewApplication {
    fn settings(self) -> ClientSettings {
        let usual = ClientSettings::of_type(self.kind, self.name, self.redirect_uris);
        ClientSettings {
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            backchannel_logout_uri: self.backchannel_logout_uri,
            initiate_login_uri: self.initiate_login_uri,
            return_uris: self.return_uris,
            scopes: self.scopes.unwrap_or_else(|| usual.scopes.clone()),
            resources: self.resources,
            id_token_alg: self.id_token_alg,
            ..usual
        }
    }
}

/// An application that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin::api) struct MadeApplication {
    #[serde(flatten)]
    application: ApplicationView,
    /// With it the application proves itself. Shown this once; null for one that has none.
    client_secret: Option<String>,
}

/// Register an application
///
/// Its secret, if it has one, is in this answer and in no other. A token registers applications with no more scopes of
/// this API than it has itself.
#[utoipa::path(post, path = "/api/v1/applications", tag = "Applications", operation_id = "createApplication",
    request_body = NewApplication,
    responses((status = 201, body = MadeApplication, headers(
        ("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")))),
    security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn create(
    State(app): State<App>,
    authority: Authority,
    Body(new): Body<NewApplication>,
) -> Result<Response, Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    let office = authority.office(&app);
    let (client, secret) = awaited(logic::create(&office, &authority.actor, new.settings())).await?;
    let address = app.config.public_url.join(&format!("/api/v1/applications/{}", client.id));
    let location = HeaderValue::try_from(address).map_err(anyhow::Error::from)?;
    let location: [(HeaderName, HeaderValue); 1] = [(LOCATION, location)];
    let made = MadeApplication {
        application: (&client).into(),
        client_secret: secret.as_ref().map(Token::expose).map(ToString::to_string),
    };
    Ok((StatusCode::CREATED, location, etag(&logic::version(&client)?), Json(made)).into_response())
}

/// An application as it is to be. What was read may be sent back as it is: members that can only be read have to be
/// what they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Patient Portal", "redirect_uris": ["https://portal.example-clinic.org/callback"],
    "post_logout_redirect_uris": [], "backchannel_logout_uri": null, "initiate_login_uri": null, "return_uris": [],
    "scopes": ["openid", "profile"], "resources": [], "id_token_alg": "ES256" }))]
pub(in crate::admin::api) struct ApplicationChange {
    #[schema(value_type = String, min_length = 1, max_length = 80)]
    name: ClientName,
    #[schema(value_type = Vec<String>, max_items = 50)]
    redirect_uris: Vec<RedirectUri>,
    #[schema(value_type = Vec<String>, max_items = 50)]
    post_logout_redirect_uris: Vec<RedirectUri>,
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, required = true)]
    backchannel_logout_uri: Option<WebUri>,
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, required = true)]
    initiate_login_uri: Option<WebUri>,
    #[schema(value_type = Vec<String>, max_items = 50)]
    return_uris: Vec<WebUri>,
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    #[schema(value_type = Vec<String>, max_items = 50)]
    resources: Resources,
    #[schema(schema_with = signing_alg)]
    id_token_alg: SigningAlg,
    /// Can only be read.
    id: Option<String>,
    /// Can only be read.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Can only be read.
    source: Option<String>,
    /// Can only be read; see `enable` and `disable`.
    enabled: Option<bool>,
    /// Can only be read.
    auth_method: Option<String>,
    /// Can only be read.
    created_at: Option<String>,
}

impl ApplicationChange {
    /// Which member that can only be read is another one than it is.
    fn differs(&self, now: &Client) -> anyhow::Result<Option<&'static str>> {
        let now = serde_json::to_value(ApplicationView::from(now))?;
        let sent = [
            ("/id", self.id.as_ref().map(|id| json!(id))),
            ("/type", self.kind.as_ref().map(|kind| json!(kind))),
            ("/source", self.source.as_ref().map(|source| json!(source))),
            ("/enabled", self.enabled.map(|enabled| json!(enabled))),
            ("/auth_method", self.auth_method.as_ref().map(|method| json!(method))),
            ("/created_at", self.created_at.as_ref().map(|at| json!(at))),
        ];
        let other =
            sent.into_iter().find(|(name, sent)| sent.is_some() && sent.as_ref() != now.pointer(name));
        Ok(other.map(|(name, _)| name))
    }

    fn settings(self, before: &ClientSettings) -> ClientSettings {
        ClientSettings {
            name: self.name,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            backchannel_logout_uri: self.backchannel_logout_uri,
            initiate_login_uri: self.initiate_login_uri,
            return_uris: self.return_uris,
            scopes: self.scopes,
            resources: self.resources,
            id_token_alg: self.id_token_alg,
            ..before.clone()
        }
    }
}

/// Change an application
///
/// `If-Match` has to be its `ETag` as it was read. Only one that an administrator registered; and none that has scopes of
/// this API which the token lacks.
#[utoipa::path(put, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "changeApplication",
    params(("id" = String, Path, description = "Its client_id"),
        ("If-Match" = String, Header, description = "The ETag that was read")),
    request_body = ApplicationChange,
    responses((status = 200, body = ApplicationView, headers(("ETag" = String, description = "Its new version")))),
    security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn change(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
    headers: HeaderMap,
    Body(change): Body<ApplicationChange>,
) -> Result<Response, Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    let to = |now: &Client| {
        condition(&headers, &logic::version(now)?)?;
        match change.differs(now)? {
            Some(member) => Err(Problem::of(Kind::ReadOnlyMember).at(member)),
            None => Ok(change.settings(&now.settings)),
        }
    };
    let office = authority.office(&app);
    // Two applications as a whole are a lot for a stack.
    let changed = awaited(Box::pin(logic::replace(&office, &authority.actor, &id, to))).await??;
    shown(StatusCode::OK, &changed)
}

/// Disable an application
///
/// Nobody logs in to it then, and its tokens are worth nothing.
#[utoipa::path(post, path = "/api/v1/applications/{id}/disable", tag = "Applications",
    operation_id = "disableApplication", params(("id" = String, Path, description = "Its client_id")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn disable(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<StatusCode, Problem> {
    set_enabled(&app, &authority, &id, false).await
}

/// Enable an application again
#[utoipa::path(post, path = "/api/v1/applications/{id}/enable", tag = "Applications",
    operation_id = "enableApplication", params(("id" = String, Path, description = "Its client_id")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn enable(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<StatusCode, Problem> {
    set_enabled(&app, &authority, &id, true).await
}

async fn set_enabled(
    app: &App,
    authority: &Authority,
    id: &ClientId,
    enabled: bool,
) -> Result<StatusCode, Problem> {
    authority.changes(app, AdminScope::ApplicationsWrite)?;
    awaited(logic::set_enabled(&authority.office(app), &authority.actor, id, enabled)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove an application for ever, with everything that people allowed it
#[utoipa::path(delete, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "removeApplication",
    params(("id" = String, Path, description = "Its client_id")),
    responses((status = 204, description = "Done")), security(("token" = ["admin:applications.write"])))]
pub(in crate::admin::api) async fn remove(
    State(app): State<App>,
    authority: Authority,
    Ids((id,)): Ids<(ClientId,)>,
) -> Result<StatusCode, Problem> {
    authority.changes(&app, AdminScope::ApplicationsWrite)?;
    awaited(logic::remove(&authority.office(&app), &authority.actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
