//! The addresses of the console, and of the page about the API.

use axum::Router;
use axum::routing::get;

use super::{api, pages};
use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/docs", get(api::docs))
        .route("/admin", get(pages::overview))
        .route("/admin/people", get(pages::people))
        .route("/admin/people/{id}", get(pages::person))
        .route("/admin/people/{id}/passkeys/{passkey}", get(pages::confirm_removal).post(pages::remove))
        .route("/admin/people/{id}/{deed}", get(pages::confirm).post(pages::carry_out))
}
