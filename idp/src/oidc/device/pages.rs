//! The pages where a person allows a device.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::{Decision, Named, PAGE, Waiting, decide, named, spend};
use crate::app::App;
use crate::audit::Actor;
use crate::model::attempt::Approval;
use crate::model::client::Client;
use crate::model::ids::OrganizationId;
use crate::model::user::Policy;
use crate::oidc::consent;
use crate::oidc::consent::words::DetailCard;
use crate::oidc::organization::pages::OrganizationCard;
use crate::oidc::organization::{self, Found};
use crate::oidc::policy::{self, Short};
use crate::store::clients;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{FRESH, SignedIn, confirm_at};
use crate::web::visit::Visit;

/// The page for typing a code.
#[derive(Debug, Serialize)]
pub struct DevicePage {
    code: String,
    failure: Option<&'static str>,
}

impl Page for DevicePage {
    const TEMPLATE: &'static str = "oidc/device.html";
    fn samples() -> Vec<Self> {
        let page = |code: &str, failure| Self { code: code.to_owned(), failure };
        vec![
            page("", None),
            page("BCDF-GHJK", None),
            page("<b>", Some("device-unknown")),
            page("BCDF-GHJK", Some("device-wait")),
            page("BCDF-GHJK", Some("device-no-member")),
            page("BCDF-GHJK", Some("device-too-weak")),
            page("BCDF-GHJK", Some("device-choose")),
        ]
    }
}

/// The page that asks whether this device may do what it wants to.
#[derive(Debug, Serialize)]
pub struct DeviceConsentPage {
    code: String,
    app: String,
    email: String,
    /// Those that they can act for: to choose from, where there are several.
    organizations: Vec<OrganizationCard>,
    scopes: Vec<String>,
    resources: Vec<String>,
    details: Vec<DetailCard>,
    begun_at: String,
    network: String,
}

impl Page for DeviceConsentPage {
    const TEMPLATE: &'static str = "oidc/device_consent.html";
    fn samples() -> Vec<Self> {
        let scopes = ["openid", "profile", "email", "offline_access", "organizations", "queue:read"];
        let page = |network: &str, organizations: usize| Self {
            code: "BCDF-GHJK".to_owned(),
            app: "Waiting room <screen>".to_owned(),
            email: "ada@example.org".to_owned(),
            organizations: OrganizationCard::samples().into_iter().take(organizations).collect(),
            scopes: scopes.map(ToOwned::to_owned).into(),
            resources: vec!["https://queue.example.org".to_owned()],
            details: if network.is_empty() { Vec::new() } else { DetailCard::sample() },
            begun_at: "2026-11-23T09:05:00Z".to_owned(),
            network: network.to_owned(),
        };
        vec![page("192.0.2.7", 0), page("", 1), page("", 3)]
    }
}

/// The end, whatever it was.
#[derive(Debug, Serialize)]
pub struct DeviceDonePage {
    allowed: bool,
}

impl Page for DeviceDonePage {
    const TEMPLATE: &'static str = "oidc/device_done.html";
    fn samples() -> Vec<Self> {
        vec![Self { allowed: true }, Self { allowed: false }]
    }
}

const FRAME: Frame<'_> = Frame::of("oidc");

#[derive(Debug, Default, Deserialize)]
pub struct DeviceQuery {
    #[serde(default)]
    user_code: String,
}

/// GET /device. A code in the address is shown, and goes nowhere by itself: the person compares it with their
/// device first (RFC 8628 §3.3.1).
pub async fn ask(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<DeviceQuery>,
) -> Result<Response, PageError> {
    let code: String =
        query.user_code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(16).collect();
    if visit.signed_in.is_none() {
        let back = if code.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?user_code={code}") };
        let query = serde_urlencoded::to_string([("destination", back)]).unwrap_or_default();
        return Ok(see_other(&format!("/login?{query}")));
    }
    page::render(&app, &visit, FRAME, &DevicePage { code, failure: None })
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    user_code: String,
}

