//! The page behind an invitation: who invites to what, and the one next step for whoever stands before it. Opening it
//! changes nothing, since scanners of mail follow links (security: K4).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Before, Invited, Over};
use crate::app::App;
use crate::login::flow::Missing;
use crate::login::pages::{Way, desk};
use crate::login::sign_up;
use crate::model::attempt::{Destination, LocalPath};
use crate::model::organization::{Ending, RoleName, Roles};
use crate::model::session::Session;
use crate::model::sign_up::Ticket;
use crate::model::user::{PersonName, User};
use crate::theme::{Page, moment};
use crate::web::attempt::carry;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{SignedIn, confirm_at, log_out, sign_in_at};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct InvitationPage {
    /// What the page is about now.
    state: &'static str,
    /// Whether it can still be accepted.
    open: bool,
    token: String,
    organization: String,
    inviter: Option<String>,
    administrator: bool,
    /// Beside that of administrators.
    roles: String,
    /// Who is invited.
    email: String,
    /// Who is signed in.
    here: Option<String>,
    expires_at: String,
    /// Where the next step is taken, if it is an address.
    next: String,
    given_name: String,
    family_name: String,
    errors: BTreeMap<&'static str, &'static str>,
}

/// What can be told of an invitation that does not count.
const OVER: [&str; 8] = [
    "used",
    "refused",
    "withdrawn",
    "replaced",
    "expired",
    "organization-disabled",
    "void",
    "address-changed",
];
/// …and what somebody can do with one that does.
const OPEN: [&str; 9] =
    ["ready", "member", "other", "sign-in", "disabled", "new", "again", "passkey", "second-factor"];

impl Page for InvitationPage {
    const TEMPLATE: &'static str = "login/invitation.html";
    fn samples() -> Vec<Self> {
        let page = |state| Self {
            state,
            open: OPEN.contains(&state),
            token: "idp_in_x".to_owned(),
            organization: "Lindenhof <Clinic>".to_owned(),
            inviter: Some("Carla <b>".to_owned()),
            administrator: true,
            roles: "practitioner, reception".to_owned(),
            email: "ada@example.org".to_owned(),
            here: Some("eve@example.org".to_owned()),
            expires_at: "2026-11-30T09:05:00Z".to_owned(),
            next: "/login".to_owned(),
            given_name: "Ada <b>".to_owned(),
            family_name: String::new(),
            errors: BTreeMap::new(),
        };
        let mut samples: Vec<Self> = OPEN.into_iter().chain(OVER).chain(["joined"]).map(page).collect();
        let errors = [("given_name", "name-long"), ("family_name", "name-empty")].into();
        samples.push(Self { errors, inviter: None, administrator: false, ..page("new") });
        samples.push(Self { inviter: None, administrator: false, roles: String::new(), ..page("ready") });
        samples
    }
}

const fn over(over: Over) -> &'static str {
    match over {
        Over::Ended(Ending::Accepted) => "used",
        Over::Ended(Ending::Refused) => "refused",
        Over::Ended(Ending::Withdrawn) => "withdrawn",
        Over::Ended(Ending::Replaced) => "replaced",
        Over::Expired => "expired",
        Over::OrganizationDisabled => "organization-disabled",
        Over::Void => "void",
        Over::AddressChanged => "address-changed",
    }
}

