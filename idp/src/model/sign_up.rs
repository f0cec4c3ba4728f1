//! Somebody who makes an account of their own: the link that was mailed to them, and what is known of them
//! until the account exists.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::attempt::BrowserId;
use super::ids::{LinkId, UserId};
use super::user::{Email, Language, PersonName, User};

/// How long a link for a new account can be used.
pub const LINK_LIFETIME: Duration = Duration::hours(1);
/// How long somebody who has said their name may take to add a way in.
pub const NEWCOMER_LIFETIME: Duration = Duration::minutes(30);

/// A link as it is kept: its secret only as a hash. The address is nobody's yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpLink {
    pub id: LinkId,
    pub email: Email,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// What lets somebody make an account, as the SHA-256 of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ticket {
    /// A link that they asked for, where people may make accounts themselves.
    Link([u8; 32]),
    /// An invitation to an organization.
    Invitation([u8; 32]),
}

/// Somebody who has followed their link and said their name, and has no way in yet. In ephemeral storage,
/// under a random handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    pub browser: BrowserId,
    /// What is spent with the account.
    pub ticket: Ticket,
    /// What they will be known by, which their passkey has to know before they exist.
    pub id: UserId,
    pub handle: Vec<u8>,
    pub email: Email,
    pub given_name: PersonName,
    pub family_name: PersonName,
    pub language: Option<Language>,
}

impl Newcomer {
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        matches!(self.ticket, Ticket::Invitation(_))
    }

    /// The person they become. Whoever has the link reads the mailbox.
    #[must_use]
    pub fn user(&self, now: OffsetDateTime) -> User {
        let names = (self.email.clone(), self.given_name.clone(), self.family_name.clone());
        User {
            handle: self.handle.clone(),
            email_verified: true,
            language: self.language.clone(),
            ..User::new((self.id, [0; 64]), names, now)
        }
    }
}
