//! A person's own account: who they are, and their passkeys. Everything here belongs to the person
//! who is signed in, and nothing here can be done for somebody else.

pub mod api;
pub mod pages;
pub mod passkeys;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Where password managers find the page for passkeys, without cookies.
pub fn well_known() -> Router<App> {
    Router::new().route("/.well-known/passkey-endpoints", get(api::passkey_endpoints))
}

pub fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(pages::overview))
        .route("/account/passkeys", get(pages::passkeys))
        .route("/account/passkeys/create", get(pages::create))
        .route("/account/passkeys/options", post(api::options))
        .route("/account/passkeys/finish", post(api::finish))
        .route("/account/passkeys/{id}/name", get(pages::name).post(pages::rename))
        .route("/account/passkeys/{id}/delete", get(pages::confirm_delete).post(pages::delete))
        .route("/help/passkeys", get(pages::help))
}
