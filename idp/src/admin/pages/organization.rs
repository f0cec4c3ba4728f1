//! One organization: what it is, who belongs to it and who is invited.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::organization_deeds::Deed;
use super::{Administrator, SECTION, office};
use crate::admin::invitations::{self, Waiting};
use crate::admin::organizations::{self as logic, Seen};
use crate::admin::{Act, Refused, members};
use crate::app::App;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::{Membership, RoleName, Roles};
use crate::model::user::{Policy, User};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

/// How many members one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct OrganizationPage {
    id: String,
    name: String,
    slug: String,
    enabled: bool,
    policy: Option<&'static str>,
    roles: String,
    count: u64,
    members: Vec<MemberRow>,
    more: Option<String>,
    first: Option<String>,
    invitations: Vec<InvitationRow>,
    may_run: bool,
    /// Whoever looks reads the audit log.
    may_read_audit: bool,
    deeds: Vec<&'static str>,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct MemberRow {
    id: String,
    name: String,
    email: String,
    enabled: bool,
    administrator: bool,
    roles: String,
}

#[derive(Debug, Serialize)]
struct InvitationRow {
    id: String,
    email: String,
    administrator: bool,
    roles: String,
    inviter: Option<String>,
    expires_at: String,
    /// `open`, `expired` or `void`.
    state: &'static str,
}

impl Page for OrganizationPage {
    const TEMPLATE: &'static str = "admin/organization.html";
    fn samples() -> Vec<Self> {
        let id = || "0197f3a0-0000-7000-8000-000000000000".to_owned();
        let member = |enabled| MemberRow {
            id: id(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            enabled,
            administrator: enabled,
            roles: if enabled { "practitioner".to_owned() } else { String::new() },
        };
        let invitation = |state| InvitationRow {
            id: id(),
            email: "new@example.org".to_owned(),
            administrator: state == "open",
            roles: if state == "open" { String::new() } else { "reception".to_owned() },
            inviter: (state != "open").then(|| "Carla <b>".to_owned()),
            expires_at: "2026-11-23T09:05:00Z".to_owned(),
            state,
        };
        let page = |full: bool, notice| Self {
            id: id(),
            name: "Lindenhof <Clinic>".to_owned(),
            slug: "lindenhof".to_owned(),
            enabled: full,
            policy: full.then_some("require_passkey"),
            roles: if full { "practitioner, reception".to_owned() } else { String::new() },
            count: if full { 26 } else { 0 },
            members: [true, false].into_iter().filter(|_| full).map(member).collect(),
            more: full.then(|| "/admin/organizations/x?after=y".to_owned()),
            first: full.then(|| "/admin/organizations/x".to_owned()),
            invitations: ["open", "expired", "void"].into_iter().filter(|_| full).map(invitation).collect(),
            may_run: full,
            may_read_audit: full,
            deeds: Deed::NAMED.into_iter().filter(|_| full).map(Deed::as_str).collect(),
            notice,
        };
        let done = NOTICES.iter().map(|notice| page(true, Some(*notice)));
        [page(true, None), page(false, None)].into_iter().chain(done).collect()
    }
}

/// One for each deed: what was done.
const NOTICES: [&str; 8] = ["invite", "change", "disable", "enable", "roles", "remove", "resend", "withdraw"];

#[derive(Debug, Default, Deserialize)]
pub struct OrganizationQuery {
    #[serde(default)]
    notice: String,
    /// The last member of the page before.
    #[serde(default)]
    after: String,
}

/// An organization, as far as this administrator may see it.
pub(super) async fn see(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    id: OrganizationId,
) -> Result<Seen, PageError> {
    let seen = logic::see(&office(app, visit), &administrator.actor, id).await?;
    seen.map_err(|_: Refused| PageError::NotFound)
}

/// GET /admin/organizations/{id}
pub async fn organization(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<OrganizationId>,
    Asked(query): Asked<OrganizationQuery>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, id).await?;
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let after: Option<UserId> = query.after.parse().ok();
    let listed = members::list(&office, actor, (id, after), SHOWN as u64 + 1).await?;
    let mut members = listed.map_err(|_: Refused| PageError::NotFound)?;
    let waiting = invitations::list(&office, actor, id).await?.map_err(|_: Refused| PageError::NotFound)?;
    let goes_on = members.len() > SHOWN;
    members.truncate(SHOWN);
    let here = format!("/admin/organizations/{id}");
    let more = members.last().filter(|_| goes_on).map(|(last, _)| format!("{here}?after={}", last.id));
    let deeds = Deed::NAMED.iter().filter(|deed| deed.is_open(&seen)).map(|deed| deed.as_str()).collect();
    let page = OrganizationPage {
        id: id.to_string(),
        name: seen.organization.name.to_string(),
        slug: seen.organization.slug.to_string(),
        enabled: seen.organization.is_enabled(),
        policy: seen.organization.policy.map(Policy::as_str),
        roles: named(&seen.organization.roles),
        count: seen.members,
        members: members.iter().map(member_row).collect(),
        more,
        first: after.map(|_| here),
        invitations: waiting.iter().map(invitation_row).collect(),
        may_run: seen.may_run,
        may_read_audit: actor.may(Act::ReadAudit),
        deeds,
        notice: NOTICES.into_iter().find(|notice| *notice == query.notice),
    };
    page::render(&app, &visit, SECTION, &page)
}

/// Roles as people read them, without that of administrators, which has words of its own.
pub(super) fn named(roles: &Roles) -> String {
    let names = roles.iter().map(RoleName::as_str).filter(|name| *name != Roles::ADMINISTRATOR);
    names.collect::<Vec<_>>().join(", ")
}

fn member_row((user, membership): &(User, Membership)) -> MemberRow {
    MemberRow {
        id: user.id.to_string(),
        name: user.display_name(),
        email: user.email.to_string(),
        enabled: user.is_enabled(),
        administrator: membership.roles.is_administrator(),
        roles: named(&membership.roles),
    }
}

fn invitation_row(waiting: &Waiting) -> InvitationRow {
    InvitationRow {
        id: waiting.invitation.id.to_string(),
        email: waiting.invitation.email.to_string(),
        administrator: waiting.invitation.roles.is_administrator(),
        roles: named(&waiting.invitation.roles),
        inviter: waiting.inviter.clone(),
        expires_at: moment(waiting.invitation.expires_at),
        state: match (waiting.expired, waiting.void) {
            (true, _) => "expired",
            (false, true) => "void",
            (false, false) => "open",
        },
    }
}
