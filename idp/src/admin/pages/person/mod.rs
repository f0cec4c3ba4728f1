//! One person, in tabs: each has an address of its own and shows as much as whoever looks may see.

mod activity;
mod apps;
mod organizations;
mod overview;
mod passkeys;
mod raw;
mod sessions;

pub use activity::{PersonActivityPage, activity};
pub use apps::{PersonAppsPage, apps};
pub use organizations::{PersonOrganizationsPage, organizations};
pub use overview::{PersonPage, person};
pub use passkeys::{PersonPasskeysPage, passkeys};
pub use raw::{PersonRawPage, raw};
pub use sessions::{PersonSessionsPage, sessions};

use serde::{Deserialize, Serialize};

use super::deeds::Deed;
use super::{Administrator, office, seen as shown};
use crate::admin::people::{self as logic, Person};
use crate::app::App;
use crate::model::ids::UserId;
use crate::web::error::PageError;
use crate::web::visit::Visit;

/// The parts of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tab {
    Overview,
    Passkeys,
    Sessions,
    Applications,
    Organizations,
    Activity,
    Json,
}

impl Tab {
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Passkeys,
        Self::Sessions,
        Self::Applications,
        Self::Organizations,
        Self::Activity,
        Self::Json,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Passkeys => "passkeys",
            Self::Sessions => "sessions",
            Self::Applications => "applications",
            Self::Organizations => "organizations",
            Self::Activity => "activity",
            Self::Json => "json",
        }
    }

    pub(super) fn address(self, person: UserId) -> String {
        match self {
            Self::Overview => format!("/admin/people/{person}"),
            other => format!("/admin/people/{person}/{}", other.as_str()),
        }
    }
}

/// What stands above every part.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    id: String,
    name: String,
    email: String,
    enabled: bool,
    tab: Tab,
    tabs: Vec<(&'static str, String)>,
    /// What can be done here.
    deeds: Vec<&'static str>,
    /// What was done just now.
    notice: Option<&'static str>,
}

/// One for each deed: what was done.
const NOTICES: [&str; 13] = [
    "created",
    "remove-passkey",
    "end-session",
    "disconnect",
    "reset-passkeys",
    "reset-two-factor",
    "unlock",
    "log-out",
    "link",
    "disable",
    "enable",
    "role",
    "policy",
];

impl Head {
    fn of(seen: &Person, tab: Tab, query: &NoticeQuery) -> Self {
        let id = seen.user.id;
        let open = Deed::NAMED.iter().filter(|deed| deed.is_open(seen) && deed.is_offered_at(tab));
        Self {
            id: id.to_string(),
            name: seen.user.display_name(),
            email: seen.user.email.to_string(),
            enabled: seen.user.is_enabled(),
            tab,
            tabs: Tab::ALL.map(|tab| (tab.as_str(), tab.address(id))).into(),
            deeds: open.map(Deed::as_str).collect(),
            notice: NOTICES.into_iter().find(|known| *known == query.notice),
        }
    }

    fn sample(tab: Tab, full: bool, notice: Option<&'static str>) -> Self {
        let all = Deed::NAMED.iter().filter(|deed| full && deed.is_offered_at(tab));
        Self {
            id: "0197f3a0-0000-7000-8000-000000000000".to_owned(),
            name: "Ada <Lovelace>".to_owned(),
            email: "ada@example.org".to_owned(),
            enabled: full,
            tab,
            tabs: Tab::ALL.map(|tab| (tab.as_str(), format!("/admin/people/x/{}", tab.as_str()))).into(),
            deeds: all.map(Deed::as_str).collect(),
            notice,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct NoticeQuery {
    #[serde(default)]
    pub(super) notice: String,
}

/// Somebody, as far as this administrator may see them.
pub(super) async fn see(
    app: &App,
    visit: &Visit,
    administrator: &Administrator,
    id: UserId,
) -> Result<Person, PageError> {
    shown(logic::view(&office(app, visit), &administrator.actor, id).await?)
}
