//! What is done to an organization, its members and its invitations. Each deed has one address: it says what will happen,
//! to whom and to how many, and takes the yes. What gives or takes rights wants a fresh proof of who is asking
//! (security: M2).

mod deed;
mod form;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::organization::see;
use super::refusal::said;
use super::{Administrator, SECTION, office};
use crate::admin::organizations::{self as logic, Seen};
use crate::admin::{Outcome, Refused, invitations, members};
use crate::app::App;
use crate::model::ids::OrganizationId;
use crate::model::organization::{Roles, USUAL_INVITATION_DAYS};
use crate::model::user::{Language, Policy};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::{self, see_other};
use crate::web::session::{FRESH, confirm_at};
use crate::web::visit::Visit;

pub(super) use deed::Deed;
use deed::{LongNames, Names, long, short};
use form::Choice;
pub use form::Fields;

#[derive(Debug, Serialize)]
pub struct OrganizationDeedPage {
    deed: &'static str,
    here: String,
    back: String,
    organization: String,
    /// The person or the address that it is about.
    subject: String,
    /// How many belong to the organization.
    members: u64,
    /// The roles that there are, with whether they are chosen.
    roles: Vec<(String, bool)>,
    administrator: bool,
    applications: Vec<(String, String)>,
    form: Fields,
    refused: Option<&'static str>,
}

impl Page for OrganizationDeedPage {
    const TEMPLATE: &'static str = "admin/organization_deed.html";
    fn samples() -> Vec<Self> {
        let page = |deed, refused| Self {
            deed,
            here: "/admin/organizations/x/y".to_owned(),
            back: "/admin/organizations/x".to_owned(),
            organization: "Lindenhof <Clinic>".to_owned(),
            subject: "Ada <Lovelace>".to_owned(),
            members: 12,
            roles: vec![("practitioner".to_owned(), true), ("reception".to_owned(), false)],
            administrator: false,
            applications: vec![("lab".to_owned(), "Lab <b>".to_owned())],
            form: Fields::sample(),
            refused,
        };
        let deeds = ["invite", "change", "disable", "enable", "roles", "remove", "resend", "withdraw"];
        let mut pages: Vec<Self> = deeds.into_iter().map(|deed| page(deed, None)).collect();
        let wrong = ["email", "name", "choice", "lifetime", "too-many-invitations", "role-in-use"];
        pages.extend(wrong.into_iter().map(|refused| page("invite", Some(refused))));
        pages.push(Self { members: 1, applications: Vec::new(), roles: Vec::new(), ..page("disable", None) });
        pages
    }
}

/// GET /admin/organizations/{id}/{deed}
pub async fn confirm(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<Names>,
    Asked(fields): Asked<Fields>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, (short(&path)?, fields)).await
}

/// POST /admin/organizations/{id}/{deed}
pub async fn carry_out(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<Names>,
    Posted(fields): Posted<Fields>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (short(&path)?, fields)).await
}

/// GET /admin/organizations/{id}/{kind}/{which}/{deed}
pub async fn confirm_one(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<LongNames>,
    Asked(fields): Asked<Fields>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, (long(&path)?, fields)).await
}

/// POST /admin/organizations/{id}/{kind}/{which}/{deed}
pub async fn carry_out_one(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<LongNames>,
    Posted(fields): Posted<Fields>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (long(&path)?, fields)).await
}

/// Whoever has not proven lately that it is them does so, and comes back with what they have typed.
fn proof_first(
    app: &App,
    administrator: &Administrator,
    (id, deed): (OrganizationId, Deed),
    fields: &Fields,
) -> Option<Response> {
    let fresh = administrator.signed_in.session.is_fresh(app.clock.now(), FRESH);
    if fresh || !deed.is_dangerous(fields) {
        return None;
    }
    let here = format!("{}{}", deed.address(id), fields.query());
    Some(see_other(&confirm_at(&here)))
}

async fn ask(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    ((id, deed), typed): ((OrganizationId, Deed), Fields),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, id).await?;
    if !deed.is_open(&seen) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(app, administrator, (id, deed), &typed) {
        return Ok(elsewhere);
    }
    let (subject, known) = subject_of(app, visit, administrator, (id, deed)).await?;
    let fields = typed.over(begin_with(&seen, deed, &known));
    let page = page_of(app, visit, administrator, (&seen, deed), (subject, fields)).await?;
    page::render(app, visit, SECTION, &page)
}

