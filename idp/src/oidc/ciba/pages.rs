//! The pages where a person sees who asks them from elsewhere, and answers.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::{PAGE, answer};
use crate::app::App;
use crate::audit::Actor;
use crate::model::attempt::Approval;
use crate::model::client::Client;
use crate::model::ids::{OrganizationId, SignInRequestId};
use crate::model::session::Assurance;
use crate::model::sign_in_request::{Decision, SignInRequest};
use crate::oidc::consent;
use crate::oidc::consent::words::DetailCard;
use crate::oidc::organization::pages::OrganizationCard;
use crate::oidc::organization::{self, Found};
use crate::oidc::policy::{self, Short};
use crate::store::{clients, sign_in_requests};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Id, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{FRESH, SignedIn, confirm_at, sign_in_at};
use crate::web::visit::Visit;

const FRAME: Frame<'_> = Frame::of("oidc");

/// What waits for somebody.
#[derive(Debug, Serialize)]
pub struct RequestsPage {
    email: String,
    requests: Vec<RequestCard>,
    /// What they wanted to answer does not wait any more.
    failure: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct RequestCard {
    id: String,
    app: String,
    message: Option<String>,
    asked_at: String,
}

impl Page for RequestsPage {
    const TEMPLATE: &'static str = "oidc/requests.html";
    fn samples() -> Vec<Self> {
        let card = |message: Option<&str>| RequestCard {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            app: "Reception <b>desk</b>".to_owned(),
            message: message.map(ToOwned::to_owned),
            asked_at: "2026-11-23T09:05:00Z".to_owned(),
        };
        let page = |requests, failure| Self { email: "ada@example.org".to_owned(), requests, failure };
        vec![
            page(Vec::new(), None),
            page(vec![card(Some("<b>W4SCT</b>")), card(None)], None),
            page(vec![card(None)], Some("request-gone")),
        ]
    }
}

/// One request, and whether to allow it.
#[derive(Debug, Serialize)]
pub struct RequestPage {
    id: String,
    app: String,
    message: Option<String>,
    email: String,
    /// Those of the person that it can be for, where the application asks.
    organizations: Vec<OrganizationCard>,
    scopes: Vec<String>,
    resources: Vec<String>,
    details: Vec<DetailCard>,
    asked_at: String,
    /// More has to be shown first: `second-factor` or `passkey`.
    needs: Option<&'static str>,
    /// Where that is shown.
    confirm: String,
    failure: Option<&'static str>,
}

impl Page for RequestPage {
    const TEMPLATE: &'static str = "oidc/request.html";
    fn samples() -> Vec<Self> {
        let scopes = ["openid", "profile", "email", "offline_access", "organizations", "queue:read"];
        let page = |message: Option<&str>, needs, organizations: usize, failure| Self {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            app: "Reception <b>desk</b>".to_owned(),
            message: message.map(ToOwned::to_owned),
            email: "ada@example.org".to_owned(),
            organizations: OrganizationCard::samples().into_iter().take(organizations).collect(),
            scopes: scopes.map(ToOwned::to_owned).into(),
            resources: vec!["https://queue.example.org".to_owned()],
            details: if message.is_some() { DetailCard::sample() } else { Vec::new() },
            asked_at: "2026-11-23T09:05:00Z".to_owned(),
            needs,
            confirm: "/login?destination=%2Frequests&confirm=1".to_owned(),
            failure,
        };
        vec![
            page(Some("<b>W4SCT</b>"), None, 0, None),
            page(None, None, 1, Some("request-too-weak")),
            page(Some("W4SCT"), Some("second-factor"), 3, None),
            page(None, Some("passkey"), 0, Some("request-no-member")),
            page(None, None, 3, Some("request-choose")),
        ]
    }
}

/// The end, whatever it was.
#[derive(Debug, Serialize)]
pub struct RequestDonePage {
    allowed: bool,
}

impl Page for RequestDonePage {
    const TEMPLATE: &'static str = "oidc/request_done.html";
    fn samples() -> Vec<Self> {
        vec![Self { allowed: true }, Self { allowed: false }]
    }
}

/// GET /requests
pub async fn list(State(app): State<App>, visit: Visit) -> Result<Response, PageError> {
    match &visit.signed_in {
        Some(signed_in) => listed(&app, &visit, signed_in, None).await,
        None => Ok(see_other(&sign_in_at(PAGE))),
    }
}

async fn listed(
    app: &App,
    visit: &Visit,
    signed_in: &SignedIn,
    failure: Option<&'static str>,
) -> Result<Response, PageError> {
    let mut requests = Vec::new();
    for request in sign_in_requests::of_user(&app.store, signed_in.user.id, app.clock.now()).await? {
        let client = clients::by_id(&app.store, &request.client_id).await?.filter(Client::is_enabled);
        if let Some(client) = client {
            requests.push(RequestCard {
                id: request.id.to_string(),
                app: client.settings.name.to_string(),
                message: request.asked.binding_message.map(|message| message.to_string()),
                asked_at: moment(request.created_at),
            });
        }
    }
    let page = RequestsPage { email: signed_in.user.email.to_string(), requests, failure };
    page::render(app, visit, FRAME, &page)
}

/// A request that waits for this person, of a client that there still is.
async fn find(
    app: &App,
    signed_in: &SignedIn,
    id: SignInRequestId,
) -> Result<Option<(SignInRequest, Client)>, PageError> {
    let found = sign_in_requests::of_user_by_id(&app.store, signed_in.user.id, id, app.clock.now()).await?;
    let Some(request) = found else {
        return Ok(None);
    };
    let client = clients::by_id(&app.store, &request.client_id).await?.filter(Client::is_enabled);
    Ok(client.map(|client| (request, client)))
}

/// GET /requests/{id}. Looking at it decides nothing.
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Id(id): Id<SignInRequestId>,
) -> Result<Response, PageError> {
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(&sign_in_at(&format!("{PAGE}/{id}"))));
    };
    let Some((request, client)) = find(&app, signed_in, id).await? else {
        return listed(&app, &visit, signed_in, Some("request-gone")).await;
    };
    shown(&app, &visit, signed_in, (&request, &client), None).await
}

