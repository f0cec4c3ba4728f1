//! The pages of RP-initiated logout.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::front::{self, Told};
use super::{Request, Return, Verdict, judge};
use crate::app::App;
use crate::crypto::sha256;
use crate::ephemeral::Kind;
use crate::model::attempt::{AppCard, Handle};
use crate::model::ids::SessionId;
use crate::model::network;
use crate::oidc::authorize::respond::with_query;
use crate::theme::Page;
use crate::web::attempt::key;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Sent};
use crate::web::page::{self, Frame, see_other};
use crate::web::params::Params;
use crate::web::session as cookies;
use crate::web::visit::Visit;

/// So many may be kept of one network, while questions stand: anybody can send them.
const FROM_NETWORK: u64 = 1_000;
/// How long a question may stand.
const QUESTION_LIFETIME: time::Duration = time::Duration::minutes(10);

/// Where somebody is who has nowhere else to go.
const SIGNED_OUT: &str = "/login/signed-out";

/// Loads the pages of applications, and goes on.
#[derive(Debug, Serialize)]
pub struct FarewellPage {
    target: String,
    frames: Vec<String>,
}

impl Page for FarewellPage {
    const TEMPLATE: &'static str = "oidc/farewell.html";
    fn samples() -> Vec<Self> {
        let frame = "https://practice.example.org/bye?iss=https%3A%2F%2Flogin.example.org&sid=\"><x>";
        vec![Self {
            target: "https://practice.example.org/?a=1&b=2".to_owned(),
            frames: vec![frame.to_owned()],
        }]
    }
}

#[derive(Debug, Serialize)]
pub struct LogoutPage {
    app: Option<AppCard>,
    request: String,
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "oidc/logout.html";
    fn samples() -> Vec<Self> {
        vec![
            Self { app: None, request: "a".repeat(43) },
            Self { app: Some(card("Lindenhof <Clinic>")), request: "a".repeat(43) },
        ]
    }
}

impl Request {
    fn read(params: &Params) -> Result<Self, PageError> {
        Self::parse(params).map_err(|error| PageError::BadRequest(error.to_string()))
    }
}

fn card(name: &str) -> AppCard {
    AppCard { name: name.to_owned(), host: String::new(), logo_uri: None, policy_uri: None, tos_uri: None }
}

/// GET /oidc/logout
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::parse(&query.unwrap_or_default());
    let params = params.map_err(|error| PageError::BadRequest(error.to_string()))?;
    answer(&app, visit, &Request::read(&params)?).await
}

/// POST /oidc/logout, which may come from another site and then without our cookies: it is kept and
/// continued with a GET that has them.
pub async fn submit(State(app): State<App>, visit: Visit, Sent(params): Sent) -> Result<Response, PageError> {
    let network = sha256(&visit.address.map(network::of).unwrap_or_default());
    if app.ephemeral.count(Kind::LogoutFrom, network, QUESTION_LIFETIME).await? > FROM_NETWORK {
        return Err(PageError::Busy);
    }
    let handle = keep(&app, Kind::LogoutRequest, &Request::read(&params)?).await?;
    Ok(see_other(&format!("/oidc/logout/resume?request={handle}")))
}

async fn keep<T: Serialize + Sync>(app: &App, kind: Kind, value: &T) -> Result<Handle, PageError> {
    let handle = app.entropy.handle()?;
    app.ephemeral.put(kind, key(&handle), value, QUESTION_LIFETIME).await?;
    Ok(handle)
}

#[derive(Debug, Deserialize)]
pub struct Kept {
    request: Handle,
}

/// GET /oidc/logout/resume
pub async fn resume(
    State(app): State<App>,
    visit: Visit,
    Asked(kept): Asked<Kept>,
) -> Result<Response, PageError> {
    let request: Option<Request> = app.ephemeral.take(Kind::LogoutRequest, key(&kept.request)).await?;
    answer(&app, visit, &request.ok_or(PageError::AttemptExpired)?).await
}

