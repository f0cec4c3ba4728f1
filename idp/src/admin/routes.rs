//! The addresses of the console.

use axum::Router;
use axum::routing::get;

use super::pages::{self, applications};
use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(pages::overview))
        .route("/admin/applications", get(applications::list))
        .route("/admin/applications/new", get(applications::new).post(applications::create))
        .route("/admin/applications/{id}", get(applications::show))
        .route("/admin/applications/{id}/settings", get(applications::edit).post(applications::change))
        .route(
            "/admin/applications/{id}/secrets/{secret}/{deed}",
            get(applications::confirm_secret).post(applications::confirmed_secret),
        )
        .route("/admin/applications/{id}/{deed}", get(applications::confirm).post(applications::confirmed))
        .route("/admin/people", get(pages::people))
        .route("/admin/people/{id}", get(pages::person))
        .route("/admin/people/{id}/passkeys/{passkey}", get(pages::confirm_removal).post(pages::remove))
        .route("/admin/people/{id}/{deed}", get(pages::confirm).post(pages::carry_out))
}
