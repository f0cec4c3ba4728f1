//! Pictures of clients, for the sign-in page.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::app::App;
use crate::model::client::{Client, ClientId};
use crate::oidc::error::EndpointError;
use crate::store::clients;
use crate::web::form::Id;

/// GET /oidc/logo/{id}
pub async fn logo(State(app): State<App>, Id(id): Id<ClientId>) -> Result<Response, EndpointError> {
    let client = clients::by_id(&app.store, &id).await?.filter(Client::is_enabled);
    let Some(logo) = client.and_then(|client| client.settings.logo) else {
        return Ok(http::StatusCode::NOT_FOUND.into_response());
    };
    let (kind, data) = logo.parts();
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(data) else {
        return Ok(http::StatusCode::NOT_FOUND.into_response());
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        // An SVG opened by itself must not run anything.
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    Ok((headers, bytes).into_response())
}