async fn answer(app: &App, visit: Visit, request: &Request) -> Result<Response, PageError> {
    let visit = visit.asked_to_speak(app, &request.ui_locales);
    // Also somebody who may only add a way in: ending that would take their link away (D8).
    let session = visit.signed_in.as_ref().or(visit.limited.as_ref()).map(|signed_in| &signed_in.session);
    let issuer = app.config.public_url.issuer();
    let now = app.clock.now();
    match judge(&app.store, &app.keys.current(), &issuer, request, (session, now)).await? {
        Verdict::LogOut(back) => log_out(app, &visit, Some(&back)).await,
        Verdict::Ask(_) if session.is_none() => log_out(app, &visit, None).await,
        Verdict::Ask(back) => {
            let page = LogoutPage {
                app: back.as_ref().map(|back| card(&back.client_name)),
                request: keep(app, Kind::LogoutQuestion, &back).await?.to_string(),
            };
            let source = back.and_then(|back| back.redirect_uri?.form_action_source());
            page::render(app, &visit, Frame { form_action: source.as_deref(), ..Frame::of("oidc") }, &page)
        }
        Verdict::BadHint(why) => Err(PageError::LogoutHint(why.to_owned())),
        Verdict::BadRedirect(why) => Err(PageError::ReturnMismatch(why)),
    }
}

/// POST /oidc/logout/confirm
pub async fn confirm(
    State(app): State<App>,
    visit: Visit,
    Posted(kept): Posted<Kept>,
) -> Result<Response, PageError> {
    let asked: Option<Option<Return>> = app.ephemeral.take(Kind::LogoutQuestion, key(&kept.request)).await?;
    log_out(&app, &visit, asked.ok_or(PageError::AttemptExpired)?.as_ref()).await
}

async fn log_out(app: &App, visit: &Visit, back: Option<&Return>) -> Result<Response, PageError> {
    let target = match back.and_then(|back| Some((back.redirect_uri.as_ref()?, back.state.clone()))) {
        Some((uri, Some(state))) => with_query(uri.as_str(), &[("state", state)]),
        Some((uri, None)) => uri.to_string(),
        None => SIGNED_OUT.to_owned(),
    };
    let told = match &visit.signed_in {
        Some(signed_in) => front::of_session(&app.store, signed_in.session.id).await?,
        None => Vec::new(),
    };
    let mut response = farewell_page(app, visit, (&target, told))?;
    cookies::log_out(app, visit, &mut response).await?;
    Ok(response)
}

/// On to the target, by way of the pages of applications that have to be told.
fn farewell_page(app: &App, visit: &Visit, (target, told): (&str, Vec<Told>)) -> Result<Response, PageError> {
    if told.is_empty() {
        return Ok(see_other(target));
    }
    let issuer = app.config.public_url.issuer();
    let origins: BTreeSet<String> = told.iter().filter_map(|told| told.address.origin()).collect();
    let address =
        |told: Told| with_query(told.address.as_str(), &[("iss", issuer.clone()), ("sid", told.sid)]);
    let page = FarewellPage { target: target.to_owned(), frames: told.into_iter().map(address).collect() };
    let origins: Vec<String> = origins.into_iter().collect();
    page::render(app, visit, Frame { frames: &origins, ..Frame::of("oidc") }, &page)
}

/// GET /oidc/logout/farewell: somebody has logged out at our own pages.
pub async fn farewell(
    State(app): State<App>,
    visit: Visit,
    Asked(kept): Asked<Kept>,
) -> Result<Response, PageError> {
    let ended: Option<SessionId> = app.ephemeral.take(Kind::Farewell, key(&kept.request)).await?;
    let told = match ended {
        Some(session) => front::of_session(&app.store, session).await?,
        None => Vec::new(),
    };
    farewell_page(&app, &visit, (SIGNED_OUT, told))
}
