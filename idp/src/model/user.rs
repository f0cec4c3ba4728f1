//! A person and how they are addressed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::details::Details;
use super::ids::UserId;
use super::session::{Assurance, Method};
use super::{Invalid, text_type};

text_type!(
    /// An e-mail address: trimmed, lower case, at most 254 bytes, one `@`, something on both sides,
    /// and nothing that a mail program would read as more than an address.
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
        // These have a meaning to mail programs: with them, it would be another address than it looks.
        if text.chars().any(|c| r#"<>()[]\,;:""#.contains(c)) {
            return invalid("must be a plain address such as name@example.org");
        }
        let whole = |part: &str| part.split('.').all(|label| !label.is_empty());
        match text.split_once('@') {
            Some((local, domain)) if whole(local) && whole(domain) && !domain.contains('@') => Ok(text),
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

impl PersonName {
    /// What somebody typed, or the text that says what is wrong with it.
    ///
    /// # Errors
    /// `name-empty` or `name-long`.
    pub fn typed(text: &str) -> Result<Self, &'static str> {
        Self::parse(text).map_err(|_| if text.trim().is_empty() { "name-empty" } else { "name-long" })
    }
}

text_type!(
    /// A language a person reads, as a BCP 47 tag.
    Language,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || text.len() > 35 || !text.chars().all(legal) {
            return Err(Invalid::new("language", "must be a BCP 47 tag such as en or de-CH"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// The name of a time zone as the IANA database has it, such as `Europe/Zurich`. Whether there is
    /// one of that name is for whoever shows times.
    TimeZoneName,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if text.is_empty() || text.len() > 60 || !text.chars().all(legal) {
            return Err(Invalid::new("time zone", "must be a name such as Europe/Zurich"));
        }
        Ok(text.to_owned())
    }
);

/// How an account may be opened, from the mildest to the strictest; of several the strictest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// A password alone will do where there is nothing better.
    #[default]
    Free,
    /// More than a password: a passkey, or a code after the password.
    RequireSecondFactor,
    /// There must be a passkey; other ways stay open beside it.
    RequirePasskey,
    /// Nothing but a passkey opens the account.
    PasskeyOnly,
}

impl Policy {
    pub const ALL: [Self; 4] =
        [Self::Free, Self::RequireSecondFactor, Self::RequirePasskey, Self::PasskeyOnly];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::RequireSecondFactor => "require_second_factor",
            Self::RequirePasskey => "require_passkey",
            Self::PasskeyOnly => "passkey_only",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }

    /// Whether a sign-in by `method` is what this rule would have let through, of somebody who has passkeys now or none.
    #[must_use]
    pub fn is_met_by(self, method: Method, has_passkeys: bool) -> bool {
        let assurance = method.assurance();
        match self {
            Self::Free => true,
            Self::RequireSecondFactor => assurance >= Assurance::SecondFactor,
            Self::RequirePasskey => assurance >= Assurance::SecondFactor && has_passkeys,
            Self::PasskeyOnly => assurance >= Assurance::PhishingResistant,
        }
    }
}

impl std::str::FromStr for Policy {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let why = "must be free, require_second_factor, require_passkey or passkey_only";
        Self::from_stored(text).ok_or(Invalid::new("policy", why))
    }
}

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

    /// Whether the console shows them the way to the rooms about the service as a whole, which judge for themselves.
    #[must_use]
    pub const fn is_shown_the_service(self) -> bool {
        matches!(self, Self::Operator | Self::Auditor)
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
    /// By whoever runs the service, and not by an organization of theirs: only the former lets them back in.
    pub disabled_by_service: bool,
    /// What their pages and mails are written in, where nobody asked for another one.
    pub language: Option<Language>,
    /// What the times in their mails are given in.
    pub time_zone: Option<TimeZoneName>,
    pub policy: Policy,
    pub details: Details,
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
            disabled_by_service: false,
            language: None,
            time_zone: None,
            policy: Policy::Free,
            details: Details::default(),
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

    /// Whether anybody else's word can stand for them, where `policy` holds for them. Where nothing but a passkey
    /// opens an account, it can not: a key of somebody else would be a second way to act for them.
    #[must_use]
    pub fn may_be_vouched_for(&self, policy: Policy) -> bool {
        self.is_enabled() && policy != Policy::PasskeyOnly
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
        for text in
            ["", "ada", "@example.org", "ada@", "a@b@c", "a b@c", "a\n@c", "a@b..c", "a..b@c", ".a@b", "a@b."]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(254))).is_err());
    }

    /// What would reach somebody else than it seems to.
    #[test]
    fn email_refuses_what_is_more_than_one_address() {
        for text in
            ["x<me@evil.example>", "\"a\"@b.example", "a@b.example,c", "a@[192.0.2.1]", "g:a@b.example;"]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_strictest_policy_is_the_greatest() {
        assert!(Policy::ALL.is_sorted());
        for policy in Policy::ALL {
            assert_eq!(Policy::from_stored(policy.as_str()), Some(policy));
        }
    }

    #[test]
    fn name_refuses_control_characters_and_emptiness() {
        for text in ["", "   ", "a\u{1b}[31m", &"x".repeat(101)] {
            assert!(PersonName::parse(text).is_err(), "{text:?}");
        }
    }
}
