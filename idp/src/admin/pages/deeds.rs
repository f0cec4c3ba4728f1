//! What is done to a person. Each deed has one address: it says what will happen to whom, and takes the yes. Both want a
//! fresh proof of who is asking (security: M2).

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::person::see;
use super::{Administrator, SECTION, office, proof_first};
use crate::admin::people::{self as logic, Person};
use crate::admin::{Outcome, Refused, access};
use crate::app::App;
use crate::model::ids::{PasskeyId, UserId};
use crate::model::user::{Policy, ServiceRole};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    RemovePasskey(PasskeyId),
    ResetPasskeys,
    ResetTwoFactor,
    Unlock,
    LogOut,
    Link,
    Disable,
    Enable,
    Role,
    Policy,
}

impl Deed {
    /// All that need no more than their name.
    pub(super) const NAMED: [Self; 9] = [
        Self::ResetPasskeys,
        Self::ResetTwoFactor,
        Self::Unlock,
        Self::LogOut,
        Self::Link,
        Self::Disable,
        Self::Enable,
        Self::Role,
        Self::Policy,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::RemovePasskey(_) => "remove-passkey",
            Self::ResetPasskeys => "reset-passkeys",
            Self::ResetTwoFactor => "reset-two-factor",
            Self::Unlock => "unlock",
            Self::LogOut => "log-out",
            Self::Link => "link",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Role => "role",
            Self::Policy => "policy",
        }
    }

    /// Whether the person's page offers it. What is done is judged once more by what does it.
    pub(super) fn is_open(self, seen: &Person) -> bool {
        let enabled = seen.user.is_enabled();
        match self {
            Self::RemovePasskey(id) => seen.may_help && seen.passkeys.iter().any(|known| known.id == id),
            Self::ResetPasskeys | Self::ResetTwoFactor | Self::LogOut => seen.may_help,
            Self::Unlock => seen.may_help && seen.has_password,
            Self::Link => seen.may_help && enabled,
            Self::Disable => seen.may_disable && enabled,
            Self::Enable => seen.may_disable && !enabled,
            Self::Role => seen.may_set_role,
            Self::Policy => seen.may_set_policy,
        }
    }

    fn address(self, person: UserId) -> String {
        match self {
            Self::RemovePasskey(id) => format!("/admin/people/{person}/passkeys/{id}"),
            other => format!("/admin/people/{person}/{}", other.as_str()),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct DeedPage {
    deed: &'static str,
    /// Where it is sent, and where the person's page is.
    here: String,
    back: String,
    name: String,
    email: String,
    /// The name of the passkey that it is about.
    passkey: String,
    form: DeedForm,
    refused: Option<&'static str>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DeedForm {
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    policy: String,
}

impl Page for DeedPage {
    const TEMPLATE: &'static str = "admin/deed.html";
    fn samples() -> Vec<Self> {
        let page = |deed, refused| Self {
            deed,
            here: "/admin/people/x/y".to_owned(),
            back: "/admin/people/x".to_owned(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            passkey: "My <key>".to_owned(),
            form: DeedForm {
                minutes: "60".to_owned(),
                role: "support".to_owned(),
                policy: "free".to_owned(),
            },
            refused,
        };
        let mut pages: Vec<Self> = Deed::NAMED.iter().map(|deed| page(deed.as_str(), None)).collect();
        pages.push(page("remove-passkey", None));
        pages.extend(REFUSALS.into_iter().map(|refused| page("disable", Some(why(refused)))));
        pages.push(page("link", Some("choice")));
        pages
    }
}

const REFUSALS: [Refused; 21] = [
    Refused::NotFound,
    Refused::Forbidden,
    Refused::Yourself,
    Refused::LastOperator,
    Refused::LastAdministrator,
    Refused::Disabled,
    Refused::SlugTaken,
    Refused::MemberAlready,
    Refused::UnknownRole,
    Refused::RoleInUse,
    Refused::OrganizationDisabled,
    Refused::Lifetime,
    Refused::UnknownApplication,
    Refused::TooManyInvitations,
    Refused::Unchanged,
    Refused::Declared,
    Refused::Registered,
    Refused::Settings(""),
    Refused::NoSecrets,
    Refused::SecretsAtOnce,
    Refused::LastSecret,
];

/// The text that says it.
pub(super) const fn why(refused: Refused) -> &'static str {
    match refused {
        Refused::NotFound => "not-found",
        Refused::Forbidden => "forbidden",
        Refused::Yourself => "yourself",
        Refused::LastOperator => "last-operator",
        Refused::LastAdministrator => "last-administrator",
        Refused::Disabled => "disabled",
        Refused::SlugTaken => "slug-taken",
        Refused::MemberAlready => "member-already",
        Refused::UnknownRole => "unknown-role",
        Refused::RoleInUse => "role-in-use",
        Refused::OrganizationDisabled => "organization-disabled",
        Refused::Lifetime => "lifetime",
        Refused::UnknownApplication => "unknown-application",
        Refused::TooManyInvitations => "too-many-invitations",
        Refused::Unchanged => "unchanged",
        Refused::Declared => "declared",
        Refused::Registered => "registered",
        Refused::Settings(_) => "settings",
        Refused::NoSecrets => "no-secrets",
        Refused::SecretsAtOnce => "secrets-at-once",
        Refused::LastSecret => "last-secret",
        Refused::ChangedMeanwhile => "changed-meanwhile",
        Refused::Fixed => "fixed",
    }
}

/// The person and the deed that a path names.
fn named((person, deed): &(String, String)) -> Result<(UserId, Deed), PageError> {
    let found = Deed::NAMED.into_iter().find(|known| known.as_str() == deed);
    Ok((person.parse().map_err(|_| PageError::NotFound)?, found.ok_or(PageError::NotFound)?))
}

fn removal((person, passkey): &(String, String)) -> Result<(UserId, Deed), PageError> {
    let passkey = passkey.parse().map_err(|_| PageError::NotFound)?;
    Ok((person.parse().map_err(|_| PageError::NotFound)?, Deed::RemovePasskey(passkey)))
}

/// GET /admin/people/{id}/{deed}
pub async fn confirm(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, named(&path)?).await
}

/// GET /admin/people/{id}/passkeys/{passkey}
pub async fn confirm_removal(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, removal(&path)?).await
}

