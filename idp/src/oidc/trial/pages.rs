//! The pages of a trial.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::crypto::{base64url, sha256};
use crate::ephemeral::Kind;
use crate::model::attempt::{Approval, Attempt, Handle, ResponseMode, Trial};
use crate::model::client::{Client, ClientId};
use crate::oidc::authorize::checks::{self, Offered};
use crate::oidc::authorize::request::{self, Addressed};
use crate::oidc::endpoints::{desk, proceed};
use crate::oidc::error::{EndpointError, OAuthError};
use crate::oidc::token;
use crate::store::clients;
use crate::theme::Page;
use crate::web::attempt::key;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page::{self, Frame, see_other};
use crate::web::params::Params;
use crate::web::session::SignedIn;
use crate::web::visit::Visit;

/// What an application would be told.
#[derive(Debug, Serialize)]
pub struct TrialPage {
    app: String,
    person: String,
    scopes: String,
    refresh: bool,
    id_token: String,
    userinfo: String,
    back: String,
}

/// What it would be told instead.
#[derive(Debug, Serialize)]
pub struct TrialErrorPage {
    app: String,
    error: &'static str,
    description: String,
    back: String,
}

impl Page for TrialPage {
    const TEMPLATE: &'static str = "oidc/trial.html";
    fn samples() -> Vec<Self> {
        let page = |refresh| Self {
            app: "Lindenhof <Clinic>".to_owned(),
            person: "ada@example.org".to_owned(),
            scopes: "openid profile".to_owned(),
            refresh,
            id_token: "{\n  \"sub\": \"<b>\"\n}".to_owned(),
            userinfo: "{\n  \"name\": \"Ada\"\n}".to_owned(),
            back: "/admin/applications/app-x".to_owned(),
        };
        vec![page(true), page(false)]
    }
}

impl Page for TrialErrorPage {
    const TEMPLATE: &'static str = "oidc/trial_error.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            app: "app-<x>".to_owned(),
            error: "invalid_scope",
            description: "the scope <b> is unknown".to_owned(),
            back: "/admin/applications/app-x".to_owned(),
        }]
    }
}

#[derive(Debug, Deserialize)]
pub struct Begin {
    trial: Handle,
}

/// GET /oidc/trial
pub async fn begin(
    State(app): State<App>,
    visit: Visit,
    Asked(begin): Asked<Begin>,
) -> Result<Response, PageError> {
    let trial: Option<Trial> = app.ephemeral.take(Kind::Trial, key(&begin.trial)).await?;
    let here = visit.signed_in.as_ref().map(|signed_in| signed_in.session.id);
    let trial = trial.filter(|trial| Some(trial.session_id) == here).ok_or(PageError::AttemptExpired)?;
    let client = clients::by_id(&app.store, &trial.client_id).await?.filter(Client::is_enabled);
    let client = client.ok_or_else(|| PageError::UnknownClient("the client was removed".to_owned()))?;
    let Some(redirect_uri) = client.settings.redirect_uris.first().cloned() else {
        return Ok(see_other(&back(&client.id)));
    };
    let params = params(&trial, &redirect_uri.to_string())
        .map_err(|error| PageError::BadRequest(error.to_string()))?;
    let addressed = request::address(client, &params, None);
    let Ok(addressed) = addressed else {
        return Err(PageError::RedirectMismatch("the first redirect_uri can not be used".to_owned()));
    };
    let addressed = Addressed { response_mode: ResponseMode::Query, ..addressed };
    let offered = Offered { types: &app.config.authorization_types, sign_up: app.config.sign_up.open };
    match checks::check(&params, &addressed, None, &offered, app.clock.now()) {
        Ok(attempt) => {
            let attempt = Attempt { trial: true, ..attempt };
            proceed(&app, &visit, (addressed.client, attempt), None).await
        }
        Err(error) => show_error(&app, &visit, &addressed.client.id, &error),
    }
}

/// As an application would write it. What is sent back to it is sent to nobody.
fn params(trial: &Trial, redirect_uri: &str) -> Result<Params, crate::web::params::Malformed> {
    let challenge = base64url::encode(sha256(b"nobody redeems anything"));
    let mut fields = vec![
        ("client_id", trial.client_id.as_str()),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", trial.scope.as_str()),
        ("nonce", "trial"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if !trial.organization.is_empty() {
        fields.push(("organization", &trial.organization));
    }
    if trial.anew {
        fields.push(("prompt", "login"));
    }
    Params::parse(&serde_urlencoded::to_string(fields).unwrap_or_default())
}

/// Shows to the person who has signed in what the application would be told about them.
///
/// # Errors
/// When the page can not be rendered, or something of ours fails.
pub async fn show(
    app: &App,
    visit: &Visit,
    (client, signed_in): (&Client, &SignedIn),
    about: (&Attempt, &Approval),
) -> Result<Response, PageError> {
    let issuer = app.config.public_url.issuer();
    let told = match token::told(&desk(app, &issuer), client, about).await {
        Ok(told) => told,
        Err(EndpointError::Protocol(error)) => return show_error(app, visit, &client.id, &error),
        Err(error) => return Err(PageError::internal(anyhow::anyhow!("{error:?}"))),
    };
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let page = TrialPage {
        app: client.settings.name.to_string(),
        person: signed_in.user.email.to_string(),
        scopes: told.scopes.to_string(),
        refresh: client.settings.refresh_tokens,
        id_token: pretty(&told.id_token),
        userinfo: pretty(&Value::Object(told.userinfo)),
        back: back(&client.id),
    };
    page::render(app, visit, Frame::of("oidc"), &page)
}

/// Shows what the application would be told instead.
///
/// # Errors
/// When the page can not be rendered.
pub fn show_error(
    app: &App,
    visit: &Visit,
    client: &ClientId,
    error: &OAuthError,
) -> Result<Response, PageError> {
    let page = TrialErrorPage {
        app: client.to_string(),
        error: error.code(),
        description: error.description(),
        back: back(client),
    };
    page::render(app, visit, Frame::of("oidc"), &page)
}

fn back(client: &ClientId) -> String {
    format!("/admin/applications/{client}")
}
