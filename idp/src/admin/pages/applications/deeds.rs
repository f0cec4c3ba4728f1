//! What is done to an application and to one of its secrets. Each has one address: it says what will happen to how many
//! people, and takes the yes. Both want a fresh proof of who is asking (security: M2).

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::see;
use super::wizard::MadePage;
use crate::admin::applications::{self as logic, Application};
use crate::admin::pages::refusal::said;
use crate::admin::pages::{Administrator, SECTION, office, proof_first};
use crate::admin::{Outcome, Refused};
use crate::app::App;
use crate::crypto::token::Token;
use crate::model::client::{ClientId, ClientSecret};
use crate::model::ids::ClientSecretId;
use crate::theme::{Page, moment};
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A new one.
    Secret,
    Disable,
    Enable,
    Remove,
    /// Of one secret.
    Expire,
    RemoveSecret,
}

impl Deed {
    pub(super) const OF_APPLICATIONS: [Self; 4] = [Self::Secret, Self::Disable, Self::Enable, Self::Remove];
    pub(super) const OF_SECRETS: [Self; 2] = [Self::Expire, Self::RemoveSecret];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Remove => "remove",
            Self::Expire => "expire",
            Self::RemoveSecret => "remove-secret",
        }
    }

    /// Whether the application's page offers it. What is done is judged once more by what does it.
    pub(super) fn is_open(
        self,
        seen: &Application,
        secret: Option<&ClientSecret>,
        now: OffsetDateTime,
    ) -> bool {
        let enabled = seen.client.is_enabled();
        // The only one that stays good is not offered to be taken away.
        let another = seen
            .secrets
            .iter()
            .any(|other| other.expires_at.is_none() && secret.is_some_and(|secret| secret.id != other.id));
        let live = secret.map(|secret| secret.is_live(now));
        match self {
            Self::Secret => seen.may_end && seen.client.settings.auth_method.has_secret(),
            Self::Disable => seen.may_end && enabled,
            Self::Enable => seen.may_end && !enabled,
            Self::Remove => seen.may_end,
            Self::Expire => seen.may_end && live == Some(true) && another,
            Self::RemoveSecret => seen.may_end && (live == Some(false) || another),
        }
    }
}

/// Something that was named by a path: of the application, or of one of its secrets.
#[derive(Debug, Clone)]
struct Named {
    id: ClientId,
    deed: Deed,
    secret: Option<ClientSecretId>,
}

impl Named {
    fn parse((id, deed): &(String, String)) -> Result<Self, PageError> {
        let known = Deed::OF_APPLICATIONS.into_iter().find(|known| known.as_str() == deed);
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        Ok(Self { id, deed: known.ok_or(PageError::NotFound)?, secret: None })
    }

    fn parse_secret((id, secret, deed): &(String, String, String)) -> Result<Self, PageError> {
        let known = Deed::OF_SECRETS.into_iter().find(|known| known.as_str() == deed);
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        let secret = secret.parse().map_err(|_| PageError::NotFound)?;
        Ok(Self { id, deed: known.ok_or(PageError::NotFound)?, secret: Some(secret) })
    }

    fn address(&self) -> String {
        let (id, deed) = (&self.id, self.deed.as_str());
        match self.secret {
            None => format!("/admin/applications/{id}/{deed}"),
            Some(secret) => format!("/admin/applications/{id}/secrets/{secret}/{deed}"),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct ApplicationDeedPage {
    deed: &'static str,
    here: String,
    back: String,
    id: String,
    name: String,
    people: u64,
    /// When the secret that it is about was made, and was last used.
    made_at: Option<String>,
    last_used_at: Option<String>,
    days: String,
    refused: Option<&'static str>,
}

impl Page for ApplicationDeedPage {
    const TEMPLATE: &'static str = "admin/applications/deed.html";
    fn samples() -> Vec<Self> {
        let page = |deed: Deed, refused: Option<&'static str>| Self {
            deed: deed.as_str(),
            here: "/admin/applications/x/y".to_owned(),
            back: "/admin/applications/x".to_owned(),
            id: "app-x".to_owned(),
            name: "Lindenhof <Practice>".to_owned(),
            people: u64::from(refused.is_none()),
            made_at: Some("2026-11-23T09:05:00Z".to_owned()),
            last_used_at: refused.map(|_| "2026-11-23T09:05:00Z".to_owned()),
            days: "7".to_owned(),
            refused,
        };
        let all = Deed::OF_APPLICATIONS.into_iter().chain(Deed::OF_SECRETS);
        all.flat_map(|deed| [page(deed, None), page(deed, Some("choice"))]).collect()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct DaysForm {
    #[serde(default)]
    days: String,
}

/// GET /admin/applications/{id}/{deed}
pub async fn confirm(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, &Named::parse(&path)?).await
}

/// GET /admin/applications/{id}/secrets/{secret}/{deed}
pub async fn confirm_secret(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String, String)>,
) -> Result<Response, PageError> {
    ask(&app, &visit, &administrator, &Named::parse_secret(&path)?).await
}

/// POST /admin/applications/{id}/{deed}
pub async fn confirmed(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String)>,
    Posted(form): Posted<DaysForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (&Named::parse(&path)?, &form)).await
}

