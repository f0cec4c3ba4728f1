//! The pages of making an account: the email, the name behind the link in the mail, the first way in.

use std::collections::BTreeMap;

use axum::extract::{FromRef, FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::complete::{self, Completed};
use crate::app::App;
use crate::crypto::password::MIN_CHARS;
use crate::login::pages::{Carried, Way, desk, follow, give_session, sample_app};
use crate::login::sign_in::Outcome;
use crate::model::attempt::{AppCard, Destination};
use crate::model::organization::PolicySource;
use crate::model::user::{Email, Language, PersonName, Policy};
use crate::theme::Page;
use crate::web::attempt;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Typed};
use crate::web::page::see_other;
use crate::web::visit::Visit;

/// Where people may not make accounts themselves, none of this exists.
#[derive(Debug)]
pub struct Offered;

impl<S> FromRequestParts<S> for Offered
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, PageError> {
        if App::from_ref(state).config.sign_up.open { Ok(Self) } else { Err(PageError::NotFound) }
    }
}

/// The way of somebody who makes an account, where they may: because everybody may, or invited to an organization.
pub(super) async fn admitted(app: &App, visit: &Visit, carried: &Carried) -> Result<Way, PageError> {
    let way = Way::as_far_as_it_leads(app, visit, carried).await?;
    let known = match &way.flow {
        Some(flow) => super::newcomer(&desk(app, visit), flow).await?,
        None => None,
    };
    let invited = known.is_some_and(|(newcomer, _)| newcomer.is_invited());
    if app.config.sign_up.open || invited { Ok(way) } else { Err(PageError::NotFound) }
}

#[derive(Debug, Serialize)]
pub struct CreatePage {
    app: Option<AppCard>,
    email: String,
    /// The request is written down.
    sent: bool,
    failure: Option<&'static str>,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for CreatePage {
    const TEMPLATE: &'static str = "login/create.html";
    fn samples() -> Vec<Self> {
        let page = |sent, failure| Self {
            app: Some(sample_app()),
            email: "ada@example.org".to_owned(),
            sent,
            failure,
            attempt: Some("a".repeat(43)),
            destination: None,
        };
        let failures = ["email-invalid", "email-domain"].map(|failure| page(false, Some(failure)));
        [page(false, None), page(true, None)].into_iter().chain(failures).collect()
    }
}

/// GET /login/create
pub async fn ask(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let hint = way.attempt.as_ref().and_then(|attempt| attempt.login_hint.clone()).unwrap_or_default();
    create_page(&app, &visit, &way, (hint, false, None))
}

