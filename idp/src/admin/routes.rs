//! The addresses of the console.

use axum::Router;
use axum::routing::{get, post};

use super::pages;
use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(pages::overview))
        .route("/admin/find", get(pages::find))
        .route("/admin/people", get(pages::people))
        .route("/admin/people/{id}", get(pages::person))
        .route("/admin/people/{id}/passkeys/{passkey}", get(pages::confirm_removal).post(pages::remove))
        .route("/admin/people/{id}/{deed}", get(pages::confirm).post(pages::carry_out))
        .merge(service())
}

/// The service as a whole.
fn service() -> Router<App> {
    Router::new()
        .route("/admin/audit", get(pages::audit))
        .route("/admin/audit/export", post(pages::export))
        .route("/admin/audit/verify", get(pages::confirm_verify).post(pages::verify))
        .route("/admin/audit/searches", post(pages::keep_search))
        .route("/admin/audit/searches/{id}", post(pages::forget_search))
        .route("/admin/audit/{sequence}", get(pages::record))
        .route("/admin/keys", get(pages::keys))
        .route("/admin/keys/{deed}", get(pages::confirm_keys).post(pages::change_keys))
        .route("/admin/jobs", get(pages::jobs))
        .route("/admin/jobs/{id}/{deed}", get(pages::confirm_delivery).post(pages::change_delivery))
        .route("/admin/mails", get(pages::mails))
        .route("/admin/mails/{name}", get(pages::mail).post(pages::try_mail))
        .route("/admin/mails/{name}/html", get(pages::mail_html))
        .route("/admin/risk", get(pages::risk))
        .route("/admin/health", get(pages::health))
}
