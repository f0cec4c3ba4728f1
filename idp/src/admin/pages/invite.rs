//! Whom somebody is invited to: the organizations of whoever invites. With one there is nothing to choose.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Administrator, SECTION, office};
use crate::admin::Act;
use crate::admin::organizations as logic;
use crate::app::App;
use crate::model::organization::{Organization, Slug};
use crate::theme::Page;
use crate::web::error::PageError;
use crate::web::form::Asked;
use crate::web::page::{self, see_other};
use crate::web::visit::Visit;

/// How many one page shows.
const SHOWN: usize = 25;

#[derive(Debug, Serialize)]
pub struct InvitePage {
    q: String,
    /// Who is invited, where that is known.
    email: String,
    organizations: Vec<Row>,
    may_create: bool,
    more: Option<String>,
    first: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    slug: String,
    url: String,
}

impl Page for InvitePage {
    const TEMPLATE: &'static str = "admin/invite.html";
    fn samples() -> Vec<Self> {
        let row = || Row {
            name: "Lindenhof <Clinic>".to_owned(),
            slug: "lindenhof".to_owned(),
            url: "/admin/organizations/x/invite".to_owned(),
        };
        let page = |full: bool| Self {
            q: "<b>".to_owned(),
            email: if full { "ada@example.org".to_owned() } else { String::new() },
            organizations: if full { vec![row(), row()] } else { Vec::new() },
            may_create: full,
            more: full.then(|| "/admin/people/invite?after=x".to_owned()),
            first: full.then(|| "/admin/people/invite".to_owned()),
        };
        vec![page(true), page(false)]
    }
}

#[derive(Debug, Deserialize)]
pub struct Whom {
    #[serde(default)]
    email: String,
    #[serde(default)]
    q: String,
    /// The last of the page before.
    #[serde(default)]
    after: String,
}

/// GET /admin/people/invite
pub async fn choose(
    State(app): State<App>,
    visit: Visit,
    administrator: Administrator,
    Asked(whom): Asked<Whom>,
) -> Result<Response, PageError> {
    let (office, actor) = (office(&app, &visit), &administrator.actor);
    if !actor.may_invite() {
        return Err(PageError::NotFound);
    }
    let after = Slug::parse(&whom.after).ok();
    let asked = (whom.q.as_str(), after.as_ref());
    // One more than is shown tells whether there are more.
    let mut found = logic::run_by(&office, actor, asked, SHOWN as u64 + 1).await?;
    let goes_on = found.len() > SHOWN;
    found.truncate(SHOWN);
    let query = |pairs: &[(&str, &str)]| {
        let said: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
        let said = serde_urlencoded::to_string(said).unwrap_or_default();
        if said.is_empty() { said } else { format!("?{said}") }
    };
    let address = |one: &Organization| {
        format!("/admin/organizations/{}/invite{}", one.id, query(&[("email", &whom.email)]))
    };
    if let ([only], "", None) = (found.as_slice(), whom.q.as_str(), &after)
        && only.is_enabled()
    {
        return Ok(see_other(&address(only)));
    }
    let at = |after: &str| {
        format!("/admin/people/invite{}", query(&[("q", &whom.q), ("email", &whom.email), ("after", after)]))
    };
    let row = |one: &Organization| Row {
        name: one.name.to_string(),
        slug: one.slug.to_string(),
        url: address(one),
    };
    let page = InvitePage {
        more: found.last().filter(|_| goes_on).map(|last| at(last.slug.as_str())),
        first: after.is_some().then(|| at("")),
        organizations: found.iter().filter(|one| one.is_enabled()).map(row).collect(),
        may_create: actor.may(Act::CreateOrganization),
        email: whom.email.clone(),
        q: whom.q.clone(),
    };
    page::render(&app, &visit, SECTION, &page)
}
