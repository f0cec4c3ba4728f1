//! The sign-in page, and its form.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::steps::UsePasswordPage;
use super::{Carried, Way, desk, desk_on, follow, sample_app};
use crate::app::App;
use crate::crypto::password::{HashError, Password, PasswordRefused};
use crate::login::present;
use crate::login::sign_in::{self as steps, Failure, Outcome};
use crate::model::attempt::{AppCard, Attempt, Choice, Destination, Handle};
use crate::model::session::Assurance;
use crate::model::user::{Email, Policy};
use crate::theme::Page;
use crate::web::attempt;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Typed};
use crate::web::page::see_other;
use crate::web::session::{FRESH, opens_account};
use crate::web::visit::Visit;

/// What may have happened just before.
const NOTICES: [&str; 5] = ["session-ended", "passkey-ready", "password-saved", "other-person", "too-weak"];

#[expect(clippy::struct_excessive_bools, reason = "what a template shows or leaves out")]
#[derive(Debug, Serialize)]
pub struct SignInPage {
    app: Option<AppCard>,
    email: String,
    failure: Option<&'static str>,
    /// With the failure "wait".
    seconds: i64,
    attempt: Option<String>,
    flow: Option<String>,
    destination: Option<String>,
    reauth: bool,
    passkey_hint: bool,
    notice: Option<&'static str>,
    /// More than a password is asked for: `second-factor` or `passkey`.
    needs: Option<&'static str>,
    /// Who has just logged in may make what is missing.
    may_create: bool,
    /// People may make accounts themselves.
    sign_up: bool,
}

/// What an application asks for beyond a password: in this request, or always.
fn needs(attempt: &Attempt) -> Option<&'static str> {
    let always = match attempt.policy.unwrap_or_default() {
        Policy::Free => None,
        Policy::RequireSecondFactor => Some(Assurance::SecondFactor),
        Policy::RequirePasskey | Policy::PasskeyOnly => Some(Assurance::PhishingResistant),
    };
    match attempt.assurance.max(always)? {
        Assurance::Password => None,
        Assurance::SecondFactor => Some("second-factor"),
        Assurance::PhishingResistant => Some("passkey"),
    }
}

impl SignInPage {
    fn new(app: &App, way: &Way, visit: &Visit) -> Self {
        // Only our own account pages ask the person who is signed in to confirm; an application may
        // well be asked for by somebody else at the same desk.
        let known = visit.signed_in.as_ref().filter(|_| way.attempt.is_none());
        let hint = way.attempt.as_ref().and_then(|attempt| {
            let chosen =
                visit.signed_in.as_ref().filter(|here| attempt.chosen == Some(Choice::Here(here.user.id)));
            chosen.map(|here| here.user.email.to_string()).or_else(|| attempt.login_hint.clone())
        });
        Self {
            app: way.app_card(),
            email: known.map_or(hint, |known| Some(known.user.email.to_string())).unwrap_or_default(),
            failure: None,
            seconds: 0,
            attempt: way.attempt_field(),
            flow: None,
            destination: way.destination_field(),
            reauth: known.is_some(),
            passkey_hint: visit.passkey_hint,
            notice: visit.session_ended.then_some("session-ended"),
            needs: way.attempt.as_ref().and_then(needs),
            may_create: false,
            sign_up: app.config.sign_up.open && known.is_none(),
        }
    }
}

impl Page for SignInPage {
    const TEMPLATE: &'static str = "login/sign_in.html";
    fn samples() -> Vec<Self> {
        let plain = || Self {
            app: None,
            email: String::new(),
            failure: None,
            seconds: 0,
            attempt: None,
            flow: None,
            destination: None,
            reauth: false,
            passkey_hint: false,
            notice: None,
            needs: None,
            may_create: false,
            sign_up: false,
        };
        let failures = [
            "wrong-credentials",
            "password-missing",
            "too-busy",
            "wait",
            "attempt-expired",
            "passkey-expired",
        ];
        let failed = failures.map(|failure| Self { failure: Some(failure), ..plain() });
        let logo = AppCard { logo_uri: Some("/oidc/logo/a".to_owned()), ..sample_app() };
        let mut samples = vec![
            plain(),
            Self { app: Some(sample_app()), attempt: Some("a".repeat(43)), ..plain() },
            Self { app: Some(logo), attempt: Some("a".repeat(43)), passkey_hint: true, ..plain() },
            Self { email: "ada@example.org".to_owned(), reauth: true, ..plain() },
            Self { sign_up: true, ..plain() },
            Self { needs: Some("passkey"), ..plain() },
            Self { needs: Some("second-factor"), ..plain() },
            Self {
                needs: Some("passkey"),
                notice: Some("too-weak"),
                may_create: true,
                attempt: Some("a".repeat(43)),
                ..plain()
            },
        ];
        samples.extend(NOTICES.map(|notice| Self { notice: Some(notice), ..plain() }));
        samples.extend(failed);
        samples
    }
}

