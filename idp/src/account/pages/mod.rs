//! The account pages.

mod create;
mod delete;
mod passkeys;

pub use create::{CreatePage, NamePage, create, name, rename};
pub use delete::{DeletePage, confirm_delete, delete};
pub use passkeys::{PasskeysPage, passkeys};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::passkeys::{Changed, SignedIn as Who};
use crate::app::App;
use crate::model::user::ServiceRole;
use crate::store::passkeys as stored;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::page::{self, Frame};
use crate::web::session::{AccountOwner, SignedIn};
use crate::web::visit::Visit;

const SECTION: Frame<'_> = Frame::of("account");

/// The frame of a page whose forms may end at the application that somebody is on the way to.
fn frame(form_action: Option<&str>) -> Frame<'_> {
    Frame { form_action, ..SECTION }
}

fn who(owner: &SignedIn) -> Who {
    Who { user: owner.user.id, session: owner.session.id }
}

/// What came of a change, as the person sees it.
fn done(changed: Changed) -> Result<(), PageError> {
    match changed {
        Changed::Done => Ok(()),
        Changed::NotFound => Err(PageError::NotFound),
        Changed::SignedOut => Err(PageError::SignInAgain),
        Changed::LastWayIn => Err(PageError::LastWayIn),
    }
}

#[derive(Debug, Serialize)]
pub struct OverviewPage {
    given_name: String,
    family_name: String,
    email: String,
    role: Option<&'static str>,
    created_at: String,
    passkeys: u64,
    last_sign_in: LastSignIn,
}

#[derive(Debug, Serialize)]
struct LastSignIn {
    at: String,
    method: &'static str,
}

impl Page for OverviewPage {
    const TEMPLATE: &'static str = "account/overview.html";
    fn samples() -> Vec<Self> {
        ["passkey", "password", "password-passkey"]
            .into_iter()
            .zip([2, 0, 1])
            .map(|(method, passkeys)| Self {
                given_name: "Ada".to_owned(),
                family_name: "<Lovelace>".to_owned(),
                email: "ada@example.org".to_owned(),
                role: (passkeys == 0).then_some("operator"),
                created_at: "2026-11-23T09:05:00Z".to_owned(),
                passkeys,
                last_sign_in: LastSignIn { at: "2026-11-23T09:05:00Z".to_owned(), method },
            })
            .collect()
    }
}

/// GET /account
pub async fn overview(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    let page = OverviewPage {
        given_name: owner.user.given_name.to_string(),
        family_name: owner.user.family_name.to_string(),
        email: owner.user.email.to_string(),
        role: owner.user.role.map(ServiceRole::as_str),
        created_at: moment(owner.user.created_at),
        passkeys: stored::count_of_user(&app.store, owner.user.id).await?,
        last_sign_in: LastSignIn {
            at: moment(owner.session.authenticated_at),
            method: owner.session.method.as_str(),
        },
    };
    page::render(&app, &visit, SECTION, &page)
}

#[derive(Debug, Serialize)]
pub struct HelpPage {
    signed_in: bool,
}

impl Page for HelpPage {
    const TEMPLATE: &'static str = "help/passkeys.html";
    fn samples() -> Vec<Self> {
        vec![Self { signed_in: true }, Self { signed_in: false }]
    }
}

/// GET /help/passkeys
pub async fn help(State(app): State<App>, visit: Visit) -> Response {
    let page = HelpPage { signed_in: visit.signed_in.is_some() };
    page::render(&app, &visit, Frame::of("help"), &page).unwrap_or_else(IntoResponse::into_response)
}
