//! The addresses of the administration API.

use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};

use super::{
    applications, document, input, me, members, once, organizations, people, person, records, traffic,
};
use crate::app::App;

/// Behind a guard that lets nobody pass without an access token.
pub fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/people", get(people::list))
        .route("/api/v1/people/{id}", get(people::show))
        .route("/api/v1/people/{id}/disable", post(person::disable))
        .route("/api/v1/people/{id}/enable", post(person::enable))
        .route("/api/v1/people/{id}/log-out", post(person::log_out))
        .route("/api/v1/people/{id}/unlock", post(person::unlock))
        .route("/api/v1/people/{id}/reset-passkeys", post(person::reset_passkeys))
        .route("/api/v1/people/{id}/reset-two-factor", post(person::reset_two_factor))
        .route("/api/v1/people/{id}/passkeys/{passkey}", delete(person::remove_passkey))
        .route("/api/v1/people/{id}/access-link", post(person::access_link))
        .route("/api/v1/people/{id}/role", put(person::set_role))
        .route("/api/v1/people/{id}/policy", put(person::set_policy))
        .route("/api/v1/organizations", get(organizations::list).post(organizations::create))
        .route("/api/v1/organizations/{id}", get(organizations::show).put(organizations::change))
        .route("/api/v1/organizations/{id}/disable", post(organizations::disable))
        .route("/api/v1/organizations/{id}/enable", post(organizations::enable))
        .route("/api/v1/organizations/{id}/members", get(members::list).post(members::add))
        .route("/api/v1/organizations/{id}/members/{person}", put(members::set_roles).delete(members::remove))
        .route("/api/v1/applications", get(applications::list))
        .route("/api/v1/applications/{id}", get(applications::show))
        .route("/api/v1/audit", get(records::list))
        .route("/api/v1/{*nowhere}", axum::routing::any(input::nowhere))
        .method_not_allowed_fallback(input::no_such_method)
        .route_layer(middleware::from_fn_with_state(app.clone(), once::layer))
        .route_layer(middleware::from_fn_with_state(app.clone(), traffic::limit))
}

/// What anybody may read.
pub fn open_routes() -> Router<App> {
    Router::new().route("/api/v1/openapi.json", get(document::serve))
}
