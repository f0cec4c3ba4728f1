//! A search of the audit trail, as the page and its address say it, and those that somebody keeps.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Iso8601;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::audit::{Denied, show};
use super::{Administrator, granted, office};
use crate::admin::{Refused, trail};
use crate::app::App;
use crate::audit::KINDS;
use crate::model::ids::SearchId;
use crate::model::organization::Slug;
use crate::model::user::Email;
use crate::store::audit::Filter;
use crate::store::{organizations, users};
use crate::web::error::PageError;
use crate::web::form::{Id, Nothing, Posted};
use crate::web::page::see_other;
use crate::web::visit::Visit;

/// What is looked for, as the page and its address say it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Search {
    #[serde(default)]
    pub(super) kind: String,
    /// An address or an identifier.
    #[serde(default)]
    pub(super) person: String,
    /// Whether the person is who acted, and not whom it is about.
    #[serde(default)]
    pub(super) part: String,
    #[serde(default)]
    pub(super) client: String,
    /// A short name or an identifier.
    #[serde(default)]
    pub(super) organization: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    /// The last record of the page before: an address that stays good for "back" and a bookmark.
    #[serde(default)]
    pub(super) before: String,
}

impl Search {
    /// As a query, without what is empty.
    pub(super) fn query(&self) -> String {
        let members = [
            ("kind", &self.kind),
            ("person", &self.person),
            ("part", &self.part),
            ("client", &self.client),
            ("organization", &self.organization),
            ("from", &self.from),
            ("to", &self.to),
            ("before", &self.before),
        ];
        let said: Vec<_> = members.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        serde_urlencoded::to_string(said).unwrap_or_default()
    }

    pub(super) fn at(&self, before: &str) -> String {
        format!("/admin/audit?{}", Self { before: before.to_owned(), ..self.clone() }.query())
    }

    /// The filter that it means, or what of it can not be.
    pub(super) async fn filter(&self, app: &App) -> Result<Result<Filter, &'static str>, PageError> {
        let (Ok(from), Ok(to)) = (day(&self.from), day(&self.to)) else {
            return Ok(Err("days"));
        };
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Ok(Err("days"));
        }
        let text = self.person.trim();
        let person = match (text.parse::<Uuid>(), Email::parse(text)) {
            _ if text.is_empty() => None,
            (Ok(id), _) => Some(id),
            (_, Ok(email)) => users::by_email(&app.store, &email).await?.map(|user| user.id.uuid()),
            _ => None,
        };
        if person.is_none() && !text.is_empty() {
            return Ok(Err("person"));
        }
        let text = self.organization.trim();
        let organization = match (text.parse::<Uuid>(), Slug::parse(text)) {
            (Ok(id), _) => Some(id),
            (_, Ok(slug)) => organizations::by_slug(&app.store, &slug).await?.map(|found| found.id.uuid()),
            _ => None,
        };
        if organization.is_none() && !text.is_empty() {
            return Ok(Err("organization"));
        }
        let acts = self.part == "actor";
        let client = self.client.trim();
        Ok(Ok(Filter {
            kinds: KINDS.iter().filter(|kind| **kind == self.kind).map(ToString::to_string).collect(),
            person: person.filter(|_| !acts),
            actor: person.filter(|_| acts),
            client: (!client.is_empty()).then(|| client.to_owned()),
            organizations: organization.into_iter().collect(),
            from,
            // The day that is named belongs to it.
            to: to.and_then(|day| day.checked_add(Duration::DAY)),
        }))
    }
}

/// The beginning of a day, if one is named.
fn day(text: &str) -> Result<Option<OffsetDateTime>, time::error::Parse> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day = Date::parse(text.trim(), &Iso8601::DATE)?;
    Ok(Some(day.midnight().assume_utc()))
}

#[derive(Debug, Deserialize)]
pub struct KeepForm {
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    search: Search,
}

/// POST /admin/audit/searches
pub async fn keep_search(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Posted(form): Posted<KeepForm>,
) -> Result<Response, PageError> {
    let search = Search { before: String::new(), ..form.search };
    let query = search.query();
    let office = office(&app, &visit);
    match trail::keep_search(&office, &administrator.actor, (&form.name, &query)).await? {
        Ok(()) => Ok(see_other(&format!("/admin/audit?{query}"))),
        Err(Refused::Unchanged) => show(&app, &visit, &administrator, (search, Some(Denied::Name))).await,
        Err(refused) => granted(Err(refused)),
    }
}

/// POST /admin/audit/searches/{id}
pub async fn forget_search(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Id(id): Id<SearchId>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, PageError> {
    granted(trail::forget_search(&office(&app, &visit), &administrator.actor, id).await?)?;
    Ok(see_other("/admin/audit"))
}
