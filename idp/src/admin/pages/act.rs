//! The page before something is done to the service as a whole: what will happen, and the yes.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::SECTION;
use crate::admin::Refused;
use crate::app::App;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Clone, Serialize)]
pub struct ActPage {
    act: &'static str,
    here: String,
    back: &'static str,
    /// What it is about, where that is not clear.
    subject: String,
    refused: Option<&'static str>,
}

impl ActPage {
    pub(super) fn of(act: &'static str, here: &str, back: &'static str) -> Self {
        Self { act, here: here.to_owned(), back, subject: String::new(), refused: None }
    }

    pub(super) fn about(self, subject: &str) -> Self {
        Self { subject: subject.to_owned(), ..self }
    }

    pub(super) fn here(&self) -> &str {
        &self.here
    }

    /// The page again, with what was refused.
    pub(super) fn refuse(self, app: &App, visit: &Visit, refused: Refused) -> Result<Response, PageError> {
        match refused {
            Refused::NotFound => Err(PageError::NotFound),
            Refused::Unchanged => self.say(app, visit, (StatusCode::CONFLICT, "unchanged")),
            _ => self.say(app, visit, (StatusCode::FORBIDDEN, "forbidden")),
        }
    }

    pub(super) fn say(
        self,
        app: &App,
        visit: &Visit,
        (status, refused): (StatusCode, &'static str),
    ) -> Result<Response, PageError> {
        let mut response = page::render(app, visit, SECTION, &Self { refused: Some(refused), ..self })?;
        *response.status_mut() = status;
        Ok(response)
    }
}

impl Page for ActPage {
    const TEMPLATE: &'static str = "admin/act.html";
    fn samples() -> Vec<Self> {
        let acts = ["rotate-keys", "replace-keys", "give-up-delivery", "retry-delivery"];
        let refusals = ["forbidden", "unchanged", "key-too-young", "key-missing"];
        let page = |act| Self::of(act, "/admin/x", "/admin/keys").about("<b>");
        let refused =
            refusals.into_iter().map(|refused| Self { refused: Some(refused), ..page("rotate-keys") });
        acts.into_iter().map(page).chain(refused).collect()
    }
}
