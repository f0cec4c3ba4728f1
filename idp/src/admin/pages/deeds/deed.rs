//! The deeds there are, their addresses, and where they are offered.

use crate::admin::pages::person::Tab;
use crate::admin::people::Person;
use crate::model::client::ClientId;
use crate::model::ids::{PasskeyId, SessionId, UserId};
use crate::web::error::PageError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::admin::pages) enum Deed {
    RemovePasskey(PasskeyId),
    EndSession(SessionId),
    Disconnect(ClientId),
    ResetPasskeys,
    ResetTwoFactor,
    Unlock,
    LogOut,
    Link,
    Disable,
    Enable,
    Role,
    Policy,
}

impl Deed {
    /// All that need no more than their name.
    pub(in crate::admin::pages) const NAMED: [Self; 9] = [
        Self::ResetPasskeys,
        Self::ResetTwoFactor,
        Self::Unlock,
        Self::LogOut,
        Self::Link,
        Self::Disable,
        Self::Enable,
        Self::Role,
        Self::Policy,
    ];

    pub(in crate::admin::pages) const fn as_str(&self) -> &'static str {
        match self {
            Self::RemovePasskey(_) => "remove-passkey",
            Self::EndSession(_) => "end-session",
            Self::Disconnect(_) => "disconnect",
            Self::ResetPasskeys => "reset-passkeys",
            Self::ResetTwoFactor => "reset-two-factor",
            Self::Unlock => "unlock",
            Self::LogOut => "log-out",
            Self::Link => "link",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Role => "role",
            Self::Policy => "policy",
        }
    }

    /// Whether the person's page offers it. What is done is judged once more by what does it.
    pub(in crate::admin::pages) fn is_open(&self, seen: &Person) -> bool {
        let enabled = seen.user.is_enabled();
        match self {
            Self::RemovePasskey(id) => seen.may_help && seen.passkeys.iter().any(|known| known.id == *id),
            Self::EndSession(id) => seen.may_help && seen.sessions.iter().any(|known| known.id == *id),
            Self::ResetPasskeys | Self::ResetTwoFactor | Self::LogOut | Self::Disconnect(_) => seen.may_help,
            Self::Unlock => seen.may_help && seen.has_password,
            Self::Link => seen.may_help && enabled,
            Self::Disable => seen.may_disable && enabled,
            Self::Enable => seen.may_disable && !enabled,
            Self::Role => seen.may_set_role,
            Self::Policy => seen.may_set_policy,
        }
    }

    /// The part of the person's page that it belongs to, and that shows that it was done.
    pub(super) const fn tab(&self) -> Tab {
        match self {
            Self::RemovePasskey(_) | Self::ResetPasskeys | Self::ResetTwoFactor | Self::Unlock => {
                Tab::Passkeys
            }
            Self::EndSession(_) => Tab::Sessions,
            Self::Disconnect(_) => Tab::Applications,
            Self::LogOut | Self::Link | Self::Disable | Self::Enable | Self::Role | Self::Policy => {
                Tab::Overview
            }
        }
    }

    /// Logging somebody out belongs to where they are logged in as well.
    pub(in crate::admin::pages) fn is_offered_at(&self, tab: Tab) -> bool {
        self.tab() == tab || (*self == Self::LogOut && tab == Tab::Sessions)
    }

    pub(super) fn address(&self, person: UserId) -> String {
        match self {
            Self::RemovePasskey(id) => format!("/admin/people/{person}/passkeys/{id}"),
            Self::EndSession(id) => format!("/admin/people/{person}/sessions/{id}"),
            Self::Disconnect(client) => format!("/admin/people/{person}/applications/{client}"),
            other => format!("/admin/people/{person}/{}", other.as_str()),
        }
    }
}

/// The person and the deed that a path names.
pub(super) fn short((person, deed): &(String, String)) -> Result<(UserId, Deed), PageError> {
    let found = Deed::NAMED.into_iter().find(|known| known.as_str() == deed);
    Ok((person.parse().map_err(|_| PageError::NotFound)?, found.ok_or(PageError::NotFound)?))
}

pub(super) fn long((person, kind, which): &(String, String, String)) -> Result<(UserId, Deed), PageError> {
    let deed = match kind.as_str() {
        "passkeys" => Deed::RemovePasskey(which.parse().map_err(|_| PageError::NotFound)?),
        "sessions" => Deed::EndSession(which.parse().map_err(|_| PageError::NotFound)?),
        "applications" => Deed::Disconnect(which.parse().map_err(|_| PageError::NotFound)?),
        _ => return Err(PageError::NotFound),
    };
    Ok((person.parse().map_err(|_| PageError::NotFound)?, deed))
}
