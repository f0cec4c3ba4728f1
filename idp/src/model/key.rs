//! Keys that sign tokens, as far as anyone outside `crypto` may know them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Invalid, text_type};

/// The signature algorithms we sign with (RFC 7518, RFC 8037). An allow-list: `none` and the
/// symmetric ones have no variant and so cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SigningAlg {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "ES256")]
    Es256,
    /// With Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlg {
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Signing.
    Current,
    /// Published until the last token it signed has expired.
    Retired,
}

impl KeyState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Retired => "retired",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Next, Self::Current, Self::Retired].into_iter().find(|state| state.as_str() == text)
    }
}

text_type!(
    /// RFC 7638: the SHA-256 of a public key, in base64url.
    Thumbprint,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.len() != 43 || !text.chars().all(legal) {
            return Err(Invalid::new("thumbprint", "must be 43 characters of base64url"));
        }
        Ok(text.to_owned())
    }
);

/// A signing key without its private half.
#[derive(Debug, Clone)]
pub struct PublicKey {
    pub kid: String,
    pub alg: SigningAlg,
    pub state: KeyState,
    pub jwk: serde_json::Value,
    pub created_at: OffsetDateTime,
    /// When it came into the state it is in.
    pub changed_at: OffsetDateTime,
}
