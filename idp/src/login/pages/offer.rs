//! The offer of a passkey after a password.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Carried, Way, desk, sample_app};
use crate::app::App;
use crate::login::sign_in;
use crate::model::attempt::AppCard;
use crate::theme::Page;
use crate::web::attempt::{self, carry};
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::see_other;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct OfferPage {
    app: Option<AppCard>,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for OfferPage {
    const TEMPLATE: &'static str = "login/offer_passkey.html";
    fn samples() -> Vec<Self> {
        vec![
            Self { app: None, attempt: None, destination: None },
            Self { app: Some(sample_app()), attempt: Some("a".repeat(43)), destination: None },
        ]
    }
}

/// GET /login/offer
pub async fn offer(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    if visit.signed_in.is_none() {
        return Ok(see_other(&format!("/login{}", carry(&way.destination, &[]))));
    }
    let page =
        OfferPage { app: way.app_card(), attempt: way.attempt_field(), destination: way.destination_field() };
    way.render(&app, &visit, &page)
}

/// POST /login/not-now
pub async fn not_now(
    State(app): State<App>,
    visit: Visit,
    Posted(carried): Posted<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    if let Some(signed_in) = &visit.signed_in {
        sign_in::snooze_offer(&desk(&app, &visit), signed_in.user.id).await?;
    }
    Ok(see_other(&attempt::location(&way.destination)))
}
