//! Clinics and practice groups, who belongs to them and in which roles, and who is asked to join.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::client::ClientId;
use super::ids::{InvitationId, OrganizationId, UserId};
use super::user::{Email, Policy};
use super::{Invalid, text_set, text_type};

text_type!(
    /// The short name of an organization in addresses and requests: 2 to 60 small letters, digits and hyphens.
    Slug,
    |text| {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.len() < 2 || text.len() > 60 || !text.chars().all(legal) {
            return Err(Invalid::new("slug", "must be 2 to 60 small letters, digits and hyphens"));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(Invalid::new("slug", "must not begin or end with a hyphen"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// What people call it: trimmed, 1 to 100 characters, no control characters.
    OrganizationName,
    |text| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 100 {
            return Err(Invalid::new("name", "must be 1 to 100 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("name", "must not contain control characters"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// What somebody is in an organization: 1 to 40 small letters, digits, hyphens and underscores.
    RoleName,
    |text| {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if text.is_empty() || text.len() > 40 || !text.chars().all(legal) {
            return Err(Invalid::new("role", "must be 1 to 40 small letters, digits, hyphens and underscores"));
        }
        Ok(text.to_owned())
    }
);

text_set!(
    /// Roles of a member, or those that an organization knows.
    Roles of RoleName
);

impl Roles {
    /// Looks after the people of its organization. Every organization knows it.
    pub const ADMINISTRATOR: &'static str = "administrator";

    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.contains(Self::ADMINISTRATOR)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub slug: Slug,
    pub name: OrganizationName,
    /// At least this holds for its members. `None`: what holds for everybody.
    pub policy: Option<Policy>,
    /// The roles it gives, beside that of administrators.
    pub roles: Roles,
    pub disabled_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl Organization {
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Whether a member may be given these roles.
    #[must_use]
    pub fn knows(&self, roles: &Roles) -> bool {
        roles.iter().all(|role| role.as_str() == Roles::ADMINISTRATOR || self.roles.contains(role.as_str()))
    }
}

/// That somebody belongs to an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub user_id: UserId,
    pub organization_id: OrganizationId,
    pub roles: Roles,
    pub created_at: OffsetDateTime,
}

/// An invitation is good for so many days.
pub const INVITATION_DAYS: std::ops::RangeInclusive<u32> = 1..=30;
/// …and for so many unless somebody says otherwise.
pub const USUAL_INVITATION_DAYS: u32 = 7;
/// So long afterwards its link still says what became of it.
pub const INVITATION_REMEMBERED: Duration = Duration::days(7);

/// Somebody in an organization that they act for, as both are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub organization: Organization,
    pub roles: Roles,
}

/// An address that is asked to join, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub organization_id: OrganizationId,
    pub email: Email,
    pub roles: Roles,
    /// `None`: the command line.
    pub invited_by: Option<UserId>,
    /// Who had the address when it was invited: nobody else counts as them later.
    pub invitee: Option<UserId>,
    /// The application that they go on to.
    pub client: Option<ClientId>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub ended: Option<Ending>,
}

/// How an invitation ended that did not only grow old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    Accepted,
    /// Whoever was invited does not want to.
    Refused,
    /// Whoever invited took it back.
    Withdrawn,
    /// A newer one to the same address took its place.
    Replaced,
}

impl Ending {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Replaced => "replaced",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Accepted, Self::Refused, Self::Withdrawn, Self::Replaced]
            .into_iter()
            .find(|ending| ending.as_str() == text)
    }
}

/// Where a rule for signing in comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum PolicySource {
    /// The configuration: for everybody.
    Service,
    Organization {
        id: OrganizationId,
        name: OrganizationName,
    },
    /// An organization that whoever asks knows nothing of.
    Elsewhere,
    /// Set for this person.
    Person,
    /// The application that they are on the way to.
    Application,
}

/// The rule that holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectivePolicy {
    pub policy: Policy,
    pub source: PolicySource,
}

