//! The addresses of the account pages.

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::{api, pages};
use crate::app::App;

/// Where browsers and password managers find pages of ours, without cookies.
pub fn well_known() -> Router<App> {
    Router::new()
        .route("/.well-known/passkey-endpoints", get(api::passkey_endpoints))
        .route("/.well-known/change-password", get(|| async { Redirect::to("/account/password") }))
}

pub fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(pages::overview))
        .route("/account/profile", get(pages::profile).post(pages::save_profile))
        .route("/account/email", get(pages::email).post(pages::change_email))
        .route("/account/email/verify", post(pages::send_confirmation))
        .route("/account/email/{mailbox}", get(pages::email_link).post(pages::follow_email_link))
        .route("/account/password", get(pages::password).post(pages::change_password))
        .route("/account/passkeys", get(pages::passkeys))
        .route("/account/passkeys/create", get(pages::create))
        .route("/account/passkeys/options", post(api::options))
        .route("/account/passkeys/finish", post(api::finish))
        .route("/account/passkeys/lost", get(pages::lost).post(pages::remove_lost))
        .route("/account/passkeys/{id}/name", get(pages::name).post(pages::rename))
        .route("/account/passkeys/{id}/delete", get(pages::confirm_delete).post(pages::delete))
        .route("/account/two-factor", get(pages::two_factor))
        .route("/account/two-factor/begin", post(pages::begin_code_app))
        .route("/account/two-factor/setup", get(pages::set_up_code_app).post(pages::confirm_code_app))
        .route("/account/two-factor/off", get(pages::confirm_code_app_off).post(pages::turn_code_app_off))
        .route("/account/two-factor/recovery-codes", post(pages::make_recovery_codes))
        .route("/account/two-factor/recovery-codes/download", post(pages::download_recovery_codes))
        .route("/account/sessions", get(pages::sessions))
        .route("/account/sessions/end-others", post(pages::end_other_sessions))
        .route("/account/sessions/{id}/end", post(pages::end_session))
        .route("/account/apps", get(pages::apps))
        .route("/account/apps/{client}/disconnect", post(pages::disconnect))
        .route("/account/activity", get(pages::activity))
        .route("/help/passkeys", get(pages::help))
}
