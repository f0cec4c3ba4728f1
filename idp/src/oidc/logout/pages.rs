//! The pages of RP-initiated logout.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Request, Return, Verdict, judge};
use crate::app::App;
use crate::ephemeral::Kind;
use crate::model::attempt::{AppCard, Handle};
use crate::oidc::authorize::respond::with_query;
use crate::theme::Page;
use crate::web::attempt::key;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Sent};
use crate::web::page::{self, Frame, see_other};
use crate::web::params::Params;
use crate::web::session as cookies;
use crate::web::visit::Visit;

/// How long a question may stand.
const QUESTION_LIFETIME: time::Duration = time::Duration::minutes(10);

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
pub async fn submit(State(app): State<App>, Sent(params): Sent) -> Result<Response, PageError> {
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
    let session = visit.signed_in.as_ref().map(|signed_in| &signed_in.session);
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
            page::render(app, &visit, Frame { section: "oidc", form_action: source.as_deref() }, &page)
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
    let mut response = match back.and_then(|back| Some((back.redirect_uri.as_ref()?, back.state.clone()))) {
        Some((uri, Some(state))) => see_other(&with_query(uri.as_str(), &[("state", state)])),
        Some((uri, None)) => see_other(uri.as_str()),
        None => see_other("/login/signed-out"),
    };
    cookies::log_out(app, visit, &mut response).await?;
    Ok(response)
}
