//! The pages of signing in and out.

mod offer;
mod sign_in;
mod sign_out;
mod steps;
mod way;

pub use offer::{OfferPage, not_now, offer};
pub use sign_in::{SignInPage, cancel, sign_in, submit_password};
pub use sign_out::{SignedOutPage, log_out, signed_out};
pub use steps::{UsePasskeyPage, UsePasswordPage, use_passkey, use_password};
pub use way::Carried;
pub(super) use way::Way;

use axum::response::Response;

use super::Desk;
use super::sign_in::{Outcome, SignedIn};
use crate::app::App;
use crate::model::attempt::AppCard;
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
        now: app.clock.now(),
        browser: visit.browser,
        agent: &visit.agent,
        previous: visit.signed_in.as_ref().map(|signed_in| &signed_in.session),
    }
}

/// Where an outcome leads, as an address.
pub(super) fn next_location(way: &Way, outcome: &Outcome) -> String {
    match outcome {
        Outcome::AskPasskey(flow) => way.step("/login/passkey", flow),
        Outcome::AskPassword(flow) => way.step("/login/password", flow),
        Outcome::SignedIn(signed_in) if signed_in.offer_passkey => {
            format!("/login/offer{}", carry(&way.destination, &[]))
        }
        Outcome::SignedIn(_) | Outcome::Failed(_) => attempt::location(&way.destination),
    }
}

fn follow(app: &App, way: &Way, outcome: Outcome) -> Response {
    let mut response = see_other(&next_location(way, &outcome));
    if let Outcome::SignedIn(signed_in) = outcome {
        give_cookies(app, &mut response, *signed_in);
    }
    response
}

pub(super) fn give_cookies(app: &App, response: &mut Response, signed_in: SignedIn) {
    let begun = signed_in.begun;
    let passkey = begun.session.passkey_id.is_some();
    cookies::give(
        app,
        response,
        &NewCookies { session: begun.cookie, account: begun.account_cookie, passkey },
    );
}

/// An application as the samples of several pages show it.
fn sample_app() -> AppCard {
    AppCard {
        name: "Lindenhof <Clinic>".to_owned(),
        host: "practice.example.org".to_owned(),
        logo_uri: None,
        policy_uri: Some("https://practice.example.org/policy".to_owned()),
        tos_uri: Some("https://practice.example.org/terms".to_owned()),
    }
}