impl EffectivePolicy {
    /// Of the service's rule, those of organizations and a person's own, the strictest holds. Where several say the
    /// same, the widest is named.
    #[must_use]
    pub fn of(service: Policy, organizations: &[Organization], own: Policy) -> Self {
        let mut found = Self { policy: service, source: PolicySource::Service };
        for organization in organizations.iter().filter(|organization| organization.is_enabled()) {
            if let Some(policy) = organization.policy.filter(|policy| *policy > found.policy) {
                let (id, name) = (organization.id, organization.name.clone());
                found = Self { policy, source: PolicySource::Organization { id, name } };
            }
        }
        if own > found.policy {
            found = Self { policy: own, source: PolicySource::Person };
        }
        found
    }

    /// The same at an application that has a rule of its own.
    #[must_use]
    pub fn at(self, application: Option<Policy>) -> Self {
        match application {
            Some(policy) if policy > self.policy => Self { policy, source: PolicySource::Application },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(policy: Option<Policy>) -> Organization {
        let now = OffsetDateTime::UNIX_EPOCH;
        Organization {
            id: OrganizationId::new(now, [1; 10]),
            slug: Slug::parse("lindenhof").unwrap(),
            name: OrganizationName::parse("Lindenhof").unwrap(),
            policy,
            roles: Roles::parse("practitioner reception").unwrap(),
            disabled_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_slug_is_what_an_address_can_hold() {
        for text in ["", "a", "A-b", "-ab", "ab-", "a_b", "ä-b", &"a".repeat(61)] {
            assert!(Slug::parse(text).is_err(), "{text:?}");
        }
        assert!(Slug::parse("lindenhof-2").is_ok());
    }

    /// A role ends up in tokens, where applications decide by it.
    #[test]
    fn roles_are_those_that_the_organization_knows_and_its_administrators() {
        let lindenhof = organization(None);
        for (roles, known) in
            [("practitioner", true), ("administrator reception", true), ("", true), ("operator", false)]
        {
            assert_eq!(lindenhof.knows(&Roles::parse(roles).unwrap()), known, "{roles}");
        }
        assert!(RoleName::parse("Praxis Leitung").is_err());
    }

    #[test]
    fn the_strictest_rule_holds_and_says_where_it_is_from() {
        let of = |service, organization_policy, own| {
            EffectivePolicy::of(service, &[organization(organization_policy)], own)
        };
        let nothing = of(Policy::Free, None, Policy::Free);
        assert_eq!((nothing.policy, nothing.source), (Policy::Free, PolicySource::Service));
        let clinic = of(Policy::RequireSecondFactor, Some(Policy::RequirePasskey), Policy::Free);
        assert_eq!(clinic.policy, Policy::RequirePasskey);
        assert!(matches!(clinic.source, PolicySource::Organization { .. }));
        let own = of(Policy::Free, Some(Policy::RequireSecondFactor), Policy::PasskeyOnly);
        assert_eq!((own.policy, own.source), (Policy::PasskeyOnly, PolicySource::Person));
        let milder = of(Policy::RequirePasskey, Some(Policy::Free), Policy::Free);
        assert_eq!((milder.policy, milder.source), (Policy::RequirePasskey, PolicySource::Service));
    }

    #[test]
    fn an_application_asks_for_more_and_never_for_less() {
        let own = || EffectivePolicy::of(Policy::RequireSecondFactor, &[], Policy::Free);
        let stricter = own().at(Some(Policy::PasskeyOnly));
        assert_eq!((stricter.policy, stricter.source), (Policy::PasskeyOnly, PolicySource::Application));
        for milder in [None, Some(Policy::Free), Some(Policy::RequireSecondFactor)] {
            assert_eq!(own().at(milder), own(), "{milder:?}");
        }
    }

    #[test]
    fn an_organization_that_was_disabled_has_no_say() {
        let disabled = Organization {
            disabled_at: Some(OffsetDateTime::UNIX_EPOCH),
            ..organization(Some(Policy::PasskeyOnly))
        };
        assert_eq!(EffectivePolicy::of(Policy::Free, &[disabled], Policy::Free).policy, Policy::Free);
    }
}
