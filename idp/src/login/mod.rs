//! Signing in and out: the hosted page, its steps, set-up of the first operator. `flow` decides the
//! next step, `session::begin` signs in; there is no other road to either.

pub mod access;
pub mod api;
mod codes;
mod facts;
pub mod flow;
mod guess;
pub mod invitation;
pub mod pages;
pub mod passkey;
mod password;
pub mod present;
pub mod reset;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod sign_up;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use time::OffsetDateTime;

use crate::app::App;
use crate::audit::{Actor, Doer};
use crate::crypto::passkey::RelyingParty;
use crate::crypto::password::PasswordWorkers;
use crate::crypto::random::Entropy;
use crate::ephemeral::Ephemeral;
use crate::mail::{Circumstances, Mailer};
use crate::meter::SignIns;
use crate::model::attempt::BrowserId;
use crate::model::session::{Session, SessionLimits};
use crate::model::user::Policy;
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
    /// What is asked of everybody.
    pub policy: Policy,
    /// What is asked of whoever is on the way to an application.
    pub application: Option<Policy>,
    pub now: OffsetDateTime,
    pub browser: BrowserId,
    pub mail: &'a Arc<Mailer>,
    pub agent: &'a str,
    pub address: Option<IpAddr>,
    pub network: &'a str,
    /// Beyond this many wrong passwords within ten minutes strangers in a network wait.
    pub failures_per_network: u64,
    pub meter: &'a SignIns,
    /// Somebody said that this computer is shared.
    pub shared: bool,
    /// The live session this browser has already.
    pub previous: Option<&'a Session>,
}

impl<'a> Desk<'a> {
    fn doer(&self, actor: Actor) -> Doer<'a> {
        Doer { actor, network: Some(self.network), browser: Some(self.agent) }
    }

    const fn circumstances(&self) -> Circumstances<'a> {
        Circumstances { at: self.now, browser: self.agent, network: self.network }
    }
}

pub fn routes() -> Router<App> {
    Router::new()
        .route("/login", get(pages::sign_in).post(pages::submit_password))
        .route("/login/cancel", post(pages::cancel))
        .route("/login/choose", get(pages::choose).post(pages::submit_choice))
        .route("/login/passkey", get(pages::use_passkey).post(api::finish))
        .route("/login/passkey/options", post(api::options))
        .route("/login/password", get(pages::use_password))
        .route("/login/offer", get(pages::offer))
        .route("/login/not-now", post(pages::not_now))
        .route("/login/shared", post(pages::shared))
        .route("/login/code", get(pages::use_code).post(pages::submit_code))
        .route("/login/recovery", get(pages::use_recovery_code).post(pages::submit_recovery_code))
        .route("/login/enrol", get(pages::enrol))
        .route("/login/forgot", get(pages::forgot).post(pages::submit_forgot))
        .route("/login/reset", get(pages::reset).post(pages::submit_reset))
        .route("/login/access", get(pages::access).post(pages::submit_access))
        .route("/login/create", get(sign_up::pages::ask).post(sign_up::pages::submit))
        .route("/login/create/name", get(sign_up::pages::ask_name).post(sign_up::pages::submit_name))
        .route("/login/create/passkey", get(sign_up::pages::ask_passkey))
        .route("/login/create/passkey/options", post(sign_up::api::options))
        .route("/login/create/passkey/finish", post(sign_up::api::finish))
        .route("/login/create/password", post(sign_up::pages::submit_password))
        .route("/login/invitation", get(invitation::pages::show).post(invitation::pages::accept))
        .route("/login/invitation/done", get(invitation::pages::done))
        .route("/login/invitation/name", post(invitation::pages::submit_name))
        .route("/login/invitation/refuse", post(invitation::pages::refuse))
        .route("/login/invitation/switch", post(invitation::pages::switch))
        .route("/login/signed-out", get(pages::signed_out))
        .route("/logout", post(pages::log_out))
        .route("/setup", get(setup::pages::show).post(setup::pages::submit))
}
