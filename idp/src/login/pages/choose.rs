//! The page "Choose an account": whoever is signed in goes on as they are, or signs in as somebody else.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Carried, Way, sample_app};
use crate::app::App;
use crate::model::attempt::{AppCard, Attempt, Choice, Destination, Handle};
use crate::model::user::{Email, User};
use crate::theme::Page;
use crate::web::attempt::{self, carry};
use crate::web::error::PageError;
use crate::web::form::{Asked, Posted};
use crate::web::page::see_other;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct ChoosePage {
    app: Option<AppCard>,
    name: String,
    email: String,
    /// The application expects somebody else.
    another_first: bool,
    attempt: Option<String>,
}

impl Page for ChoosePage {
    const TEMPLATE: &'static str = "login/choose.html";
    fn samples() -> Vec<Self> {
        [false, true]
            .map(|another_first| Self {
                app: Some(sample_app()),
                name: "Ada <Lovelace>".to_owned(),
                email: "ada@example.org".to_owned(),
                another_first,
                attempt: Some("a".repeat(43)),
            })
            .into()
    }
}

/// GET /login/choose
pub async fn choose(
    State(app): State<App>,
    visit: Visit,
    Asked(carried): Asked<Carried>,
) -> Result<Response, PageError> {
    let way = Way::read(&app, &visit, &carried).await?;
    let Some(signed_in) = visit.signed_in.as_ref().filter(|_| asks(&way)) else {
        return Ok(see_other(&attempt::location(&way.destination)));
    };
    let page = ChoosePage {
        app: way.app_card(),
        name: signed_in.user.display_name(),
        email: signed_in.user.email.to_string(),
        another_first: way.attempt.as_ref().is_some_and(|attempt| expects_another(attempt, &signed_in.user)),
        attempt: way.attempt_field(),
    };
    way.render(&app, &visit, &page)
}

fn asks(way: &Way) -> bool {
    way.attempt.as_ref().is_some_and(|attempt| attempt.prompt.select_account)
}

/// The hint of an application names somebody, and not who is signed in.
fn expects_another(attempt: &Attempt, here: &User) -> bool {
    attempt.login_hint.as_deref().is_some_and(|hint| Email::parse(hint).as_ref() != Ok(&here.email))
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pressed {
    Here,
    Another,
}

#[derive(Debug, Deserialize)]
pub struct ChoiceForm {
    attempt: Handle,
    account: Pressed,
}

/// POST /login/choose. The form's token is of the session that the page showed, so that nobody goes on as a
/// person whom they did not see there.
pub async fn submit_choice(
    State(app): State<App>,
    visit: Visit,
    Posted(form): Posted<ChoiceForm>,
) -> Result<Response, PageError> {
    let way = Destination::Attempt(form.attempt.clone());
    attempt::load(&app, &visit, &form.attempt).await?;
    let Some(signed_in) = &visit.signed_in else {
        return Ok(see_other(&attempt::location(&way)));
    };
    // Taken and put back: an attempt that was answered or cancelled meanwhile stays so.
    let mut attempt = attempt::take(&app, &form.attempt).await?;
    attempt.chosen = Some(match form.account {
        Pressed::Here => Choice::Here(signed_in.user.id),
        Pressed::Another => Choice::Another,
    });
    let leads_to = match form.account {
        Pressed::Here => attempt::location(&way),
        Pressed::Another => {
            if !expects_another(&attempt, &signed_in.user) {
                attempt.login_hint = None;
            }
            format!("/login{}", carry(&way, &[]))
        }
    };
    attempt::save(&app, &form.attempt, &attempt).await?;
    Ok(see_other(&leads_to))
}
