//! An application that delegates sign-in, and the addresses it may be answered at.

mod backchannel;
mod kinds;
mod secret;
mod settings;
mod voucher;

pub use backchannel::{Backchannel, DeliveryMode};
pub use kinds::{
    ClientAuthMethod, ClientType, ConsentRule, GrantType, LegacyFlow, LogoutChannel, Requirement, Subject,
};
pub use secret::{ClientSecret, LIVE_SECRETS};
pub use settings::ClientSettings;
pub use voucher::{PeopleBy, Voucher, VoucherName};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use super::redirect_uri::{RedirectUri, is_https_or_loopback};
use super::{Invalid, text_type};

text_type!(
    /// 1 to 100 characters of `A-Z a-z 0-9 . _ ~ -`. Never a UUID, so that no client can be taken
    /// for the `sub` of a person (RFC 9700 §4.15).
    ClientId,
    |text| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
        if text.is_empty() || text.len() > 100 || !text.chars().all(legal) {
            return Err(Invalid::new("client_id", "must be 1 to 100 characters of A-Z a-z 0-9 . _ ~ -"));
        }
        if uuid::Uuid::parse_str(text).is_ok() {
            return Err(Invalid::new("client_id", "must not have the form of a UUID"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// What people read on the sign-in and consent pages: 1 to 80 characters.
    ClientName,
    |text| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 80 || text.chars().any(char::is_control) {
            return Err(Invalid::new("client name", "must be 1 to 80 characters"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// A page of the client that we link to or load (logo, policy, terms): https, or http on
    /// loopback.
    WebUri,
    |text| {
        let url = Url::parse(text).map_err(|_| Invalid::new("uri", "must be an absolute URL"))?;
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(Invalid::new("uri", "must not contain spaces or control characters"));
        }
        if !is_https_or_loopback(&url) {
            return Err(Invalid::new("uri", "must use https (http only on loopback)"));
        }
        Ok(text.to_owned())
    }
);

text_type!(
    /// A client's picture as a `data:` URL of a PNG, JPEG, WebP or SVG image, at most 64 KiB. Served
    /// from our own origin under that one type, so that sign-in pages load nothing from elsewhere.
    Logo,
    |text| {
        let image = LOGO_TYPES.iter().any(|kind| text.strip_prefix("data:").is_some_and(|rest| {
            rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with(";base64,"))
        }));
        if !image || text.len() > 65_536 {
            return Err(Invalid::new("logo", "must be a PNG, JPEG, WebP or SVG image of at most 48 KiB"));
        }
        Ok(text.to_owned())
    }
);

impl WebUri {
    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        Some(Url::parse(&self.0).ok()?.origin().ascii_serialization())
    }

    /// The address with one more parameter.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Option<String> {
        let mut url = Url::parse(&self.0).ok()?;
        url.query_pairs_mut().append_pair(name, value);
        Some(url.into())
    }

    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(&self.0).ok()?.host_str().map(ToOwned::to_owned)
    }
}

const LOGO_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/svg+xml"];

impl Logo {
    /// From the bytes of a picture.
    ///
    /// # Errors
    /// When it is too large or of another type.
    pub fn of(kind: &str, bytes: &[u8]) -> Result<Self, Invalid> {
        Self::parse(&format!("data:{kind};base64,{}", STANDARD.encode(bytes)))
    }

    /// The media type and the base64 text.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        let (kind, data) = self.0.split_once(";base64,").unwrap_or_default();
        let kind = kind.trim_start_matches("data:");
        (LOGO_TYPES.into_iter().find(|known| *known == kind).unwrap_or("image/png"), data)
    }
}

/// Who keeps a client's registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientSource {
    /// The configuration file; changed only there.
    Config,
    /// An administrator, by CLI or console.
    Admin,
    /// The application itself (RFC 7591).
    Registered,
}

impl ClientSource {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Admin => "admin",
            Self::Registered => "registered",
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Config, Self::Admin, Self::Registered].into_iter().find(|source| source.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub settings: ClientSettings,
    pub source: ClientSource,
    pub disabled_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
}

impl Client {
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    #[must_use]
    pub fn must(&self, requirement: Requirement) -> bool {
        self.settings.require.contains(&requirement)
    }

    #[must_use]
    pub fn is_public(&self) -> bool {
        self.settings.is_public()
    }

    /// The redirect URI to use for a presented one, if it is registered.
    #[must_use]
    pub fn redirect_uri(&self, presented: &str) -> Option<RedirectUri> {
        let native = self.settings.client_type == ClientType::Native;
        self.settings
            .redirect_uris
            .iter()
            .any(|registered| registered.matches(presented, native))
            .then(|| RedirectUri::parse(presented).ok())
            .flatten()
    }

    #[must_use]
    pub fn post_logout_redirect_uri(&self, presented: &str) -> Option<RedirectUri> {
        self.settings.post_logout_redirect_uris.iter().find(|uri| uri.as_str() == presented).cloned()
    }

    /// Whether account pages may lead back to this address: byte by byte what is registered.
    #[must_use]
    pub fn may_return_to(&self, presented: &str) -> bool {
        self.settings.return_uris.iter().any(|uri| uri.as_str() == presented)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A17
    #[test]
    fn a_client_id_can_not_look_like_a_person() {
        assert!(ClientId::parse("0197f3a0-0000-7000-8000-000000000000").is_err());
        assert!(ClientId::parse("clinic-example").is_ok());
        for text in ["", "a b", "a/b", "\u{e9}", &"a".repeat(101)] {
            assert!(ClientId::parse(text).is_err(), "{text:?}");
        }
    }
}
