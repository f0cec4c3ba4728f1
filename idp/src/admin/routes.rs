//! The addresses of the console, and of the page about the API.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::api;
use super::pages::{self, applications, organization_deeds, person};
use crate::app::App;
use crate::model::picture::MOST_BYTES;

/// A logo, and what a form adds to it.
const LOGO_FORM: usize = MOST_BYTES + 4 * 1024;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/docs", get(api::docs))
        .route("/admin", get(pages::overview))
        .route("/admin/applications", get(applications::list))
        .route("/admin/applications/new", get(applications::new).post(applications::create))
        .route("/admin/applications/{id}", get(applications::show))
        .route("/admin/applications/{id}/settings", get(applications::edit).post(applications::change))
        .route("/admin/applications/{id}/preview", get(applications::show_preview))
        .route("/admin/applications/{id}/trial", get(applications::trial).post(applications::begin_trial))
        .route(
            "/admin/applications/{id}/secrets/{secret}/{deed}",
            get(applications::confirm_secret).post(applications::confirmed_secret),
        )
        .route("/admin/applications/{id}/{deed}", get(applications::confirm).post(applications::confirmed))
        .route("/admin/organizations", get(pages::organizations))
        .route("/admin/organizations/new", get(pages::new_organization).post(pages::create_organization))
        .route("/admin/organizations/{id}", get(pages::organization))
        .route(
            "/admin/organizations/{id}/{deed}",
            get(organization_deeds::confirm).post(organization_deeds::carry_out),
        )
        .route(
            "/admin/organizations/{id}/{kind}/{which}/{deed}",
            get(organization_deeds::confirm_one).post(organization_deeds::carry_out_one),
        )
        .route("/admin/find", get(pages::find))
        .route("/admin/people", get(pages::people))
        .route("/admin/people/invite", get(pages::choose))
        .route("/admin/people/new", get(pages::new_person).post(pages::create_person))
        .route("/admin/people/{id}", get(person::person))
        .route("/admin/people/{id}/passkeys", get(person::passkeys))
        .route("/admin/people/{id}/sessions", get(person::sessions))
        .route("/admin/people/{id}/applications", get(person::apps))
        .route("/admin/people/{id}/organizations", get(person::organizations))
        .route("/admin/people/{id}/activity", get(person::activity))
        .route("/admin/people/{id}/json", get(person::raw))
        .route("/admin/people/{id}/{kind}/{which}", get(pages::confirm_one).post(pages::carry_out_one))
        .route("/admin/people/{id}/{deed}", get(pages::confirm).post(pages::carry_out))
        .merge(branding())
        .merge(service())
}

/// Looks. A logo may be larger than any other form, and no larger than that.
fn branding() -> Router<App> {
    let logos = Router::new()
        .route("/admin/branding/logo/{scheme}", post(pages::upload_logo))
        .route("/admin/organizations/{id}/branding/logo/{scheme}", post(pages::upload_organization_logo))
        .layer(DefaultBodyLimit::max(LOGO_FORM));
    Router::new()
        .route("/admin/branding", get(pages::branding).post(pages::change_branding))
        .route(
            "/admin/organizations/{id}/branding",
            get(pages::organization_branding).post(pages::change_organization_branding),
        )
        .merge(logos)
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
        .route("/admin/policy", get(pages::policy).post(pages::set_policy))
        .route("/admin/risk", get(pages::risk))
        .route("/admin/health", get(pages::health))
}
