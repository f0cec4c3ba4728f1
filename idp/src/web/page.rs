//! HTML responses.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::brand;
use super::error::PageError;
use super::headers;
use super::visit::Visit;
use crate::app::App;
use crate::crypto::base64url;
use crate::model::user::ServiceRole;
use crate::theme::{Page, Shell};

/// Where a page belongs; the theme marks it in the navigation.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub section: &'static str,
    /// Besides ourselves, where this page's forms may lead: Chromium applies the rule to redirects
    /// that follow a form, too.
    pub form_action: Option<&'a str>,
    /// The origins whose pages it may show inside itself.
    pub frames: &'a [String],
}

impl Frame<'_> {
    #[must_use]
    pub const fn of(section: &'static str) -> Self {
        Self { section, form_action: None, frames: &[] }
    }
}

/// Renders a page with a Content-Security-Policy of its own.
///
/// # Errors
/// When it can not be rendered.
pub fn render<P: Page>(app: &App, visit: &Visit, frame: Frame<'_>, page: &P) -> Result<Response, PageError> {
    let nonce = app.entropy.bytes::<16>().map_err(|error| PageError::internal(error.into()))?;
    let nonce = base64url::encode(nonce);
    let role = visit.signed_in.as_ref().and_then(|signed_in| signed_in.user.role);
    let shell = Shell {
        lang: app.theme.catalogues().name(visit.locale),
        brand: visit.worn().cloned().unwrap_or_else(|| brand::of_service(app)),
        csrf: visit.csrf.clone(),
        nonce: nonce.clone(),
        person: visit.person(),
        section: frame.section,
        administers: visit.administers,
        service: role.is_some_and(ServiceRole::is_shown_the_service),
        development: app.config.development,
        back: visit.back.clone(),
    };
    let html = app.theme.render(&shell, page).map_err(|error| PageError::internal(error.into()))?;
    let policy = headers::page_policy(&nonce, frame.form_action, frame.frames);
    let policy = HeaderValue::try_from(policy).map_err(|error| PageError::internal(error.into()))?;
    Ok((
        [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (CONTENT_SECURITY_POLICY, policy),
        ],
        html,
    )
        .into_response())
}

/// On to another address with GET (RFC 9700 §4.12: never 307, which would repeat a POST).
#[must_use]
pub fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (
            StatusCode::SEE_OTHER,
            [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        )
            .into_response(),
        Err(error) => PageError::internal(error.into()).into_response(),
    }
}

#[derive(Debug, Serialize)]
pub struct ContinuePage {
    url: String,
}

impl Page for ContinuePage {
    const TEMPLATE: &'static str = "continue.html";
    fn samples() -> Vec<Self> {
        vec![Self { url: "/account/passkeys?x=1".to_owned() }]
    }
}

/// A page that goes on to `url` by itself, so that the next request comes from us and carries the
/// Strict cookie.
#[must_use]
pub fn bounce(app: &App, visit: &Visit, url: &str) -> Response {
    let page = ContinuePage { url: url.to_owned() };
    render(app, visit, Frame::of("account"), &page).unwrap_or_else(IntoResponse::into_response)
}
