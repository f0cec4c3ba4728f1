//! The administration API as applications know it: where it is, and the scopes that open parts of it.

use super::scope::Scopes;

/// Where it is. With the issuer in front it is the resource that access tokens are asked for (RFC 8707).
pub const PATH: &str = "/api/v1";

/// A part of administration that a token may be for. It never gives anybody a right: of what a person may do, a token
/// with it may do this much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminScope {
    PeopleRead,
    PeopleHelp,
    PeopleWrite,
    RolesWrite,
    OrganizationsRead,
    OrganizationsWrite,
    AuditRead,
    ApplicationsRead,
}

impl AdminScope {
    pub const ALL: [Self; 8] = [
        Self::PeopleRead,
        Self::PeopleHelp,
        Self::PeopleWrite,
        Self::RolesWrite,
        Self::OrganizationsRead,
        Self::OrganizationsWrite,
        Self::AuditRead,
        Self::ApplicationsRead,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PeopleRead => "admin:people.read",
            Self::PeopleHelp => "admin:people.help",
            Self::PeopleWrite => "admin:people.write",
            Self::RolesWrite => "admin:roles.write",
            Self::OrganizationsRead => "admin:organizations.read",
            Self::OrganizationsWrite => "admin:organizations.write",
            Self::AuditRead => "admin:audit.read",
            Self::ApplicationsRead => "admin:applications.read",
        }
    }

    /// What it opens, for developers.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::PeopleRead => "See people, how they get in, and who belongs to an organization",
            Self::PeopleHelp => {
                "Bring people back in: log them out, remove what was lost, unlock, send a link"
            }
            Self::PeopleWrite => "Disable and enable accounts, and say how somebody may sign in",
            Self::RolesWrite => "Give and take roles over the whole service",
            Self::OrganizationsRead => "See organizations",
            Self::OrganizationsWrite => "Make and change organizations and their members",
            Self::AuditRead => "Read the audit trail",
            Self::ApplicationsRead => "See applications",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Those among these scopes.
    pub fn among(scopes: &Scopes) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|scope| scopes.contains(scope.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_a_name_of_its_own() {
        for scope in AdminScope::ALL {
            assert_eq!(AdminScope::named(scope.as_str()), Some(scope));
        }
        let some = Scopes::parse("openid admin:audit.read admin:everything").unwrap();
        assert_eq!(AdminScope::among(&some).collect::<Vec<_>>(), [AdminScope::AuditRead]);
    }
}
