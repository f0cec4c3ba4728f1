//! What a person can present to sign in: a passkey, a password, a code. Hands it to `sign_in`, and counts what came of
//! it. The only road there.

use serde_json::Value;

use super::Desk;
use super::sign_in::{self, Code, Failure, Outcome};
use crate::crypto::password::{HashError, Password};
use crate::model::attempt::Handle;
use crate::model::user::Email;

/// A password, at the beginning or within a flow.
///
/// # Errors
/// Our own faults, and the password workers being busy.
pub async fn password(
    desk: &Desk<'_>,
    flow: Option<&Handle>,
    email: &Email,
    password: Password,
) -> anyhow::Result<Outcome> {
    counted(desk, "password", sign_in::with_password(desk, flow, email, password).await)
}

/// A code, within a flow whose password is right.
///
/// # Errors
/// Our own faults.
pub async fn code(desk: &Desk<'_>, flow: &Handle, (kind, typed): (Code, &str)) -> anyhow::Result<Outcome> {
    let way = match kind {
        Code::App => "code",
        Code::Recovery => "recovery_code",
    };
    counted(desk, way, sign_in::with_code(desk, flow, (kind, typed)).await)
}

/// The answer of a passkey, at the beginning or within a flow.
///
/// # Errors
/// Our own faults.
pub async fn passkey(
    desk: &Desk<'_>,
    flow: Option<&Handle>,
    ceremony: &Handle,
    response: &Value,
) -> anyhow::Result<Outcome> {
    counted(desk, "passkey", sign_in::with_passkey(desk, flow, ceremony, response).await)
}

fn counted(desk: &Desk<'_>, way: &'static str, outcome: anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    let what = match &outcome {
        Ok(Outcome::SignedIn(_)) => "signed_in",
        Ok(Outcome::AskPasskey(_) | Outcome::AskPassword(_) | Outcome::AskCode(_)) => "more_is_asked",
        Ok(Outcome::Enrol(..)) => "must_add_a_way",
        Ok(Outcome::Failed(Failure::Wait(_))) => "waits",
        Ok(Outcome::Failed(Failure::Expired)) => "expired",
        Ok(Outcome::Failed(_)) => "wrong",
        Err(error) if matches!(error.downcast_ref(), Some(HashError::Busy)) => "busy",
        Err(_) => "failed",
    };
    desk.meter.steps.of((way, what)).add_one();
    if what == "waits" {
        desk.meter.turned_away.of("account").add_one();
    }
    outcome
}
