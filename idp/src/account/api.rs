//! What the page for creating a passkey calls.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::{bench, owner_of};
use super::passkeys::{self, Created, Mediation};
use super::proof;
use crate::app::App;
use crate::model::attempt::Handle;
use crate::web::attempt::{carry, destination};
use crate::web::error::ScriptError;
use crate::web::form::Scripted;
use crate::web::session::{Enroller, SignedIn, confirm_at};
use crate::web::visit::Visit;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// "conditional": the browser makes one by itself, after a password.
    #[serde(default)]
    mediation: String,
}

impl Asked {
    fn mediation(&self) -> Mediation {
        if self.mediation == "conditional" { Mediation::Conditional } else { Mediation::Asked }
    }
}

/// POST /account/passkeys/options
pub async fn options(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Scripted(asked): Scripted<Asked>,
) -> Response {
    begin(&app, &visit, &owner, &asked).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn begin(app: &App, visit: &Visit, owner: &SignedIn, asked: &Asked) -> Result<Response, ScriptError> {
    require_proof(app, owner).await?;
    match passkeys::begin(&bench(app, visit), &owner.user, asked.mediation()).await? {
        Some((ceremony, options)) => {
            Ok(Json(json!({ "ceremony": ceremony, "publicKey": options })).into_response())
        }
        None => Err(ScriptError::new(StatusCode::CONFLICT, "passkey-limit")),
    }
}

#[derive(Debug, Deserialize)]
pub struct Answer {
    ceremony: Handle,
    credential: Value,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    destination: Option<String>,
    #[serde(flatten)]
    asked: Asked,
}

/// POST /account/passkeys/finish
pub async fn finish(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Scripted(answer): Scripted<Answer>,
) -> Response {
    store(&app, &visit, &owner, &answer).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn store(app: &App, visit: &Visit, owner: &SignedIn, answer: &Answer) -> Result<Response, ScriptError> {
    // The proof was judged when the options were given; the dialog in between may take minutes.
    let destination = destination(answer.attempt.as_deref(), answer.destination.as_deref())?;
    let created = passkeys::finish(
        &bench(app, visit),
        (owner_of(owner), answer.asked.mediation()),
        &answer.ceremony,
        &answer.credential,
    )
    .await?;
    let refused = |failure| Err(ScriptError::new(StatusCode::FORBIDDEN, failure));
    match created {
        Created::Stored(passkey) => {
            let query = carry(&destination, &[("fresh", "1")]);
            let location = format!("/account/passkeys/{}/name{query}", passkey.id);
            Ok(Json(json!({ "location": location })).into_response())
        }
        Created::Expired => refused("passkey-expired"),
        Created::Refused(error) => {
            tracing::info!(%error, "a new passkey was refused");
            refused("passkey-rejected")
        }
        Created::Exists => refused("passkey-exists"),
        Created::Limit => refused("passkey-limit"),
        Created::SignedOut => Err(sign_in_first()),
    }
}

/// Whoever came back after a while proves themselves again, and returns here.
async fn require_proof(app: &App, owner: &SignedIn) -> Result<(), ScriptError> {
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    if proof::may_add_passkey(&owner.session, &factors, app.clock.now()) {
        return Ok(());
    }
    Err(sign_in_first())
}

fn sign_in_first() -> ScriptError {
    ScriptError {
        location: Some(confirm_at("/account/passkeys/create")),
        ..ScriptError::new(StatusCode::FORBIDDEN, "attempt-expired")
    }
}

/// GET /.well-known/passkey-endpoints (W3C Passkey Endpoints)
pub async fn passkey_endpoints(State(app): State<App>) -> Response {
    let at = |path| app.config.public_url.join(path);
    let body = json!({ "enroll": at("/account/passkeys/create"), "manage": at("/account/passkeys") });
    Json(body).into_response()
}
