//! An application that delegates sign-in, and the addresses it may be answered at.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;

use super::jwks::Jwks;
use super::key::SigningAlg;
use super::redirect_uri::{RedirectUri, is_https_or_loopback};
use super::resource::Resources;
use super::scope::Scopes;
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

const LOGO_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/svg+xml"];

impl Logo {
    /// The media type and the base64 text.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        let (kind, data) = self.0.split_once(";base64,").unwrap_or_default();
        let kind = kind.trim_start_matches("data:");
        (LOGO_TYPES.into_iter().find(|known| *known == kind).unwrap_or("image/png"), data)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientType {
    /// Runs on a server and keeps a secret.
    Web,
    /// Runs in a browser; public.
    Spa,
    /// Runs on a person's device; public, and any program there may claim to be it.
    Native,
    /// A program that acts for itself and for nobody else.
    Machine,
    /// Something without a browser, such as a screen in a waiting room; public.
    Device,
}

/// What a client may ask tokens for besides codes, which everybody with a redirect URI may redeem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GrantType {
    /// RFC 6749 §4.4
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// RFC 8628
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code", alias = "device_code")]
    DeviceCode,
}

/// RFC 6749 §2.3, OIDC Core §9: the one way in which a client may authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    /// A statement signed with the secret.
    ClientSecretJwt,
    /// A statement signed with a key that only the client has.
    PrivateKeyJwt,
}

impl ClientAuthMethod {
    pub const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether a secret is shared with the client.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }
}

/// What a client can be held to, beyond what everybody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// RFC 9126 §6: it hands over its requests itself.
    PushedRequests,
    /// RFC 9101 §10.5: it signs its requests.
    SignedRequests,
    /// RFC 9449 §5.2: its access tokens are bound to a key.
    Dpop,
}

/// When the person is asked whether an application may know who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentRule {
    /// The operator has vouched for the application.
    Never,
    /// Once for the same scopes.
    Remember,
    Always,
}

/// Who keeps a client's registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientSource {
    /// The configuration file; changed only there.
    Config,
    /// An administrator, by CLI or console.
    Admin,
}

impl ClientSource {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Admin => "admin",
        }
    }
}

/// What a client registered: everything but its identity and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSettings {
    pub name: ClientName,
    pub client_type: ClientType,
    pub auth_method: ClientAuthMethod,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that somebody has logged out.
    #[serde(default)]
    pub backchannel_logout_uri: Option<WebUri>,
    /// Pages of the application that account pages may lead back to.
    #[serde(default)]
    pub return_uris: Vec<WebUri>,
    pub scopes: Scopes,
    #[serde(default)]
    pub grants: BTreeSet<GrantType>,
    /// The APIs it may ask access tokens for (RFC 8707).
    #[serde(default)]
    pub resources: Resources,
    /// The APIs it is itself: it may introspect tokens for them.
    #[serde(default)]
    pub serves: Resources,
    pub refresh_tokens: bool,
    /// Its public keys: for assertions and request objects.
    #[serde(default)]
    pub jwks: Option<Jwks>,
    /// What it may not do without.
    #[serde(default)]
    pub require: BTreeSet<Requirement>,
    pub consent: ConsentRule,
    pub id_token_alg: SigningAlg,
    pub logo: Option<Logo>,
    pub policy_uri: Option<WebUri>,
    pub tos_uri: Option<WebUri>,
}

impl ClientSettings {
    /// The web origins a client in a browser runs on, and may therefore call us from.
    #[must_use]
    pub fn web_origins(&self) -> BTreeSet<String> {
        let in_browser = self.client_type == ClientType::Spa;
        self.redirect_uris
            .iter()
            .filter(|_| in_browser)
            .filter_map(|uri| Url::parse(uri.as_str()).ok())
            .map(|url| url.origin().ascii_serialization())
            .collect()
    }

    /// The rules between fields that no field knows alone.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn validate(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid::new("client", why));
        let by_code = !matches!(self.client_type, ClientType::Machine | ClientType::Device);
        if by_code && self.redirect_uris.is_empty() {
            return invalid("needs at least one redirect_uri");
        }
        if !by_code && !self.redirect_uris.is_empty() {
            return invalid("of type machine or device has no redirect_uris");
        }
        let lists = [
            self.redirect_uris.len(),
            self.post_logout_redirect_uris.len(),
            self.return_uris.len(),
            self.resources.len(),
            self.serves.len(),
        ];
        if lists.into_iter().any(|length| length > 50) {
            return invalid("may have at most 50 entries in each list");
        }
        let public = self.auth_method == ClientAuthMethod::None;
        match self.client_type {
            ClientType::Web | ClientType::Machine if public => {
                return invalid("of type web or machine must authenticate");
            }
            ClientType::Spa | ClientType::Native if !public => {
                return invalid("of type spa or native can not keep a secret: auth_method must be none");
            }
            _ => {}
        }
        let needs_keys = self.auth_method == ClientAuthMethod::PrivateKeyJwt
            || self.require.contains(&Requirement::SignedRequests);
        if needs_keys && self.jwks.is_none() {
            return invalid("needs its public keys (jwks_file)");
        }
        if public && self.grants.contains(&GrantType::ClientCredentials) {
            return invalid("must authenticate to use client_credentials");
        }
        if public && !self.serves.is_empty() {
            return invalid("must authenticate to serve an API");
        }
        let mut uris = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        if self.client_type != ClientType::Native && uris.any(RedirectUri::has_private_scheme) {
            return invalid("of type web or spa needs https redirect_uris (http only on loopback)");
        }
        // RFC 8252 §8.6: any program on the device can claim to be this client.
        let anybody = matches!(self.client_type, ClientType::Native | ClientType::Device);
        if anybody && self.consent != ConsentRule::Always {
            return invalid(
                "of type native or device must ask for consent every time: consent must be always",
            );
        }
        if self.client_type == ClientType::Machine && self.scopes != self.scopes.without_person() {
            return invalid("of type machine has no scopes about people");
        }
        if self.client_type != ClientType::Machine && !self.scopes.contains(Scopes::OPENID) {
            return invalid("needs the scope openid");
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub settings: ClientSettings,
    pub source: ClientSource,
    /// SHA-256 of the secret, for confidential clients.
    pub secret_hash: Option<[u8; 32]>,
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
        self.settings.auth_method == ClientAuthMethod::None
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
