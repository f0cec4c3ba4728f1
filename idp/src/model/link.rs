//! Links that are sent by mail or handed over, and do one thing once.

use time::{Duration, OffsetDateTime};

use super::ids::{LinkId, UserId};

/// Where an access link leads.
pub const ACCESS_PATH: &str = "/login/access";

/// What a link is for. One made for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Sets a new password, and nothing else (security: K1).
    ResetPassword,
    /// Shows that the address it was sent to is the person's.
    ConfirmEmail,
    /// The new mailbox agrees to a change of address.
    ChangeEmailNew,
    /// The old mailbox agrees to a change of address.
    ChangeEmailOld,
    /// Opens a session that may only add a way in.
    Access,
}

impl LinkPurpose {
    pub const ALL: [Self; 5] =
        [Self::ResetPassword, Self::ConfirmEmail, Self::ChangeEmailNew, Self::ChangeEmailOld, Self::Access];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::ConfirmEmail => "confirm-email",
            Self::ChangeEmailNew => "change-email-new",
            Self::ChangeEmailOld => "change-email-old",
            Self::Access => "access",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// How long such a link lives. One for access gets its life from whoever makes it.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::ResetPassword | Self::Access => Duration::minutes(15),
            Self::ConfirmEmail | Self::ChangeEmailNew | Self::ChangeEmailOld => Duration::hours(24),
        }
    }
}

/// A link as it is kept: its secret only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: LinkId,
    pub user_id: UserId,
    pub purpose: LinkPurpose,
    /// The address it was made for.
    pub address: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}