/// What stands in the form at first.
fn begin_with(seen: &Seen, deed: Deed, roles: &Roles) -> Fields {
    let organization = &seen.organization;
    match deed {
        Deed::Invite => {
            let days = USUAL_INVITATION_DAYS.to_string();
            let mut fields = vec![("days", days.as_str())];
            // Somebody has to look after it first of all.
            if seen.members == 0 {
                fields.push(("role", Roles::ADMINISTRATOR));
            }
            Fields::of(&fields)
        }
        Deed::Change => Fields::of(&[
            ("name", organization.name.as_str()),
            ("roles", &organization.roles.to_string()),
            ("policy", organization.policy.map_or("", Policy::as_str)),
        ]),
        Deed::Roles(_) => {
            let chosen: Vec<_> = roles.iter().map(|role| ("role", role.as_str())).collect();
            Fields::of(&chosen)
        }
        _ => Fields::default(),
    }
}

/// Whom a deed is about, and the roles they have.
async fn subject_of(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (id, deed): (OrganizationId, Deed),
) -> Result<(String, Roles), PageError> {
    let (office, actor) = (office(app, visit), &administrator.actor);
    let found = match deed {
        Deed::Roles(person) | Deed::Remove(person) => {
            let member = members::view(&office, actor, (id, person)).await?;
            member.map(|(user, membership)| (user.display_name(), membership.roles))
        }
        Deed::Resend(one) | Deed::Withdraw(one) => {
            let listed = invitations::list(&office, actor, id).await?;
            listed.and_then(|waiting| {
                let found = waiting.into_iter().find(|waiting| waiting.invitation.id == one);
                found
                    .map(|found| (found.invitation.email.to_string(), Roles::default()))
                    .ok_or(Refused::NotFound)
            })
        }
        _ => Ok((String::new(), Roles::default())),
    };
    found.map_err(|_| PageError::NotFound)
}

async fn page_of(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (seen, deed): (&Seen, Deed),
    (subject, form): (String, Fields),
) -> Result<OrganizationDeedPage, PageError> {
    let (organization, id) = (&seen.organization, seen.organization.id);
    let applications = match deed {
        Deed::Invite => invitations::applications(&office(app, visit), &administrator.actor, id).await?,
        _ => Vec::new(),
    };
    Ok(OrganizationDeedPage {
        deed: deed.as_str(),
        here: deed.address(id),
        back: format!("/admin/organizations/{id}"),
        organization: organization.name.to_string(),
        subject,
        members: seen.members,
        roles: organization
            .roles
            .iter()
            .map(|role| (role.to_string(), form.has_role(role.as_str())))
            .collect(),
        administrator: form.has_role(Roles::ADMINISTRATOR),
        applications: applications.into_iter().map(|(id, name)| (id.to_string(), name.to_string())).collect(),
        form,
        refused: None,
    })
}

async fn act(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    ((id, deed), fields): ((OrganizationId, Deed), Fields),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, id).await?;
    if let Some(elsewhere) = proof_first(app, administrator, (id, deed), &fields) {
        return Ok(elsewhere);
    }
    let (status, refused) = match Choice::parse(deed, &fields) {
        Err(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, wrong),
        Ok(choice) => match done(app, visit, administrator, (id, deed, choice)).await? {
            Ok(()) => {
                return Ok(see_other(&format!("/admin/organizations/{id}?notice={}", deed.as_str())));
            }
            Err(refused) => said(refused)?,
        },
    };
    let (subject, _) = subject_of(app, visit, administrator, (id, deed)).await?;
    let page = page_of(app, visit, administrator, (&seen, deed), (subject, fields)).await?;
    let mut response =
        page::render(app, visit, SECTION, &OrganizationDeedPage { refused: Some(refused), ..page })?;
    *response.status_mut() = status;
    Ok(response)
}

async fn done(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (id, deed, choice): (OrganizationId, Deed, Choice),
) -> Outcome<()> {
    let (office, actor) = (&office(app, visit), &administrator.actor);
    let language = Language::parse(&app.theme.catalogues().name(visit.locale)).ok();
    Ok(match (deed, choice) {
        (Deed::Invite, Choice::Invite(new)) => {
            let new = invitations::New { language, ..new };
            invitations::invite(office, actor, (id, new)).await?.map(drop)
        }
        (Deed::Change, Choice::Change(settings)) => logic::change(office, actor, (id, &settings)).await?,
        (Deed::Roles(person), Choice::Roles(roles)) => {
            members::set_roles(office, actor, (id, person, &roles)).await?
        }
        (Deed::Disable, _) => logic::set_enabled(office, actor, id, false).await?,
        (Deed::Enable, _) => logic::set_enabled(office, actor, id, true).await?,
        (Deed::Remove(person), _) => members::remove(office, actor, (id, person)).await?,
        (Deed::Resend(one), _) => invitations::resend(office, actor, (id, one), language).await?.map(drop),
        (Deed::Withdraw(one), _) => invitations::withdraw(office, actor, (id, one)).await?,
        (Deed::Invite | Deed::Change | Deed::Roles(_), _) => Err(Refused::NotFound),
    })
}
