//! The page where somebody says for which of their organizations they use an application, and the one that says that
//! they do not belong to the one it asks for.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::model::attempt::{AppCard, Attempt, Destination, Handle};
use crate::model::ids::OrganizationId;
use crate::model::organization::Organization;
use crate::theme::Page;
use crate::web::attempt::{load, location, save, take};
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, Frame, see_other};
use crate::web::session::SignedIn;
use crate::web::visit::Visit;

/// One organization to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrganizationCard {
    id: String,
    name: String,
}

impl From<&Organization> for OrganizationCard {
    fn from(organization: &Organization) -> Self {
        Self { id: organization.id.to_string(), name: organization.name.to_string() }
    }
}

impl OrganizationCard {
    pub(in crate::oidc) fn samples() -> Vec<Self> {
        let card = |id: u8, name: &str| Self {
            id: format!("019ab000-0000-7000-8000-0000000000{id:02}"),
            name: name.to_owned(),
        };
        vec![card(1, "Praxis am Lindenhof"), card(2, "Seeblick <Clinic>"), card(3, "Dr. Weber & Partner")]
    }
}

#[derive(Debug, Serialize)]
pub struct ChooseOrganizationPage {
    app: AppCard,
    email: String,
    organizations: Vec<OrganizationCard>,
    attempt: String,
}

fn sample_app() -> AppCard {
    AppCard {
        name: "Practice <Web>".to_owned(),
        host: "practice.example.org".to_owned(),
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
    }
}

impl Page for ChooseOrganizationPage {
    const TEMPLATE: &'static str = "oidc/choose_organization.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            app: sample_app(),
            email: "ada@example.org".to_owned(),
            organizations: OrganizationCard::samples(),
            attempt: "a".repeat(43),
        }]
    }
}

#[derive(Debug, Serialize)]
pub struct NoMemberPage {
    app: AppCard,
    email: String,
    attempt: String,
}

impl Page for NoMemberPage {
    const TEMPLATE: &'static str = "oidc/no_member.html";
    fn samples() -> Vec<Self> {
        vec![Self { app: sample_app(), email: "ada@example.org".to_owned(), attempt: "a".repeat(43) }]
    }
}

/// Asks which of these organizations an attempt that is kept under `handle` is for.
///
/// # Errors
/// When the page can not be rendered.
pub fn ask(
    app: &App,
    visit: &Visit,
    (handle, attempt): (&Handle, &Attempt),
    (signed_in, own): (&SignedIn, &[Organization]),
) -> Result<Response, PageError> {
    let page = ChooseOrganizationPage {
        app: attempt.app.clone(),
        email: signed_in.user.email.to_string(),
        organizations: own.iter().map(OrganizationCard::from).collect(),
        attempt: handle.to_string(),
    };
    render(app, visit, attempt, &page)
}

/// Says that this person does not belong to the organization that the application named. The page names none: what was
/// sent may be anything.
///
/// # Errors
/// When the page can not be rendered.
pub fn say_no_member(
    app: &App,
    visit: &Visit,
    (handle, attempt): (&Handle, &Attempt),
    signed_in: &SignedIn,
) -> Result<Response, PageError> {
    let (card, email) = (attempt.app.clone(), signed_in.user.email.to_string());
    render(app, visit, attempt, &NoMemberPage { app: card, email, attempt: handle.to_string() })
}

fn render<P: Page>(app: &App, visit: &Visit, attempt: &Attempt, page: &P) -> Result<Response, PageError> {
    let visit = visit.clone().asked_to_speak(app, &attempt.ui_locales);
    let form_action = attempt.redirect_uri.form_action_source();
    page::render(app, &visit, Frame { form_action: form_action.as_deref(), ..Frame::of("oidc") }, page)
}

#[derive(Debug, Deserialize)]
pub struct ChoiceForm {
    attempt: Handle,
    organization: String,
}

/// POST /oidc/organization. The form's token is of the session that the page showed. Whether the choice is one of the
/// person's own is looked at when the request is answered.
pub async fn choose(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<ChoiceForm>,
) -> Result<Response, PageError> {
    load(&app, &visit, &form.attempt).await?;
    let back = location(&Destination::Attempt(form.attempt.clone()));
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(&back));
    };
    let chosen: OrganizationId = form
        .organization
        .parse()
        .map_err(|_| PageError::BadRequest("organization is malformed".to_owned()))?;
    // Taken and put back: an attempt that was answered or cancelled meanwhile stays so.
    let mut attempt = take(&app, &form.attempt).await?;
    attempt.acts_for = Some((signed_in.user.id, chosen));
    save(&app, &form.attempt, &attempt).await?;
    Ok(see_other(&back))
}
