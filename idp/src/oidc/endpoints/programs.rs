//! What programs call: each reads its request, calls one function of the domain and turns the result into a
//! response.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{ProtocolForm, Shown};
use crate::app::App;
use crate::oidc::error::EndpointError;
use crate::oidc::{ciba, device, discovery, introspect, par, presented, revoke, token, userinfo};
use crate::web::network::{self, Peer};

/// RFC 6749 §5.1: of what is for one program alone, nobody keeps a copy.
pub(super) const NO_STORE: [(HeaderName, HeaderValue); 2] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))];

/// GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server
pub async fn discovery(State(app): State<App>) -> Response {
    let document = app.discovery.get_or_init(|| {
        let catalogues = app.theme.catalogues();
        let locales: Vec<String> = catalogues.locales().map(|locale| catalogues.name(locale)).collect();
        discovery::document(&app.config, &locales).to_string().into()
    });
    cached(document.clone())
}

/// GET /oidc/jwks
pub async fn jwks(State(app): State<App>) -> Response {
    cached(app.keys.current().document())
}

/// A new key is published this long before it signs anything, so caches may live as long.
fn cached(document: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, document).into_response()
}

/// POST /oidc/token
pub async fn token(
    State(app): State<App>,
    shown: Shown,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer = token::respond(&shown.at(&app, &issuer), &headers, &params).await?;
    Ok((NO_STORE, Json(answer)).into_response())
}

/// GET and POST /oidc/userinfo
pub async fn userinfo(
    State(app): State<App>,
    shown: Shown,
    method: Method,
    headers: HeaderMap,
    form: Option<ProtocolForm>,
) -> Result<Response, EndpointError> {
    let params = form.map(|form| form.0).unwrap_or_default();
    let presented = presented::presented(&headers, &params)?;
    let issuer = app.config.public_url.issuer();
    let method = if method == Method::POST { "POST" } else { "GET" };
    let answer = userinfo::respond(&shown.at(&app, &issuer), (&headers, method), &presented).await?;
    Ok(match answer {
        userinfo::Answer::Json(claims) => (NO_STORE, Json(claims)).into_response(),
        userinfo::Answer::Jwt(token) => {
            (NO_STORE, [(CONTENT_TYPE, HeaderValue::from_static("application/jwt"))], token).into_response()
        }
    })
}

/// POST /oidc/par
pub async fn par(
    State(app): State<App>,
    shown: Shown,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer =
        par::respond(&shown.at(&app, &issuer), &headers, &params, address_of(&app, &headers, peer)).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(answer)).into_response())
}

/// POST `/oidc/device_authorization`
pub async fn device_authorization(
    State(app): State<App>,
    shown: Shown,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let address = address_of(&app, &headers, peer);
    let answer = device::begin(&shown.at(&app, &issuer), &headers, &params, address).await?;
    Ok((NO_STORE, Json(answer)).into_response())
}

/// POST `/oidc/backchannel_authentication`
pub async fn backchannel_authentication(
    State(app): State<App>,
    shown: Shown,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let answer = ciba::begin(&shown.at(&app, &issuer), &headers, &params).await?;
    Ok((NO_STORE, Json(answer)).into_response())
}

/// POST /oidc/revoke
pub async fn revoke(
    State(app): State<App>,
    shown: Shown,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    revoke::respond(&shown.at(&app, &issuer), &headers, &params).await?;
    Ok(NO_STORE.into_response())
}

/// POST /oidc/introspect
pub async fn introspect(
    State(app): State<App>,
    shown: Shown,
    headers: HeaderMap,
    ProtocolForm(params): ProtocolForm,
) -> Result<Response, EndpointError> {
    let issuer = app.config.public_url.issuer();
    let desk = shown.at(&app, &issuer);
    let (client, answer) = introspect::respond(&desk, &headers, &params).await?;
    if !introspect::wants_jwt(&headers) {
        return Ok((NO_STORE, Json(answer)).into_response());
    }
    let jwt = introspect::signed(&desk, &client, &answer).await?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(introspect::JWT))];
    Ok((NO_STORE, kind, jwt).into_response())
}

/// Where a program calls from, as far as the network tells.
pub(super) fn address_of(app: &App, headers: &HeaderMap, peer: Option<Extension<Peer>>) -> Option<IpAddr> {
    network::address(headers, peer.map(|peer| peer.0), &app.config.http.trusted_proxies)
}
