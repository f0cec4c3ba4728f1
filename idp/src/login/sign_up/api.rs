//! What the page for the first passkey calls.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::complete::{self, Completed};
use super::pages::admitted;
use crate::app::App;
use crate::login::pages::{Carried, Way, desk, give_session};
use crate::model::attempt::Handle;
use crate::web::attempt;
use crate::web::error::{PageError, ScriptError};
use crate::web::form::Scripted;
use crate::web::visit::Visit;

/// POST /login/create/passkey/options
pub async fn options(State(app): State<App>, visit: Visit, Scripted(carried): Scripted<Carried>) -> Response {
    match admitted(&app, &visit, &carried).await {
        Ok(way) => begin(&app, &visit, &way).await.unwrap_or_else(|error| error.respond(&app, &visit)),
        Err(error) => refuse(&app, &visit, error),
    }
}

/// To whoever has no business here, there is nothing.
fn refuse(app: &App, visit: &Visit, error: PageError) -> Response {
    match error {
        PageError::NotFound => error.into_response(),
        other => ScriptError::from(other).respond(app, visit),
    }
}

async fn begin(app: &App, visit: &Visit, way: &Way) -> Result<Response, ScriptError> {
    let flow = way.flow.as_ref().ok_or_else(expired)?;
    match complete::begin(&desk(app, visit), flow).await? {
        Some((ceremony, options)) => {
            Ok(Json(json!({ "ceremony": ceremony, "publicKey": options })).into_response())
        }
        None => Err(expired()),
    }
}

fn expired() -> ScriptError {
    ScriptError::new(StatusCode::FORBIDDEN, "link-expired")
}

#[derive(Debug, Deserialize)]
pub struct Answer {
    ceremony: Option<Handle>,
    #[serde(default)]
    credential: Value,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/create/passkey/finish
pub async fn finish(State(app): State<App>, visit: Visit, Scripted(answer): Scripted<Answer>) -> Response {
    match admitted(&app, &visit, &answer.carried).await {
        Ok(way) => {
            store(&app, &visit, (&way, &answer)).await.unwrap_or_else(|error| error.respond(&app, &visit))
        }
        Err(error) => refuse(&app, &visit, error),
    }
}

async fn store(app: &App, visit: &Visit, (way, answer): (&Way, &Answer)) -> Result<Response, ScriptError> {
    let flow = way.flow.as_ref().ok_or_else(expired)?;
    let refused = |failure| Err(ScriptError::new(StatusCode::FORBIDDEN, failure));
    let Some(ceremony) = &answer.ceremony else {
        return refused("passkey-expired");
    };
    let completed = complete::with_passkey(&desk(app, visit), flow, ceremony, &answer.credential).await?;
    match completed {
        Completed::Done(begun) => {
            let location = attempt::location(&way.destination);
            let mut response = Json(json!({ "location": location })).into_response();
            give_session(app, visit, &mut response, *begun);
            Ok(response)
        }
        Completed::ChallengeExpired => refused("passkey-expired"),
        Completed::PasskeyExists => refused("passkey-exists"),
        Completed::PasskeyRefused(error) => {
            tracing::info!(%error, "a first passkey was refused");
            refused("passkey-rejected")
        }
        Completed::Expired | Completed::Enrol(..) | Completed::PasswordRefused(_) => Err(expired()),
    }
}
