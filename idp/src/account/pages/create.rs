//! Creating a passkey, and naming one.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::signals::Signals;
use super::{SECTION, bench, done, frame, owner_of};
use crate::account::{passkeys, proof, sessions};
use crate::app::App;
use crate::model::attempt::Destination;
use crate::model::credential::{MAX_PASSKEYS, PasskeyName};
use crate::model::ids::PasskeyId;
use crate::store::passkeys as stored;
use crate::theme::Page;
use crate::web::attempt::{self, carry, destination, form_action};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id, Posted};
use crate::web::page::{self, see_other};
use crate::web::session::{Enroller, SignedIn, confirm_at, forget};
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct CreatePage {
    /// Where the person comes from: `setup`, `policy`, `application`, `access`, `lost`, `recovery`, or nowhere in particular.
    from: &'static str,
    /// Nothing else can be done before.
    required: bool,
    attempt: Option<String>,
    destination: Option<String>,
    failure: Option<&'static str>,
    /// What is accepted now, for the browser; only for somebody who is signed in.
    signals: Option<Signals>,
}

impl Page for CreatePage {
    const TEMPLATE: &'static str = "account/create_passkey.html";
    fn samples() -> Vec<Self> {
        let page = |from, attempt| Self {
            from,
            required: matches!(from, "policy" | "application" | "access"),
            attempt,
            destination: None,
            failure: None,
            signals: (from == "lost").then(Signals::sample),
        };
        let mut samples: Vec<_> = ORIGINS.into_iter().map(|from| page(from, None)).collect();
        samples.push(page("", Some("a".repeat(43))));
        samples
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct CreateQuery {
    #[serde(default)]
    from: String,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    destination: Option<String>,
    #[serde(default)]
    fresh: String,
}

const ORIGINS: [&str; 7] = ["", "setup", "policy", "application", "access", "lost", "recovery"];

/// GET /account/passkeys/create
pub async fn create(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Asked(query): Asked<CreateQuery>,
) -> Result<Response, PageError> {
    let next = destination(query.attempt.as_deref(), query.destination.as_deref())?;
    let factors = proof::factors(&app.store, &owner.user, app.policy()).await?;
    if !proof::may_add_passkey(&owner.session, &factors, app.clock.now()) {
        let here = format!("/account/passkeys/create{}", carry(&next, &[]));
        return Ok(see_other(&confirm_at(&here)));
    }
    if factors.passkeys.len() >= MAX_PASSKEYS {
        return Err(PageError::PasskeyLimit);
    }
    let (attempt, destination) = fields(&next);
    let from = ORIGINS.into_iter().find(|from| *from == query.from).unwrap_or("");
    let required = owner.session.is_limited();
    let signals = (!required).then(|| Signals::of(&app, &owner.user, &factors.passkeys));
    let page = CreatePage { from, required, attempt, destination, failure: None, signals };
    let form_action = form_action(&app, &visit, &next).await?;
    page::render(&app, &visit, frame(form_action.as_deref()), &page)
}

pub(super) fn fields(destination: &Destination) -> (Option<String>, Option<String>) {
    match destination {
        Destination::Attempt(handle) => (Some(handle.to_string()), None),
        Destination::Page(path) => (None, Some(path.to_string())),
        Destination::Account => (None, None),
    }
}

#[derive(Debug, Serialize)]
pub struct NamePage {
    id: String,
    name: String,
    fresh: bool,
    attempt: Option<String>,
    destination: Option<String>,
    errors: BTreeMap<&'static str, &'static str>,
}

impl Page for NamePage {
    const TEMPLATE: &'static str = "account/name_passkey.html";
    fn samples() -> Vec<Self> {
        let page = |fresh, errors: BTreeMap<_, _>| Self {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "iCloud Keychain".to_owned(),
            fresh,
            attempt: None,
            destination: None,
            errors,
        };
        vec![
            page(true, BTreeMap::new()),
            page(false, [("name", "passkey-name-empty")].into()),
            page(false, [("name", "passkey-name-long")].into()),
        ]
    }
}

/// GET /account/passkeys/{id}/name
pub async fn name(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Id(id): Id<PasskeyId>,
    Asked(query): Asked<CreateQuery>,
) -> Result<Response, PageError> {
    let passkey = stored::of_user_by_id(&app.store, owner.user.id, id).await?;
    let passkey = passkey.filter(|passkey| proof::may_name(&owner.session, passkey));
    let passkey = passkey.ok_or(PageError::NotFound)?;
    let next = destination(query.attempt.as_deref(), query.destination.as_deref())?;
    let (attempt, destination) = fields(&next);
    let page = NamePage {
        id: id.to_string(),
        name: passkey.name.to_string(),
        fresh: query.fresh == "1",
        attempt,
        destination,
        errors: BTreeMap::new(),
    };
    let form_action = form_action(&app, &visit, &next).await?;
    page::render(&app, &visit, frame(form_action.as_deref()), &page)
}

#[derive(Debug, Deserialize)]
pub struct NameForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    fresh: String,
    #[serde(default)]
    attempt: Option<String>,
    #[serde(default)]
    destination: Option<String>,
}

/// POST /account/passkeys/{id}/name
pub async fn rename(
    State(app): State<App>,
    visit: Visit,
    Enroller(owner): Enroller,
    Id(id): Id<PasskeyId>,
    Posted(form): Posted<NameForm>,
) -> Result<Response, PageError> {
    let next = destination(form.attempt.as_deref(), form.destination.as_deref())?;
    let Ok(name) = PasskeyName::parse(&form.name) else {
        let error = if form.name.trim().is_empty() { "passkey-name-empty" } else { "passkey-name-long" };
        let (attempt, destination) = fields(&next);
        let page = NamePage {
            id: id.to_string(),
            name: form.name.chars().take(200).collect(),
            fresh: form.fresh == "1",
            attempt,
            destination,
            errors: [("name", error)].into(),
        };
        return page::render(&app, &visit, SECTION, &page);
    };
    let fresh = form.fresh == "1";
    done(passkeys::rename(&bench(&app, &visit), owner_of(&owner), id, &name).await?)?;
    if owner.session.is_limited() {
        return leave(&app, &visit, &owner, &next).await;
    }
    Ok(see_other(&match next {
        Destination::Account if fresh => "/account/passkeys?notice=created".to_owned(),
        Destination::Account => "/account/passkeys?notice=renamed".to_owned(),
        next => attempt::location(&next),
    }))
}

/// A limited session has done what it was for: on to a real log-in, with what was added.
pub(super) async fn leave(
    app: &App,
    visit: &Visit,
    owner: &SignedIn,
    next: &Destination,
) -> Result<Response, PageError> {
    done(sessions::end(&bench(app, visit), owner_of(owner), owner.session.id).await?)?;
    let mut response = see_other(&format!("/login{}", carry(next, &[("notice", "passkey-ready")])));
    forget(app, &mut response);
    Ok(response)
}
