//! The addresses of the administration API.

use axum::routing::{delete, get, post, put};
use axum::{Router, middleware};

use super::{
    applications, document, input, invitations, me, members, once, organizations, people, person, records,
    traffic, workings,
};
use crate::app::App;

/// Behind a guard that lets nobody pass without an access token.
pub fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/api/v1/me", get(me))
        .route("/api/v1/people", get(people::list).post(people::create))
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
        .route(
            "/api/v1/organizations/{id}/members/{person}",
            get(members::show).put(members::set_roles).delete(members::remove),
        )
        .route("/api/v1/organizations/{id}/invitations", get(invitations::list).post(invitations::invite))
        .route("/api/v1/organizations/{id}/invitations/{invitation}", delete(invitations::withdraw))
        .route("/api/v1/organizations/{id}/invitations/{invitation}/resend", post(invitations::resend))
        .merge(of_applications())
        .route("/api/v1/audit", get(records::list))
        .route("/api/v1/audit/verify", post(records::verify))
        .route("/api/v1/keys", get(workings::keys))
        .route("/api/v1/keys/rotate", post(workings::rotate))
        .route("/api/v1/deliveries", get(workings::deliveries))
        .route("/api/v1/deliveries/{id}/retry", post(workings::retry))
        .route("/api/v1/deliveries/{id}/give-up", post(workings::give_up))
        .route("/api/v1/health", get(workings::health))
        .route("/api/v1/figures", get(workings::figures))
        .route("/api/v1/{*nowhere}", axum::routing::any(input::nowhere))
        .method_not_allowed_fallback(input::no_such_method)
        .route_layer(middleware::from_fn_with_state(app.clone(), once::layer))
        .route_layer(middleware::from_fn_with_state(app.clone(), traffic::limit))
}

fn of_applications() -> Router<App> {
    use applications::{change, list, preview, secrets, show};
    Router::new()
        .route("/api/v1/applications", get(list).post(change::create))
        .route("/api/v1/applications/{id}", get(show).put(change::change).delete(change::remove))
        .route("/api/v1/applications/{id}/disable", post(change::disable))
        .route("/api/v1/applications/{id}/enable", post(change::enable))
        .route("/api/v1/applications/{id}/preview", get(preview::show))
        .route("/api/v1/applications/{id}/secrets", get(secrets::list).post(secrets::add))
        .route("/api/v1/applications/{id}/secrets/{secret}", delete(secrets::remove))
        .route("/api/v1/applications/{id}/secrets/{secret}/expire", post(secrets::expire))
}

/// What anybody may read.
pub fn open_routes() -> Router<App> {
    Router::new().route("/api/v1/openapi.json", get(document::serve))
}
