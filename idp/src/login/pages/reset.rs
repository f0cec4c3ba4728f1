//! A forgotten password: asking for a link, and setting a new password with it.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Carried, Way, desk, sample_app};
use crate::app::App;
use crate::crypto::password::MIN_CHARS;
use crate::login::reset::{self as logic, Completed};
use crate::model::attempt::AppCard;
use crate::model::user::Email;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Typed};
use crate::web::page::{self, Frame, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct ForgotPage {
    app: Option<AppCard>,
    email: String,
    /// The request is written down.
    sent: bool,
    failure: Option<&'static str>,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for ForgotPage {
    const TEMPLATE: &'static str = "login/forgot.html";
    fn samples() -> Vec<Self> {
        let page = |sent, failure| Self {
            app: Some(sample_app()),
            email: "ada@example.org".to_owned(),
            sent,
            failure,
            attempt: None,
            destination: None,
        };
        vec![page(false, None), page(false, Some("email-invalid")), page(true, None)]
    }
}

/// GET /login/forgot
pub async fn forgot(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let hint = way.attempt.as_ref().and_then(|attempt| attempt.login_hint.clone()).unwrap_or_default();
    forgot_page(&app, &visit, &way, (hint, false, None))
}

fn forgot_page(
    app: &App,
    visit: &Visit,
    way: &Way,
    (email, sent, failure): (String, bool, Option<&'static str>),
) -> Result<Response, PageError> {
    let page = ForgotPage {
        app: way.app_card(),
        email,
        sent,
        failure,
        attempt: way.attempt_field(),
        destination: way.destination_field(),
    };
    way.render(app, visit, &page)
}

#[derive(Debug, Deserialize)]
pub struct ForgotForm {
    #[serde(default)]
    email: String,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/forgot
pub async fn submit_forgot(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<ForgotForm>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &form.carried).await?;
    let typed: String = form.email.chars().take(254).collect();
    let Ok(email) = Email::parse(&form.email) else {
        return forgot_page(&app, &visit, &way, (typed, false, Some("email-invalid")));
    };
    logic::request(&desk(&app, &visit), &email).await?;
    forgot_page(&app, &visit, &way, (email.to_string(), true, None))
}

#[derive(Debug, Serialize)]
pub struct ResetPage {
    token: String,
    failure: Option<&'static str>,
    minimum: usize,
}

impl Page for ResetPage {
    const TEMPLATE: &'static str = "login/reset.html";
    fn samples() -> Vec<Self> {
        [None, Some("password-short"), Some("password-guessable")]
            .map(|failure| Self { token: "idp_pr_x".to_owned(), failure, minimum: MIN_CHARS })
            .into()
    }
}

#[derive(Debug, Deserialize)]
pub struct ResetQuery {
    #[serde(default)]
    token: String,
}

/// GET /login/reset: shows a form and changes nothing, since scanners of mail follow links (security: K4).
pub async fn reset(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<ResetQuery>,
) -> Result<Response, PageError> {
    if !logic::is_open(&desk(&app, &visit), &query.token).await? {
        return Err(PageError::LinkExpired);
    }
    reset_page(&app, &visit, (query.token, None))
}

fn reset_page(
    app: &App,
    visit: &Visit,
    (token, failure): (String, Option<&'static str>),
) -> Result<Response, PageError> {
    page::render(app, visit, Frame::of("login"), &ResetPage { token, failure, minimum: MIN_CHARS })
}

#[derive(Debug, Deserialize)]
pub struct ResetForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: Typed,
}

/// POST /login/reset
pub async fn submit_reset(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<ResetForm>,
) -> Result<Response, PageError> {
    let desk = desk(&app, &visit);
    match logic::complete(&desk, &form.token, form.password.expose(), &app.brand_name()).await? {
        Completed::Done => Ok(see_other("/login?notice=password-saved")),
        Completed::Expired => Err(PageError::LinkExpired),
        Completed::Refused(refused) => reset_page(&app, &visit, (form.token, Some(refused.id()))),
    }
}
