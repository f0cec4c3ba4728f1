//! What goes wrong on a page, as the person sees it, and the correlation id that ties our own faults
//! to the log.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use tracing::Instrument;
use tracing::field::Empty;

use super::network::{self, Peer};
use super::page::{self, Frame};
use super::visit::Visit;
use crate::app::App;
use crate::crypto::base64url;
use crate::crypto::password::HashError;
use crate::crypto::random::{Entropy, NoEntropy};
use crate::ephemeral::EphemeralError;
use crate::model::trace::TraceParent;
use crate::store::StoreError;
use crate::theme::Page;

/// Names one request in the log and on an error page.
#[derive(Debug, Clone, Default)]
pub struct RequestId(pub String);

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id, its span and one line in the log when it is answered. The line has the
/// path and never the query, which may carry secrets. Where the request stands in somebody's trace is believed
/// from our own proxies only: nobody else decides what is traced, or puts anything into a trace of ours.
pub async fn with_id<F>(app: &App, mut request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = Entropy::of_the_system().bytes::<9>().map(base64url::encode).unwrap_or_default();
    let span = {
        let (method, path) = (request.method(), plain(request.uri().path()));
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        let parent = trace_parent(app, &request);
        tracing::info_span!("request", id, %method, path = &*path, route, status = Empty, traceparent = parent)
    };
    let header = HeaderValue::try_from(&id);
    request.extensions_mut().insert(RequestId(id));
    let ended = span.clone();
    async move {
        let started = tokio::time::Instant::now();
        let mut response = answer(request).await;
        if let Ok(id) = header {
            response.headers_mut().insert(REQUEST_ID.clone(), id);
        }
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(status = response.status().as_u16(), milliseconds, "done");
        ended.record("status", response.status().as_u16());
        response
    }
    .instrument(span)
    .await
}

/// With nothing in it that could be taken for something else in a line.
fn plain(path: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if path.bytes().all(is_plain) { path.into() } else { path.escape_debug().to_string().into() }
}

fn trace_parent(app: &App, request: &Request) -> Option<String> {
    let peer = request.extensions().get::<Peer>()?;
    let trusted = &app.config.http.trusted_proxies;
    let sent = request.headers().get("traceparent").filter(|_| network::is_trusted(*peer, trusted))?;
    TraceParent::parse(sent.to_str().ok()?).ok().map(|parent| parent.to_string())
}

/// An error that a person sees as a page. The visit layer renders it.
#[derive(Debug, Clone)]
pub enum PageError {
    NotFound,
    Method,
    BadRequest(String),
    TooLarge,
    /// RFC 6749 §4.1.2.1: nobody may be redirected.
    UnknownClient(String),
    RedirectMismatch(String),
    /// Of a logout: the person stays logged in.
    ReturnMismatch(String),
    AttemptExpired,
    OtherBrowser,
    Csrf,
    SignInAgain,
    SetUpDone,
    SetUpToken,
    /// A link from a mail or an administrator that can not be used any more.
    LinkExpired,
    LogoutHint(String),
    PasskeyLimit,
    LastWayIn,
    Busy,
    Unavailable,
    Internal(Arc<anyhow::Error>),
}

impl PageError {
    #[must_use]
    pub fn internal(error: anyhow::Error) -> Self {
        if error.downcast_ref().is_some_and(StoreError::passes) {
            tracing::warn!(error = format!("{error:#}"), "the database is busy or out of reach");
            return Self::Unavailable;
        }
        if let Some(EphemeralError::Unavailable(why)) = error.downcast_ref() {
            tracing::warn!(why, "ephemeral storage is unavailable");
            return Self::Unavailable;
        }
        if matches!(error.downcast_ref(), Some(HashError::Busy)) {
            return Self::Busy;
        }
        Self::Internal(Arc::new(error))
    }

