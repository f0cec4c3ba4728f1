//! The deeds there are, their addresses, and on which pages they are offered.

use super::form::Fields;
use crate::admin::organizations::Seen;
use crate::model::ids::{InvitationId, OrganizationId, UserId};
use crate::web::error::PageError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin::pages) enum Deed {
    Invite,
    Change,
    Disable,
    Enable,
    Roles(UserId),
    Remove(UserId),
    Resend(InvitationId),
    Withdraw(InvitationId),
}

impl Deed {
    /// All that need no more than their name.
    pub(in crate::admin::pages) const NAMED: [Self; 4] =
        [Self::Invite, Self::Change, Self::Disable, Self::Enable];

    pub(in crate::admin::pages) const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Change => "change",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Roles(_) => "roles",
            Self::Remove(_) => "remove",
            Self::Resend(_) => "resend",
            Self::Withdraw(_) => "withdraw",
        }
    }

    /// Whether the page offers it. What is done is judged once more by what does it.
    pub(in crate::admin::pages) const fn is_open(self, seen: &Seen) -> bool {
        let enabled = seen.organization.is_enabled();
        match self {
            Self::Invite | Self::Resend(_) => seen.may_run && enabled,
            Self::Change | Self::Roles(_) | Self::Remove(_) | Self::Withdraw(_) => seen.may_run,
            Self::Disable => seen.may_disable && enabled,
            Self::Enable => seen.may_disable && !enabled,
        }
    }

    /// Whether it gives or takes rights, or touches many.
    pub(super) fn is_dangerous(self, fields: &Fields) -> bool {
        match self {
            Self::Invite => fields.roles().is_ok_and(|roles| roles.is_administrator()),
            Self::Withdraw(_) => false,
            // It may be for an administrator, and counts as an invitation of whoever sends it again.
            Self::Resend(_)
            | Self::Change
            | Self::Disable
            | Self::Enable
            | Self::Roles(_)
            | Self::Remove(_) => true,
        }
    }

    pub(super) fn address(self, id: OrganizationId) -> String {
        let name = self.as_str();
        match self {
            Self::Roles(person) | Self::Remove(person) => {
                format!("/admin/organizations/{id}/members/{person}/{name}")
            }
            Self::Resend(invitation) | Self::Withdraw(invitation) => {
                format!("/admin/organizations/{id}/invitations/{invitation}/{name}")
            }
            _ => format!("/admin/organizations/{id}/{name}"),
        }
    }
}

pub(super) type Names = (String, String);
pub(super) type LongNames = (String, String, String, String);

fn id_of(text: &str) -> Result<OrganizationId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The organization and the deed that a path names.
pub(super) fn short((id, deed): &Names) -> Result<(OrganizationId, Deed), PageError> {
    let found = Deed::NAMED.into_iter().find(|known| known.as_str() == deed);
    Ok((id_of(id)?, found.ok_or(PageError::NotFound)?))
}

pub(super) fn long((id, kind, which, deed): &LongNames) -> Result<(OrganizationId, Deed), PageError> {
    let person = || which.parse().map_err(|_| PageError::NotFound);
    let invitation = || which.parse().map_err(|_| PageError::NotFound);
    let deed = match (kind.as_str(), deed.as_str()) {
        ("members", "roles") => Deed::Roles(person()?),
        ("members", "remove") => Deed::Remove(person()?),
        ("invitations", "resend") => Deed::Resend(invitation()?),
        ("invitations", "withdraw") => Deed::Withdraw(invitation()?),
        _ => return Err(PageError::NotFound),
    };
    Ok((id_of(id)?, deed))
}
