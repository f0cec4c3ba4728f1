//! A signed-in browser, and how strongly its person was authenticated.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::ids::{PasskeyId, SessionId, UserId};
use super::moment::is_to_come;

/// What a person has shown in one sign-in. The claims `acr` and `amr` follow from it and from
/// nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A user-verified passkey.
    Passkey,
    /// A password and then a passkey, whichever came first, whatever the passkey verified.
    PasswordAndPasskey,
    /// A password and then a code of the person's code app.
    PasswordAndCode,
    /// A password and then one of the recovery codes.
    PasswordAndRecoveryCode,
    /// A password alone.
    Password,
}

impl Method {
    pub const ALL: [Self; 5] = [
        Self::Passkey,
        Self::PasswordAndPasskey,
        Self::PasswordAndCode,
        Self::PasswordAndRecoveryCode,
        Self::Password,
    ];

    /// Two factors that the person can show again: good enough to change how they get in.
    #[must_use]
    pub const fn is_strong(self) -> bool {
        matches!(self, Self::Passkey | Self::PasswordAndPasskey | Self::PasswordAndCode)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::PasswordAndPasskey => "password-passkey",
            Self::PasswordAndCode => "password-code",
            Self::PasswordAndRecoveryCode => "password-recovery-code",
            Self::Password => "password",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }

    #[must_use]
    pub const fn assurance(self) -> Assurance {
        match self {
            Self::Passkey | Self::PasswordAndPasskey => Assurance::PhishingResistant,
            Self::PasswordAndCode | Self::PasswordAndRecoveryCode => Assurance::SecondFactor,
            Self::Password => Assurance::Password,
        }
    }

    /// RFC 8176 values. A passkey does not say whether a PIN or a finger verified the person, so
    /// neither is claimed.
    #[must_use]
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["pop", "user", "mfa"],
            Self::PasswordAndPasskey => &["pwd", "pop", "user", "mfa"],
            Self::PasswordAndCode | Self::PasswordAndRecoveryCode => &["pwd", "otp", "mfa"],
            Self::Password => &["pwd"],
        }
    }
}

/// How certain we are of a person, from less to more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    Password,
    SecondFactor,
    PhishingResistant,
}

impl Assurance {
    pub const ALL: [Self; 3] = [Self::Password, Self::SecondFactor, Self::PhishingResistant];

    /// The `acr`. EAP ACR Values 1.0 names what is phishing-resistant; `mfa` and `pwd` are our own words
    /// below it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::SecondFactor => "mfa",
            Self::PhishingResistant => "phr",
        }
    }

    /// A value of ours; others mean nothing to us.
    #[must_use]
    pub fn parse(acr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == acr)
    }
}

/// What somebody may add who may not be signed in yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolment {
    Passkey,
    PasskeyOrCodeApp,
}

impl Enrolment {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::PasskeyOrCodeApp => "passkey-or-code-app",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Passkey, Self::PasskeyOrCodeApp].into_iter().find(|what| what.as_str() == text)
    }
}

/// How recent a proof has to be for a change to a person's way in.
pub const FRESH: Duration = Duration::minutes(5);

/// How long a session may live, on the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    pub idle: Duration,
    pub absolute: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    /// The passkey that began it; the session ends when that passkey is deleted.
    pub passkey_id: Option<PasskeyId>,
    pub method: Method,
    /// The last moment the person proved themselves, not the last request.
    pub authenticated_at: OffsetDateTime,
    pub created_at: OffsetDateTime,
    pub last_seen_at: OffsetDateTime,
    /// The absolute end.
    pub expires_at: OffsetDateTime,
    pub browser: String,
    /// Where it was begun, as far as the network tells.
    pub network: String,
    /// Good for adding this one way in and for nothing else: no application and no other page knows it.
    pub limited: Option<Enrolment>,
}

impl Session {
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime, limits: SessionLimits) -> bool {
        now < self.expires_at && now - self.last_seen_at < limits.idle && !self.is_of_a_wrong_clock(now)
    }

    /// Begun or used while a clock was ahead: nobody knows when it should end, and a clock that is set back prolongs
    /// nothing.
    #[must_use]
    pub fn is_of_a_wrong_clock(&self, now: OffsetDateTime) -> bool {
        is_to_come(self.authenticated_at, now) || is_to_come(self.last_seen_at, now)
    }

    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limited.is_some()
    }

    #[must_use]
    pub fn is_fresh(&self, now: OffsetDateTime, within: Duration) -> bool {
        now - self.authenticated_at <= within && !self.is_of_a_wrong_clock(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SessionLimits = SessionLimits { idle: Duration::hours(1), absolute: Duration::hours(24) };

    fn session() -> Session {
        let start = OffsetDateTime::UNIX_EPOCH;
        Session {
            id: SessionId::new(start, [1; 10]),
            user_id: UserId::new(start, [2; 10]),
            passkey_id: None,
            method: Method::Password,
            authenticated_at: start,
            created_at: start,
            last_seen_at: start,
            expires_at: start + LIMITS.absolute,
            browser: String::new(),
            network: String::new(),
            limited: None,
        }
    }

    /// J3
    #[test]
    fn a_session_ends_when_idle_or_old() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let mut session = session();
        assert!(session.is_live(start + Duration::minutes(59), LIMITS));
        assert!(!session.is_live(start + Duration::hours(1), LIMITS));
        session.last_seen_at = start + Duration::hours(24);
        assert!(!session.is_live(start + Duration::hours(24), LIMITS));
    }

    #[test]
    fn a_clock_that_is_set_back_prolongs_nothing() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let mut session = session();
        assert!(session.is_live(start - Duration::seconds(30), LIMITS), "clocks of nodes differ a little");
        let back = start - Duration::hours(1);
        assert!(!session.is_live(back, LIMITS) && !session.is_fresh(back, FRESH));
        session.last_seen_at = start + Duration::minutes(50);
        assert!(!session.is_live(start + Duration::minutes(20), LIMITS), "nobody knows how long it was idle");
    }
}
