//! The set-up page.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Completed, Door, complete, door};
use crate::app::App;
use crate::crypto::password::{self, Password, PasswordRefused};
use crate::login::pages::desk;
use crate::model::user::{Email, PersonName};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Typed};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{self as cookies, NewCookies};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct SetUpPage {
    token: String,
    email: String,
    given_name: String,
    family_name: String,
    errors: BTreeMap<&'static str, &'static str>,
    minimum: usize,
}

impl Page for SetUpPage {
    const TEMPLATE: &'static str = "setup/setup.html";
    fn samples() -> Vec<Self> {
        let form = SetUpForm::default();
        let errors = [
            ("email", "email-invalid"),
            ("given_name", "name-empty"),
            ("family_name", "name-long"),
            ("password", "password-short"),
        ];
        vec![
            form.page(BTreeMap::new()),
            form.page(errors.into()),
            form.page([("password", "password-context")].into()),
        ]
    }
}

#[derive(Debug, Deserialize)]
pub struct TokenQuery {
    #[serde(default)]
    token: String,
}

/// GET /setup
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<TokenQuery>,
) -> Result<Response, PageError> {
    check(&app, &visit, &query.token).await?;
    let form = SetUpForm { token: query.token, ..SetUpForm::default() };
    page::render(&app, &visit, Frame::of("setup"), &form.page(BTreeMap::new()))
}

async fn check(app: &App, visit: &Visit, token: &str) -> Result<(), PageError> {
    match door(&desk(app, visit), token).await? {
        Door::Open => Ok(()),
        Door::WrongToken => Err(PageError::SetUpToken),
        Door::Done => Err(PageError::SetUpDone),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct SetUpForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
    #[serde(default)]
    password: Typed,
}

impl SetUpForm {
    fn page(&self, errors: BTreeMap<&'static str, &'static str>) -> SetUpPage {
        SetUpPage {
            token: self.token.clone(),
            email: self.email.clone(),
            given_name: self.given_name.clone(),
            family_name: self.family_name.clone(),
            errors,
            minimum: password::MIN_CHARS,
        }
    }
}

/// POST /setup
pub async fn submit(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<SetUpForm>,
) -> Result<Response, PageError> {
    check(&app, &visit, &form.token).await?;
    let context = [&form.email, &form.given_name, &form.family_name, &app.brand_name()];
    let context: Vec<&str> = context.into_iter().map(String::as_str).collect();
    let email = Email::parse(&form.email).map_err(|_| "email-invalid");
    let given_name = PersonName::typed(&form.given_name);
    let family_name = PersonName::typed(&form.family_name);
    let password = Password::chosen(form.password.expose(), &context).map_err(PasswordRefused::id);
    let (email, given_name, family_name, password) = match (email, given_name, family_name, password) {
        (Ok(email), Ok(given_name), Ok(family_name), Ok(password)) => {
            (email, given_name, family_name, password)
        }
        (email, given_name, family_name, password) => {
            let errors = [
                ("email", email.err()),
                ("given_name", given_name.err()),
                ("family_name", family_name.err()),
                ("password", password.err()),
            ];
            let errors = errors.into_iter().filter_map(|(field, error)| Some((field, error?))).collect();
            return page::render(&app, &visit, Frame::of("setup"), &form.page(errors));
        }
    };
    let desk = desk(&app, &visit);
    let begun = match complete(&desk, (email, given_name, family_name), password).await? {
        Completed::Done(begun) => begun,
        Completed::TooLate => return Err(PageError::SetUpDone),
        Completed::EmailTaken => {
            let errors = [("email", "email-taken")].into();
            return page::render(&app, &visit, Frame::of("setup"), &form.page(errors));
        }
    };
    let mut response = see_other("/account/passkeys/create?from=setup");
    let new = NewCookies { session: begun.cookie, account: begun.account_cookie, passkey: false };
    cookies::give(&app, &mut response, &new);
    Ok(response)
}
