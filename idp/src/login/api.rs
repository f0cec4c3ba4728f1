//! What the sign-in page's script calls: the options of a passkey ceremony, and its answer.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pages::{Carried, Way, desk, desk_on, give_cookies, next_location};
use super::sign_in::{Failure, Outcome};
use super::{passkey, present, sign_in};
use crate::app::App;
use crate::crypto::base64url;
use crate::model::attempt::Handle;
use crate::model::user::User;
use crate::store::passkeys;
use crate::web::error::{PageError, ScriptError};
use crate::web::form::Scripted;
use crate::web::visit::Visit;

/// POST /login/passkey/options
pub async fn options(State(app): State<App>, visit: Visit, Scripted(carried): Scripted<Carried>) -> Response {
    begin(&app, &visit, &carried).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn begin(app: &App, visit: &Visit, carried: &Carried) -> Result<Response, ScriptError> {
    let way = Way::read(app, visit, carried).await?;
    let desk = desk(app, visit);
    let after = match &way.flow {
        None => None,
        Some(handle) => match sign_in::resume(&desk, handle).await? {
            Some((flow, _)) => Some(flow),
            None => return Err(PageError::AttemptExpired.into()),
        },
    };
    let begun = passkey::begin(&desk, after.as_ref()).await?;
    let body = json!({
        "ceremony": begun.handle,
        "publicKey": begun.options,
        "expires_in": begun.expires_in,
    });
    Ok(Json(body).into_response())
}

#[derive(Debug, Deserialize)]
pub struct Answer {
    ceremony: Handle,
    credential: Value,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/passkey
pub async fn finish(State(app): State<App>, visit: Visit, Scripted(answer): Scripted<Answer>) -> Response {
    judge(&app, &visit, &answer).await.unwrap_or_else(|error| error.respond(&app, &visit))
}

async fn judge(app: &App, visit: &Visit, answer: &Answer) -> Result<Response, ScriptError> {
    let way = Way::read(app, visit, &answer.carried).await?;
    let desk = desk_on(app, visit, &way);
    let flow = way.flow.as_ref();
    let outcome = present::passkey(&desk, flow, &answer.ceremony, &answer.credential).await?;
    let failure = match outcome {
        Outcome::Failed(failure) => failure,
        outcome => {
            let location = next_location(&way, &outcome);
            let signals = match &outcome {
                Outcome::SignedIn(signed_in) => Some(signals(app, &signed_in.user).await?),
                _ => None,
            };
            let mut response = Json(json!({ "location": location, "signals": signals })).into_response();
            give_cookies(app, visit, &mut response, outcome);
            return Ok(response);
        }
    };
    let refused = |failure| ScriptError::new(StatusCode::FORBIDDEN, failure);
    Err(match failure {
        Failure::UnknownPasskey { credential_id } => ScriptError {
            unknown: Some(json!({ "rpId": app.relying_party.id(), "credentialId": credential_id })),
            ..refused("passkey-unknown")
        },
        Failure::Expired => refused("passkey-expired"),
        _ => refused("passkey-rejected"),
    })
}

/// What the browser is told after a sign-in, so that it offers what works here and nothing else.
async fn signals(app: &App, user: &User) -> Result<Value, ScriptError> {
    let passkeys = passkeys::of_user(&app.store, user.id).await?;
    let accepted: Vec<_> = passkeys.iter().map(|passkey| base64url::encode(&passkey.credential_id)).collect();
    Ok(json!({
        "rpId": app.relying_party.id(),
        "userId": base64url::encode(&user.handle),
        "accepted": accepted,
        "name": user.email,
        "displayName": user.display_name(),
    }))
}
