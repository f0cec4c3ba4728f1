//! The pages of signing in and out.

mod access;
mod choose;
mod codes;
mod offer;
mod reset;
mod sign_in;
mod sign_out;
mod steps;
mod way;

pub use access::{AccessPage, access, submit_access};
pub use choose::{ChoosePage, choose, submit_choice};
pub use codes::{CodePage, RecoveryCodePage, submit_code, submit_recovery_code, use_code, use_recovery_code};
pub use offer::{EnrolPage, OfferPage, enrol, not_now, offer, shared};
pub use reset::{ForgotPage, ResetPage, forgot, reset, submit_forgot, submit_reset};
pub use sign_in::{SignInPage, cancel, sign_in, submit_password};
pub use sign_out::{SignedOutPage, log_out, signed_out};
pub use steps::{UsePasskeyPage, UsePasswordPage, use_passkey, use_password};
pub use way::Carried;
pub(super) use way::Way;

use axum::response::Response;

use super::Desk;
use super::session::Begun;
use super::sign_in::Outcome;
use crate::app::App;
use crate::model::attempt::AppCard;
use crate::model::organization::PolicySource;
use crate::model::session::Enrolment;
use crate::web::attempt::{self, carry};
use crate::web::page::see_other;
use crate::web::session::{self as cookies, NewCookies};
use crate::web::visit::Visit;

pub(super) fn desk<'a>(app: &'a App, visit: &'a Visit) -> Desk<'a> {
    Desk {
        store: &app.store,
        ephemeral: &app.ephemeral,
        passwords: &app.passwords,
        relying_party: &app.relying_party,
        entropy: app.entropy,
        limits: app.config.sessions.limits(),
        policy: app.policy(),
        application: None,
        now: app.clock.now(),
        browser: visit.browser,
        mail: &app.mail,
        agent: &visit.agent,
        address: visit.address,
        network: &visit.network,
        meter: &app.meters.sign_ins,
        failures_per_network: app.config.passwords.failures_per_network(),
        shared: visit.shared,
        previous: visit.signed_in.as_ref().map(|signed_in| &signed_in.session),
    }
}

/// The same for somebody on a way: an application may ask for more.
pub(super) fn desk_on<'a>(app: &'a App, visit: &'a Visit, way: &Way) -> Desk<'a> {
    Desk { application: way.attempt.as_ref().and_then(|attempt| attempt.policy), ..desk(app, visit) }
}

/// What leads to the pages for adding a way in: a rule of the person's own, or of the application.
const fn from(source: &PolicySource) -> &'static str {
    match source {
        PolicySource::Application => "application",
        _ => "policy",
    }
}

/// Where an outcome leads, as an address.
pub(super) fn next_location(way: &Way, outcome: &Outcome) -> String {
    match outcome {
        Outcome::AskPasskey(flow) => way.step("/login/passkey", flow),
        Outcome::AskPassword(flow) => way.step("/login/password", flow),
        Outcome::AskCode(flow) => way.step("/login/code", flow),
        Outcome::Enrol(_, Enrolment::Passkey, source) => {
            format!("/account/passkeys/create{}", carry(&way.destination, &[("from", from(source))]))
        }
        Outcome::Enrol(_, Enrolment::PasskeyOrCodeApp, PolicySource::Application) => {
            format!("/login/enrol{}", carry(&way.destination, &[("from", "application")]))
        }
        Outcome::Enrol(_, Enrolment::PasskeyOrCodeApp, _) => {
            format!("/login/enrol{}", carry(&way.destination, &[]))
        }
        Outcome::SignedIn(signed_in) => match signed_in.offer {
            Some(offer) => format!("/login/offer{}", carry(&way.destination, &[("why", offer::why(offer))])),
            None => attempt::location(&way.destination),
        },
        Outcome::Failed(_) => attempt::location(&way.destination),
    }
}

pub(super) fn follow(app: &App, visit: &Visit, way: &Way, outcome: Outcome) -> Response {
    let mut response = see_other(&next_location(way, &outcome));
    give_cookies(app, visit, &mut response, outcome);
    response
}

/// The cookies of the session that an outcome began, if it did.
pub(super) fn give_cookies(app: &App, visit: &Visit, response: &mut Response, outcome: Outcome) {
    let begun = match outcome {
        Outcome::SignedIn(signed_in) => signed_in.begun,
        Outcome::Enrol(begun, ..) => *begun,
        _ => return,
    };
    give_session(app, visit, response, begun);
}

pub(super) fn give_session(app: &App, visit: &Visit, response: &mut Response, begun: Begun) {
    // A shared computer does not lead with anybody's passkey.
    let passkey = begun.session.passkey_id.is_some() && !visit.shared;
    cookies::give(
        app,
        response,
        &NewCookies { session: begun.cookie, account: begun.account_cookie, passkey },
    );
}

/// An application as the samples of several pages show it.
pub(super) fn sample_app() -> AppCard {
    AppCard {
        name: "Lindenhof <Clinic>".to_owned(),
        host: "practice.example.org".to_owned(),
        logo_uri: None,
        policy_uri: Some("https://practice.example.org/policy".to_owned()),
        tos_uri: Some("https://practice.example.org/terms".to_owned()),
    }
}