#[derive(Debug, Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    notice: String,
    /// What was proven so far is not enough for where the person is going.
    #[serde(default)]
    confirm: String,
    #[serde(flatten)]
    carried: Carried,
}

/// GET /login
pub async fn sign_in(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Asked(query): Asked<SignInQuery>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &query.carried).await?;
    if let Some(signed_in) = visit.signed_in.as_ref().filter(|_| way.attempt.is_none()) {
        let fresh = signed_in.session.is_fresh(app.clock.now(), FRESH);
        let enough = query.confirm.is_empty() && (fresh || way.destination == Destination::Account);
        // Without the cookie that opens the account pages, those would only send the person back.
        if enough && opens_account(&app, &headers, signed_in).await? {
            return Ok(see_other(&attempt::location(&way.destination)));
        }
    }
    let mut page = SignInPage::new(&app, &way, &visit);
    page.notice = NOTICES.into_iter().find(|notice| *notice == query.notice).or(page.notice);
    page.may_create = page.notice == Some("too-weak") && visit.signed_in.is_some();
    // Somebody who has just made one has it at hand.
    page.passkey_hint = page.passkey_hint || page.notice == Some("passkey-ready");
    way.render(&app, &visit, &page)
}

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: Typed,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    flow: Option<String>,
    #[serde(default)]
    destination: Option<String>,
}

/// POST /login
pub async fn submit_password(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<PasswordForm>,
) -> Result<Response, PageError> {
    let carried = Carried { attempt: form.attempt, flow: form.flow, destination: form.destination };
    let way = Way::read(&app, &visit, &carried).await?;
    let desk = desk_on(&app, &visit, &way);
    let mut seconds = 0;
    let failure = match (Email::parse(&form.email), Password::presented(form.password.expose())) {
        (_, Err(PasswordRefused::Empty)) => "password-missing",
        (Ok(email), Ok(password)) => {
            match present::password(&desk, way.flow.as_ref(), &email, password).await {
                Ok(Outcome::Failed(Failure::WrongCredentials)) => "wrong-credentials",
                Ok(Outcome::Failed(Failure::Wait(wait))) => {
                    seconds = wait;
                    "wait"
                }
                Ok(Outcome::Failed(_)) => "attempt-expired",
                Ok(outcome) => return Ok(follow(&app, &visit, &way, outcome)),
                Err(error) if is_busy(&error) => "too-busy",
                Err(error) => return Err(error.into()),
            }
        }
        // No account has such an address or such a password.
        (Err(_), _) | (_, Err(_)) => "wrong-credentials",
    };
    failed(&app, &visit, &way, (form.email, failure, seconds)).await
}

fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(HashError::Busy))
}

/// The same page again, with what was typed and why it did not do.
async fn failed(
    app: &App,
    visit: &Visit,
    way: &Way,
    (typed, failure, seconds): (String, &'static str, i64),
) -> Result<Response, PageError> {
    let email: String = typed.chars().take(254).collect();
    let resumed = match &way.flow {
        Some(handle) => steps::resume(&desk(app, visit), handle).await?,
        None => None,
    };
    let mut response = match (&way.flow, resumed) {
        (Some(handle), Some((_, user))) => {
            let page = UsePasswordPage::new(way, (handle.to_string(), user.email.to_string()));
            let page = page.failed(failure, seconds);
            way.render(app, visit, &page)?
        }
        _ => {
            let page = SignInPage {
                email,
                failure: Some(failure),
                seconds,
                notice: None,
                ..SignInPage::new(app, way, visit)
            };
            way.render(app, visit, &page)?
        }
    };
    if failure == "too-busy" {
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("2"));
    }
    Ok(response)
}

#[derive(Debug, Deserialize)]
pub struct CancelForm {
    attempt: Handle,
}

/// POST /login/cancel
pub async fn cancel(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<CancelForm>,
) -> Result<Response, PageError> {
    attempt::load(&app, &visit, &form.attempt).await?;
    Ok(see_other(&format!("/oidc/authorize/resume?attempt={}&cancelled=1", form.attempt)))
}
