//! The pages of the console. They show what the functions of `admin` give and refuse, and never judge rights.

mod act;
pub mod applications;
mod audit;
mod audit_export;
mod branding;
mod chart;
mod deeds;
mod find;
mod health;
mod invite;
mod jobs;
mod keys;
mod mails;
mod new_organization;
mod new_person;
mod organization;
pub mod organization_deeds;
mod organizations;
mod overview;
mod people;
pub mod person;
mod policy;
mod refusal;
mod risk;
mod search;

pub use act::ActPage;
pub use audit::{AuditPage, RecordPage, audit, record};
pub use audit_export::{VerifyPage, confirm_verify, export, verify};
pub use branding::{
    BrandingPage, branding, change_branding, change_organization_branding, organization_branding,
    upload_logo, upload_organization_logo,
};
pub use deeds::{DeedPage, carry_out, carry_out_one, confirm, confirm_one};
pub use find::find;
pub use health::{HealthPage, health};
pub use invite::{InvitePage, choose};
pub use jobs::{JobsPage, change_delivery, confirm_delivery, jobs};
pub use keys::{KeysPage, change_keys, confirm_keys, keys};
pub use mails::{MailSamplePage, MailsPage, mail, mail_html, mails, try_mail};
pub use new_organization::{NewOrganizationPage, create_organization, new_organization};
pub use new_person::{NewPersonPage, create_person, new_person};
pub use organization::{OrganizationPage, organization};
pub use organization_deeds::OrganizationDeedPage;
pub use organizations::{OrganizationsPage, organizations};
pub use overview::{OverviewPage, overview};
pub use people::{PeoplePage, people};
pub use policy::{PolicyPage, policy, set_policy};
pub use risk::{RiskPage, risk};
pub use search::{forget_search, keep_search};

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;

use super::{AdminActor, Office, Refused};
use crate::app::App;
use crate::web::error::PageError;
use crate::web::page::{Frame, see_other};
use crate::web::session::{AccountOwner, FRESH, SignedIn, confirm_at};
use crate::web::visit::Visit;

const SECTION: Frame<'_> = Frame::of("admin");

/// Somebody with a right over something, in a browser whose account pages they have opened, signed in by more than
/// a password (security: M2). For everybody else there are no such pages.
#[derive(Debug)]
pub struct Administrator {
    pub signed_in: SignedIn,
    pub actor: AdminActor,
}

impl<S> FromRequestParts<S> for Administrator
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_ref(state);
        let AccountOwner(signed_in) = AccountOwner::from_request_parts(parts, state).await?;
        let actor = AdminActor::of_person(&app.store, &signed_in.user).await;
        let actor = actor.map_err(|error| PageError::from(error).into_response())?;
        let actor = actor.ok_or_else(|| PageError::NotFound.into_response())?;
        if signed_in.session.method.is_strong() {
            return Ok(Self { signed_in, actor });
        }
        if parts.method != Method::GET {
            return Err(PageError::SignInAgain.into_response());
        }
        let here = parts.uri.path_and_query().map_or("/admin", |path| path.as_str());
        Err(see_other(&confirm_at(here)))
    }
}

fn office<'a>(app: &'a App, visit: &'a Visit) -> Office<'a> {
    Office {
        store: &app.store,
        mail: &app.mail,
        entropy: app.entropy,
        policy: app.policy(),
        now: app.clock.now(),
        network: Some(&visit.network),
        browser: Some(&visit.agent),
    }
}

/// Whoever has not proven lately that it is them does so, and comes back.
fn proof_first(app: &App, administrator: &Administrator, here: &str) -> Option<Response> {
    let fresh = administrator.signed_in.session.is_fresh(app.clock.now(), FRESH);
    (!fresh).then(|| see_other(&confirm_at(here)))
}

/// What a page about the service as a whole answers to whoever may not have it: there is none.
fn granted<T>(outcome: Result<T, Refused>) -> Result<T, PageError> {
    outcome.map_err(|refused| match refused {
        Refused::NotFound => PageError::NotFound,
        _ => PageError::SignInAgain,
    })
}

/// The same of what is looked at: to whoever may not see it there is no such thing.
fn seen<T>(outcome: Result<T, Refused>) -> Result<T, PageError> {
    granted(
        outcome.map_err(|refused| if refused == Refused::Forbidden { Refused::NotFound } else { refused }),
    )
}
