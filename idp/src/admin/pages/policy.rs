//! The rules of the service: how everybody has to sign in, who goes beyond it, and what else holds, each with where it
//! comes from. The rule for signing in is set here, unless the configuration says it.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, office, proof_first, seen};
use crate::admin::Refused;
use crate::admin::service_policy::{self as logic, Seen};
use crate::app::App;
use crate::app::standing::POLICY;
use crate::config::Config;
use crate::model::user::Policy;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Clone, Serialize)]
pub struct PolicyPage {
    policy: &'static str,
    /// `default`, `configuration` or `console`.
    from: &'static str,
    /// Where the configuration says it.
    place: Option<String>,
    /// What somebody is about to set.
    chosen: Option<&'static str>,
    people: u64,
    without_passkey: u64,
    organizations: Vec<Other>,
    applications: Vec<Other>,
    rules: Vec<Rule>,
    may_change: bool,
    notice: bool,
    wrong: Option<&'static str>,
}

/// Who has a rule of their own.
#[derive(Debug, Clone, Serialize)]
struct Other {
    url: String,
    name: String,
    policy: &'static str,
    /// Milder than what holds for everybody, and so of no effect.
    idle: bool,
}

/// What else holds.
#[derive(Debug, Clone, Serialize)]
struct Rule {
    name: &'static str,
    /// A number, or `yes` or `no`.
    value: String,
    /// `None`: our default.
    place: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct PolicyQuery {
    #[serde(default)]
    notice: String,
    #[serde(default)]
    policy: String,
}

#[derive(Debug, Deserialize)]
pub struct PolicyForm {
    policy: String,
    /// Whoever sends this has read whom it touches.
    #[serde(default)]
    sure: String,
}

/// GET /admin/policy
pub async fn policy(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(query): Asked<PolicyQuery>,
) -> Result<Response, PageError> {
    let chosen = Policy::from_stored(&query.policy);
    let found = seen(logic::see(&office(&app, &visit), &administrator.actor, chosen.is_some()).await?)?;
    let chosen = chosen.filter(|_| found.may_change);
    let page = PolicyPage { notice: query.notice == "set", ..PolicyPage::of(&app, &found, chosen) };
    page::render(&app, &visit, SECTION, &page)
}

/// POST /admin/policy
pub async fn set_policy(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(form): Posted<PolicyForm>,
) -> Result<Response, PageError> {
    let (office, actor) = (&office(&app, &visit), &administrator.actor);
    let found = seen(logic::see(office, actor, false).await?)?;
    let bad = || PageError::BadRequest("there is no such rule".to_owned());
    let policy = Policy::from_stored(&form.policy).ok_or_else(bad)?;
    let here = format!("/admin/policy?policy={}", policy.as_str());
    if found.may_change {
        if let Some(elsewhere) = proof_first(&app, &administrator, &here) {
            return Ok(elsewhere);
        }
        if form.sure.is_empty() {
            return Ok(see_other(&here));
        }
    }
    let fixed = app.config.place_of(POLICY).is_some();
    match logic::set(office, actor, policy, fixed).await? {
        Ok(()) => {
            // Here at once, on other nodes within seconds.
            app.refresh_standing().await?;
            Ok(see_other("/admin/policy?notice=set"))
        }
        Err(refused) => {
            let status =
                if refused == Refused::Forbidden { StatusCode::FORBIDDEN } else { StatusCode::CONFLICT };
            let page = PolicyPage {
                wrong: Some(super::refusal::why(refused)),
                ..PolicyPage::of(&app, &found, None)
            };
            let mut response = page::render(&app, &visit, SECTION, &page)?;
            *response.status_mut() = status;
            Ok(response)
        }
    }
}

impl PolicyPage {
    fn of(app: &App, seen: &Seen, chosen: Option<Policy>) -> Self {
        let (holds, people) = (app.policy(), seen.people);
        let place = app.config.place_of(POLICY).map(ToOwned::to_owned);
        let set_here = app.standing.current().policy.is_some();
        let from = match (&place, set_here) {
            (Some(_), _) => "configuration",
            (None, true) => "console",
            (None, false) => "default",
        };
        let other = |url: String, name: String, policy: Policy| Other {
            url,
            name,
            policy: policy.as_str(),
            idle: policy <= holds,
        };
        let organizations = seen.organizations.iter().filter_map(|organization| {
            let (url, name) =
                (format!("/admin/organizations/{}", organization.id), organization.name.to_string());
            organization.policy.map(|policy| other(url, name, policy))
        });
        let applications = seen.applications.iter().filter_map(|client| {
            let (url, name) =
                (format!("/admin/applications/{}", client.id), client.settings.name.to_string());
            client.settings.policy.map(|policy| other(url, name, policy))
        });
        Self {
            policy: holds.as_str(),
            from,
            may_change: seen.may_change && place.is_none(),
            chosen: chosen.filter(|chosen| *chosen != holds && place.is_none()).map(Policy::as_str),
            place,
            people: people.map_or(0, |counted| counted.people),
            without_passkey: people.map_or(0, |counted| counted.people.saturating_sub(counted.with_passkey)),
            organizations: organizations.collect(),
            applications: applications.collect(),
            rules: rules(&app.config),
            notice: false,
            wrong: None,
        }
    }
}

/// What else of the configuration is a rule for people, in the order of the page.
fn rules(config: &Config) -> Vec<Rule> {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let limits = config.sessions.limits();
    let rules = [
        ("sessions.idle_minutes", limits.idle.whole_minutes().to_string()),
        ("sessions.absolute_hours", limits.absolute.whole_hours().to_string()),
        ("sign_up.open", yes(config.sign_up.open)),
        ("registration.open", yes(config.registration.open)),
        ("passwords.failures_per_network", config.passwords.failures_per_network().to_string()),
        ("tokens.access_token_minutes", config.tokens.access_token().whole_minutes().to_string()),
        ("tokens.refresh_idle_days", config.tokens.refresh_idle().whole_days().to_string()),
        ("tokens.refresh_absolute_days", config.tokens.refresh_absolute().whole_days().to_string()),
        ("keys.rotate_days", config.keys.rotate_after().whole_days().to_string()),
    ];
    let place = |name| config.place_of(name).map(ToOwned::to_owned);
    rules.map(|(name, value)| Rule { name, value, place: place(name) }).into()
}

impl Page for PolicyPage {
    const TEMPLATE: &'static str = "admin/policy.html";
    fn samples() -> Vec<Self> {
        let other = |idle| Other {
            url: "/admin/x".to_owned(),
            name: "Lindenhof <Clinic>".to_owned(),
            policy: "require_passkey",
            idle,
        };
        let rule = |name, value: &str, place: Option<&str>| Rule {
            name,
            value: value.to_owned(),
            place: place.map(ToOwned::to_owned),
        };
        let plain = Self {
            policy: "free",
            from: "default",
            place: None,
            chosen: None,
            people: 12,
            without_passkey: 5,
            organizations: vec![other(false), other(true)],
            applications: vec![other(true)],
            rules: vec![
                rule("sessions.idle_minutes", "60", None),
                rule("sessions.absolute_hours", "24", Some("idp.toml:4")),
                rule("sign_up.open", "no", None),
                rule("registration.open", "yes", Some("IDP_REGISTRATION__OPEN")),
                rule("passwords.failures_per_network", "100", None),
                rule("tokens.access_token_minutes", "5", None),
                rule("tokens.refresh_idle_days", "14", None),
                rule("tokens.refresh_absolute_days", "90", None),
                rule("keys.rotate_days", "90", None),
            ],
            may_change: true,
            notice: false,
            wrong: None,
        };
        let wrongs = ["forbidden", "unchanged", "fixed"];
        let mut samples = vec![
            plain.clone(),
            Self { chosen: Some("passkey_only"), from: "console", ..plain.clone() },
            Self { chosen: Some("free"), policy: "require_passkey", ..plain.clone() },
            Self {
                from: "configuration",
                place: Some("idp.toml:9".to_owned()),
                may_change: false,
                organizations: Vec::new(),
                applications: Vec::new(),
                ..plain.clone()
            },
            Self { notice: true, ..plain.clone() },
        ];
        samples.extend(wrongs.map(|wrong| Self { wrong: Some(wrong), ..plain.clone() }));
        samples
    }
}