async fn shown(
    app: &App,
    visit: &Visit,
    signed_in: &SignedIn,
    (request, client): (&SignInRequest, &Client),
    failure: Option<&'static str>,
) -> Result<Response, PageError> {
    let (organizations, failure) = match organization_for(app, signed_in, (request, None)).await? {
        Found::Nothing => (Vec::new(), failure),
        Found::One(organization) => (vec![OrganizationCard::from(&*organization)], failure),
        Found::Several(own) => (own.iter().map(OrganizationCard::from).collect(), failure),
        Found::NoMember => (Vec::new(), Some("request-no-member")),
    };
    let reader = (&*app.theme, visit.locale);
    let permission = &request.asked.permission;
    let page = RequestPage {
        id: request.id.to_string(),
        organizations,
        failure,
        app: client.settings.name.to_string(),
        message: request.asked.binding_message.as_ref().map(ToString::to_string),
        email: signed_in.user.email.to_string(),
        scopes: permission.told().iter().map(ToString::to_string).collect(),
        resources: permission.resources.iter().map(ToString::to_string).collect(),
        details: consent::words::of(reader, &app.config.authorization_types, &permission.details),
        asked_at: moment(request.created_at),
        needs: needs(request, signed_in),
        confirm: confirm_at(&format!("{PAGE}/{}", request.id)),
    };
    page::render(app, visit, FRAME, &page)
}

/// The organization that the person acts for at this application.
async fn organization_for(
    app: &App,
    owner: &SignedIn,
    (request, chosen): (&SignInRequest, Option<OrganizationId>),
) -> Result<Found, PageError> {
    let which = (request.asked.organization.as_deref(), chosen);
    Ok(organization::find(&app.store, owner.user.id, &request.asked.permission, which).await?)
}

/// What the application asks for beyond what this session has shown.
fn needs(request: &SignInRequest, signed_in: &SignedIn) -> Option<&'static str> {
    let wanted = request.asked.assurance.filter(|wanted| signed_in.session.method.assurance() < *wanted);
    match wanted? {
        Assurance::Password => None,
        Assurance::SecondFactor => Some("second-factor"),
        Assurance::PhishingResistant => Some("passkey"),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
pub struct DecisionForm {
    decision: Choice,
    /// Where there were several.
    #[serde(default)]
    organization: String,
}

/// POST /requests/{id}
pub async fn decide(
    State(app): State<App>,
    visit: Visit,
    Id(id): Id<SignInRequestId>,
    Posted(form): Posted<DecisionForm>,
) -> Result<Response, PageError> {
    let here = format!("{PAGE}/{id}");
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(&sign_in_at(&here)));
    };
    let now = app.clock.now();
    let Some((request, client)) = find(&app, signed_in, id).await? else {
        return listed(&app, &visit, signed_in, Some("request-gone")).await;
    };
    let allowed = matches!(form.decision, Choice::Allow);
    let mut acts_for = None;
    if allowed {
        // Registration §2: a demand on every ID token.
        let wanted = client.settings.default_max_age.map(|seconds| Duration::seconds(i64::from(seconds)));
        let fresh = wanted.is_none_or(|wanted| signed_in.session.is_fresh(now, wanted.max(FRESH)));
        if !fresh || needs(&request, signed_in).is_some() {
            return Ok(see_other(&confirm_at(&here)));
        }
        let again = async |failure| shown(&app, &visit, signed_in, (&request, &client), Some(failure)).await;
        let chosen = form.organization.parse().ok();
        let organization = match organization_for(&app, signed_in, (&request, chosen)).await? {
            Found::Nothing => None,
            Found::One(organization) => Some(organization),
            Found::Several(_) => return again("request-choose").await,
            Found::NoMember => return again("request-no-member").await,
        };
        let rule = policy::rule(&client, organization.as_deref());
        match policy::short(&app.store, (signed_in.user.id, signed_in.session.method), rule).await? {
            None => {}
            Some(Short::OfProof) => return Ok(see_other(&confirm_at(&here))),
            Some(Short::OfFactor) => return again("request-too-weak").await,
        }
        acts_for = organization.map(|organization| organization.id);
    }
    let decision = if allowed {
        Decision::Allowed(Approval::from(&signed_in.session).for_organization(acts_for))
    } else {
        Decision::Denied
    };
    let user = signed_in.user.id;
    let doer = visit.doer(Actor::Person(user));
    let tools = (&app.store, app.entropy);
    if !answer::keep(tools, (user, id), (&decision, &client), doer, now).await? {
        return listed(&app, &visit, signed_in, Some("request-gone")).await;
    }
    page::render(&app, &visit, FRAME, &RequestDonePage { allowed })
}
