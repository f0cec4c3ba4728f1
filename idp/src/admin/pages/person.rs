//! One person: how they get in, where they are logged in, and what can be done for them.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::deeds::Deed;
use super::{Administrator, SECTION, office};
use crate::admin::Refused;
use crate::admin::people::{self as logic, Person};
use crate::app::App;
use crate::model::ids::UserId;
use crate::model::organization::{PolicySource, RoleName};
use crate::model::user::ServiceRole;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else about the person")]
pub struct PersonPage {
    id: String,
    name: String,
    email: String,
    email_verified: bool,
    enabled: bool,
    role: Option<&'static str>,
    policy: &'static str,
    policy_from: &'static str,
    policy_from_name: String,
    /// `none`, `works` or `locked`.
    password: &'static str,
    code_app: bool,
    recovery_codes_left: u64,
    passkeys: Vec<PasskeyRow>,
    sessions: Vec<SessionRow>,
    organizations: Vec<MemberRow>,
    may_help: bool,
    deeds: Vec<&'static str>,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct PasskeyRow {
    id: String,
    name: String,
    created_at: String,
    last_used_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct SessionRow {
    browser: String,
    method: &'static str,
    last_seen_at: String,
}

#[derive(Debug, Serialize)]
struct MemberRow {
    name: String,
    roles: String,
}

impl Page for PersonPage {
    const TEMPLATE: &'static str = "admin/person.html";
    fn samples() -> Vec<Self> {
        let at = || "2026-11-23T09:05:00Z".to_owned();
        let id = || "0197f3a0-0000-7000-8000-000000000000".to_owned();
        let page = |policy, policy_from, full: bool| Self {
            id: id(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            email_verified: full,
            enabled: full,
            role: full.then_some("support"),
            policy,
            policy_from,
            policy_from_name: "Lindenhof <Clinic>".to_owned(),
            password: if full { "works" } else { "locked" },
            code_app: full,
            recovery_codes_left: 3,
            passkeys: [Some(at()), None]
                .into_iter()
                .filter(|_| full)
                .map(|last_used_at| PasskeyRow {
                    id: id(),
                    name: "My <key>".to_owned(),
                    created_at: at(),
                    last_used_at,
                })
                .collect(),
            sessions: ["passkey", "password", "password-code", "password-recovery-code", "password-passkey"]
                .into_iter()
                .filter(|_| full)
                .map(|method| SessionRow { browser: "Fire<b>".to_owned(), method, last_seen_at: at() })
                .collect(),
            organizations: vec![MemberRow { name: "Lindenhof <Clinic>".to_owned(), roles: String::new() }],
            may_help: full,
            deeds: if full { Deed::NAMED.iter().map(|deed| deed.as_str()).collect() } else { Vec::new() },
            notice: None,
        };
        let mut pages = vec![
            page("free", "service", true),
            page("require_second_factor", "organization", true),
            page("require_passkey", "person", false),
            Self { password: "none", ..page("passkey_only", "person", false) },
        ];
        let done =
            NOTICES.iter().map(|notice| Self { notice: Some(notice), ..page("free", "service", true) });
        pages.extend(done);
        pages
    }
}

/// One for each deed: what was done.
const NOTICES: [&str; 10] = [
    "remove-passkey",
    "reset-passkeys",
    "reset-two-factor",
    "unlock",
    "log-out",
    "link",
    "disable",
    "enable",
    "role",
    "policy",
];

#[derive(Debug, Default, Deserialize)]
pub struct NoticeQuery {
    #[serde(default)]
    pub(super) notice: String,
}

/// GET /admin/people/{id}
pub async fn person(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<UserId>,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let notice = NOTICES.into_iter().find(|notice| *notice == query.notice);
    page::render(&app, &visit, SECTION, &page_of(&app, seen, notice))
}

/// Somebody, as far as this administrator may see them.
pub(super) async fn see(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    id: UserId,
) -> Result<Person, PageError> {
    let seen = logic::view(&office(app, visit), &administrator.actor, id).await?;
    seen.map_err(|_: Refused| PageError::NotFound)
}

fn page_of(app: &App, seen: Person, notice: Option<&'static str>) -> PersonPage {
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    let deeds = Deed::NAMED.iter().filter(|deed| deed.is_open(&seen)).map(|deed| deed.as_str()).collect();
    let (policy_from, policy_from_name) = match seen.policy.source {
        PolicySource::Service => ("service", String::new()),
        PolicySource::Organization { name, .. } => ("organization", name.to_string()),
        PolicySource::Elsewhere => ("organization", String::new()),
        PolicySource::Person => ("person", String::new()),
        PolicySource::Application => ("application", String::new()),
    };
    PersonPage {
        id: seen.user.id.to_string(),
        name: seen.user.display_name(),
        email: seen.user.email.to_string(),
        email_verified: seen.user.email_verified,
        enabled: seen.user.is_enabled(),
        role: seen.user.role.map(ServiceRole::as_str),
        policy: seen.policy.policy.as_str(),
        policy_from,
        policy_from_name,
        password: match (seen.has_password, seen.password_works) {
            (false, _) => "none",
            (true, true) => "works",
            (true, false) => "locked",
        },
        code_app: seen.has_code_app,
        recovery_codes_left: seen.recovery_codes_left,
        passkeys: seen
            .passkeys
            .iter()
            .map(|passkey| PasskeyRow {
                id: passkey.id.to_string(),
                name: passkey.name.to_string(),
                created_at: moment(passkey.created_at),
                last_used_at: passkey.last_used_at.map(moment),
            })
            .collect(),
        sessions: seen
            .sessions
            .iter()
            .filter(|session| session.is_live(now, limits) && !session.is_limited())
            .map(|session| SessionRow {
                browser: session.browser.clone(),
                method: session.method.as_str(),
                last_seen_at: moment(session.last_seen_at),
            })
            .collect(),
        organizations: seen
            .organizations
            .iter()
            .map(|(organization, membership)| MemberRow {
                name: organization.name.to_string(),
                roles: membership.roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(", "),
            })
            .collect(),
        may_help: seen.may_help,
        deeds,
        notice,
    }
}
