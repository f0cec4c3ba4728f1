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

/// How the key of an encrypted token travels (RFC 7518 §4): with a key that only the client has. What needs
/// a shared secret, and RSA with PKCS #1 1.5, have no variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyWrapping {
    #[serde(rename = "RSA-OAEP")]
    RsaOaep,
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    #[serde(rename = "ECDH-ES+A128KW")]
    EcdhEsA128kw,
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256kw,
}

impl KeyWrapping {
    pub const ALL: [Self; 5] =
        [Self::RsaOaep, Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128kw, Self::EcdhEsA256kw];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256kw => "ECDH-ES+A256KW",
        }
    }
}

/// What an encrypted token is encrypted with (RFC 7518 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ContentEncryption {
    /// What a client gets that does not say (OIDC Registration §2).
    #[default]
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
    #[serde(rename = "A128GCM")]
    A128Gcm,
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

impl ContentEncryption {
    pub const ALL: [Self; 4] = [Self::A128CbcHs256, Self::A256CbcHs512, Self::A128Gcm, Self::A256Gcm];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }
}

/// That something for a client is encrypted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    pub alg: KeyWrapping,
    #[serde(default)]
    pub enc: ContentEncryption,
}

/// Both names with a space between them, or the first alone.
impl std::str::FromStr for Encryption {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (alg, enc) = text.split_once(' ').unwrap_or((text, ContentEncryption::default().as_str()));
        let alg = KeyWrapping::ALL.into_iter().find(|known| known.as_str() == alg);
        let enc = ContentEncryption::ALL.into_iter().find(|known| known.as_str() == enc);
        match (alg, enc) {
            (Some(alg), Some(enc)) => Ok(Self { alg, enc }),
            _ => Err(Invalid::new("encryption", "is none of those in the metadata")),
        }
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

/// RFC 7800: what the holder of a token has to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// That they have this key (RFC 9449 §6.1).
    #[serde(rename = "jkt")]
    Key(Thumbprint),
    /// That they have the key of this certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(Thumbprint),
}

/// In front of the stored thumbprint of a certificate; one of a key stands alone.
const CERTIFICATE: &str = "x5t#S256 ";

impl Confirmation {
    #[must_use]
    pub fn stored(&self) -> String {
        match self {
            Self::Key(key) => key.to_string(),
            Self::Certificate(certificate) => format!("{CERTIFICATE}{certificate}"),
        }
    }

    /// # Errors
    /// When it is neither.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix(CERTIFICATE) {
            Some(certificate) => Thumbprint::parse(certificate).map(Self::Certificate),
            None => Thumbprint::parse(text).map(Self::Key),
        }
    }

    /// RFC 9449 §5, RFC 8705 §3: how a token that is bound to this is presented.
    #[must_use]
    pub const fn token_type(bound_to: Option<&Self>) -> &'static str {
        match bound_to {
            Some(Self::Key(_)) => "DPoP",
            Some(Self::Certificate(_)) | None => "Bearer",
        }
    }
}

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