    const fn kind(&self) -> (&'static str, StatusCode) {
        match self {
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND),
            Self::Method => ("method", StatusCode::METHOD_NOT_ALLOWED),
            Self::BadRequest(_) => ("bad-request", StatusCode::BAD_REQUEST),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnknownClient(_) => ("unknown-client", StatusCode::BAD_REQUEST),
            Self::RedirectMismatch(_) => ("redirect-mismatch", StatusCode::BAD_REQUEST),
            Self::ReturnMismatch(_) => ("return-mismatch", StatusCode::BAD_REQUEST),
            Self::AttemptExpired => ("attempt-expired", StatusCode::BAD_REQUEST),
            Self::OtherBrowser => ("other-browser", StatusCode::BAD_REQUEST),
            Self::Csrf => ("csrf", StatusCode::FORBIDDEN),
            Self::SignInAgain => ("stale-page", StatusCode::FORBIDDEN),
            Self::SetUpDone => ("setup-done", StatusCode::FORBIDDEN),
            Self::SetUpToken => ("setup-token", StatusCode::FORBIDDEN),
            Self::LinkExpired => ("link-expired", StatusCode::BAD_REQUEST),
            Self::LogoutHint(_) => ("logout-hint", StatusCode::BAD_REQUEST),
            Self::PasskeyLimit => ("passkey-limit", StatusCode::CONFLICT),
            Self::LastWayIn => ("last-way-in", StatusCode::CONFLICT),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal(_) => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::BadRequest(text)
            | Self::UnknownClient(text)
            | Self::RedirectMismatch(text)
            | Self::ReturnMismatch(text)
            | Self::LogoutHint(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Logged here and nowhere else: this is where the error is handled.
    fn log(&self) {
        match self {
            Self::Internal(error) => tracing::error!(error = format!("{error:#}"), "a request failed"),
            other => tracing::debug!(kind = other.kind().0, detail = other.detail(), "a request was refused"),
        }
    }

    pub(super) fn page(&self, app: &App, visit: &Visit, reference: &RequestId) -> Response {
        self.log();
        let (kind, status) = self.kind();
        let page = ErrorPage {
            kind,
            detail: self.detail(),
            reference: status.is_server_error().then(|| reference.0.clone()),
        };
        match page::render(app, visit, Frame::of("error"), &page) {
            Ok(mut response) => {
                *response.status_mut() = status;
                soon(status, response)
            }
            Err(error) => error.plain(reference),
        }
    }

    /// For when not even a page can be rendered.
    pub(super) fn plain(&self, reference: &RequestId) -> Response {
        self.log();
        let (kind, status) = self.kind();
        soon(status, (status, format!("{kind} (reference {})\n", reference.0)).into_response())
    }
}

/// What can not be done now can be tried again soon.
fn soon(status: StatusCode, mut response: Response) -> Response {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (kind, status) = self.kind();
        // The visit layer replaces this; it is seen only if that layer is missing.
        let mut response = (status, format!("{kind}\n")).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

macro_rules! internal_from {
    ($($error:ty),*) => {
        $(impl From<$error> for PageError {
            fn from(error: $error) -> Self {
                Self::internal(error.into())
            }
        })*
    };
}
internal_from!(anyhow::Error, StoreError, EphemeralError, NoEntropy);

#[derive(Debug, Serialize)]
pub struct ErrorPage {
    kind: &'static str,
    detail: Option<String>,
    reference: Option<String>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";
    fn samples() -> Vec<Self> {
        let text = || "a detail for developers <script>".to_owned();
        [
            PageError::NotFound,
            PageError::Method,
            PageError::BadRequest(text()),
            PageError::TooLarge,
            PageError::UnknownClient(text()),
            PageError::RedirectMismatch(text()),
            PageError::ReturnMismatch(text()),
            PageError::AttemptExpired,
            PageError::OtherBrowser,
            PageError::Csrf,
            PageError::SignInAgain,
            PageError::SetUpDone,
            PageError::SetUpToken,
            PageError::LinkExpired,
            PageError::LogoutHint(text()),
            PageError::PasskeyLimit,
            PageError::LastWayIn,
            PageError::Busy,
            PageError::Unavailable,
            PageError::Internal(Arc::new(anyhow::anyhow!("a fault"))),
        ]
        .into_iter()
        .map(|error| Self { kind: error.kind().0, detail: error.detail(), reference: Some("x".to_owned()) })
        .collect()
    }
}

/// What a script on our pages gets when something fails: an id to act on and a text to show.
#[derive(Debug, Serialize)]
pub struct ScriptFailure {
    pub failure: &'static str,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<serde_json::Value>,
}

/// A failed call from a script. Rendered with the visitor's language.
#[derive(Debug)]
pub struct ScriptError {
    pub status: StatusCode,
    pub failure: &'static str,
    pub location: Option<String>,
    pub unknown: Option<serde_json::Value>,
}

impl ScriptError {
    #[must_use]
    pub const fn new(status: StatusCode, failure: &'static str) -> Self {
        Self { status, failure, location: None, unknown: None }
    }

    #[must_use]
    pub fn respond(self, app: &App, visit: &Visit) -> Response {
        let message = app.theme.text(visit.locale, &format!("failure-{}", self.failure));
        let body =
            ScriptFailure { failure: self.failure, message, location: self.location, unknown: self.unknown };
        (self.status, Json(body)).into_response()
    }
}

impl<E: Into<PageError>> From<E> for ScriptError {
    fn from(error: E) -> Self {
        let error: PageError = error.into();
        error.log();
        match error {
            PageError::AttemptExpired | PageError::OtherBrowser => {
                Self::new(StatusCode::BAD_REQUEST, "attempt-expired")
            }
            PageError::PasskeyLimit => Self::new(StatusCode::CONFLICT, "passkey-limit"),
            PageError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too-busy"),
            other => Self::new(other.kind().1, "unavailable"),
        }
    }
}
