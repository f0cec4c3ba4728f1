//! Protocol errors: what an application is told, and in which specification it stands.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::crypto::keyring::KeyError;
use crate::crypto::random::NoEntropy;
use crate::ephemeral::EphemeralError;
use crate::model::key::SigningAlg;
use crate::store::StoreError;

/// An error of OAuth 2 or OpenID Connect. The text says what to change and carries nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// RFC 6749 §4.1.2.1 and §5.2.
    #[error("{0}")]
    InvalidRequest(String),
    /// RFC 6749 §5.2. One text for every reason, so that it tells nobody which clients exist.
    #[error("the client is unknown, its credentials are wrong, or it may not authenticate this way")]
    InvalidClient { basic: bool },
    /// RFC 6749 §5.2.
    #[error("{0}")]
    InvalidGrant(&'static str),
    /// RFC 6749 §4.1.2.1 and §5.2.
    #[error("{0}")]
    UnauthorizedClient(&'static str),
    /// RFC 6749 §5.2.
    #[error("grant_type is none of grant_types_supported in the metadata")]
    UnsupportedGrantType,
    /// RFC 6749 §4.1.2.1.
    #[error("response_type must be code")]
    UnsupportedResponseType,
    /// RFC 6749 §4.1.2.1 and §5.2.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// RFC 9449 §5.
    #[error("{0}")]
    InvalidDpopProof(&'static str),
    /// RFC 9449 §8, with the nonce to use.
    #[error("the DPoP proof needs the nonce in the header DPoP-Nonce")]
    UseDpopNonce(String),
    /// RFC 9101 §6.
    #[error("the request object: {0}")]
    InvalidRequestObject(&'static str),
    /// RFC 9101 §6.
    #[error("{0}")]
    InvalidRequestUri(&'static str),
    /// RFC 7591 §3.2.2.
    #[error("{0}")]
    InvalidRedirectUri(String),
    /// RFC 7591 §3.2.2.
    #[error("{0}")]
    InvalidClientMetadata(String),
    /// RFC 8628 §3.5.
    #[error("the person has not decided yet")]
    AuthorizationPending,
    /// RFC 8628 §3.5.
    #[error("ask less often: wait five seconds longer from now on")]
    SlowDown,
    /// RFC 8628 §3.5, CIBA §11.
    #[error("the device code or auth_req_id has expired; begin again")]
    ExpiredToken,
    /// CIBA §13.
    #[error("nobody can be told from the hint")]
    UnknownUserId,
    /// CIBA §13.
    #[error("{0}")]
    InvalidBindingMessage(String),
    /// OpenID Connect Core Unmet Authentication Requirements 1.0.
    #[error("none of the demanded acr values is known here")]
    UnmetAuthenticationRequirements,
    /// RFC 8707 §2.
    #[error("resource is not an API that this client may ask tokens for")]
    InvalidTarget,
    /// RFC 9396 §5.
    #[error("authorization_details: {0}")]
    InvalidAuthorizationDetails(String),
    /// RFC 6749 §4.1.2.1.
    #[error("the person cancelled")]
    AccessDenied,
    /// OIDC Core §3.1.2.6.
    #[error("the person has to log in")]
    LoginRequired,
    /// RFC 6749 §4.1.2.1. One text, whether there is such an organization or not.
    #[error("the person does not belong to this organization")]
    NoMember,
    /// OIDC Core §3.1.2.6.
    #[error("the person has to choose or to add something")]
    InteractionRequired,
    /// OIDC Core §3.1.2.6.
    #[error("somebody else is logged in")]
    AccountSelectionRequired,
    /// OIDC Core §3.1.2.6.
    #[error("the person has to give consent")]
    ConsentRequired,
    /// OIDC Core §3.1.2.6.
    #[error("a request object must be signed")]
    RequestNotSupported,
    /// OIDC Core §3.1.2.6.
    #[error("request_uri is not supported")]
    RequestUriNotSupported,
    /// OIDC Core §3.1.2.6.
    #[error("the registration parameter is not supported")]
    RegistrationNotSupported,
    /// RFC 6750 §3.1.
    #[error("the access token is missing, expired, revoked or not for this")]
    InvalidToken,
    /// RFC 6750 §3.1.
    #[error("the access token was not issued for the scope openid")]
    InsufficientScope,
    /// RFC 6749 §4.1.2.1: no room or no database just now.
    #[error("the service is busy, try again in a moment")]
    TemporarilyUnavailable,
}

impl OAuthError {
    /// The `error` parameter.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient { .. } => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope(_) => "invalid_scope",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce(_) => "use_dpop_nonce",
            Self::InvalidRequestObject(_) => "invalid_request_object",
            Self::InvalidRequestUri(_) => "invalid_request_uri",
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidClientMetadata(_) => "invalid_client_metadata",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::UnknownUserId => "unknown_user_id",
            Self::InvalidBindingMessage(_) => "invalid_binding_message",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::AccessDenied | Self::NoMember => "access_denied",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The `error_description`, in the characters that RFC 6749 §4.1.2.1 allows.
    #[must_use]
    pub fn description(&self) -> String {
        let legal = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        self.to_string().chars().map(|c| if legal(c) { c } else { '\'' }).take(300).collect()
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::InvalidClient { .. } | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// How an access token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 6750
    Bearer,
    /// RFC 9449
    Dpop,
}

impl Scheme {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// What a protocol endpoint answers when it can not do what it was asked.
#[derive(Debug, Clone)]
pub enum EndpointError {
    Protocol(OAuthError),
    /// RFC 6750 §3, RFC 9449 §7.1: an error of a protected resource; `None` when no token was sent at all.
    Resource(Scheme, Option<OAuthError>),
    Internal(Arc<anyhow::Error>),
}

impl EndpointError {
    /// The `error` parameter that it becomes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Protocol(error) | Self::Resource(_, Some(error)) => error.code(),
            Self::Resource(_, None) => "invalid_token",
            Self::Internal(_) => "server_error",
        }
    }
}

impl From<OAuthError> for EndpointError {
    fn from(error: OAuthError) -> Self {
        Self::Protocol(error)
    }
}

impl From<anyhow::Error> for EndpointError {
    fn from(error: anyhow::Error) -> Self {
        if error.downcast_ref().is_some_and(StoreError::passes) {
            tracing::warn!(error = format!("{error:#}"), "the database is busy or out of reach");
            return Self::Protocol(OAuthError::TemporarilyUnavailable);
        }
        if let Some(EphemeralError::Unavailable(_)) = error.downcast_ref() {
            tracing::warn!(error = format!("{error:#}"), "ephemeral storage is unavailable");
            return Self::Protocol(OAuthError::TemporarilyUnavailable);
        }
        Self::Internal(Arc::new(error))
    }
}

macro_rules! internal_from {
    ($($error:ty),*) => {
        $(impl From<$error> for EndpointError {
            fn from(error: $error) -> Self {
                Self::from(anyhow::Error::from(error))
            }
        })*
    };
}
internal_from!(StoreError, EphemeralError, KeyError, NoEntropy);

impl IntoResponse for EndpointError {
    fn into_response(self) -> Response {
        let mut response = match &self {
            Self::Protocol(error) => {
                tracing::info!(error = error.code(), description = error.description(), "request refused");
                let body = json!({ "error": error.code(), "error_description": error.description() });
                (error.status(), Json(body)).into_response()
            }
            Self::Resource(scheme, error) => {
                let status = match error {
                    // A proof is part of the credentials.
                    None | Some(OAuthError::InvalidDpopProof(_) | OAuthError::UseDpopNonce(_)) => {
                        StatusCode::UNAUTHORIZED
                    }
                    Some(error) => error.status(),
                };
                let mut response = status.into_response();
                for challenge in challenges(*scheme, error.as_ref()) {
                    if let Ok(challenge) = HeaderValue::try_from(challenge) {
                        response.headers_mut().append(WWW_AUTHENTICATE, challenge);
                    }
                }
                response
            }
            Self::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "a request failed");
                // The response carries X-Request-Id, which finds the line above.
                let text = "an internal error; the header X-Request-Id names it in our log";
                let body = json!({ "error": "server_error", "error_description": text });
                (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
            }
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        match self {
            Self::Protocol(OAuthError::UseDpopNonce(nonce))
            | Self::Resource(_, Some(OAuthError::UseDpopNonce(nonce))) => {
                if let Ok(nonce) = HeaderValue::try_from(nonce) {
                    headers.insert("dpop-nonce", nonce);
                }
            }
            Self::Protocol(OAuthError::InvalidClient { basic: true }) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"client\""));
            }
            Self::Protocol(OAuthError::TemporarilyUnavailable) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        response
    }
}

/// RFC 9110 §11.6.1: one challenge for each way that would do, and what was wrong with the way that was taken.
fn challenges(scheme: Scheme, error: Option<&OAuthError>) -> Vec<String> {
    let algs = SigningAlg::ALL.map(SigningAlg::as_str).join(" ");
    let Some(error) = error else {
        return vec!["Bearer".to_owned(), format!("DPoP algs=\"{algs}\"")];
    };
    let (name, code, text) = (scheme.as_str(), error.code(), error.description());
    let challenge = format!("{name} error=\"{code}\", error_description=\"{text}\"");
    vec![if scheme == Scheme::Dpop { format!("{challenge}, algs=\"{algs}\"") } else { challenge }]
}
