//! Finding people.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, office};
use crate::admin::Act;
use crate::admin::people as logic;
use crate::app::App;
use crate::model::user::ServiceRole;
use crate::store::users::Filter;
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page;
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct PeoplePage {
    q: String,
    disabled_only: bool,
    /// Whoever looks has an organization that they can ask somebody to join.
    may_invite: bool,
    may_create: bool,
    people: Vec<Row>,
    /// Where the list goes on.
    more: Option<String>,
    /// Where it begins, when this is not the beginning.
    first: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    email: String,
    enabled: bool,
    role: Option<&'static str>,
}

impl Page for PeoplePage {
    const TEMPLATE: &'static str = "admin/people.html";
    fn samples() -> Vec<Self> {
        let row = |enabled, role| Row {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            enabled,
            role,
        };
        let page = |people, more: Option<&str>| Self {
            q: "<b>".to_owned(),
            disabled_only: more.is_some(),
            may_invite: more.is_some(),
            may_create: more.is_some(),
            people,
            more: more.map(ToOwned::to_owned),
            first: more.map(ToOwned::to_owned),
        };
        vec![
            page(vec![row(true, Some("operator")), row(false, None)], Some("/admin/people?q=x&after=y")),
            page(Vec::new(), None),
        ]
    }
}

#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    /// The last person of the page before: an address that stays good for "back" and a bookmark.
    #[serde(default)]
    after: String,
}

/// GET /admin/people
pub async fn people(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(search): Asked<Search>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    let after = match search.after.parse() {
        Ok(id) => logic::place(&office, actor, id).await?,
        Err(_) => None,
    };
    let (disabled_only, begins_later) = (search.state == "disabled", after.is_some());
    let enabled = disabled_only.then_some(false);
    let filter = Filter { text: search.q.clone(), enabled, role: None, after };
    // One more than is shown tells whether there are more.
    let mut found = logic::list(&office, actor, &filter, SHOWN as u64 + 1).await?;
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let last = found.last().filter(|_| goes_on).map(|user| user.id.to_string());
    let at = |after: &str| {
        let state = if disabled_only { "disabled" } else { "" };
        let query: Vec<_> = [("q", search.q.as_str()), ("state", state), ("after", after)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        format!("/admin/people?{}", serde_urlencoded::to_string(query).unwrap_or_default())
    };
    let page = PeoplePage {
        more: last.map(|id| at(&id)),
        first: begins_later.then(|| at("")),
        people: found
            .into_iter()
            .map(|user| Row {
                id: user.id.to_string(),
                name: user.display_name(),
                enabled: user.is_enabled(),
                role: user.role.map(ServiceRole::as_str),
                email: user.email.to_string(),
            })
            .collect(),
        disabled_only,
        may_invite: actor.may_invite(),
        may_create: actor.may(Act::CreatePerson),
        q: search.q,
    };
    page::render(&app, &visit, SECTION, &page)
}
