//! The authenticators of a person: passkeys, the code app, recovery codes.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::attempt::BrowserId;
use super::ids::{PasskeyId, UserId};
use super::user::Policy;
use super::{Invalid, text_type};

/// A person keeps at most this many passkeys.
pub const MAX_PASSKEYS: usize = 20;

text_type!(
    /// The person's own name for a passkey: trimmed, 1 to 60 characters.
    PasskeyName,
    |text| {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("passkey name", "must not be empty"));
        }
        if text.chars().count() > 60 {
            return Err(Invalid::new("passkey name", "must be at most 60 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("passkey name", "must not contain control characters"));
        }
        Ok(text.to_owned())
    }
);

/// What kind of thing keeps a passkey: decides the neutral icon on its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthenticatorKind {
    Phone,
    Computer,
    PasswordManager,
    SecurityKey,
}

/// The credential record of WebAuthn Level 3 §4, and what people want to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    pub id: PasskeyId,
    pub user_id: UserId,
    /// The authenticator's own id, at most 1023 bytes, unique over all people.
    pub credential_id: Vec<u8>,
    /// The verified public key and its parameters, opaque outside `crypto::passkey`.
    pub record: serde_json::Value,
    pub rp_id: String,
    pub name: PasskeyName,
    pub aaguid: Uuid,
    pub transports: Vec<String>,
    pub sign_count: u32,
    pub uv_initialized: bool,
    pub backup_eligible: bool,
    pub backup_state: bool,
    pub created_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
    /// "Firefox on Linux" and the like, from the last use.
    pub last_used_with: Option<String>,
    /// The network it was last used from.
    pub last_used_from: Option<String>,
    /// The browser of the device that keeps it, as far as it has shown: where it was made, or last
    /// answered from the very same device.
    pub browser: Option<BrowserId>,
}

/// How many recovery codes a set has.
pub const RECOVERY_CODES: usize = 10;
/// With this many left or fewer, people are told to make a new set.
pub const FEW_RECOVERY_CODES: u64 = 3;

/// A person's code app (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// Since when it is a factor; `None` while it waits for its first right code.
    pub confirmed_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
}

/// What stops working after too many wrong guesses, alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    Password,
    CodeApp,
    RecoveryCodes,
}

impl Factor {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::CodeApp => "code-app",
            Self::RecoveryCodes => "recovery-codes",
        }
    }
}

/// Whether there is a code app, since when, and whether its codes still open anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodeApp {
    #[default]
    Off,
    On(OffsetDateTime),
    /// By too many wrong codes. It is asked for all the same.
    Stopped(OffsetDateTime),
}

impl CodeApp {
    #[must_use]
    pub const fn since(self) -> Option<OffsetDateTime> {
        match self {
            Self::Off => None,
            Self::On(since) | Self::Stopped(since) => Some(since),
        }
    }

    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::On(_))
    }
}

/// What a person can sign in with, as far as the flow and the forecast need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Factors {
    pub passkeys: Vec<Passkey>,
    pub code_app: CodeApp,
    pub recovery_codes_left: u64,
    pub password_usable: bool,
    pub policy: Policy,
}

impl Factors {
    /// Whether this passkey opens the account: alone, or, before its word counts, with the password.
    #[must_use]
    pub const fn opens(&self, passkey: &Passkey) -> bool {
        passkey.uv_initialized || self.password_usable
    }
}
