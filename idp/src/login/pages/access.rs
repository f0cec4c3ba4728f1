//! The page behind a one-time access link: it says what will happen, and does it on "Continue".

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{desk, give_session};
use crate::app::App;
use crate::login::access as logic;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct AccessPage {
    token: String,
    given_name: String,
}

impl Page for AccessPage {
    const TEMPLATE: &'static str = "login/access.html";
    fn samples() -> Vec<Self> {
        vec![Self { token: "idp_al_x".to_owned(), given_name: "Ada <b>".to_owned() }]
    }
}

#[derive(Debug, Deserialize)]
pub struct LinkToken {
    #[serde(default)]
    token: String,
}

/// GET /login/access
pub async fn access(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<LinkToken>,
) -> Result<Response, PageError> {
    let owner = logic::owner(&desk(&app, &visit), &query.token).await?.ok_or(PageError::LinkExpired)?;
    let page = AccessPage { token: query.token, given_name: owner.given_name.to_string() };
    page::render(&app, &visit, Frame::of("login"), &page)
}

/// POST /login/access
pub async fn submit_access(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<LinkToken>,
) -> Result<Response, PageError> {
    let begun = logic::spend(&desk(&app, &visit), &form.token).await?.ok_or(PageError::LinkExpired)?;
    let mut response = see_other("/account/passkeys/create?from=access");
    give_session(&app, &visit, &mut response, begun);
    Ok(response)
}
