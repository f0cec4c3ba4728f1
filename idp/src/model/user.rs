//! A person and how they are addressed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::ids::UserId;
use super::{Invalid, text_type};

text_type!(
    /// An e-mail address: trimmed, lower case, at most 254 bytes, one `@`, something on both sides.
    /// Whether it receives mail is found out by sending some, not by a grammar.
    Email,
    |text| {
        let invalid = |why| Err(Invalid::new("email", why));
        let text = text.trim().to_lowercase();
        if text.len() > 254 {
            return invalid("must be at most 254 bytes");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return invalid("must not contain spaces");
        }
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
            {
                Ok(text)
            }
            _ => invalid("must look like name@example.org"),
        }
    }
);

text_type!(
    /// A given or family name: trimmed, 1 to 100 characters, no control characters.
    PersonName,
    |text| {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("name", "must not be empty"));
        }
        if text.chars().count() > 100 {
            return Err(Invalid::new("name", "must be at most 100 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("name", "must not contain control characters"));
        }
        Ok(text.to_owned())
    }
);

/// Rights over the whole service. Rights inside an organization are memberships, not this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceRole {
    Operator,
    Support,
    Auditor,
}

impl ServiceRole {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Support => "support",
            Self::Auditor => "auditor",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Operator, Self::Support, Self::Auditor].into_iter().find(|role| role.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// True only for exactly this address, proven by its owner.
    pub email_verified: bool,
    pub given_name: PersonName,
    pub family_name: PersonName,
    /// WebAuthn `user.id`: 64 random bytes, without meaning, for the life of the account.
    pub handle: Vec<u8>,
    pub role: Option<ServiceRole>,
    pub disabled_at: Option<OffsetDateTime>,
    /// Until then the offer of a passkey after a password sign-in is not shown.
    pub offer_snoozed_until: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

impl User {
    /// Somebody new, without rights and with an address nobody has checked.
    #[must_use]
    pub fn new(
        (id, handle): (UserId, [u8; 64]),
        (email, given_name, family_name): (Email, PersonName, PersonName),
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            email,
            email_verified: false,
            given_name,
            family_name,
            handle: handle.to_vec(),
            role: None,
            disabled_at: None,
            offer_snoozed_until: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_is_one_address_in_every_case() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap().as_str(), "ada@example.org");
    }

    #[test]
    fn email_refuses_what_cannot_be_one() {
        for text in ["", "ada", "@example.org", "ada@", "a@b@c", "a b@c", "a\n@c"] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(254))).is_err());
    }

    #[test]
    fn name_refuses_control_characters_and_emptiness() {
        for text in ["", "   ", "a\u{1b}[31m", &"x".repeat(101)] {
            assert!(PersonName::parse(text).is_err(), "{text:?}");
        }
    }
}
