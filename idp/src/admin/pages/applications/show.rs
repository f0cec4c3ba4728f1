//! One application: what it is registered with, its secrets, and what its developers need.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::deeds::Deed;
use super::form::{ApplicationForm, name_of};
use super::see;
use crate::admin::applications::Application;
use crate::admin::pages::{Administrator, SECTION};
use crate::app::App;
use crate::model::client::{ClientId, ClientSecret, ClientSource, ClientType};
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::{Asked, Id};
use crate::web::page;
use crate::web::visit::Visit;

/// What a notice can be about.
const NOTICES: [&str; 6] = ["registered", "changed", "enable", "disable", "expire", "remove-secret"];

#[derive(Debug, Serialize)]
pub struct ApplicationPage {
    id: String,
    name: String,
    kind: &'static str,
    source: ClientSource,
    enabled: bool,
    people: u64,
    created_at: String,
    issuer: String,
    settings: ApplicationForm,
    auth_method: String,
    has_secret: bool,
    secrets: Vec<SecretRow>,
    may_change: bool,
    /// What can be done to it as a whole.
    deeds: Vec<&'static str>,
    notice: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct SecretRow {
    id: String,
    live: bool,
    created_at: String,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    /// What can be done to it.
    deeds: Vec<&'static str>,
}

impl Page for ApplicationPage {
    const TEMPLATE: &'static str = "admin/applications/show.html";
    fn samples() -> Vec<Self> {
        let at = || "2026-11-23T09:05:00Z".to_owned();
        let secret = |live, last_used_at, expires_at| SecretRow {
            id: "x".to_owned(),
            live,
            created_at: at(),
            last_used_at,
            expires_at,
            deeds: vec!["expire", "remove-secret"],
        };
        let page = |kind, source, notice| Self {
            id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            kind: name_of(kind),
            source,
            enabled: source == ClientSource::Admin,
            people: 7,
            created_at: at(),
            issuer: "https://login.example.org".to_owned(),
            settings: ApplicationForm {
                redirect_uris: "https://a.example/<cb>".to_owned(),
                resources: "https://api.example".to_owned(),
                ..ApplicationForm::new(kind)
            },
            auth_method: "client_secret_basic".to_owned(),
            has_secret: kind == ClientType::Web,
            secrets: vec![secret(true, Some(at()), Some(at())), secret(false, None, None)],
            may_change: source == ClientSource::Admin,
            deeds: vec!["secret", "disable", "enable", "remove"],
            notice,
        };
        let mut pages: Vec<Self> =
            NOTICES.map(|notice| page(ClientType::Web, ClientSource::Admin, Some(notice))).into();
        pages.push(page(ClientType::Spa, ClientSource::Config, None));
        pages.push(page(ClientType::Native, ClientSource::Registered, None));
        pages.push(page(ClientType::Machine, ClientSource::Admin, None));
        pages.push(page(ClientType::Device, ClientSource::Admin, None));
        pages
    }
}

#[derive(Debug, Deserialize)]
pub struct Done {
    #[serde(default)]
    notice: String,
}

/// GET /admin/applications/{id}
pub async fn show(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<ClientId>,
    Asked(done): Asked<Done>,
) -> Result<Response, PageError> {
    let seen = see(&app, &visit, &administrator, &id).await?;
    let now = app.clock.now();
    let secret = |secret: &ClientSecret| SecretRow {
        id: secret.id.to_string(),
        live: secret.is_live(now),
        created_at: moment(secret.created_at),
        last_used_at: secret.last_used_at.map(moment),
        expires_at: secret.expires_at.map(moment),
        deeds: names(&Deed::OF_SECRETS, &seen, Some(secret), now),
    };
    let settings = &seen.client.settings;
    let page = ApplicationPage {
        id: id.to_string(),
        name: settings.name.to_string(),
        kind: name_of(settings.client_type),
        source: seen.client.source,
        enabled: seen.client.is_enabled(),
        people: seen.people,
        created_at: moment(seen.client.created_at),
        issuer: app.config.public_url.issuer(),
        auth_method: settings.auth_method.as_str().to_owned(),
        has_secret: settings.auth_method.has_secret(),
        settings: ApplicationForm::of(settings),
        secrets: seen.secrets.iter().map(secret).collect(),
        may_change: seen.may_change,
        deeds: names(&Deed::OF_APPLICATIONS, &seen, None, now),
        notice: NOTICES.into_iter().find(|known| *known == done.notice),
    };
    page::render(&app, &visit, SECTION, &page)
}

fn names(
    deeds: &[Deed],
    seen: &Application,
    secret: Option<&ClientSecret>,
    now: time::OffsetDateTime,
) -> Vec<&'static str> {
    deeds.iter().filter(|deed| deed.is_open(seen, secret, now)).map(|deed| deed.as_str()).collect()
}
