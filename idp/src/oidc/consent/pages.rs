//! The consent page.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::words::DetailCard;
use super::{grant, words};
use crate::app::App;
use crate::audit::Actor;
use crate::model::attempt::{AppCard, Attempt, Handle};
use crate::model::client::Client;
use crate::model::organization::Organization;
use crate::oidc::authorize::respond;
use crate::oidc::error::OAuthError;
use crate::store::clients;
use crate::theme::Page;
use crate::web::attempt::{load, location, save, take};
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, Frame, see_other};
use crate::web::session::SignedIn;
use crate::web::visit::Visit;

#[derive(Debug, Clone, Serialize)]
pub struct ConsentPage {
    app: AppCard,
    email: String,
    /// The organization that they act for there.
    organization: Option<String>,
    scopes: Vec<String>,
    /// The APIs at which the application may act for them.
    resources: Vec<String>,
    /// What it wants to do there in detail.
    details: Vec<DetailCard>,
    attempt: String,
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "oidc/consent.html";
    fn samples() -> Vec<Self> {
        let app = AppCard {
            name: "Lindenhof <Clinic>".to_owned(),
            host: "practice.example.org".to_owned(),
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        };
        let scopes = ["openid", "profile", "email", "offline_access", "organizations", "appointments:read"];
        let plain = Self {
            app,
            email: "ada@example.org".to_owned(),
            organization: Some("Seeblick <Clinic>".to_owned()),
            scopes: scopes.map(ToOwned::to_owned).into(),
            resources: vec!["https://api.example.org/<lab>".to_owned()],
            details: Vec::new(),
            attempt: "a".repeat(43),
        };
        vec![Self { details: DetailCard::sample(), organization: None, ..plain.clone() }, plain]
    }
}

/// Asks for consent to an attempt that is kept under `handle`.
///
/// # Errors
/// When the page can not be rendered.
pub fn ask(
    app: &App,
    visit: &Visit,
    (handle, attempt): (&Handle, &Attempt),
    (signed_in, organization): (&SignedIn, Option<&Organization>),
) -> Result<Response, PageError> {
    let visit = visit.clone().asked_to_speak(app, &attempt.ui_locales);
    let reader = (&*app.theme, visit.locale);
    let page = ConsentPage {
        app: attempt.app.clone(),
        email: signed_in.user.email.to_string(),
        organization: organization.map(|organization| organization.name.to_string()),
        scopes: attempt.permission.told().iter().map(ToString::to_string).collect(),
        resources: attempt.permission.resources.iter().map(ToString::to_string).collect(),
        details: words::of(reader, &app.config.authorization_types, &attempt.permission.details),
        attempt: handle.to_string(),
    };
    let form_action = attempt.redirect_uri.form_action_source();
    page::render(app, &visit, Frame { form_action: form_action.as_deref(), ..Frame::of("oidc") }, &page)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
pub struct ConsentForm {
    attempt: Handle,
    decision: Decision,
}

/// POST /oidc/consent
pub async fn submit(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<ConsentForm>,
) -> Result<Response, PageError> {
    let mut attempt = load(&app, &visit, &form.attempt).await?;
    let back = location(&crate::model::attempt::Destination::Attempt(form.attempt.clone()));
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(&back));
    };
    match form.decision {
        Decision::Deny => {
            take(&app, &form.attempt).await?;
            respond::with_error(&app, &visit, (&attempt).into(), &OAuthError::AccessDenied).await
        }
        Decision::Allow => {
            let client = clients::by_id(&app.store, &attempt.client_id).await?.filter(Client::is_enabled);
            let client = client.ok_or(PageError::AttemptExpired)?;
            let user = signed_in.user.id;
            let doer = visit.doer(Actor::Person(user));
            // What is only tried out is not remembered.
            if !attempt.trial {
                grant(&app.store, (&attempt.permission, &client), (user, doer), app.clock.now()).await?;
            }
            // Taken and put back: an attempt that was cancelled meanwhile stays cancelled.
            attempt = take(&app, &form.attempt).await?;
            attempt.consented_by = Some(user);
            save(&app, &form.attempt, &attempt).await?;
            Ok(see_other(&back))
        }
    }
}
