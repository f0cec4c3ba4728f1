//! The pages that ask for a code after the password.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::steps::resumed;
use super::{Carried, Way, desk_on, follow, sample_app};
use crate::app::App;
use crate::login::present;
use crate::login::sign_in::{Code, Failure, Outcome};
use crate::model::attempt::AppCard;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted, Typed};
use crate::web::visit::Visit;

/// What both pages show.
#[derive(Debug, Serialize)]
struct Asking {
    app: Option<AppCard>,
    flow: String,
    email: String,
    failure: Option<&'static str>,
    /// With the failure "wait".
    seconds: i64,
    attempt: Option<String>,
    destination: Option<String>,
}

impl Asking {
    fn samples() -> Vec<Self> {
        let asking = |failure| Self {
            app: Some(sample_app()),
            flow: "a".repeat(43),
            email: "ada@example.org".to_owned(),
            failure,
            seconds: 8,
            attempt: Some("a".repeat(43)),
            destination: None,
        };
        [None, Some("code-wrong"), Some("recovery-code-wrong"), Some("wait")].map(asking).into()
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct CodePage(Asking);

impl Page for CodePage {
    const TEMPLATE: &'static str = "login/use_code.html";
    fn samples() -> Vec<Self> {
        Asking::samples().into_iter().map(Self).collect()
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct RecoveryCodePage(Asking);

impl Page for RecoveryCodePage {
    const TEMPLATE: &'static str = "login/use_recovery_code.html";
    fn samples() -> Vec<Self> {
        Asking::samples().into_iter().map(Self).collect()
    }
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: Typed,
    #[serde(flatten)]
    carried: Carried,
}

/// GET /login/code
pub async fn use_code(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    ask(&app, &visit, &way, (Code::App, None)).await
}

/// GET /login/recovery
pub async fn use_recovery_code(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    ask(&app, &visit, &way, (Code::Recovery, None)).await
}

/// POST /login/code
pub async fn submit_code(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<CodeForm>,
) -> Result<Response, PageError> {
    submit(&app, &visit, Code::App, &form).await
}

/// POST /login/recovery
pub async fn submit_recovery_code(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<CodeForm>,
) -> Result<Response, PageError> {
    submit(&app, &visit, Code::Recovery, &form).await
}

async fn submit(app: &App, visit: &Visit, kind: Code, form: &CodeForm) -> Result<Response, PageError> {
    let way = Way::read(app, visit, &form.carried).await?;
    let flow = way.flow.as_ref().ok_or(PageError::AttemptExpired)?;
    match present::code(&desk_on(app, visit, &way), flow, (kind, form.code.expose())).await? {
        Outcome::Failed(Failure::WrongCode) => ask(app, visit, &way, (kind, Some(("code-wrong", 0)))).await,
        Outcome::Failed(Failure::WrongRecoveryCode) => {
            ask(app, visit, &way, (kind, Some(("recovery-code-wrong", 0)))).await
        }
        Outcome::Failed(Failure::Wait(seconds)) => {
            ask(app, visit, &way, (kind, Some(("wait", seconds)))).await
        }
        Outcome::Failed(_) => Err(PageError::AttemptExpired),
        outcome => Ok(follow(app, visit, &way, outcome)),
    }
}

async fn ask(
    app: &App,
    visit: &Visit,
    way: &Way,
    (kind, failure): (Code, Option<(&'static str, i64)>),
) -> Result<Response, PageError> {
    let (flow, email) = resumed(app, visit, way).await?;
    let asking = Asking {
        app: way.app_card(),
        flow,
        email,
        failure: failure.map(|(failure, _)| failure),
        seconds: failure.map_or(0, |(_, seconds)| seconds),
        attempt: way.attempt_field(),
        destination: way.destination_field(),
    };
    match kind {
        Code::App => way.render(app, visit, &CodePage(asking)),
        Code::Recovery => way.render(app, visit, &RecoveryCodePage(asking)),
    }
}
