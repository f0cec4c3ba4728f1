//! Signing out at our own pages.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::sample_app;
use crate::app::App;
use crate::ephemeral::Kind;
use crate::model::attempt::AppCard;
use crate::store::clients;
use crate::theme::Page;
use crate::web::attempt::key;
use crate::web::error::PageError;
use crate::web::form::{Nothing, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct SignedOutPage {
    app: Option<AppCard>,
}

impl Page for SignedOutPage {
    const TEMPLATE: &'static str = "login/signed_out.html";
    fn samples() -> Vec<Self> {
        vec![Self { app: None }, Self { app: Some(sample_app()) }]
    }
}

/// GET /login/signed-out
pub async fn signed_out(State(app): State<App>, visit: Visit) -> Result<Response, PageError> {
    page::render(&app, &visit, Frame::of("login"), &SignedOutPage { app: None })
}

/// POST /logout
pub async fn log_out(
    State(app): State<App>,
    visit: Visit,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, PageError> {
    let mut response = see_other(&way_out(&app, &visit).await?);
    session::log_out(&app, &visit, &mut response).await?;
    Ok(response)
}

/// By way of a page that tells applications, if there is one that the browser has to tell.
async fn way_out(app: &App, visit: &Visit) -> Result<String, PageError> {
    if let Some(signed_in) = &visit.signed_in {
        let session = signed_in.session.id;
        if !clients::in_front_of(&app.store, session).await?.is_empty() {
            let handle = app.entropy.handle()?;
            app.ephemeral.put(Kind::Farewell, key(&handle), &session, time::Duration::MINUTE).await?;
            return Ok(format!("/oidc/logout/farewell?request={handle}"));
        }
    }
    Ok("/login/signed-out".to_owned())
}