/// POST /device
pub async fn find(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<CodeForm>,
) -> Result<Response, PageError> {
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(PAGE));
    };
    match look_up(&app, signed_in, &form.user_code).await? {
        Ok((waiting, _)) => {
            let organizations = match organization_for(&app, signed_in, (&waiting, None)).await? {
                Found::Nothing => Vec::new(),
                Found::One(organization) => vec![OrganizationCard::from(&*organization)],
                Found::Several(own) => own.iter().map(OrganizationCard::from).collect(),
                Found::NoMember => return again(&app, &visit, &form.user_code, "device-no-member"),
            };
            let reader = (&*app.theme, visit.locale);
            let types = &app.config.authorization_types;
            let page = DeviceConsentPage {
                code: super::shown(&waiting.user_code),
                app: waiting.client_name,
                email: signed_in.user.email.to_string(),
                organizations,
                scopes: waiting.permission.scopes.iter().map(ToString::to_string).collect(),
                resources: waiting.permission.resources.iter().map(ToString::to_string).collect(),
                details: consent::words::of(reader, types, &waiting.permission.details),
                begun_at: moment(waiting.begun_at),
                network: waiting.network,
            };
            page::render(&app, &visit, FRAME, &page)
        }
        Err(failure) => again(&app, &visit, &form.user_code, failure),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
pub struct DecisionForm {
    user_code: String,
    decision: Answer,
    /// Where there were several.
    #[serde(default)]
    organization: String,
}

/// POST /device/decide
pub async fn answer(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<DecisionForm>,
) -> Result<Response, PageError> {
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(PAGE));
    };
    let (waiting, key) = match look_up(&app, signed_in, &form.user_code).await? {
        Ok(found) => found,
        Err(failure) => return again(&app, &visit, &form.user_code, failure),
    };
    let allowed = matches!(form.decision, Answer::Allow);
    let client = clients::by_id(&app.store, &waiting.client_id).await?.filter(Client::is_enabled);
    // Registration §2: a demand on every ID token.
    let wanted = client.as_ref().and_then(|client| client.settings.default_max_age);
    if let Some(seconds) = wanted.filter(|_| allowed) {
        let wanted = Duration::seconds(i64::from(seconds)).max(FRESH);
        if !signed_in.session.is_fresh(app.clock.now(), wanted) {
            return Ok(confirm(&form.user_code));
        }
    }
    let organization =
        match organization_for(&app, signed_in, (&waiting, form.organization.parse().ok())).await? {
            _ if !allowed => None,
            Found::Nothing => None,
            Found::One(organization) => Some(organization),
            Found::Several(_) => return again(&app, &visit, &form.user_code, "device-choose"),
            Found::NoMember => return again(&app, &visit, &form.user_code, "device-no-member"),
        };
    let rule = client.as_ref().filter(|_| allowed);
    let rule = rule.map_or(Policy::Free, |client| policy::rule(client, organization.as_deref()));
    let shown = (signed_in.user.id, signed_in.session.method);
    match policy::short(&app.store, shown, rule).await? {
        None => {}
        Some(Short::OfProof) => return Ok(confirm(&form.user_code)),
        Some(Short::OfFactor) => return again(&app, &visit, &form.user_code, "device-too-weak"),
    }
    if !spend(&app.ephemeral, &waiting, key).await? {
        return again(&app, &visit, &form.user_code, "device-unknown");
    }
    let approval = Approval::from(&signed_in.session);
    let decision = if allowed {
        Decision::Allowed(approval.for_organization(organization.map(|organization| organization.id)))
    } else {
        Decision::Denied
    };
    if allowed {
        let client = client.ok_or_else(|| PageError::UnknownClient("the client was removed".to_owned()))?;
        let doer = visit.doer(Actor::Person(signed_in.user.id));
        let what = (&waiting.permission, &client);
        consent::grant(&app.store, what, (signed_in.user.id, doer), app.clock.now()).await?;
    }
    decide(&app.ephemeral, key, &decision).await?;
    page::render(&app, &visit, FRAME, &DeviceDonePage { allowed })
}

/// Back here with a new proof.
fn confirm(user_code: &str) -> Response {
    let here = serde_urlencoded::to_string([("user_code", user_code)]).unwrap_or_default();
    see_other(&confirm_at(&format!("{PAGE}?{here}")))
}

/// The organization that the person acts for by this device.
async fn organization_for(
    app: &App,
    owner: &SignedIn,
    (waiting, chosen): (&Waiting, Option<OrganizationId>),
) -> Result<Found, PageError> {
    let which = (waiting.organization.as_deref(), chosen);
    Ok(organization::find(&app.store, owner.user.id, &waiting.permission, which).await?)
}

type Device = (Waiting, crate::ephemeral::Key);

async fn look_up(app: &App, owner: &SignedIn, code: &str) -> Result<Result<Device, &'static str>, PageError> {
    Ok(match named(&app.ephemeral, (code, owner.session.id), app.clock.now()).await? {
        Named::Found(waiting, key) => Ok((*waiting, key)),
        Named::Unknown => Err("device-unknown"),
        Named::Wait => Err("device-wait"),
    })
}

fn again(app: &App, visit: &Visit, code: &str, failure: &'static str) -> Result<Response, PageError> {
    let code = code.chars().take(16).collect();
    page::render(app, visit, FRAME, &DevicePage { code, failure: Some(failure) })
}
