//! The account pages.

mod activity;
mod apps;
mod create;
mod delete;
mod email;
mod overview;
mod passkeys;
mod password;
mod profile;
mod sessions;
mod signals;
mod two_factor;

pub use activity::{ActivityPage, activity};
pub use apps::{AppsPage, apps, disconnect};
pub use create::{CreatePage, NamePage, create, name, rename};
pub use delete::{DeletePage, LostPage, PasskeyGonePage, confirm_delete, delete, lost, remove_lost};
pub use email::{
    EmailLinkPage, EmailPage, change_email, email, email_link, follow_email_link, send_confirmation,
};
pub use overview::{OverviewPage, overview};
pub use passkeys::{PasskeysPage, passkeys};
pub use password::{PasswordPage, change_password, password};
pub use profile::{ProfilePage, profile, save_profile};
pub use sessions::{SessionsPage, end_other_sessions, end_session, sessions};
pub use two_factor::{
    CodeAppOffPage, CodeAppPage, RecoveryCodesPage, TwoFactorPage, begin_code_app, confirm_code_app,
    confirm_code_app_off, download_recovery_codes, make_recovery_codes, set_up_code_app, turn_code_app_off,
    two_factor,
};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Changed, Owner, Workbench, proof};
use crate::app::App;
use crate::theme::Page;
use crate::web::attempt::{carry, destination};
use crate::web::error::PageError;
use crate::web::page::{self, Frame, see_other};
use crate::web::session::{SignedIn, confirm_at};
use crate::web::visit::Visit;

const SECTION: Frame<'_> = Frame::of("account");

/// The frame of a page whose forms may end at the application that somebody is on the way to.
fn frame(form_action: Option<&str>) -> Frame<'_> {
    Frame { form_action, ..SECTION }
}

pub(super) fn bench<'a>(app: &'a App, visit: &'a Visit) -> Workbench<'a> {
    Workbench {
        store: &app.store,
        ephemeral: &app.ephemeral,
        relying_party: &app.relying_party,
        passwords: &app.passwords,
        mail: &app.mail,
        brand: app.brand_name(),
        policy: app.policy(),
        entropy: app.entropy,
        now: app.clock.now(),
        browser: visit.browser,
        agent: &visit.agent,
        network: &visit.network,
    }
}

pub(super) fn owner_of(owner: &SignedIn) -> Owner<'_> {
    Owner { user: &owner.user, session: &owner.session }
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

/// Whoever has not proven enough to change how they get in is sent to do so, and comes back to `here`.
/// A recovery code is used up by whoever has nothing else: they first get something to prove with.
async fn proof_first(app: &App, owner: &SignedIn, here: &str) -> Result<Option<Response>, PageError> {
    let (session, now) = (&owner.session, app.clock.now());
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    if proof::may_change(session, &factors, now) {
        return Ok(None);
    }
    if proof::recovered(session, now) && !proof::has_added_passkey(session, &factors.passkeys) {
        let query = carry(&destination(None, Some(here))?, &[("from", "recovery")]);
        return Ok(Some(see_other(&format!("/account/passkeys/create{query}"))));
    }
    Ok(Some(see_other(&confirm_at(here))))
}

/// Which of the notices that a page knows it was called with.
fn notice_of(asked: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().find(|notice| **notice == asked).copied()
}

#[derive(Debug, Default, Deserialize)]
pub struct NoticeQuery {
    #[serde(default)]
    notice: String,
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
