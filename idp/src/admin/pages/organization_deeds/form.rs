//! What is typed and chosen on the page of a deed, and what it stands for.

use serde::{Deserialize, Serialize};

use super::Deed;
use crate::admin::invitations::New;
use crate::model::Invalid;
use crate::model::client::ClientId;
use crate::model::organization::{OrganizationName, RoleName, Roles};
use crate::model::user::{Email, Policy};
use crate::store::organizations::Settings;

/// The fields of a form as they were sent: a role stands in it once for each that is ticked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<(String, String)>")]
pub struct Fields(Vec<(String, String)>);

const KNOWN: [&str; 7] = ["email", "role", "days", "client", "name", "roles", "policy"];

impl From<Vec<(String, String)>> for Fields {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(name, _)| KNOWN.contains(&name.as_str())).collect())
    }
}

/// For templates: what was typed, by name.
impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(KNOWN.map(|name| (name, self.get(name))))
    }
}

impl Fields {
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    pub(super) fn sample() -> Self {
        Self::of(&[("email", "<b>"), ("days", "7"), ("name", "Lindenhof <Clinic>"), ("policy", "free")])
    }

    /// What was typed, or what stands in the form at first. An address alone comes from the list of people.
    pub(super) fn over(self, first: Self) -> Self {
        if self.0.iter().any(|(name, _)| name != "email") {
            return self;
        }
        Self(first.0.into_iter().chain(self.0).collect())
    }

    /// The same as a query, to come back with.
    pub(super) fn query(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        format!("?{}", serde_urlencoded::to_string(&self.0).unwrap_or_default())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        self.0.iter().any(|(name, value)| name == "role" && value == role)
    }

    /// Those that are ticked.
    pub(super) fn roles(&self) -> Result<Roles, Invalid> {
        let ticked = self.0.iter().filter(|(name, value)| name == "role" && !value.is_empty());
        ticked.map(|(_, value)| RoleName::parse(value)).collect()
    }
}

/// What was chosen on the page, as far as the deed asks for a choice.
#[derive(Debug)]
pub(super) enum Choice {
    Invite(New),
    Change(Settings),
    Roles(Roles),
    Nothing,
}

impl Choice {
    /// # Errors
    /// The text that says what is wrong.
    pub(super) fn parse(deed: Deed, fields: &Fields) -> Result<Self, &'static str> {
        let roles = || fields.roles().map_err(|_| "choice");
        match deed {
            Deed::Invite => Ok(Self::Invite(New {
                email: Email::parse(fields.get("email")).map_err(|_| "email")?,
                roles: roles()?,
                client: match fields.get("client") {
                    "" => None,
                    client => Some(ClientId::parse(client).map_err(|_| "choice")?),
                },
                days: fields.get("days").trim().parse().map_err(|_| "lifetime")?,
                language: None,
            })),
            Deed::Change => Ok(Self::Change(Settings {
                name: OrganizationName::parse(fields.get("name")).map_err(|_| "name")?,
                policy: match fields.get("policy") {
                    "" => None,
                    policy => Some(Policy::from_stored(policy).ok_or("choice")?),
                },
                roles: Roles::parse(&fields.get("roles").replace(',', " ")).map_err(|_| "choice")?,
            })),
            Deed::Roles(_) => Ok(Self::Roles(roles()?)),
            _ => Ok(Self::Nothing),
        }
    }
}