fn create_page(
    app: &App,
    visit: &Visit,
    way: &Way,
    (email, sent, failure): (String, bool, Option<&'static str>),
) -> Result<Response, PageError> {
    let page = CreatePage {
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
pub struct CreateForm {
    #[serde(default)]
    email: String,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/create: the same answer, after as long, whether anybody has the address (security: G5).
pub async fn submit(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Posted(form): Posted<CreateForm>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &form.carried).await?;
    let failed = |failure| {
        let typed: String = form.email.chars().take(254).collect();
        create_page(&app, &visit, &way, (typed, false, Some(failure)))
    };
    let Ok(email) = Email::parse(&form.email) else {
        return failed("email-invalid");
    };
    if !app.config.sign_up.admits(&email) {
        return failed("email-domain");
    }
    let read_in = language(&app, &way.visitor(&app, &visit));
    super::request(&desk(&app, &visit), &email, (read_in, way.attempt_handle())).await?;
    create_page(&app, &visit, &way, (email.to_string(), true, None))
}

/// The language that somebody reads our pages in.
pub(in crate::login) fn language(app: &App, visit: &Visit) -> Option<Language> {
    Language::parse(&app.theme.catalogues().name(visit.locale)).ok()
}

#[derive(Debug, Serialize)]
pub struct CreateNamePage {
    app: Option<AppCard>,
    email: String,
    token: String,
    given_name: String,
    family_name: String,
    errors: BTreeMap<&'static str, &'static str>,
    attempt: Option<String>,
}

impl Page for CreateNamePage {
    const TEMPLATE: &'static str = "login/create_name.html";
    fn samples() -> Vec<Self> {
        let page = |errors: BTreeMap<_, _>| Self {
            app: Some(sample_app()),
            email: "ada@example.org".to_owned(),
            token: "idp_na_x".to_owned(),
            given_name: "Ada <b>".to_owned(),
            family_name: String::new(),
            errors,
            attempt: Some("a".repeat(43)),
        };
        vec![page(BTreeMap::new()), page([("given_name", "name-long"), ("family_name", "name-empty")].into())]
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct NameForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
    #[serde(flatten)]
    carried: Carried,
}

/// GET /login/create/name: shows a form and changes nothing, since scanners of mail follow links (security: K4).
pub async fn ask_name(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Asked(form): Asked<NameForm>,
) -> Result<Response, PageError> {
    let way = Way::as_far_as_it_leads(&app, &visit, &form.carried).await?;
    let (_, email) = super::address(&desk(&app, &visit), &form.token).await?.ok_or(PageError::LinkExpired)?;
    let empty = NameForm { token: form.token, ..NameForm::default() };
    name_page(&app, &visit, &way, (&email, &empty, BTreeMap::new()))
}

fn name_page(
    app: &App,
    visit: &Visit,
    way: &Way,
    (email, form, errors): (&Email, &NameForm, BTreeMap<&'static str, &'static str>),
) -> Result<Response, PageError> {
    let page = CreateNamePage {
        app: way.app_card(),
        email: email.to_string(),
        token: form.token.clone(),
        given_name: form.given_name.clone(),
        family_name: form.family_name.clone(),
        errors,
        attempt: way.attempt_field(),
    };
    way.render(app, visit, &page)
}

/// POST /login/create/name
pub async fn submit_name(
    State(app): State<App>,
    visit: Visit,
    _: Offered,
    Posted(form): Posted<NameForm>,
) -> Result<Response, PageError> {
    let way = Way::as_far_as_it_leads(&app, &visit, &form.carried).await?;
    let desk = desk(&app, &visit);
    let (link, email) = super::address(&desk, &form.token).await?.ok_or(PageError::LinkExpired)?;
    let names = match (PersonName::typed(&form.given_name), PersonName::typed(&form.family_name)) {
        (Ok(given_name), Ok(family_name)) => (given_name, family_name),
        (given_name, family_name) => {
            let errors = [("given_name", given_name.err()), ("family_name", family_name.err())];
            let errors = errors.into_iter().filter_map(|(field, error)| Some((field, error?))).collect();
            return name_page(&app, &visit, &way, (&email, &form, errors));
        }
    };
    let read_in = language(&app, &way.visitor(&app, &visit));
    let flow = super::introduce(&desk, (link, email), names, read_in).await?;
    Ok(see_other(&way.step("/login/create/passkey", &flow)))
}

#[derive(Debug, Serialize)]
pub struct FirstPasskeyPage {
    app: Option<AppCard>,
    email: String,
    flow: String,
    failure: Option<&'static str>,
    minimum: usize,
    /// A password would do, too.
    password: bool,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for FirstPasskeyPage {
    const TEMPLATE: &'static str = "login/create_passkey.html";
    fn samples() -> Vec<Self> {
        let page = |failure, password| Self {
            app: Some(sample_app()),
            email: "ada@example.org".to_owned(),
            flow: "a".repeat(43),
            failure,
            minimum: MIN_CHARS,
            password,
            attempt: Some("a".repeat(43)),
            destination: None,
        };
        let invited = Self {
            app: None,
            attempt: None,
            destination: Some("/login/invitation/done?token=idp_in_x".to_owned()),
            ..page(None, false)
        };
        vec![page(None, true), page(Some("password-short"), true), invited]
    }
}

/// GET /login/create/passkey
pub async fn ask_passkey(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = admitted(&app, &visit, &carried).await?;
    passkey_page(&app, &visit, &way, None).await
}

async fn passkey_page(
    app: &App,
    visit: &Visit,
    way: &Way,
    failure: Option<&'static str>,
) -> Result<Response, PageError> {
    let flow = way.flow.as_ref().ok_or(PageError::LinkExpired)?;
    let desk = desk(app, visit);
    let (newcomer, user) = super::newcomer(&desk, flow).await?.ok_or(PageError::LinkExpired)?;
    let rule = match super::rule(&desk, newcomer.ticket).await? {
        // Its own page says why.
        None if newcomer.is_invited() => return Ok(see_other(&attempt::location(&way.destination))),
        rule => rule,
    };
    let page = FirstPasskeyPage {
        app: way.app_card(),
        email: user.email.to_string(),
        flow: flow.to_string(),
        failure,
        minimum: MIN_CHARS,
        password: !newcomer.is_invited() || rule != Some(Policy::PasskeyOnly),
        attempt: way.attempt_field(),
        destination: way.destination_field(),
    };
    way.render(app, visit, &page)
}

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    password: Typed,
    #[serde(flatten)]
    carried: Carried,
}

/// POST /login/create/password: for browsers that know no passkeys.
pub async fn submit_password(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<PasswordForm>,
) -> Result<Response, PageError> {
    let way = admitted(&app, &visit, &form.carried).await?;
    let flow = way.flow.as_ref().ok_or(PageError::LinkExpired)?;
    let (desk, brand) = (desk(&app, &visit), app.brand_name());
    match complete::with_password(&desk, flow, form.password.expose(), &brand).await? {
        Completed::Done(begun) => {
            let mut response = see_other(&attempt::location(&way.destination));
            give_session(&app, &visit, &mut response, *begun);
            Ok(response)
        }
        Completed::Enrol(begun, enrolment) => {
            let outcome = Outcome::Enrol(begun, enrolment, PolicySource::Service);
            Ok(follow(&app, &visit, &way, outcome))
        }
        Completed::PasswordRefused(refused) => passkey_page(&app, &visit, &way, Some(refused.id())).await,
        // Of an invitation, its own page says why.
        _ => match &way.destination {
            Destination::Page(_) => Ok(see_other(&attempt::location(&way.destination))),
            Destination::Attempt(_) | Destination::Account => Err(PageError::LinkExpired),
        },
    }
}