/// The page for whoever stands before it, and where their next step is taken.
fn open(before: Before, here: &str) -> (&'static str, String) {
    let back = LocalPath::parse(here).map_or(Destination::Account, Destination::Page);
    match before {
        Before::Ready => ("ready", String::new()),
        Before::Member => ("member", String::new()),
        Before::SomebodyElse => ("other", String::new()),
        Before::Account => ("sign-in", sign_in_at(here)),
        Before::DisabledAccount => ("disabled", String::new()),
        Before::Newcomer => ("new", String::new()),
        Before::Lacking(Missing::Proof) => ("again", confirm_at(here)),
        Before::Lacking(Missing::Passkey) => {
            ("passkey", format!("/account/passkeys/create{}", carry(&back, &[])))
        }
        Before::Lacking(Missing::SecondFactor) => {
            ("second-factor", format!("/account/passkeys/create{}", carry(&back, &[])))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct InvitationForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
}

fn address(token: &str) -> String {
    format!("/login/invitation?{}", serde_urlencoded::to_string([("token", token)]).unwrap_or_default())
}

/// Where somebody arrives who has joined.
fn arrival(token: &str) -> String {
    format!("/login/invitation/done?{}", serde_urlencoded::to_string([("token", token)]).unwrap_or_default())
}

fn here(visit: &Visit) -> Option<(&User, &Session)> {
    visit.signed_in.as_ref().map(|SignedIn { user, session }| (user, session))
}

async fn find(app: &App, visit: &Visit, token: &str) -> Result<Invited, PageError> {
    super::find(&desk(app, visit), token).await?.ok_or(PageError::LinkExpired)
}

/// GET /login/invitation
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    Asked(form): Asked<InvitationForm>,
) -> Result<Response, PageError> {
    let invited = find(&app, &visit, &form.token).await?;
    draw(&app, &visit, (&invited, &InvitationForm::default(), BTreeMap::new())).await
}

/// Whether it was this person who accepted.
fn has_joined(invited: &Invited, visit: &Visit) -> bool {
    let theirs = here(visit).is_some_and(|(user, _)| user.email == invited.invitation.email);
    theirs && invited.over == Some(Over::Ended(Ending::Accepted))
}

async fn draw(
    app: &App,
    visit: &Visit,
    (invited, form, errors): (&Invited, &InvitationForm, BTreeMap<&'static str, &'static str>),
) -> Result<Response, PageError> {
    let (mut status, token) = (StatusCode::OK, invited.token.expose());
    let (state, next) = match invited.over {
        _ if has_joined(invited, visit) => ("joined", arrival(token)),
        Some(why) => {
            status = StatusCode::GONE;
            (over(why), String::new())
        }
        None => open(super::who(&desk(app, visit), invited, here(visit)).await?, &address(token)),
    };
    let (organization, invitation) = (&invited.organization, &invited.invitation);
    let roles: Vec<&str> =
        invitation.roles.iter().map(RoleName::as_str).filter(|role| *role != Roles::ADMINISTRATOR).collect();
    let page = InvitationPage {
        state,
        open: invited.over.is_none(),
        token: token.to_owned(),
        organization: organization.name.to_string(),
        inviter: invited.inviter.clone(),
        administrator: invitation.roles.is_administrator(),
        roles: roles.join(", "),
        email: invitation.email.to_string(),
        here: here(visit).map(|(user, _)| user.email.to_string()),
        expires_at: moment(invitation.expires_at),
        next,
        given_name: form.given_name.clone(),
        family_name: form.family_name.clone(),
        errors,
    };
    let mut response = page::render(app, visit, Frame::of("login"), &page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// POST /login/invitation
pub async fn accept(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<InvitationForm>,
) -> Result<Response, PageError> {
    let joined = match here(&visit) {
        Some(person) => super::accept(&desk(&app, &visit), &form.token, person).await?,
        None => false,
    };
    Ok(see_other(&if joined { arrival(&form.token) } else { address(&form.token) }))
}

/// GET /login/invitation/done: on to the application, by a page of its own, so that no form ends there.
pub async fn done(
    State(app): State<App>,
    visit: Visit,
    Asked(form): Asked<InvitationForm>,
) -> Result<Response, PageError> {
    let invited = find(&app, &visit, &form.token).await?;
    if !has_joined(&invited, &visit) {
        return Ok(see_other(&address(&form.token)));
    }
    let issuer = app.config.public_url.issuer();
    let onward = invited.onward.and_then(|(_, address)| address.with("iss", &issuer));
    Ok(match onward {
        Some(address) => page::bounce(&app, &visit, &address),
        None => see_other("/account"),
    })
}

/// POST /login/invitation/refuse
pub async fn refuse(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<InvitationForm>,
) -> Result<Response, PageError> {
    super::refuse(&desk(&app, &visit), &form.token).await?;
    Ok(see_other(&address(&form.token)))
}

/// POST /login/invitation/switch: whoever is signed in makes room for who is invited.
pub async fn switch(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<InvitationForm>,
) -> Result<Response, PageError> {
    let mut response = see_other(&address(&form.token));
    log_out(&app, &visit, &mut response).await?;
    Ok(response)
}

/// POST /login/invitation/name: on to the first way in.
pub async fn submit_name(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<InvitationForm>,
) -> Result<Response, PageError> {
    let invited = find(&app, &visit, &form.token).await?;
    let desk = desk(&app, &visit);
    let newcomer = super::who(&desk, &invited, here(&visit)).await? == Before::Newcomer;
    if invited.over.is_some() || !newcomer {
        return Ok(see_other(&address(&form.token)));
    }
    let names = match (PersonName::typed(&form.given_name), PersonName::typed(&form.family_name)) {
        (Ok(given_name), Ok(family_name)) => (given_name, family_name),
        (given_name, family_name) => {
            let errors = [("given_name", given_name.err()), ("family_name", family_name.err())];
            let errors = errors.into_iter().filter_map(|(field, error)| Some((field, error?))).collect();
            return draw(&app, &visit, (&invited, &form, errors)).await;
        }
    };
    let ticket = Ticket::Invitation(invited.token.hash().0);
    let language = sign_up::pages::language(&app, &visit);
    let flow = sign_up::introduce(&desk, (ticket, invited.invitation.email), names, language).await?;
    let destination = LocalPath::parse(&arrival(&form.token)).map_or(Destination::Account, Destination::Page);
    let way = Way { destination, attempt: None, flow: None };
    Ok(see_other(&way.step("/login/create/passkey", &flow)))
}
