//! Making an account for somebody who is in no organization. A link by mail leads them in, if one is sent.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::refusal::said;
use super::{Administrator, SECTION, office, proof_first};
use crate::admin::access::LINK_MINUTES;
use crate::admin::people::{self as logic, New};
use crate::admin::{Act, Refused};
use crate::app::App;
use crate::model::user::{Email, PersonName};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

const HERE: &str = "/admin/people/new";

type Wrong = BTreeMap<&'static str, &'static str>;

#[derive(Debug, Serialize)]
pub struct NewPersonPage {
    form: PersonForm,
    /// The fields that can not be taken as they are, and the text that says why.
    wrong: Wrong,
    refused: Option<&'static str>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    email: String,
    given_name: String,
    family_name: String,
    /// Empty: no link is sent.
    minutes: String,
}

impl Page for NewPersonPage {
    const TEMPLATE: &'static str = "admin/new_person.html";
    fn samples() -> Vec<Self> {
        let form = PersonForm {
            email: "ada@example.org".to_owned(),
            given_name: "<b>".to_owned(),
            family_name: "Brunner".to_owned(),
            minutes: "60".to_owned(),
        };
        let wrong = [
            ("email", "email-taken"),
            ("given_name", "name-empty"),
            ("family_name", "name-long"),
            ("minutes", "minutes"),
        ];
        vec![
            Self { form: PersonForm::default(), wrong: Wrong::new(), refused: None },
            Self { form: form.clone(), wrong: wrong.into(), refused: None },
            Self { form, wrong: Wrong::new(), refused: Some("forbidden") },
        ]
    }
}

/// GET /admin/people/new
pub async fn new_person(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
) -> Result<Response, PageError> {
    if !administrator.actor.may(Act::CreatePerson) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, HERE) {
        return Ok(elsewhere);
    }
    let form = PersonForm { minutes: "60".to_owned(), ..PersonForm::default() };
    page::render(&app, &visit, SECTION, &NewPersonPage { form, wrong: Wrong::new(), refused: None })
}

/// POST /admin/people/new
pub async fn create_person(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(form): Posted<PersonForm>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    if !actor.may(Act::CreatePerson) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, HERE) {
        return Ok(elsewhere);
    }
    let (status, wrong, refused) = match parse(&form) {
        Err(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, wrong, None),
        Ok(new) => {
            let notice = if new.link_minutes.is_some() { "link" } else { "created" };
            match logic::create(&office, actor, new).await? {
                Ok(made) => return Ok(see_other(&format!("/admin/people/{}?notice={notice}", made.id))),
                Err(Refused::AddressTaken) => (StatusCode::CONFLICT, [("email", "email-taken")].into(), None),
                Err(refused) => {
                    let (status, why) = said(refused)?;
                    (status, Wrong::new(), Some(why))
                }
            }
        }
    };
    let mut response = page::render(&app, &visit, SECTION, &NewPersonPage { form, wrong, refused })?;
    *response.status_mut() = status;
    Ok(response)
}

/// What was typed, or every field that can not be taken.
fn parse(form: &PersonForm) -> Result<New, Wrong> {
    let mut wrong = Wrong::new();
    let email = Email::parse(&form.email).ok();
    if email.is_none() {
        wrong.insert("email", "email-invalid");
    }
    let mut name = |field, text: &str| {
        let parsed = PersonName::parse(text).ok();
        if parsed.is_none() {
            wrong.insert(field, if text.trim().is_empty() { "name-empty" } else { "name-long" });
        }
        parsed
    };
    let names = (name("given_name", &form.given_name), name("family_name", &form.family_name));
    let link_minutes = match form.minutes.as_str() {
        "" => None,
        minutes => Some(minutes.parse().ok().filter(|minutes| LINK_MINUTES.contains(minutes))),
    };
    if link_minutes == Some(None) {
        wrong.insert("minutes", "minutes");
    }
    match (email, names) {
        (Some(email), (Some(given_name), Some(family_name))) if wrong.is_empty() => Ok(New {
            email,
            given_name,
            family_name,
            language: None,
            time_zone: None,
            link_minutes: link_minutes.flatten(),
        }),
        _ => Err(wrong),
    }
}
