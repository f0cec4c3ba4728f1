//! Signing in and out: the hosted page, its steps, set-up of the first operator. `flow` decides the
//! next step, `session::begin` signs in; there is no other road to either.

pub mod api;
pub mod flow;
pub mod pages;
pub mod passkey;
mod password;
pub mod session;
pub mod setup;
pub mod sign_in;

use axum::Router;
use axum::routing::{get, post};
use time::OffsetDateTime;

use crate::app::App;
use crate::crypto::passkey::RelyingParty;
use crate::crypto::password::PasswordWorkers;
use crate::crypto::random::Entropy;
use crate::ephemeral::Ephemeral;
use crate::model::attempt::BrowserId;
use crate::model::session::{Session, SessionLimits};
use crate::store::Store;

/// What signing in works with, and the circumstances of one request.
#[derive(Debug)]
pub struct Desk<'a> {
    pub store: &'a Store,
    pub ephemeral: &'a Ephemeral,
    pub passwords: &'a PasswordWorkers,
    pub relying_party: &'a RelyingParty,
    pub entropy: Entropy,
    pub limits: SessionLimits,
    pub now: OffsetDateTime,
    pub browser: BrowserId,
    pub agent: &'a str,
    /// The live session this browser has already.
    pub previous: Option<&'a Session>,
}

pub fn routes() -> Router<App> {
    Router::new()
        .route("/login", get(pages::sign_in).post(pages::submit_password))
        .route("/login/cancel", post(pages::cancel))
        .route("/login/passkey", get(pages::use_passkey).post(api::finish))
        .route("/login/passkey/options", post(api::options))
        .route("/login/password", get(pages::use_password))
        .route("/login/offer", get(pages::offer))
        .route("/login/not-now", post(pages::not_now))
        .route("/login/signed-out", get(pages::signed_out))
        .route("/logout", post(pages::log_out))
        .route("/setup", get(setup::pages::show).post(setup::pages::submit))
}
