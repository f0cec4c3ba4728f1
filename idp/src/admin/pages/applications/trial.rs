//! Trying out an application: what is asked for, and on to the protocol, which goes the whole way and answers nobody.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::see;
use crate::admin::applications as logic;
use crate::admin::pages::{Administrator, SECTION, office, seen as shown};
use crate::app::App;
use crate::ephemeral::Kind;
use crate::model::attempt::{SIGN_IN_LIFETIME, Trial};
use crate::model::client::ClientId;
use crate::theme::Page;
use crate::web::attempt::key;
use crate::web::error::PageError;
use crate::web::form::{Id, Posted};
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

/// Longer than any scope that is registered, and than any name of an organization.
const MOST: usize = 500;

#[derive(Debug, Serialize)]
pub struct TryPage {
    id: String,
    name: String,
    scope: String,
    /// People log in to it in a browser.
    possible: bool,
}

impl Page for TryPage {
    const TEMPLATE: &'static str = "admin/applications/trial.html";
    fn samples() -> Vec<Self> {
        let page = |possible| Self {
            id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            scope: "openid <b>".to_owned(),
            possible,
        };
        vec![page(true), page(false)]
    }
}

/// GET /admin/applications/{id}/trial
pub async fn trial(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, &id).await?;
    let settings = &seen.client.settings;
    let page = TryPage {
        id: id.to_string(),
        name: settings.name.to_string(),
        scope: settings.scopes.to_string(),
        possible: seen.client.is_enabled() && !settings.redirect_uris.is_empty(),
    };
    page::render(&app, &visit, SECTION, &page)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    scope: String,
    organization: String,
    anew: String,
}

/// POST /admin/applications/{id}/trial
pub async fn begin_trial(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
    Posted(wanted): Posted<Wanted>,
) -> Result<Response, PageError> {
    let client = shown(logic::begin_trial(&office(&app, &visit), &administrator.actor, &id).await?)?;
    let short = |text: &str| text.trim().chars().take(MOST).collect::<String>();
    let trial = Trial {
        client_id: client.id,
        session_id: administrator.signed_in.session.id,
        scope: short(&wanted.scope),
        organization: short(&wanted.organization),
        anew: !wanted.anew.is_empty(),
    };
    let handle = app.entropy.handle()?;
    app.ephemeral.put(Kind::Trial, key(&handle), &trial, SIGN_IN_LIFETIME).await?;
    Ok(see_other(&format!("/oidc/trial?trial={handle}")))
}
