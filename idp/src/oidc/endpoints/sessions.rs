//! The page that applications show in a frame, to learn whether somebody is still here (OpenID Connect Session
//! Management 1.0 §3). It says nothing by itself and reads one cookie, which opens nothing.

use axum::Extension;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};

use crate::app::App;
use crate::web::headers::Framed;
use crate::web::visit::{STATE, name};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *",
);

/// GET /oidc/session
pub async fn check_session(State(app): State<App>) -> Response {
    let script =
        app.theme.assets().url("check-session.js").filter(|_| app.config.sessions.check_session_iframe);
    let Some(script) = script else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Session</title>\
         <script src=\"{script}\" data-cookie=\"{}\"></script></head></html>\n",
        name(&app, STATE)
    );
    let caching = HeaderValue::from_static("public, max-age=300");
    let headers = [(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, caching)];
    (headers, Extension(Framed), Html(page)).into_response()
}
