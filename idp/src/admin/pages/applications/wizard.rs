//! Registering an application in two steps, its kind and its addresses, and changing it later.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::form::{ApplicationForm, KINDS, Wrong, kind_of, name_of};
use super::see;
use crate::admin::Refused;
use crate::admin::applications as logic;
use crate::admin::pages::refusal::said;
use crate::admin::pages::{Administrator, SECTION, office, proof_first};
use crate::app::App;
use crate::model::client::{ClientId, ClientSettings, ClientType};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Id, Posted};
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

/// The first step.
#[derive(Debug, Serialize)]
pub struct KindsPage {
    kinds: Vec<&'static str>,
}

impl Page for KindsPage {
    const TEMPLATE: &'static str = "admin/applications/kinds.html";
    fn samples() -> Vec<Self> {
        vec![Self { kinds: KINDS.into_iter().map(|(name, _)| name).collect() }]
    }
}

/// The second step, and changing.
#[derive(Debug, Serialize)]
pub struct ApplicationFormPage {
    here: String,
    back: String,
    /// Not for one that is registered already.
    new: bool,
    /// Whether people come back to it by their browser.
    by_browser: bool,
    form: ApplicationForm,
    wrong: Vec<Wrong>,
    refused: Option<&'static str>,
    /// The rule that is broken, for a developer.
    rule: Option<&'static str>,
}

impl Page for ApplicationFormPage {
    const TEMPLATE: &'static str = "admin/applications/form.html";
    fn samples() -> Vec<Self> {
        let page = |kind, new, wrong: Vec<Wrong>, refused: Option<&'static str>| Self {
            here: "/admin/applications/new".to_owned(),
            back: "/admin/applications".to_owned(),
            new,
            by_browser: by_browser(kind),
            form: ApplicationForm { name: "A <b>".to_owned(), ..ApplicationForm::new(kind) },
            wrong,
            rule: refused.map(|_| "needs at least one redirect_uri"),
            refused,
        };
        let all = [
            "name",
            "redirect_uris",
            "post_logout_redirect_uris",
            "backchannel_logout_uri",
            "initiate_login_uri",
            "return_uris",
            "scopes",
            "resources",
            "id_token_alg",
        ];
        let wrong = all.map(|field| Wrong { field, why: "<must> be so".to_owned() }).to_vec();
        let kinds = KINDS.into_iter().map(|(_, kind)| kind);
        let mut pages: Vec<Self> = kinds.map(|kind| page(kind, true, wrong.clone(), None)).collect();
        pages.push(page(ClientType::Web, false, Vec::new(), Some("settings")));
        pages
    }
}

/// What is shown once.
#[derive(Debug, Serialize)]
pub struct MadePage {
    client_id: String,
    name: String,
    secret: String,
    back: String,
}

impl Page for MadePage {
    const TEMPLATE: &'static str = "admin/applications/made.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            client_id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            secret: "a secret".to_owned(),
            back: "/admin/applications/app-x".to_owned(),
        }]
    }
}

impl MadePage {
    pub(super) fn of(id: &ClientId, name: &str, secret: &str) -> Self {
        Self {
            client_id: id.to_string(),
            name: name.to_owned(),
            secret: secret.to_owned(),
            back: format!("/admin/applications/{id}"),
        }
    }
}

const fn by_browser(kind: ClientType) -> bool {
    matches!(kind, ClientType::Web | ClientType::Spa | ClientType::Native)
}

#[derive(Debug, Deserialize)]
pub struct Chosen {
    #[serde(rename = "type", default)]
    kind: String,
}

/// GET /admin/applications/new
pub async fn new(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(chosen): Asked<Chosen>,
) -> Result<Response, PageError> {
    if !logic::may_register(&administrator.actor) {
        return Err(PageError::NotFound);
    }
    let Some(kind) = kind_of(&chosen.kind) else {
        let kinds = KINDS.into_iter().map(|(name, _)| name).collect();
        return page::render(&app, &visit, SECTION, &KindsPage { kinds });
    };
    if let Some(elsewhere) = proof_first(&app, &administrator, &new_address(kind)) {
        return Ok(elsewhere);
    }
    page::render(&app, &visit, SECTION, &new_page(kind, ApplicationForm::new(kind)))
}

