//! The pages between the steps of a sign-in: the passkey after a password, and the other way round.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Carried, Way, desk, sample_app};
use crate::app::App;
use crate::login::sign_in;
use crate::model::attempt::AppCard;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct UsePasskeyPage {
    app: Option<AppCard>,
    flow: String,
    email: String,
    failure: Option<&'static str>,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for UsePasskeyPage {
    const TEMPLATE: &'static str = "login/use_passkey.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            app: Some(sample_app()),
            flow: "a".repeat(43),
            email: "ada@example.org".to_owned(),
            failure: None,
            attempt: Some("a".repeat(43)),
            destination: None,
        }]
    }
}

/// GET /login/passkey
pub async fn use_passkey(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let (flow, email) = resumed(&app, &visit, &way).await?;
    let page = UsePasskeyPage {
        app: way.app_card(),
        flow,
        email,
        failure: None,
        attempt: way.attempt_field(),
        destination: way.destination_field(),
    };
    way.render(&app, &visit, &page)
}

#[derive(Debug, Serialize)]
pub struct UsePasswordPage {
    app: Option<AppCard>,
    flow: String,
    email: String,
    failure: Option<&'static str>,
    /// With the failure "wait".
    seconds: i64,
    attempt: Option<String>,
    destination: Option<String>,
}

impl UsePasswordPage {
    /// For a flow and the address of its person.
    pub(super) fn new(way: &Way, (flow, email): (String, String)) -> Self {
        Self {
            app: way.app_card(),
            flow,
            email,
            failure: None,
            seconds: 0,
            attempt: way.attempt_field(),
            destination: way.destination_field(),
        }
    }
}

impl UsePasswordPage {
    pub(super) fn failed(mut self, failure: &'static str, seconds: i64) -> Self {
        (self.failure, self.seconds) = (Some(failure), seconds);
        self
    }
}

impl Page for UsePasswordPage {
    const TEMPLATE: &'static str = "login/use_password.html";
    fn samples() -> Vec<Self> {
        [None, Some("wrong-credentials")]
            .map(|failure| Self {
                app: Some(sample_app()),
                flow: "a".repeat(43),
                email: "ada@example.org".to_owned(),
                failure,
                seconds: 0,
                attempt: None,
                destination: Some("/account/passkeys".to_owned()),
            })
            .into()
    }
}

/// GET /login/password
pub async fn use_password(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let resumed = resumed(&app, &visit, &way).await?;
    way.render(&app, &visit, &UsePasswordPage::new(&way, resumed))
}

pub(super) async fn resumed(app: &App, visit: &Visit, way: &Way) -> Result<(String, String), PageError> {
    let handle = way.flow.as_ref().ok_or(PageError::AttemptExpired)?;
    let found = sign_in::resume(&desk(app, visit), handle).await?;
    let (_, user) = found.ok_or(PageError::AttemptExpired)?;
    Ok((handle.to_string(), user.email.to_string()))
}
