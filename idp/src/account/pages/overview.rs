//! "My info": who the person is, and whether they would still get in tomorrow.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::profile::languages;
use super::signals::Signals;
use super::{NoticeQuery, SECTION, notice_of};
use crate::account::proof;
use crate::account::safety::{self, Advice, Device, Forecast, Loss, Outlook};
use crate::app::App;
use crate::model::credential::AuthenticatorKind;
use crate::model::user::{Language, ServiceRole, TimeZoneName};
use crate::store::sign_in_requests;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct OverviewPage {
    given_name: String,
    family_name: String,
    email: String,
    email_verified: bool,
    language: Option<String>,
    /// It has a name in our texts; otherwise its tag has to do.
    language_named: bool,
    time_zone: Option<String>,
    role: Option<&'static str>,
    created_at: String,
    passkeys: usize,
    code_app: bool,
    recovery_codes_left: u64,
    forecast: Forecast,
    last_sign_in: LastSignIn,
    notice: Option<&'static str>,
    /// Applications that ask for them from elsewhere.
    requests: u64,
    signals: Signals,
}

#[derive(Debug, Serialize)]
struct LastSignIn {
    at: String,
    method: &'static str,
}

const NOTICES: [&str; 4] = ["profile-saved", "password-saved", "confirmation-sent", "email-change-sent"];

impl Page for OverviewPage {
    const TEMPLATE: &'static str = "account/overview.html";
    fn samples() -> Vec<Self> {
        let phone = Device::Passkey { name: "<b>Phone</b>".to_owned(), kind: AuthenticatorKind::Phone };
        let loss = |outlook| Loss { device: phone.clone(), outlook };
        let page = |outlook, advice, losses: Vec<Loss>, method, notice: Option<&'static str>| Self {
            given_name: "Ada".to_owned(),
            family_name: "<Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            email_verified: notice.is_none(),
            language: notice.map(|_| if notice == Some("profile-saved") { "en-GB" } else { "de" }.to_owned()),
            language_named: notice.is_some_and(|notice| notice != "profile-saved"),
            time_zone: notice.map(|_| "Europe/Zurich".to_owned()),
            role: notice.map(|_| "operator"),
            created_at: "2026-11-23T09:05:00Z".to_owned(),
            passkeys: losses.len(),
            code_app: notice.is_some(),
            recovery_codes_left: 2,
            forecast: Forecast { outlook, losses, advice },
            last_sign_in: LastSignIn { at: "2026-11-23T09:05:00Z".to_owned(), method },
            notice,
            requests: if notice.is_some() { 1 } else { 2 },
            signals: Signals::sample(),
        };
        let all = vec![
            loss(Outlook::LockedOut),
            Loss { device: Device::Synced { name: "iCloud".to_owned() }, outlook: Outlook::Safe },
            Loss { device: Device::CodeApp, outlook: Outlook::RecoveryCodeOnly },
        ];
        vec![
            page(Outlook::Safe, Advice::CreatePasskey, Vec::new(), "password", None),
            page(Outlook::LockedOut, Advice::AddAnotherWay, all, "passkey", Some(NOTICES[0])),
            page(
                Outlook::RecoveryCodeOnly,
                Advice::AddSecondPasskey,
                vec![loss(Outlook::RecoveryCodeOnly)],
                "password-code",
                Some(NOTICES[1]),
            ),
            page(
                Outlook::Safe,
                Advice::MakeRecoveryCodes,
                vec![loss(Outlook::Safe)],
                "password-passkey",
                Some(NOTICES[2]),
            ),
            page(
                Outlook::Safe,
                Advice::ReplaceRecoveryCodes,
                vec![loss(Outlook::Safe)],
                "password-recovery-code",
                Some(NOTICES[3]),
            ),
            page(Outlook::Safe, Advice::Nothing, vec![loss(Outlook::Safe)], "passkey", None),
        ]
    }
}

/// GET /account
pub async fn overview(
    State(app): State<App>,
    visit: Visit,
    owner: AccountOwner,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let (user, session) = (&owner.0.user, &owner.0.session);
    let factors = proof::factors(&app.store, user, app.policy()).await?;
    let page = OverviewPage {
        given_name: user.given_name.to_string(),
        family_name: user.family_name.to_string(),
        email: user.email.to_string(),
        email_verified: user.email_verified,
        language_named: user
            .language
            .as_ref()
            .is_some_and(|own| languages(&app).iter().any(|known| known == own.as_str())),
        language: user.language.as_ref().map(Language::to_string),
        time_zone: user.time_zone.as_ref().map(TimeZoneName::to_string),
        role: user.role.map(ServiceRole::as_str),
        created_at: moment(user.created_at),
        passkeys: factors.passkeys.len(),
        code_app: factors.code_app.since().is_some(),
        recovery_codes_left: factors.recovery_codes_left,
        forecast: safety::forecast(&factors),
        last_sign_in: LastSignIn { at: moment(session.authenticated_at), method: session.method.as_str() },
        notice: notice_of(&query.notice, &NOTICES),
        requests: sign_in_requests::count_of_user(&app.store, user.id, app.clock.now()).await?,
        signals: Signals::of(&app, user, &factors.passkeys),
    };
    page::render(&app, &visit, SECTION, &page)
}
