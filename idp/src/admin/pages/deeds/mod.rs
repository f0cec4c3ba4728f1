//! What is done to a person. Each deed has one address: it says what will happen to whom, and takes the yes. Both want a
//! fresh proof of who is asking (security: M2).

mod deed;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::person::see;
use super::refusal::{REFUSALS, said, why};
use super::{Administrator, SECTION, office, proof_first, seen as shown};
use crate::admin::access::LINK_MINUTES;
use crate::admin::people::{self as logic, Person};
use crate::admin::{Outcome, access};
use crate::app::App;
use crate::model::ids::UserId;
use crate::model::user::{Policy, ServiceRole};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

pub(super) use deed::Deed;
use deed::{long, short};

#[derive(Debug, Serialize)]
pub struct DeedPage {
    deed: &'static str,
    /// Where it is sent, and where the person's page is.
    here: String,
    back: String,
    name: String,
    email: String,
    /// The passkey, the browser or the application that it is about.
    subject: String,
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
            subject: "My <key>".to_owned(),
            form: DeedForm {
                minutes: "60".to_owned(),
                role: "support".to_owned(),
                policy: "free".to_owned(),
            },
            refused,
        };
        let mut pages: Vec<Self> = Deed::NAMED.iter().map(|deed| page(deed.as_str(), None)).collect();
        pages.extend(["remove-passkey", "end-session", "disconnect"].map(|deed| page(deed, None)));
        pages.extend(REFUSALS.into_iter().map(|refused| page("disable", Some(why(refused)))));
        pages.push(page("link", Some("choice")));
        pages
    }
}

/// GET /admin/people/{id}/{deed}
pub async fn confirm(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, short(&path)?).await
}

/// GET /admin/people/{id}/{kind}/{which}
pub async fn confirm_one(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, long(&path)?).await
}

/// POST /admin/people/{id}/{deed}
pub async fn carry_out(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
    Posted(form): Posted<DeedForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (short(&path)?, form)).await
}

/// POST /admin/people/{id}/{kind}/{which}
pub async fn carry_out_one(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String, String)>,
    Posted(form): Posted<DeedForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (long(&path)?, form)).await
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
    let subject = subject_of(app, visit, administrator, (&seen, &deed)).await?;
    if let Some(elsewhere) = proof_first(app, administrator, &deed.address(id)) {
        return Ok(elsewhere);
    }
    let form = DeedForm {
        minutes: "60".to_owned(),
        role: seen.user.role.map_or("", ServiceRole::as_str).to_owned(),
        policy: seen.user.policy.as_str().to_owned(),
    };
    page::render(app, visit, SECTION, &page_of(&seen, &deed, (subject, form)))
}

/// What of the person it is about: the name of a passkey, a browser, an application.
async fn subject_of(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (seen, deed): (&Person, &Deed),
) -> Result<String, PageError> {
    let name = match deed {
        Deed::RemovePasskey(id) => {
            seen.passkeys.iter().find(|known| known.id == *id).map(|known| known.name.to_string())
        }
        Deed::EndSession(id) => {
            seen.sessions.iter().find(|known| known.id == *id).map(|known| known.browser.clone())
        }
        Deed::Disconnect(client) => {
            let (office, actor) = (office(app, visit), &administrator.actor);
            let known = shown(logic::apps(&office, actor, seen.user.id).await?)?;
            known.into_iter().find(|known| known.client == *client).map(|known| known.name)
        }
        _ => Some(String::new()),
    };
    name.ok_or(PageError::NotFound)
}

fn page_of(seen: &Person, deed: &Deed, (subject, form): (String, DeedForm)) -> DeedPage {
    DeedPage {
        deed: deed.as_str(),
        here: deed.address(seen.user.id),
        back: deed.tab().address(seen.user.id),
        name: seen.user.display_name(),
        email: seen.user.email.to_string(),
        subject,
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
    let subject = subject_of(app, visit, administrator, (&seen, &deed)).await?;
    let (status, refused) = match parse(&deed, &form) {
        None => (StatusCode::UNPROCESSABLE_ENTITY, "choice"),
        Some(choice) => match done(app, visit, administrator, (id, &deed, choice)).await? {
            Ok(()) => {
                return Ok(see_other(&format!("{}?notice={}", deed.tab().address(id), deed.as_str())));
            }
            Err(refused) => said(refused)?,
        },
    };
    let page = DeedPage { refused: Some(refused), ..page_of(&seen, &deed, (subject, form)) };
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

fn parse(deed: &Deed, form: &DeedForm) -> Option<Choice> {
    let nothing = Choice::default();
    match deed {
        Deed::Link => {
            let minutes = form.minutes.trim().parse().ok()?;
            LINK_MINUTES.contains(&minutes).then_some(Choice { minutes, ..nothing })
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
    (id, deed, choice): (UserId, &Deed, Choice),
) -> Outcome<()> {
    let (office, actor) = (&office(app, visit), &administrator.actor);
    Ok(match deed {
        Deed::RemovePasskey(passkey) => logic::remove_passkey(office, actor, (id, *passkey)).await?,
        Deed::EndSession(session) => logic::end_session(office, actor, (id, *session)).await?,
        Deed::Disconnect(client) => logic::disconnect(office, actor, (id, client)).await?,
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
