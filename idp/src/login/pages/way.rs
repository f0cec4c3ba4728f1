//! Where a person was on the way to when they had to sign in, as pages carry it along.

use axum::response::Response;
use serde::Deserialize;

use crate::app::App;
use crate::model::attempt::{AppCard, Attempt, Destination, Handle};
use crate::model::redirect_uri::RedirectUri;
use crate::theme::Page;
use crate::web::attempt::{self, carry};
use crate::web::error::PageError;
use crate::web::page::{self, Frame};
use crate::web::visit::Visit;

/// Where a person was on the way to, as pages carry it along.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Carried {
    #[serde(default)]
    pub attempt: Option<String>,
    #[serde(default)]
    pub flow: Option<String>,
    #[serde(default)]
    pub destination: Option<String>,
}

/// What [`Carried`] stands for, read and checked.
#[derive(Debug)]
pub(in crate::login) struct Way {
    pub(in crate::login) destination: Destination,
    pub(in crate::login) attempt: Option<Attempt>,
    pub(in crate::login) flow: Option<Handle>,
}

impl Way {
    pub(in crate::login) async fn read(
        app: &App,
        visit: &Visit,
        carried: &Carried,
    ) -> Result<Self, PageError> {
        let destination = attempt::destination(carried.attempt.as_deref(), carried.destination.as_deref())?;
        let found = match &destination {
            Destination::Attempt(handle) => Some(attempt::load(app, visit, handle).await?),
            Destination::Page(_) | Destination::Account => None,
        };
        let flow = carried.flow.as_deref().filter(|text| !text.is_empty()).map(Handle::parse);
        let flow = flow.transpose().map_err(|error| PageError::BadRequest(error.to_string()))?;
        Ok(Self { destination, attempt: found, flow })
    }

    /// The visitor, in the language the application asked for.
    fn visitor(&self, app: &App, visit: &Visit) -> Visit {
        let asked = self.attempt.as_ref().map(|attempt| attempt.ui_locales.as_slice()).unwrap_or_default();
        visit.clone().asked_to_speak(app, asked)
    }

    pub(super) fn app_card(&self) -> Option<AppCard> {
        self.attempt.as_ref().map(|attempt| attempt.app.clone())
    }

    pub(super) fn attempt_field(&self) -> Option<String> {
        match &self.destination {
            Destination::Attempt(handle) => Some(handle.to_string()),
            Destination::Page(_) | Destination::Account => None,
        }
    }

    pub(super) fn destination_field(&self) -> Option<String> {
        match &self.destination {
            Destination::Page(path) => Some(path.to_string()),
            Destination::Attempt(_) | Destination::Account => None,
        }
    }

    /// The sign-in page's forms may end, after redirects, at the application.
    fn form_action(&self) -> Option<String> {
        self.attempt.as_ref().map(|attempt| &attempt.redirect_uri).and_then(RedirectUri::form_action_source)
    }

    /// The page that continues a flow.
    pub(super) fn step(&self, path: &str, flow: &Handle) -> String {
        format!("{path}{}", carry(&self.destination, &[("flow", flow.as_str())]))
    }

    pub(super) fn render<P: Page>(&self, app: &App, visit: &Visit, page: &P) -> Result<Response, PageError> {
        let form_action = self.form_action();
        let frame = Frame { form_action: form_action.as_deref(), ..Frame::of("login") };
        page::render(app, &self.visitor(app, visit), frame, page)
    }
}
