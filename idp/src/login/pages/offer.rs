//! The offer of a passkey after signing in, and the choice that a policy leaves.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Carried, Way, desk, sample_app};
use crate::app::App;
use crate::login::sign_in::{self, Offer};
use crate::model::attempt::AppCard;
use crate::theme::Page;
use crate::web::attempt::{self, carry};
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::see_other;
use crate::web::session::remember_shared;
use crate::web::visit::Visit;

pub(super) const fn why(offer: Offer) -> &'static str {
    match offer {
        Offer::First => "first",
        Offer::ThisDevice => "this-device",
        Offer::AfterRecovery => "recovery",
    }
}

#[derive(Debug, Serialize)]
pub struct OfferPage {
    app: Option<AppCard>,
    why: &'static str,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for OfferPage {
    const TEMPLATE: &'static str = "login/offer_passkey.html";
    fn samples() -> Vec<Self> {
        let page = |why, app: Option<AppCard>| Self {
            attempt: app.as_ref().map(|_| "a".repeat(43)),
            app,
            why,
            destination: None,
        };
        vec![page("first", None), page("this-device", Some(sample_app())), page("recovery", None)]
    }
}

#[derive(Debug, Deserialize)]
pub struct OfferQuery {
    #[serde(default)]
    why: String,
    #[serde(flatten)]
    carried: Carried,
}

/// GET /login/offer
pub async fn offer(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<OfferQuery>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &query.carried).await?;
    if visit.signed_in.is_none() {
        return Ok(see_other(&format!("/login{}", carry(&way.destination, &[]))));
    }
    let page = OfferPage {
        app: way.app_card(),
        why: ["this-device", "recovery"].into_iter().find(|why| *why == query.why).unwrap_or("first"),
        attempt: way.attempt_field(),
        destination: way.destination_field(),
    };
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

/// POST /login/shared: nobody is offered a passkey in this browser any more.
pub async fn shared(
    State(app): State<App>,
    visit: Visit,
    Posted(carried): Posted<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let mut response = see_other(&attempt::location(&way.destination));
    remember_shared(&app, &mut response);
    Ok(response)
}

/// Which of two ways to add, where a policy wants one.
#[derive(Debug, Serialize)]
pub struct EnrolPage {
    app: Option<AppCard>,
    /// The application asks for it, and not the person's organization.
    by_application: bool,
    query: String,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for EnrolPage {
    const TEMPLATE: &'static str = "login/enrol.html";
    fn samples() -> Vec<Self> {
        [false, true]
            .map(|by_application| Self {
                app: Some(sample_app()),
                by_application,
                query: "?from=policy".to_owned(),
                attempt: None,
                destination: None,
            })
            .into()
    }
}

#[derive(Debug, Deserialize)]
pub struct EnrolQuery {
    #[serde(default)]
    from: String,
    #[serde(flatten)]
    carried: Carried,
}

/// GET /login/enrol
pub async fn enrol(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<EnrolQuery>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &query.carried).await?;
    let by_application = query.from == "application" && way.attempt.is_some();
    let from = if by_application { "application" } else { "policy" };
    let query = carry(&way.destination, &[("from", from)]);
    let (attempt, destination) = (way.attempt_field(), way.destination_field());
    let page = EnrolPage { app: way.app_card(), by_application, query, attempt, destination };
    way.render(&app, &visit, &page)
}