/// POST /admin/people/{id}/{deed}
pub async fn carry_out(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
    Posted(form): Posted<DeedForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (named(&path)?, form)).await
}

/// POST /admin/people/{id}/passkeys/{passkey}
pub async fn remove(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
    Posted(form): Posted<DeedForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (removal(&path)?, form)).await
}

async fn ask(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (id, deed): (UserId, Deed),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, id).await?;
    if !deed.is_open(&seen) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(app, administrator, &deed.address(id)) {
        return Ok(elsewhere);
    }
    let form = DeedForm {
        minutes: "60".to_owned(),
        role: seen.user.role.map_or("", ServiceRole::as_str).to_owned(),
        policy: seen.user.policy.as_str().to_owned(),
    };
    page::render(app, visit, SECTION, &page_of(&seen, deed, form))
}

fn page_of(seen: &Person, deed: Deed, form: DeedForm) -> DeedPage {
    let passkey = seen.passkeys.iter().find(|known| deed == Deed::RemovePasskey(known.id));
    DeedPage {
        deed: deed.as_str(),
        here: deed.address(seen.user.id),
        back: format!("/admin/people/{}", seen.user.id),
        name: seen.user.display_name(),
        email: seen.user.email.to_string(),
        passkey: passkey.map(|passkey| passkey.name.to_string()).unwrap_or_default(),
        form,
        refused: None,
    }
}

async fn act(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    ((id, deed), form): ((UserId, Deed), DeedForm),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, id).await?;
    if let Some(elsewhere) = proof_first(app, administrator, &deed.address(id)) {
        return Ok(elsewhere);
    }
    let (status, refused) = match parse(deed, &form) {
        None => (StatusCode::UNPROCESSABLE_ENTITY, "choice"),
        Some(choice) => match done(app, visit, administrator, (id, deed, choice)).await? {
            Ok(()) => {
                return Ok(see_other(&format!("/admin/people/{id}?notice={}", deed.as_str())));
            }
            Err(Refused::NotFound) => return Err(PageError::NotFound),
            Err(Refused::Forbidden) => (StatusCode::FORBIDDEN, why(Refused::Forbidden)),
            Err(refused) => (StatusCode::CONFLICT, why(refused)),
        },
    };
    let page = DeedPage { refused: Some(refused), ..page_of(&seen, deed, form) };
    let mut response = page::render(app, visit, SECTION, &page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// What was chosen on the page, as far as the deed asks for a choice.
#[derive(Debug, Clone, Copy, Default)]
struct Choice {
    minutes: u32,
    role: Option<ServiceRole>,
    policy: Policy,
}

fn parse(deed: Deed, form: &DeedForm) -> Option<Choice> {
    let nothing = Choice::default();
    match deed {
        Deed::Link => {
            let minutes = form.minutes.trim().parse().ok()?;
            (5..=24 * 60).contains(&minutes).then_some(Choice { minutes, ..nothing })
        }
        Deed::Role if form.role.is_empty() => Some(nothing),
        Deed::Role => Some(Choice { role: Some(ServiceRole::from_stored(&form.role)?), ..nothing }),
        Deed::Policy => Some(Choice { policy: Policy::from_stored(&form.policy)?, ..nothing }),
        _ => Some(nothing),
    }
}

async fn done(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (id, deed, choice): (UserId, Deed, Choice),
) -> Outcome<()> {
    let (office, actor) = (&office(app, visit), &administrator.actor);
    Ok(match deed {
        Deed::RemovePasskey(passkey) => logic::remove_passkey(office, actor, (id, passkey)).await?,
        Deed::ResetPasskeys => logic::reset_passkeys(office, actor, id).await?.map(drop),
        Deed::ResetTwoFactor => logic::reset_two_factor(office, actor, id).await?,
        Deed::Unlock => logic::unlock(office, actor, id).await?,
        Deed::LogOut => logic::log_out_everywhere(office, actor, id).await?.map(drop),
        Deed::Link => access::make_link(office, actor, (id, choice.minutes)).await?.map(drop),
        Deed::Disable => logic::set_enabled(office, actor, id, false).await?,
        Deed::Enable => logic::set_enabled(office, actor, id, true).await?,
        Deed::Role => logic::set_role(office, actor, id, choice.role).await?,
        Deed::Policy => logic::set_policy(office, actor, id, choice.policy).await?,
    })
}
