//! The addresses of the floor: each does the work of its operation and answers.

use std::future::{Ready, ready};
use std::sync::{Arc, PoisonError};

use aws_lc_rs::rand::SecureRandom;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::plan::PASSKEY_OPTIONS;
use super::{Floor, database};
use crate::operation::Operation;

type Shared = State<Arc<Floor>>;

pub(super) fn router(floor: Arc<Floor>) -> Router {
    Router::new()
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/.well-known/openid-configuration", get(|floor: Shared| fixed(&floor, Operation::Discovery)))
        .route("/oidc/jwks", get(|floor: Shared| fixed(&floor, Operation::Jwks)))
        .route("/oidc/authorize", get(authorize))
        .route("/oidc/token", post(token))
        .route("/oidc/userinfo", get(userinfo))
        .route("/oidc/introspect", post(introspect))
        .route("/login/passkey/options", post(passkey_options))
        .route("/login/passkey", post(passkey))
        .route("/login", post(password))
        .with_state(floor)
}

/// Something went wrong that a measurement must not count.
fn refused() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

impl Floor {
    fn respond(&self, name: &str, filling: &[&str]) -> Response {
        self.answers.get(name).map_or_else(refused, |answer| answer.respond(filling))
    }

    /// The answer with its tokens, newly signed.
    fn sign(&self, operation: Operation) -> Response {
        let forms = self.tokens.get(operation.name()).map(Vec::as_slice).unwrap_or_default();
        let signed: anyhow::Result<Vec<String>> = forms.iter().map(|form| self.signer.sign(form)).collect();
        let Ok(signed) = signed else {
            return refused();
        };
        let filling: Vec<&str> = signed.iter().map(String::as_str).collect();
        self.respond(operation.name(), &filling)
    }

    async fn found(&self, name: &str) -> bool {
        self.database.find(name).await.unwrap_or(false)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // It fails on no system that this runs on, and then every answer is the same and refused.
        let _ = self.random.fill(&mut bytes);
        bytes
    }
}

fn fixed(floor: &Floor, operation: Operation) -> Ready<Response> {
    ready(floor.respond(operation.name(), &[]))
}

#[derive(Deserialize)]
struct Request {
    #[expect(dead_code, reason = "parsed, as it has to be")]
    redirect_uri: String,
}

async fn authorize(State(floor): Shared, headers: HeaderMap, Query(_): Query<Request>) -> Response {
    let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("idp_session="));
    let Some(session) = session else {
        return refused();
    };
    if !floor.found(session).await {
        return refused();
    }
    let code = floor.random::<32>();
    floor.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code);
    floor.respond(Operation::Authorize.name(), &[&URL_SAFE_NO_PAD.encode(code)])
}

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    code: Option<String>,
    refresh_token: Option<String>,
}

async fn token(State(floor): Shared, body: Bytes) -> Response {
    let Ok(request) = serde_urlencoded::from_bytes::<TokenRequest>(&body) else {
        return refused();
    };
    match (request.grant_type.as_str(), request.code, request.refresh_token) {
        ("client_credentials", ..) => floor.sign(Operation::ClientCredentials),
        ("refresh_token", _, Some(token)) if floor.found(&token).await => floor.sign(Operation::Refresh),
        ("authorization_code", Some(code), _) => exchange(&floor, &code).await,
        _ => refused(),
    }
}

async fn exchange(floor: &Floor, code: &str) -> Response {
    let known = URL_SAFE_NO_PAD.decode(code).ok().is_some_and(|code| {
        let mut codes = floor.codes.lock().unwrap_or_else(PoisonError::into_inner);
        <[u8; 32]>::try_from(code).is_ok_and(|code| codes.remove(&code))
    });
    if !known {
        return refused();
    }
    let response = floor.sign(Operation::CodeExchange);
    match floor.database.keep(&database::hash(code)).await {
        Ok(()) => response,
        Err(_) => refused(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn userinfo(State(floor): Shared, headers: HeaderMap) -> Response {
    let subject = bearer(&headers).and_then(|token| floor.signer.subject(token));
    match subject {
        Some(subject) if floor.found(&subject).await => floor.respond(Operation::Userinfo.name(), &[]),
        _ => refused(),
    }
}

#[derive(Deserialize)]
struct Introspection {
    token: String,
}

async fn introspect(State(floor): Shared, body: Bytes) -> Response {
    let Ok(Introspection { token }) = serde_urlencoded::from_bytes(&body) else {
        return refused();
    };
    let (operation, name) = if token.contains('.') {
        (Operation::IntrospectAccess, floor.signer.subject(&token))
    } else {
        (Operation::IntrospectRefresh, Some(token))
    };
    match name {
        Some(name) if floor.found(&name).await => floor.respond(operation.name(), &[]),
        _ => refused(),
    }
}

async fn passkey_options(State(floor): Shared) -> Response {
    let handle = URL_SAFE_NO_PAD.encode(floor.random::<32>());
    let challenge = URL_SAFE_NO_PAD.encode(floor.random::<32>());
    floor.passkeys.begin(&handle, &challenge);
    floor.respond(PASSKEY_OPTIONS, &[&handle, &challenge])
}

async fn passkey(State(floor): Shared, body: Bytes) -> Response {
    if !floor.passkeys.verify(&body) || floor.database.keep(&floor.random::<32>()).await.is_err() {
        return refused();
    }
    floor.respond(Operation::Passkey.name(), &[])
}

async fn password(State(floor): Shared, body: Bytes) -> Response {
    if floor.passwords.hash(body.to_vec()).await {
        floor.respond(Operation::Password.name(), &[])
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
    }
}
