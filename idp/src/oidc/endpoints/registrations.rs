//! Registration by applications themselves.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::desk;
use super::programs::{NO_STORE, address_of};
use crate::app::App;
use crate::oidc::error::{EndpointError, OAuthError, Scheme};
use crate::oidc::register;
use crate::web::form::content_type;
use crate::web::network::Peer;

/// POST /oidc/register
pub async fn register(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let body = json(&headers, &body)?;
    let by = (bearer(&headers)?, address_of(&app, &headers, peer));
    let answer = register::register(&desk(&app, &issuer), by, body).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(answer)).into_response())
}

/// GET /oidc/register/{id}
pub async fn registration(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer = register::show(&desk(&app, &issuer), &id, needed(&headers)?).await?;
    Ok((NO_STORE, Json(answer)).into_response())
}

/// PUT /oidc/register/{id}
pub async fn change_registration(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let token = needed(&headers)?;
    let body = json(&headers, &body)?;
    let answer = register::change(&desk(&app, &issuer), (&id, token), body).await?;
    Ok((NO_STORE, Json(answer)).into_response())
}

/// DELETE /oidc/register/{id}
pub async fn end_registration(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    register::end(&desk(&app, &issuer), &id, needed(&headers)?).await?;
    Ok((StatusCode::NO_CONTENT, NO_STORE).into_response())
}

fn json<'a>(headers: &HeaderMap, body: &'a Bytes) -> Result<&'a [u8], EndpointError> {
    if content_type(headers) == "application/json" {
        return Ok(body);
    }
    Err(OAuthError::InvalidClientMetadata("the request must be application/json".to_owned()).into())
}

/// The token of a request, if there is one (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, EndpointError> {
    let refused = || EndpointError::Resource(Scheme::Bearer, Some(OAuthError::InvalidToken));
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let parts = value.to_str().ok().and_then(|value| value.split_once(' '));
    match parts {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(Some(token.trim()))
        }
        _ => Err(refused()),
    }
}

fn needed(headers: &HeaderMap) -> Result<&str, EndpointError> {
    bearer(headers)?.ok_or(EndpointError::Resource(Scheme::Bearer, None))
}
