//! Who somebody is, and what can be done for them.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::{Head, NOTICES, NoticeQuery, Tab, see};
use crate::admin::pages::{Administrator, SECTION};
use crate::admin::people::Person;
use crate::app::App;
use crate::model::ids::UserId;
use crate::model::organization::PolicySource;
use crate::model::user::{Policy, ServiceRole};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct PersonPage {
    #[serde(flatten)]
    head: Head,
    email_verified: bool,
    role: Option<&'static str>,
    policy: &'static str,
    policy_from: &'static str,
    policy_from_name: String,
    /// `none`, `works` or `locked`.
    password: &'static str,
    passkeys: usize,
    sessions: usize,
    created_at: String,
    /// Whoever looks can ask them to join an organization.
    may_invite: bool,
}

impl Page for PersonPage {
    const TEMPLATE: &'static str = "admin/person/overview.html";
    fn samples() -> Vec<Self> {
        let page = |policy: Policy, policy_from, full: bool| Self {
            head: Head::sample(Tab::Overview, full, None),
            email_verified: full,
            role: full.then_some("support"),
            policy: policy.as_str(),
            policy_from,
            policy_from_name: "Lindenhof <Clinic>".to_owned(),
            password: if full { "works" } else { "locked" },
            passkeys: usize::from(full),
            sessions: 3,
            created_at: "2026-11-23T09:05:00Z".to_owned(),
            may_invite: full,
        };
        let mut pages = vec![
            page(Policy::Free, "service", true),
            page(Policy::RequireSecondFactor, "organization", true),
            page(Policy::RequirePasskey, "person", false),
            Self { password: "none", ..page(Policy::PasskeyOnly, "person", false) },
        ];
        let done = NOTICES.map(|notice| Self {
            head: Head::sample(Tab::Overview, true, Some(notice)),
            ..page(Policy::Free, "service", true)
        });
        pages.extend(done);
        pages
    }
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
    let (now, limits) = (app.clock.now(), app.config.sessions.limits());
    let live = seen.sessions.iter().filter(|session| session.is_live(now, limits) && !session.is_limited());
    let (policy_from, policy_from_name) = source(&seen);
    let page = PersonPage {
        head: Head::of(&seen, Tab::Overview, &query),
        email_verified: seen.user.email_verified,
        role: seen.user.role.map(ServiceRole::as_str),
        policy: seen.policy.policy.as_str(),
        policy_from,
        policy_from_name,
        password: password(&seen),
        passkeys: seen.passkeys.len(),
        sessions: live.count(),
        created_at: moment(seen.user.created_at),
        may_invite: administrator.actor.may_invite(),
    };
    page::render(&app, &visit, SECTION, &page)
}

fn source(seen: &Person) -> (&'static str, String) {
    match &seen.policy.source {
        PolicySource::Service => ("service", String::new()),
        PolicySource::Organization { name, .. } => ("organization", name.to_string()),
        PolicySource::Elsewhere => ("organization", String::new()),
        PolicySource::Person => ("person", String::new()),
        PolicySource::Application => ("application", String::new()),
    }
}

pub(super) const fn password(seen: &Person) -> &'static str {
    match (seen.has_password, seen.password_works) {
        (false, _) => "none",
        (true, true) => "works",
        (true, false) => "locked",
    }
}
