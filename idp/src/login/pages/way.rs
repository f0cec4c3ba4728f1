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
        Ok(Self { destination, attempt: found, flow: flow_of(carried)? })
    }

    /// For somebody who comes from a mail: in another browser, or too late for what they were on the way to,
    /// they arrive at their account.
    pub(in crate::login) async fn as_far_as_it_leads(
        app: &App,
        visit: &Visit,
        carried: &Carried,
    ) -> Result<Self, PageError> {
        match Self::read(app, visit, carried).await {
            Err(PageError::AttemptExpired | PageError::OtherBrowser) => {
                Ok(Self { destination: Destination::Account, attempt: None, flow: flow_of(carried)? })
            }
            read => read,
        }
    }

    /// The visitor, in the language the application asked for.
    pub(in crate::login) fn visitor(&self, app: &App, visit: &Visit) -> Visit {
        let asked = self.attempt.as_ref().map(|attempt| attempt.ui_locales.as_slice()).unwrap_or_default();
        visit.clone().asked_to_speak(app, asked)
    }

    pub(in crate::login) fn app_card(&self) -> Option<AppCard> {
        self.attempt.as_ref().map(|attempt| attempt.app.clone())
    }

    pub(in crate::login) fn attempt_handle(&self) -> Option<Handle> {
        match &self.destination {
            Destination::Attempt(handle) => Some(handle.clone()),
            Destination::Page(_) | Destination::Account => None,
        }
    }

    pub(in crate::login) fn attempt_field(&self) -> Option<String> {
        self.attempt_handle().map(|handle| handle.to_string())
    }

    pub(in crate::login) fn destination_field(&self) -> Option<String> {
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
    pub(in crate::login) fn step(&self, path: &str, flow: &Handle) -> String {
        format!("{path}{}", carry(&self.destination, &[("flow", flow.as_str())]))
    }

    pub(in crate::login) fn render<P: Page>(
        &self,
        app: &App,
        visit: &Visit,
        page: &P,
    ) -> Result<Response, PageError> {
        let form_action = self.form_action();
        let frame = Frame { form_action: form_action.as_deref(), ..Frame::of("login") };
        page::render(app, &self.visitor(app, visit), frame, page)
    }
}

fn flow_of(carried: &Carried) -> Result<Option<Handle>, PageError> {
    let flow = carried.flow.as_deref().filter(|text| !text.is_empty()).map(Handle::parse);
    flow.transpose().map_err(|error| PageError::BadRequest(error.to_string()))
}
