//! The protocol's addresses: what people pass through, what programs call, and what both read requests with.

mod people;
mod pictures;
mod programs;
mod protected;
mod registrations;
mod sessions;

pub use people::{authorize, authorize_post, proceed, resume};
pub use pictures::logo;
pub use programs::{
    backchannel_authentication, device_authorization, discovery, introspect, jwks, par, revoke, token,
    userinfo,
};
pub use protected::guard;
pub use registrations::{change_registration, end_registration, register, registration};
pub use sessions::check_session;

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use http::request::Parts;

use super::Desk;
use super::error::{EndpointError, OAuthError};
use crate::app::App;
use crate::crypto::certificate::Certificate;
use crate::web::form::{FORM, content_type};
use crate::web::network;
use crate::web::params::Params;

#[must_use]
pub fn desk<'a>(app: &'a App, issuer: &'a str) -> Desk<'a> {
    Desk {
        store: &app.store,
        ephemeral: &app.ephemeral,
        http: &app.http,
        keys: app.keys.current(),
        entropy: app.entropy,
        secret_uses: &app.secret_uses,
        tokens: &app.config.tokens,
        meter: &app.meters.tokens,
        registration: app.config.registration,
        types: &app.config.authorization_types,
        sign_up: app.config.sign_up.open,
        // The suite asks more often than people do.
        leniency: if app.config.conformance.enabled { 100 } else { 1 },
        limits: app.config.sessions.limits(),
        policy: app.policy(),
        issuer,
        mtls: app.config.http.mtls.as_ref(),
        certificate: None,
        now: app.clock.now(),
    }
}

/// The certificate that a program has shown: to us, or to a proxy of ours (RFC 9440).
#[derive(Debug)]
pub struct Shown(Option<Certificate>);

impl Shown {
    fn at<'a>(&'a self, app: &'a App, issuer: &'a str) -> Desk<'a> {
        Desk { certificate: self.0.as_ref(), ..desk(app, issuer) }
    }
}

impl FromRequestParts<App> for Shown {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if let Some(certificate) = parts.extensions.get::<Certificate>() {
            return Ok(Self(Some(certificate.clone())));
        }
        let http = &app.config.http;
        let peer = parts.extensions.get().copied();
        let header = http.client_certificate_header.as_ref();
        Ok(Self(
            header.and_then(|name| network::certificate(&parts.headers, name, peer, &http.trusted_proxies)),
        ))
    }
}

/// A form of the protocol. Whatever is wrong with it, the answer is the protocol's error and not the
/// framework's.
#[derive(Debug)]
pub struct ProtocolForm(Params);

/// Userinfo may come without a form.
impl<S: Send + Sync> OptionalFromRequest<S> for ProtocolForm {
    type Rejection = EndpointError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, EndpointError> {
        if content_type(request.headers()) != FORM {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<S: Send + Sync> FromRequest<S> for ProtocolForm {
    type Rejection = EndpointError;

    async fn from_request(request: Request, state: &S) -> Result<Self, EndpointError> {
        let invalid = |why: &str| EndpointError::from(OAuthError::InvalidRequest(why.to_owned()));
        if content_type(request.headers()) != FORM {
            return Err(invalid("the request must be application/x-www-form-urlencoded"));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|_| invalid("the request body is too large or did not arrive whole"))?;
        let text = std::str::from_utf8(&body).map_err(|_| invalid("the request is not UTF-8"))?;
        Params::parse(text).map(Self).map_err(|error| invalid(&error.to_string()))
    }
}