fn new_address(kind: ClientType) -> String {
    format!("/admin/applications/new?type={}", name_of(kind))
}

fn new_page(kind: ClientType, form: ApplicationForm) -> ApplicationFormPage {
    ApplicationFormPage {
        here: "/admin/applications/new".to_owned(),
        back: "/admin/applications".to_owned(),
        new: true,
        by_browser: by_browser(kind),
        form,
        wrong: Vec::new(),
        refused: None,
        rule: None,
    }
}

/// POST /admin/applications/new
pub async fn create(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(form): Posted<ApplicationForm>,
) -> Result<Response, PageError> {
    if !logic::may_register(&administrator.actor) {
        return Err(PageError::NotFound);
    }
    let kind = kind_of(&form.kind).ok_or(PageError::NotFound)?;
    if let Some(elsewhere) = proof_first(&app, &administrator, &new_address(kind)) {
        return Ok(elsewhere);
    }
    let shown = new_page(kind, form.clone());
    let settings = match form.settings(|name| ClientSettings::of_type(kind, name, Vec::new())) {
        Ok(settings) => settings,
        Err(wrong) => return again(&app, &visit, &ApplicationFormPage { wrong, ..shown }),
    };
    match logic::create(&office(&app, &visit), &administrator.actor, settings).await? {
        Ok((client, Some(secret))) => {
            let made = MadePage::of(&client.id, client.settings.name.as_str(), secret.expose());
            page::render(&app, &visit, SECTION, &made)
        }
        Ok((client, None)) => Ok(see_other(&format!("/admin/applications/{}?notice=registered", client.id))),
        Err(refused) => refuse(&app, &visit, shown, refused),
    }
}

/// GET /admin/applications/{id}/settings
pub async fn edit(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, &id).await?;
    if !seen.may_change {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(&app, &administrator, &address(&id)) {
        return Ok(elsewhere);
    }
    let form = ApplicationForm::of(&seen.client.settings);
    page::render(&app, &visit, SECTION, &edit_page(&id, &seen.client.settings, form))
}

fn address(id: &ClientId) -> String {
    format!("/admin/applications/{id}/settings")
}

fn edit_page(id: &ClientId, settings: &ClientSettings, form: ApplicationForm) -> ApplicationFormPage {
    ApplicationFormPage {
        here: address(id),
        back: format!("/admin/applications/{id}"),
        new: false,
        ..new_page(settings.client_type, form)
    }
}

/// POST /admin/applications/{id}/settings
pub async fn change(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
    Posted(form): Posted<ApplicationForm>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, &id).await?;
    if let Some(elsewhere) = proof_first(&app, &administrator, &address(&id)) {
        return Ok(elsewhere);
    }
    let before = seen.client.settings;
    let shown = edit_page(&id, &before, form.clone());
    let settings = match form.settings(|name| ClientSettings { name, ..before }) {
        Ok(settings) => settings,
        Err(wrong) => return again(&app, &visit, &ApplicationFormPage { wrong, ..shown }),
    };
    match logic::change(&office(&app, &visit), &administrator.actor, (&id, settings)).await? {
        Ok(()) => Ok(see_other(&format!("/admin/applications/{id}?notice=changed"))),
        Err(refused) => refuse(&app, &visit, shown, refused),
    }
}

/// The form once more, with nothing lost.
fn again(app: &App, visit: &Visit, shown: &ApplicationFormPage) -> Result<Response, PageError> {
    let mut response = page::render(app, visit, SECTION, shown)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

fn refuse(
    app: &App,
    visit: &Visit,
    shown: ApplicationFormPage,
    refused: Refused,
) -> Result<Response, PageError> {
    let (status, why) = said(refused)?;
    let rule = match refused {
        Refused::Settings(rule) => Some(rule),
        _ => None,
    };
    let shown = ApplicationFormPage { refused: Some(why), rule, ..shown };
    let mut response = page::render(app, visit, SECTION, &shown)?;
    *response.status_mut() = status;
    Ok(response)
}