/// POST /admin/applications/{id}/secrets/{secret}/{deed}
pub async fn confirmed_secret(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Path(path): Path<(String, String, String)>,
    Posted(form): Posted<DaysForm>,
) -> Result<Response, PageError> {
    act(&app, &visit, &administrator, (&Named::parse_secret(&path)?, &form)).await
}

async fn ask(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    named: &Named,
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, &named.id).await?;
    let secret = seen.secrets.iter().find(|known| named.secret == Some(known.id));
    if !named.deed.is_open(&seen, secret, app.clock.now()) {
        return Err(PageError::NotFound);
    }
    if let Some(elsewhere) = proof_first(app, administrator, &named.address()) {
        return Ok(elsewhere);
    }
    page::render(app, visit, SECTION, &page_of(&seen, named, "7"))
}

fn page_of(seen: &Application, named: &Named, days: &str) -> ApplicationDeedPage {
    let secret = seen.secrets.iter().find(|known| named.secret == Some(known.id));
    ApplicationDeedPage {
        deed: named.deed.as_str(),
        here: named.address(),
        back: format!("/admin/applications/{}", named.id),
        id: named.id.to_string(),
        name: seen.client.settings.name.to_string(),
        people: seen.people,
        made_at: secret.map(|secret| moment(secret.created_at)),
        last_used_at: secret.and_then(|secret| secret.last_used_at).map(moment),
        days: days.to_owned(),
        refused: None,
    }
}

async fn act(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (named, form): (&Named, &DaysForm),
) -> Result<Response, PageError> {
    let seen = see(app, visit, administrator, &named.id).await?;
    if let Some(elsewhere) = proof_first(app, administrator, &named.address()) {
        return Ok(elsewhere);
    }
    let days = form.days.trim().parse().ok().filter(|days| (1..=90).contains(days));
    let (status, refused) = match (named.deed, days) {
        (Deed::Expire, None) => (StatusCode::UNPROCESSABLE_ENTITY, "choice"),
        _ => match done(app, visit, administrator, (named, days.unwrap_or_default())).await? {
            Ok(Some(secret)) => {
                let name = seen.client.settings.name.as_str();
                return page::render(app, visit, SECTION, &MadePage::of(&named.id, name, secret.expose()));
            }
            Ok(None) if named.deed == Deed::Remove => {
                return Ok(see_other("/admin/applications"));
            }
            Ok(None) => {
                let (id, deed) = (&named.id, named.deed.as_str());
                return Ok(see_other(&format!("/admin/applications/{id}?notice={deed}")));
            }
            Err(refused) => said(refused)?,
        },
    };
    let page = ApplicationDeedPage { refused: Some(refused), ..page_of(&seen, named, &form.days) };
    let mut response = page::render(app, visit, SECTION, &page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// With the secret, where one was made.
async fn done(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    (named, days): (&Named, i64),
) -> Outcome<Option<Token>> {
    let (office, actor, id) = (&office(app, visit), &administrator.actor, &named.id);
    let nothing = |()| None;
    let Some(secret) = named.secret else {
        return Ok(match named.deed {
            Deed::Secret => logic::add_secret(office, actor, id).await?.map(|(_, secret)| Some(secret)),
            Deed::Disable => logic::set_enabled(office, actor, id, false).await?.map(nothing),
            Deed::Enable => logic::set_enabled(office, actor, id, true).await?.map(nothing),
            Deed::Remove => logic::remove(office, actor, id).await?.map(nothing),
            Deed::Expire | Deed::RemoveSecret => Err(Refused::NotFound),
        });
    };
    Ok(match named.deed {
        Deed::Expire => {
            logic::expire_secret(office, actor, (id, secret), Duration::days(days)).await?.map(|_| None)
        }
        _ => logic::remove_secret(office, actor, (id, secret)).await?.map(nothing),
    })
}
