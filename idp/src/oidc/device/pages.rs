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
use crate::oidc::consent;
use crate::oidc::consent::words::DetailCard;
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
        ]
    }
}

/// The page that asks whether this device may do what it wants to.
#[derive(Debug, Serialize)]
pub struct DeviceConsentPage {
    code: String,
    app: String,
    email: String,
    scopes: Vec<String>,
    resources: Vec<String>,
    details: Vec<DetailCard>,
    begun_at: String,
    network: String,
}

impl Page for DeviceConsentPage {
    const TEMPLATE: &'static str = "oidc/device_consent.html";
    fn samples() -> Vec<Self> {
        let scopes = ["openid", "profile", "email", "offline_access", "queue:read"];
        let page = |network: &str| Self {
            code: "BCDF-GHJK".to_owned(),
            app: "Waiting room <screen>".to_owned(),
            email: "ada@example.org".to_owned(),
            scopes: scopes.map(ToOwned::to_owned).into(),
            resources: vec!["https://queue.example.org".to_owned()],
            details: if network.is_empty() { Vec::new() } else { DetailCard::sample() },
            begun_at: "2026-11-23T09:05:00Z".to_owned(),
            network: network.to_owned(),
        };
        vec![page("192.0.2.7"), page("")]
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
            let reader = (&*app.theme, visit.locale);
            let types = &app.config.authorization_types;
            let page = DeviceConsentPage {
                code: super::shown(&waiting.user_code),
                app: waiting.client_name,
                email: signed_in.user.email.to_string(),
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
            let here = serde_urlencoded::to_string([("user_code", &form.user_code)]).unwrap_or_default();
            return Ok(see_other(&confirm_at(&format!("{PAGE}?{here}"))));
        }
    }
    if !spend(&app.ephemeral, &waiting, key).await? {
        return again(&app, &visit, &form.user_code, "device-unknown");
    }
    let decision =
        if allowed { Decision::Allowed(Approval::from(&signed_in.session)) } else { Decision::Denied };
    if allowed {
        let client = client.ok_or_else(|| PageError::UnknownClient("the client was removed".to_owned()))?;
        let doer = visit.doer(Actor::Person(signed_in.user.id));
        let what = (&waiting.permission, &client);
        consent::grant(&app.store, what, (signed_in.user.id, doer), app.clock.now()).await?;
    }
    decide(&app.ephemeral, key, &decision).await?;
    page::render(&app, &visit, FRAME, &DeviceDonePage { allowed })
}

type Found = (Waiting, crate::ephemeral::Key);

async fn look_up(app: &App, owner: &SignedIn, code: &str) -> Result<Result<Found, &'static str>, PageError> {
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
