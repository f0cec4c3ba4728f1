//! The pages for the code app and the recovery codes.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::create::leave;
use super::{NoticeQuery, SECTION, bench, done, notice_of, owner_of, proof_first};
use crate::account::two_factor::{self as logic, Confirmed};
use crate::account::{Changed, proof};
use crate::app::App;
use crate::crypto::recovery;
use crate::crypto::totp::QrCode;
use crate::model::attempt::Destination;
use crate::model::credential::{CodeApp, FEW_RECOVERY_CODES, RECOVERY_CODES};
use crate::theme::Page;
use crate::web::attempt::{carry, destination};
use crate::web::error::PageError;
use crate::web::form::{Asked, Nothing, Posted, Typed};
use crate::web::page::{self, see_other};
use crate::web::session::{AccountOwner, Enroller, SignedIn, confirm_at};
use crate::web::visit::Visit;

const HERE: &str = "/account/two-factor";
const SETUP: &str = "/account/two-factor/setup";

#[derive(Debug, Serialize)]
pub struct TwoFactorPage {
    /// `off`, `on`, or `stopped` by too many wrong codes.
    code_app: &'static str,
    passkeys: usize,
    recovery_codes_left: u64,
    few: bool,
    notice: Option<&'static str>,
}

impl Page for TwoFactorPage {
    const TEMPLATE: &'static str = "account/two_factor.html";
    fn samples() -> Vec<Self> {
        let page = |code_app, passkeys, recovery_codes_left, notice| Self {
            code_app,
            passkeys,
            recovery_codes_left,
            few: recovery_codes_left <= FEW_RECOVERY_CODES,
            notice,
        };
        vec![
            page("off", 0, 0, None),
            page("on", 0, 2, Some("code-app-on")),
            page("stopped", 1, 2, None),
            page("off", 1, 10, Some("code-app-off")),
        ]
    }
}

/// GET /account/two-factor
pub async fn two_factor(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    let page = TwoFactorPage {
        code_app: match factors.code_app {
            CodeApp::Off => "off",
            CodeApp::On(_) => "on",
            CodeApp::Stopped(_) => "stopped",
        },
        passkeys: factors.passkeys.len(),
        recovery_codes_left: factors.recovery_codes_left,
        few: factors.recovery_codes_left <= FEW_RECOVERY_CODES,
        notice: notice_of(&query.notice, &["code-app-on", "code-app-off"]),
    };
    page::render(&app, &visit, SECTION, &page)
}

async fn may_set_up(app: &App, owner: &SignedIn) -> Result<bool, PageError> {
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    Ok(proof::may_add_code_app(&owner.session, &factors, app.clock.now()))
}

