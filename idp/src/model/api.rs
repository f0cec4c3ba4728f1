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
    PeopleCreate,
    RolesWrite,
    OrganizationsRead,
    OrganizationsWrite,
    AuditRead,
    ApplicationsRead,
    ApplicationsWrite,
    ServiceRead,
    ServiceWrite,
}

impl AdminScope {
    pub const ALL: [Self; 12] = [
        Self::PeopleRead,
        Self::PeopleHelp,
        Self::PeopleWrite,
        Self::PeopleCreate,
        Self::RolesWrite,
        Self::OrganizationsRead,
        Self::OrganizationsWrite,
        Self::AuditRead,
        Self::ApplicationsRead,
        Self::ApplicationsWrite,
        Self::ServiceRead,
        Self::ServiceWrite,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PeopleRead => "admin:people.read",
            Self::PeopleHelp => "admin:people.help",
            Self::PeopleWrite => "admin:people.write",
            Self::PeopleCreate => "admin:people.create",
            Self::RolesWrite => "admin:roles.write",
            Self::OrganizationsRead => "admin:organizations.read",
            Self::OrganizationsWrite => "admin:organizations.write",
            Self::AuditRead => "admin:audit.read",
            Self::ApplicationsRead => "admin:applications.read",
            Self::ApplicationsWrite => "admin:applications.write",
            Self::ServiceRead => "admin:service.read",
            Self::ServiceWrite => "admin:service.write",
        }
    }

    /// What it opens, for developers.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::PeopleRead => {
                "See people, how they get in, who belongs to an organization or is invited, and the figures"
            }
            Self::PeopleHelp => {
                "Bring people back in: log them out, remove what was lost, unlock, send a link"
            }
            Self::PeopleWrite => "Disable and enable accounts, and say how somebody may sign in",
            Self::PeopleCreate => "Make accounts",
            Self::RolesWrite => "Give and take roles over the whole service",
            Self::OrganizationsRead => "See organizations",
            Self::OrganizationsWrite => "Make and change organizations, their members and invitations",
            Self::AuditRead => "Read the audit trail",
            Self::ApplicationsRead => "See applications",
            Self::ApplicationsWrite => "Register, change and remove applications, and make their secrets",
            Self::ServiceRead => "See signing keys, what waits to be sent, and how the service does",
            Self::ServiceWrite => "Rotate signing keys, and send again or give up what waits",
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
