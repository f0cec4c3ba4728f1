//! The page that shows which applications know a person.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use super::{NoticeQuery, SECTION, bench, done, notice_of, owner_of};
use crate::account::apps as logic;
use crate::app::App;
use crate::model::client::ClientId;
use crate::model::scope::Scopes;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Nothing, Posted};
use crate::web::page::{self, see_other};
use crate::web::session::AccountOwner;
use crate::web::visit::Visit;

#[derive(Debug, Serialize)]
pub struct AppsPage {
    apps: Vec<Card>,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Card {
    id: String,
    name: String,
    /// Where a sign-in to it begins that was not begun there.
    open: Option<String>,
    /// The scopes that the texts know.
    scopes: Vec<&'static str>,
    since: String,
    offline: bool,
}

/// What people can be told about.
const TOLD: [&str; 7] = Scopes::OF_PERSON;

impl Page for AppsPage {
    const TEMPLATE: &'static str = "account/apps.html";
    fn samples() -> Vec<Self> {
        let card = |offline: bool| Card {
            id: "practice-web".to_owned(),
            name: "Lindenhof <Clinic>".to_owned(),
            open: offline
                .then(|| "https://practice.example.org/start?iss=https%3A%2F%2Flogin.example.org".to_owned()),
            scopes: TOLD.into(),
            since: "2026-11-23T09:05:00Z".to_owned(),
            offline,
        };
        vec![
            Self { apps: Vec::new(), notice: Some("disconnected") },
            Self { apps: vec![card(true), card(false)], notice: None },
        ]
    }
}

/// GET /account/apps
pub async fn apps(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Response, PageError> {
    let known = logic::of_user(&app.store, owner.user.id).await?;
    let issuer = app.config.public_url.issuer();
    let apps = known
        .into_iter()
        .map(|known| Card {
            id: known.client.to_string(),
            name: known.name,
            open: known.begins_at.and_then(|address| address.with("iss", &issuer)),
            scopes: TOLD.into_iter().filter(|scope| known.scopes.contains(scope)).collect(),
            since: moment(known.since),
            offline: known.offline,
        })
        .collect();
    let notice = notice_of(&query.notice, &["disconnected"]);
    page::render(&app, &visit, SECTION, &AppsPage { apps, notice })
}

/// POST /account/apps/{client}/disconnect
pub async fn disconnect(
    State(app): State<App>,
    visit: Visit,
    AccountOwner(owner): AccountOwner,
    Path(client): Path<String>,
    Posted(_): Posted<Nothing>,
) -> Result<Response, PageError> {
    let client = ClientId::parse(&client).map_err(|_| PageError::NotFound)?;
    done(logic::disconnect(&bench(&app, &visit), owner_of(&owner), &client).await?)?;
    Ok(see_other("/account/apps?notice=disconnected"))
}
