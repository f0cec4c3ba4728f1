//! The addresses of the console.

use axum::Router;
use axum::routing::get;

use super::pages::{self, organization_deeds};
use crate::app::App;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(pages::overview))
        .route("/admin/organizations", get(pages::organizations))
        .route("/admin/organizations/{id}", get(pages::organization))
        .route(
            "/admin/organizations/{id}/{deed}",
            get(organization_deeds::confirm).post(organization_deeds::carry_out),
        )
        .route(
            "/admin/organizations/{id}/{kind}/{which}/{deed}",
            get(organization_deeds::confirm_one).post(organization_deeds::carry_out_one),
        )
        .route("/admin/people", get(pages::people))
        .route("/admin/people/{id}", get(pages::person))
        .route("/admin/people/{id}/passkeys/{passkey}", get(pages::confirm_removal).post(pages::remove))
        .route("/admin/people/{id}/{deed}", get(pages::confirm).post(pages::carry_out))
}
