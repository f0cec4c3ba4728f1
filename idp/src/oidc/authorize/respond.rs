//! The answer to an authorization request, by the mode the client asked for. Every answer carries
//! `iss` (RFC 9207) and the client's `state`.

use axum::response::Response;
use serde::Serialize;

use crate::app::App;
use crate::model::attempt::{Attempt, ResponseMode};
use crate::model::redirect_uri::RedirectUri;
use crate::oidc::authorize::request::Addressed;
use crate::oidc::error::OAuthError;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page::{self, Frame, see_other};
use crate::web::visit::Visit;

/// Where and how an answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    redirect_uri: &'a RedirectUri,
    mode: ResponseMode,
    state: Option<&'a str>,
}

impl<'a> From<&'a Addressed> for Address<'a> {
    fn from(request: &'a Addressed) -> Self {
        Self {
            redirect_uri: &request.redirect_uri,
            mode: request.response_mode,
            state: request.state.as_deref(),
        }
    }
}

impl<'a> From<&'a Attempt> for Address<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            redirect_uri: &attempt.redirect_uri,
            mode: attempt.response_mode,
            state: attempt.state.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct FormPostPage {
    action: String,
    fields: Vec<(&'static str, String)>,
}

impl Page for FormPostPage {
    const TEMPLATE: &'static str = "oidc/form_post.html";
    fn samples() -> Vec<Self> {
        let fields = vec![("code", "abc".to_owned()), ("state", "\"><script>alert(1)</script>".to_owned())];
        vec![Self { action: "https://practice.example.org/cb?a=1&b=2".to_owned(), fields }]
    }
}

/// # Errors
/// Only when the answer's page can not be rendered.
pub fn with_code(app: &App, visit: &Visit, to: Address<'_>, code: &str) -> Result<Response, PageError> {
    send(app, visit, to, vec![("code", code.to_owned())])
}

/// # Errors
/// Only when the answer's page can not be rendered.
pub fn with_error(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    error: &OAuthError,
) -> Result<Response, PageError> {
    tracing::info!(error = error.code(), description = error.description(), "authorization refused");
    send(app, visit, to, vec![("error", error.code().to_owned()), ("error_description", error.description())])
}

fn send(
    app: &App,
    visit: &Visit,
    to: Address<'_>,
    mut fields: Vec<(&'static str, String)>,
) -> Result<Response, PageError> {
    if let Some(state) = to.state {
        fields.push(("state", state.to_owned()));
    }
    fields.push(("iss", app.config.public_url.issuer()));
    match to.mode {
        ResponseMode::Query => Ok(see_other(&with_query(to.redirect_uri.as_str(), &fields))),
        ResponseMode::FormPost => {
            let source = to.redirect_uri.form_action_source();
            let frame = Frame { section: "oidc", form_action: source.as_deref() };
            let page = FormPostPage { action: to.redirect_uri.as_str().to_owned(), fields };
            page::render(app, visit, frame, &page)
        }
    }
}

/// Adds parameters to a URI, leaving what is there as it is, byte by byte.
pub(crate) fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    let query = serde_urlencoded::to_string(fields).unwrap_or_default();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_leaves_the_registered_query_as_it_is() {
        let fields = [("code", "a b".to_owned())];
        assert_eq!(with_query("https://a.example/cb", &fields), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=%41", &fields), "https://a.example/cb?x=%41&code=a+b");
    }
}
