//! What the page for the first passkey calls.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::complete::{self, Completed};
use super::pages::Offered;
use crate::app::App;
use crate::login::pages::{Carried, Way, desk, give_session};
use crate::model::attempt::Handle;
use crate::web::attempt;
use crate::web::error::ScriptError;
use crate::web::form::Scripted;
use crate::web::visit::Visit;

/// POST /login/create/passkey/options
pub async fn options(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Scripted(carried): Scripted<Carried>,
) -> Response {
    begin(&app, &visit, &carried).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn begin(app: &App, visit: &Visit, carried: &Carried) -> Result<Response, ScriptError> {
    let way = Way::as_far_as_it_leads(app, visit, carried).await?;
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
    ceremony: Handle,
    credential: Value,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/create/passkey/finish
pub async fn finish(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Scripted(answer): Scripted<Answer>,
) -> Response {
    store(&app, &visit, &answer).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn store(app: &App, visit: &Visit, answer: &Answer) -> Result<Response, ScriptError> {
    let way = Way::as_far_as_it_leads(app, visit, &answer.carried).await?;
    let flow = way.flow.as_ref().ok_or_else(expired)?;
    let completed =
        complete::with_passkey(&desk(app, visit), flow, &answer.ceremony, &answer.credential).await?;
    let refused = |failure| Err(ScriptError::new(StatusCode::FORBIDDEN, failure));
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
