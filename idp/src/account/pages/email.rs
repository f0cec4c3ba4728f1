//! The pages for one's address, and those behind the links that are mailed about it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{SECTION, bench, owner_of, proof_first};
use crate::account::email::{self as logic, Followed};
use crate::app::App;
use crate::model::link::LinkPurpose;
use crate::model::user::Email;
use crate::store::email_changes;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Nothing, Posted};
use crate::web::page::{self, Frame, see_other};
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct EmailPage {
    current: String,
    verified: bool,
    /// A change that waits for one of the mailboxes.
    pending: Option<String>,
    email: String,
    failure: Option<&'static str>,
}

impl Page for EmailPage {
    const TEMPLATE: &'static str = "account/email.html";
    fn samples() -> Vec<Self> {
        let page = |verified, pending: Option<&str>, failure| Self {
            current: "ada@example.org".to_owned(),
            verified,
            pending: pending.map(ToOwned::to_owned),
            email: "<b>".to_owned(),
            failure,
        };
        vec![page(false, None, None), page(true, Some("new@example.org"), Some("email-invalid"))]
    }
}

const HERE: &str = "/account/email";

/// GET /account/email
pub async fn email(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, HERE).await? {
        return Ok(elsewhere);
    }
    show(&app, &visit, &owner.user, (String::new(), None)).await
}

async fn show(
    app: &App,
    visit: &Visit,
    user: &crate::model::user::User,
    (email, failure): (String, Option<&'static str>),
) -> Result<Response, PageError> {
    let change = email_changes::of_user(&app.store, user.id).await?;
    let pending =
        change.filter(|change| app.clock.now() - change.created_at < LinkPurpose::ChangeEmailNew.lifetime());
    let page = EmailPage {
        current: user.email.to_string(),
        verified: user.email_verified,
        pending: pending.map(|change| change.email.to_string()),
        email,
        failure,
    };
    page::render(app, visit, SECTION, &page)
}

#[derive(Debug, Deserialize)]
pub struct EmailForm {
    #[serde(default)]
    email: String,
}

/// POST /account/email
pub async fn change_email(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(form): Posted<EmailForm>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, HERE).await? {
        return Ok(elsewhere);
    }
    let failure = match Email::parse(&form.email) {
        Ok(new) if new == owner.user.email => "email-same",
        Ok(new) => match logic::begin_change(&bench(&app, &visit), owner_of(&owner), &new).await? {
            logic::Asked::Sent => return Ok(see_other("/account?notice=email-change-sent")),
            logic::Asked::SignedOut => return Err(PageError::SignInAgain),
            logic::Asked::TooOften => "email-too-often",
        },
        Err(_) => "email-invalid",
    };
    let typed = form.email.chars().take(254).collect();
    show(&app, &visit, &owner.user, (typed, Some(failure))).await
}

/// POST /account/email/verify
pub async fn send_confirmation(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    match logic::send_confirmation(&bench(&app, &visit), owner_of(&owner)).await? {
        logic::Asked::Sent => Ok(see_other("/account?notice=confirmation-sent")),
        logic::Asked::SignedOut => Err(PageError::SignInAgain),
        logic::Asked::TooOften => {
            show(&app, &visit, &owner.user, (String::new(), Some("email-too-often"))).await
        }
    }
}

#[derive(Debug, Serialize)]
pub struct EmailLinkPage {
    mailbox: &'static str,
    token: String,
    address: String,
    /// What came of it: `confirmed`, `waiting`, `changed`, `taken`.
    outcome: Option<&'static str>,
}

impl Page for EmailLinkPage {
    const TEMPLATE: &'static str = "account/email_link.html";
    fn samples() -> Vec<Self> {
        let page = |mailbox, outcome| Self {
            mailbox,
            token: "idp_ce_x".to_owned(),
            address: "ada@example.org".to_owned(),
            outcome,
        };
        let mut samples: Vec<_> = MAILBOXES.into_iter().map(|(mailbox, _)| page(mailbox, None)).collect();
        let outcomes = ["confirmed", "waiting", "changed", "taken"];
        samples.extend(outcomes.map(|outcome| page("new", Some(outcome))));
        samples
    }
}

/// The links that are mailed, by the last part of their address.
const MAILBOXES: [(&str, LinkPurpose); 3] = [
    ("confirm", LinkPurpose::ConfirmEmail),
    ("old", LinkPurpose::ChangeEmailOld),
    ("new", LinkPurpose::ChangeEmailNew),
];

fn mailbox(name: &str) -> Result<(&'static str, LinkPurpose), PageError> {
    MAILBOXES.into_iter().find(|(known, _)| *known == name).ok_or(PageError::NotFound)
}

#[derive(Debug, Deserialize)]
pub struct LinkToken {
    #[serde(default)]
    token: String,
}

/// GET /account/email/{mailbox}: asks, and changes nothing (security: K4).
pub async fn email_link(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Asked(query): Asked<LinkToken>,
) -> Result<Response, PageError> {
    let (mailbox, purpose) = mailbox(&name)?;
    let address = logic::address_of(&bench(&app, &visit), purpose, &query.token).await?;
    let address = address.ok_or(PageError::LinkExpired)?;
    let page = EmailLinkPage { mailbox, token: query.token, address, outcome: None };
    page::render(&app, &visit, Frame::of("login"), &page)
}

/// POST /account/email/{mailbox}
pub async fn follow_email_link(
    State(app): State<App>,
    visit: Visit,
    Path(name): Path<String>,
    Posted(form): Posted<LinkToken>,
) -> Result<Response, PageError> {
    let (mailbox, purpose) = mailbox(&name)?;
    let bench = bench(&app, &visit);
    let address = logic::address_of(&bench, purpose, &form.token).await?.ok_or(PageError::LinkExpired)?;
    let outcome = match logic::follow(&bench, purpose, &form.token).await? {
        Followed::Confirmed => "confirmed",
        Followed::Waiting => "waiting",
        Followed::Changed => "changed",
        Followed::Taken => "taken",
        Followed::Expired => return Err(PageError::LinkExpired),
    };
    let page = EmailLinkPage { mailbox, token: String::new(), address, outcome: Some(outcome) };
    page::render(&app, &visit, Frame::of("login"), &page)
}
