//! The OpenID provider: what applications speak. Meets sign-in only through an attempt and a URL.

pub mod access;
pub mod assertion;
pub mod authorize;
mod bounds;
pub mod certificate;
pub mod ciba;
pub mod claims;
pub mod client_auth;
mod client_keys;
pub mod consent;
pub mod cors;
mod details;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod endpoints;
pub mod error;
pub mod introspect;
pub mod logout;
pub mod organization;
mod pace;
pub mod par;
pub mod policy;
pub mod presented;
pub mod register;
pub mod revoke;
pub mod subject;
pub mod token;
pub mod trial;
pub mod userinfo;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use time::{Duration, OffsetDateTime};

use crate::app::App;
use crate::config::{Mtls, Registration, Tokens};
use crate::crypto::certificate::Certificate;
use crate::crypto::keyring::KeyRing;
use crate::crypto::random::Entropy;
use crate::ephemeral::Ephemeral;
use crate::http_client::HttpClient;
use crate::meter;
use crate::model::authorization::AuthorizationTypes;
use crate::model::session::SessionLimits;
use crate::model::user::Policy;
use crate::store::{Store, client_secrets};

/// A clock of somebody else may go ahead of ours by this (security: C12).
const AHEAD: Duration = Duration::seconds(15);

/// What the endpoints for programs work with, and the moment of one request.
#[derive(Debug)]
pub struct Desk<'a> {
    pub store: &'a Store,
    pub ephemeral: &'a Ephemeral,
    pub http: &'a HttpClient,
    pub keys: Arc<KeyRing>,
    pub entropy: Entropy,
    /// Where it is noted which secrets of clients are still used.
    pub secret_uses: &'a client_secrets::Uses,
    pub tokens: &'a Tokens,
    pub meter: &'a meter::Tokens,
    pub registration: Registration,
    /// What clients may ask for in detail.
    pub types: &'a AuthorizationTypes,
    /// People may make accounts themselves.
    pub sign_up: bool,
    /// Bounds on what nobody has proven are so many times wider.
    pub leniency: u64,
    pub limits: SessionLimits,
    /// What is asked of everybody who signs in.
    pub policy: Policy,
    pub issuer: &'a str,
    /// Where clients show certificates, if anywhere.
    pub mtls: Option<&'a Mtls>,
    /// What the sender of this request has shown.
    pub certificate: Option<&'a Certificate>,
    pub now: OffsetDateTime,
}

/// Where clients authenticate. An assertion may be for one of these instead of our issuer.
const AUTHENTICATED: [&str; 6] =
    ["/oidc/token", par::PATH, device::PATH, ciba::PATH, "/oidc/revoke", "/oidc/introspect"];

/// What people pass through in a browser.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/oidc/authorize", get(endpoints::authorize).post(endpoints::authorize_post))
        .route("/oidc/authorize/resume", get(endpoints::resume))
        .route("/oidc/consent", post(consent::pages::submit))
        .route("/oidc/trial", get(trial::pages::begin))
        .route("/oidc/organization", post(organization::pages::choose))
        .route("/device", get(device::pages::ask).post(device::pages::find))
        .route("/device/decide", post(device::pages::answer))
        .route("/requests", get(ciba::pages::list))
        .route("/requests/{id}", get(ciba::pages::show).post(ciba::pages::decide))
        .route("/oidc/logout", get(logout::pages::show).post(logout::pages::submit))
        .route("/oidc/logout/resume", get(logout::pages::resume))
        .route("/oidc/logout/farewell", get(logout::pages::farewell))
        .route("/oidc/logout/confirm", post(logout::pages::confirm))
}

/// What programs call, from servers and (with CORS) from browsers.
pub fn endpoints() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(endpoints::discovery))
        .route("/.well-known/oauth-authorization-server", get(endpoints::discovery))
        .route("/oidc/jwks", get(endpoints::jwks))
        .route("/oidc/token", post(endpoints::token))
        .route("/oidc/par", post(endpoints::par))
        .route("/oidc/device_authorization", post(endpoints::device_authorization))
        .route("/oidc/revoke", post(endpoints::revoke))
        .route("/oidc/userinfo", get(endpoints::userinfo).post(endpoints::userinfo))
}

/// What only servers call.
pub fn back_endpoints() -> Router<App> {
    Router::new()
        .route("/oidc/introspect", post(endpoints::introspect))
        .route("/oidc/backchannel_authentication", post(endpoints::backchannel_authentication))
        .route("/oidc/session", get(endpoints::check_session))
        .route("/oidc/register", post(endpoints::register))
        .route(
            "/oidc/register/{id}",
            get(endpoints::registration)
                .put(endpoints::change_registration)
                .delete(endpoints::end_registration),
        )
}

/// What is served to programs that show a certificate (RFC 8705 §5): nothing that a browser would open.
pub fn mtls_endpoints() -> Router<App> {
    Router::new()
        .route("/oidc/token", post(endpoints::token))
        .route("/oidc/par", post(endpoints::par))
        .route("/oidc/device_authorization", post(endpoints::device_authorization))
        .route("/oidc/revoke", post(endpoints::revoke))
        .route("/oidc/introspect", post(endpoints::introspect))
        .route("/oidc/backchannel_authentication", post(endpoints::backchannel_authentication))
        .route("/oidc/userinfo", get(endpoints::userinfo).post(endpoints::userinfo))
}

/// Pictures of clients, without cookies.
pub fn pictures() -> Router<App> {
    Router::new().route("/oidc/logo/{id}", get(endpoints::logo))
}
