//! What kinds of clients there are, and what each may, must and can do.

use serde::{Deserialize, Serialize};

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