#[derive(Debug, Serialize)]
pub struct CodeAppPage {
    secret: String,
    url: String,
    qr: QrCode,
    failure: Option<&'static str>,
    required: bool,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Page for CodeAppPage {
    const TEMPLATE: &'static str = "account/code_app.html";
    fn samples() -> Vec<Self> {
        [None, Some("code-wrong")]
            .map(|failure| Self {
                secret: "GEZD GNBV".to_owned(),
                url: "otpauth://totp/x?secret=<b>".to_owned(),
                qr: QrCode { size: 45, path: "M4,4h1v1h-1z".to_owned() },
                failure,
                required: failure.is_some(),
                attempt: None,
                destination: None,
            })
            .into()
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct WayQuery {
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    destination: Option<String>,
}

/// POST /account/two-factor/begin
pub async fn begin_code_app(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Posted(way): Posted<WayQuery>,
) -> Result<Response, PageError> {
    let next = destination(way.attempt.as_deref(), way.destination.as_deref())?;
    if !may_set_up(&app, &owner).await? {
        return Ok(see_other(&confirm_at(HERE)));
    }
    match logic::begin(&bench(&app, &visit), owner_of(&owner)).await? {
        // One is on already: its page says so.
        Changed::NotFound => Ok(see_other(HERE)),
        changed => {
            done(changed)?;
            Ok(see_other(&format!("{SETUP}{}", carry(&next, &[]))))
        }
    }
}

/// GET /account/two-factor/setup
pub async fn set_up_code_app(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Asked(way): Asked<WayQuery>,
) -> Result<Response, PageError> {
    let next = destination(way.attempt.as_deref(), way.destination.as_deref())?;
    setup_page(&app, &visit, &owner, (&next, None)).await
}

async fn setup_page(
    app: &App,
    visit: &Visit,
    owner: &SignedIn,
    (next, failure): (&Destination, Option<&'static str>),
) -> Result<Response, PageError> {
    if !may_set_up(app, owner).await? {
        return Ok(see_other(&confirm_at(&format!("{SETUP}{}", carry(next, &[])))));
    }
    let Some(setup) = logic::setup(&bench(app, visit), &owner.user).await? else {
        return Ok(see_other(HERE));
    };
    let (attempt, destination) = super::create::fields(next);
    let page = CodeAppPage {
        secret: setup.typed.to_string(),
        url: setup.url.to_string(),
        qr: setup.qr,
        failure,
        required: owner.session.is_limited(),
        attempt,
        destination,
    };
    page::render(app, visit, SECTION, &page)
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: Typed,
    #[serde(flatten)]
    way: WayQuery,
}

/// POST /account/two-factor/setup
pub async fn confirm_code_app(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Posted(form): Posted<CodeForm>,
) -> Result<Response, PageError> {
    let next = destination(form.way.attempt.as_deref(), form.way.destination.as_deref())?;
    if !may_set_up(&app, &owner).await? {
        return Ok(see_other(&confirm_at(&format!("{SETUP}{}", carry(&next, &[])))));
    }
    match logic::confirm(&bench(&app, &visit), owner_of(&owner), form.code.expose()).await? {
        Confirmed::WrongCode => setup_page(&app, &visit, &owner, (&next, Some("code-wrong"))).await,
        Confirmed::NotWaiting => Ok(see_other(HERE)),
        Confirmed::SignedOut => Err(PageError::SignInAgain),
        Confirmed::On(codes) => {
            let on = if owner.session.is_limited() {
                format!("/login{}", carry(&next, &[]))
            } else {
                format!("{HERE}?notice=code-app-on")
            };
            match codes {
                Some(codes) => {
                    let mut response = codes_page(&app, &visit, (codes, on))?;
                    if owner.session.is_limited() {
                        end_limited(&app, &visit, &owner, &mut response).await?;
                    }
                    Ok(response)
                }
                None if owner.session.is_limited() => leave(&app, &visit, &owner, &next).await,
                None => Ok(see_other(&on)),
            }
        }
    }
}

/// A limited session ends with what it was for; the codes on the page are all that is left of it.
async fn end_limited(
    app: &App,
    visit: &Visit,
    owner: &SignedIn,
    response: &mut Response,
) -> Result<(), PageError> {
    let ended = crate::account::sessions::end(&bench(app, visit), owner_of(owner), owner.session.id).await?;
    done(ended)?;
    crate::web::session::forget(app, response);
    Ok(())
}

#[derive(Debug, Serialize)]
pub struct CodeAppOffPage {
    passkeys: usize,
}

impl Page for CodeAppOffPage {
    const TEMPLATE: &'static str = "account/code_app_off.html";
    fn samples() -> Vec<Self> {
        vec![Self { passkeys: 0 }, Self { passkeys: 2 }]
    }
}

const OFF: &str = "/account/two-factor/off";

/// GET /account/two-factor/off
pub async fn confirm_code_app_off(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, OFF).await? {
        return Ok(elsewhere);
    }
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    if factors.code_app == CodeApp::Off {
        return Ok(see_other(HERE));
    }
    page::render(&app, &visit, SECTION, &CodeAppOffPage { passkeys: factors.passkeys.len() })
}

/// POST /account/two-factor/off
pub async fn turn_code_app_off(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, OFF).await? {
        return Ok(elsewhere);
    }
    done(logic::turn_off(&bench(&app, &visit), owner_of(&owner)).await?)?;
    Ok(see_other(&format!("{HERE}?notice=code-app-off")))
}

#[derive(Debug, Serialize)]
pub struct RecoveryCodesPage {
    codes: Vec<String>,
    next: String,
}

impl Page for RecoveryCodesPage {
    const TEMPLATE: &'static str = "account/recovery_codes.html";
    fn samples() -> Vec<Self> {
        vec![Self { codes: vec!["0000-0000-0000-0000".to_owned(); 10], next: HERE.to_owned() }]
    }
}

fn codes_page(
    app: &App,
    visit: &Visit,
    (codes, next): (Vec<Zeroizing<String>>, String),
) -> Result<Response, PageError> {
    let codes = codes.iter().map(|code| code.to_string()).collect();
    page::render(app, visit, SECTION, &RecoveryCodesPage { codes, next })
}

/// POST /account/two-factor/recovery-codes: the answer is the only time that they are shown.
pub async fn make_recovery_codes(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = proof_first(&app, &owner, HERE).await? {
        return Ok(elsewhere);
    }
    let codes = logic::make_codes(&bench(&app, &visit), owner_of(&owner)).await?;
    codes_page(&app, &visit, (codes.ok_or(PageError::SignInAgain)?, HERE.to_owned()))
}

#[derive(Debug, Deserialize)]
pub struct DownloadForm {
    #[serde(default)]
    codes: Typed,
}

/// POST /account/two-factor/recovery-codes/download: the codes that the page shows, as a file. They come
/// from the page, since nothing here remembers them.
pub async fn download_recovery_codes(
    State(app): State<App>,
    Posted(form): Posted<DownloadForm>,
) -> Result<Response, PageError> {
    let codes: Vec<_> = form.codes.expose().split_whitespace().filter_map(recovery::typed).collect();
    if codes.is_empty() || codes.len() > RECOVERY_CODES {
        return Err(PageError::BadRequest("these are no recovery codes".to_owned()));
    }
    let lines: Vec<String> = codes.iter().map(|code| recovery::shown(code)).collect();
    let text = format!("{}\n{}\n\n{}\n", app.brand_name(), app.config.public_url.issuer(), lines.join("\n"));
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"recovery-codes.txt\""),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
