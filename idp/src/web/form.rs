//! What our own pages send back. Accepted only from our own origin and with the token of the browser
//! that the page was made for (security: L3); both are checked before anything is read.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{PageError, ScriptError};
use super::params::Params;
use super::visit::Visit;
use crate::app::App;
use crate::crypto::constant_time_eq;

/// The media type of forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A form of one of our pages.
#[derive(Debug)]
pub struct Posted<T>(pub T);

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    csrf: String,
}

impl<S, T> FromRequest<S> for Posted<T>
where
    App: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let app = App::from_ref(state);
        check_origin(&app, request.headers())?;
        if content_type(request.headers()) != FORM {
            return Err(PageError::BadRequest("the form has the wrong content type".to_owned()));
        }
        let visit = visit_of(&request)?;
        let body = body(request).await?;
        let proof: Proof = parse(&body)?;
        check_csrf(&visit, proof.csrf.as_bytes())?;
        parse(&body).map(Self)
    }
}

/// Whether this is the token of the browser that the page was made for.
pub(super) fn check_csrf(visit: &Visit, shown: &[u8]) -> Result<(), PageError> {
    if constant_time_eq(shown, visit.csrf.as_bytes()) { Ok(()) } else { Err(PageError::Csrf) }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, PageError> {
    // No text of ours has it, and PostgreSQL takes none.
    if body.contains(&0) || body.windows(3).any(|three| three == b"%00") {
        return Err(PageError::BadRequest("the form has a zero byte".to_owned()));
    }
    serde_urlencoded::from_bytes(body).map_err(|error| PageError::BadRequest(error.to_string()))
}

/// What somebody typed that nobody must see again: a password, a one-time token. Wiped when dropped.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Typed(Zeroizing<String>);

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Typed {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// A form or call that carries nothing but its proof.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// JSON from a script of one of our pages; the token comes in a header.
#[derive(Debug)]
pub struct Scripted<T>(pub T);

impl<S, T> FromRequest<S> for Scripted<T>
where
    App: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let visit = visit_of(&request).map_err(IntoResponse::into_response)?;
        let refused = |error: PageError| ScriptError::from(error).respond(&app, &visit);
        check_origin(&app, request.headers()).map_err(refused)?;
        let token = request.headers().get("x-csrf-token").map(|value| value.as_bytes().to_vec());
        if !constant_time_eq(&token.unwrap_or_default(), visit.csrf.as_bytes()) {
            return Err(refused(PageError::Csrf));
        }
        if content_type(request.headers()) != "application/json" {
            return Err(
                ScriptError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unavailable").respond(&app, &visit)
            );
        }
        let body = body(request).await.map_err(refused)?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| refused(PageError::BadRequest(error.to_string())))
    }
}

/// A form of the protocol that a person's browser sends, from wherever: nothing proves where it comes
/// from, and what is wrong with it is said on a page.
#[derive(Debug)]
pub struct Sent(pub Params);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        if content_type(request.headers()) != FORM {
            return Err(PageError::BadRequest(format!("the request must be {FORM}")));
        }
        let body = body(request).await?;
        let text = std::str::from_utf8(&body).map_err(|error| PageError::BadRequest(error.to_string()))?;
        Params::parse(text).map(Self).map_err(|error| PageError::BadRequest(error.to_string()))
    }
}

/// The query of one of our own pages. A malformed one gets our own error page.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        parse(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// The `{id}` of a path. What is no id names nothing.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let text = path.map_err(|_| PageError::NotFound)?.0;
        text.parse().map(Self).map_err(|_| PageError::NotFound)
    }
}

pub(super) fn visit_of(request: &Request) -> Result<Visit, PageError> {
    let visit = request.extensions().get::<Visit>().cloned();
    visit.ok_or_else(|| PageError::internal(anyhow::anyhow!("a page route lacks the visit layer")))
}

pub(super) async fn body(request: Request) -> Result<Bytes, PageError> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        _ => PageError::BadRequest("the request body did not arrive whole".to_owned()),
    })
}

/// The media type, without parameters, in lower case.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Every browser of the last years says in `Sec-Fetch-Site` where a request comes from, older ones
/// say it in `Origin`. Whoever says neither, or another place, is refused. (`Origin` alone would not
/// do: under `Referrer-Policy: no-referrer` browsers send `null`.)
pub(super) fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), PageError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == app.config.public_url.issuer(),
        (None, None) => false,
    };
    if ours { Ok(()) } else { Err(PageError::Csrf) }
}
