//! What an API of ours answers when it does not do what it was asked: problem details (RFC 9457). Each kind has a name
//! that never changes and is explained under its address.

use anyhow::Error;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::error::{PageError, RequestId};
use crate::app::App;
use crate::crypto::random::NoEntropy;
use crate::ephemeral::EphemeralError;
use crate::model::api;
use crate::store::StoreError;

macro_rules! kinds {
    ($($variant:ident => $name:literal, $status:ident, $title:literal;)*) => {
        /// Every kind of problem there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($variant,)*
        }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const fn parts(self) -> (&'static str, StatusCode, &'static str) {
                match self { $(Self::$variant => ($name, StatusCode::$status, $title),)* }
            }

            /// The last part of its `type`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.parts().0
            }

            #[must_use]
            pub const fn status(self) -> StatusCode {
                self.parts().1
            }

            /// What it says to people, the same each time.
            #[must_use]
            pub const fn title(self) -> &'static str {
                self.parts().2
            }
        }
    };
}

kinds! {
    InvalidRequest => "invalid-request", BAD_REQUEST, "The request can not be read";
    InvalidParameter => "invalid-parameter", BAD_REQUEST, "A parameter of the address is wrong";
    InvalidCursor => "invalid-cursor", BAD_REQUEST, "The cursor is not of this list, or was changed; begin the list anew";
    MalformedJson => "malformed-json", BAD_REQUEST, "The body is no JSON";
    TokenRequired => "token-required", UNAUTHORIZED, "An access token is needed";
    InvalidToken => "invalid-token", UNAUTHORIZED, "The access token is expired, revoked or not for this API";
    InvalidProof => "invalid-proof", UNAUTHORIZED, "The proof of possession is missing or wrong";
    InsufficientAuthentication => "insufficient-user-authentication", UNAUTHORIZED, "The person has to log in again, by more than a password";
    InsufficientScope => "insufficient-scope", FORBIDDEN, "The access token is not for this";
    ClientNotAllowed => "client-not-allowed", FORBIDDEN, "The configuration does not let this application act for itself here";
    Forbidden => "forbidden", FORBIDDEN, "This is beyond the caller's rights";
    Yourself => "yourself", FORBIDDEN, "Your own account is changed on your account pages";
    NotFound => "not-found", NOT_FOUND, "There is no such thing, as far as the caller may know";
    MethodNotAllowed => "method-not-allowed", METHOD_NOT_ALLOWED, "This address does not know this method";
    LastOperator => "last-operator", CONFLICT, "Without this last operator nobody could look after the service";
    LastAdministrator => "last-administrator", CONFLICT, "An organization needs another administrator first";
    AccountDisabled => "account-disabled", CONFLICT, "The account is disabled";
    AddressTaken => "address-taken", CONFLICT, "The address belongs to an account already";
    SlugTaken => "slug-taken", CONFLICT, "The short name is taken";
    MemberAlready => "member-already", CONFLICT, "They belong to the organization already";
    RoleInUse => "role-in-use", CONFLICT, "Members still have a role that would be taken away";
    Unchanged => "unchanged", CONFLICT, "There is nothing to change: it is so already";
    Conflict => "conflict", CONFLICT, "What is there does not allow it; the detail says why";
    UnderWay => "under-way", CONFLICT, "The same call is being made at this moment; try again in a moment";
    BrokenOff => "broken-off", CONFLICT, "The same call was made and broke off; see whether it was done, and make it again with another key";
    Stale => "stale", PRECONDITION_FAILED, "It has changed since it was read; read it again";
    TooLarge => "too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType => "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    InvalidBody => "invalid-body", UNPROCESSABLE_ENTITY, "A member of the body is wrong or missing";
    UnknownMember => "unknown-member", UNPROCESSABLE_ENTITY, "The body has a member that is not known here";
    ReadOnlyMember => "read-only-member", UNPROCESSABLE_ENTITY, "The body changes a member that can only be read";
    UnknownRole => "unknown-role", UNPROCESSABLE_ENTITY, "The organization does not have such a role";
    KeyReused => "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request";
    PreconditionRequired => "precondition-required", PRECONDITION_REQUIRED, "If-Match is needed, with the ETag that was read";
    RateLimited => "rate-limited", TOO_MANY_REQUESTS, "Too many calls; go on after Retry-After";
    Internal => "internal", INTERNAL_SERVER_ERROR, "A fault of ours; the reference names it in the log";
    Unavailable => "unavailable", SERVICE_UNAVAILABLE, "The service is busy or its database out of reach; try again in a moment";
    Unclear => "unclear", SERVICE_UNAVAILABLE, "The database did not say whether it was done; see whether it was before trying again";
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Problem(Box<Said>);

#[derive(Debug, Clone)]
struct Said {
    kind: Kind,
    detail: Option<String>,
    pointer: Option<String>,
    headers: HeaderMap,
}

impl Problem {
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self(Box::new(Said { kind, detail: None, pointer: None, headers: HeaderMap::new() }))
    }

    /// What is wrong this time, for developers.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Which member of the body it is about, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.0.headers.append(name, value);
        }
        self
    }

    /// RFC 6750 §3.
    #[must_use]
    pub fn challenge(self, challenge: &str) -> Self {
        self.header(WWW_AUTHENTICATE, challenge)
    }

    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.0.kind
    }

    fn render(self, app: &App, reference: &RequestId) -> Response {
        let Said { kind, detail, pointer, headers } = *self.0;
        let status = kind.status();
        let body = Body {
            kind: address(app, kind),
            title: kind.title(),
            status: status.as_u16(),
            detail,
            pointer,
            reference: status.is_server_error().then(|| reference.0.clone()),
        };
        tracing::debug!(kind = kind.name(), detail = body.detail, "a call was refused");
        let json = HeaderValue::from_static("application/problem+json");
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, json)], text).into_response();
        response.headers_mut().extend(headers);
        if kind == Kind::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

/// The `type` of a kind.
#[must_use]
pub fn address(app: &App, kind: Kind) -> String {
    app.config.public_url.join(&format!("{}/docs#{}", api::PATH, kind.name()))
}

/// RFC 9457 §3.
#[derive(Debug, Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Finds the request in our log.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let unclear = matches!(error.downcast_ref(), Some(StoreError::Unclear(_)));
        match PageError::internal(error) {
            PageError::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "a request failed");
                Self::of(Kind::Internal)
            }
            _ if unclear => Self::of(Kind::Unclear),
            _ => Self::of(Kind::Unavailable),
        }
    }
}

macro_rules! internal_from {
    ($($error:ty),*) => {
        $(impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                Self::from(Error::from(error))
            }
        })*
    };
}
internal_from!(StoreError, EphemeralError, NoEntropy);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // The layer below replaces this; it is seen only if that layer is missing.
        let mut response = self.0.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders what went wrong, and keeps every answer out of caches.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let reference = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let before = std::mem::take(response.headers_mut());
        response = problem.render(&app, &reference);
        let own = response.headers().clone();
        for (name, value) in before.iter().filter(|(name, _)| !own.contains_key(*name)) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
