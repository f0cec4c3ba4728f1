//! What kinds of clients there are, and what each may, must and can do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::redirect_uri::RedirectUri;

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
    /// RFC 8693
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange", alias = "token_exchange")]
    TokenExchange,
    /// RFC 7523 §2.1
    #[serde(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer", alias = "jwt_bearer")]
    JwtBearer,
    /// CIBA Core 1.0
    #[serde(rename = "urn:openid:params:grant-type:ciba", alias = "ciba")]
    Ciba,
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
    /// RFC 8705 §2.1: a certificate with its name, from an authority.
    TlsClientAuth,
    /// RFC 8705 §2.2: a certificate with a key of its own.
    SelfSignedTlsClientAuth,
}

impl ClientAuthMethod {
    pub const ALL: [Self; 7] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
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
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }

    /// Whether it needs a handshake that asks for certificates.
    #[must_use]
    pub const fn shows_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// Whether a secret is shared with the client.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }

    /// Whether we have to know the text of the secret, and not only that it is the same.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::ClientSecretJwt)
    }
}

/// OIDC Core §3.2 and §3.3: answers with tokens in the address of the browser. `token` alone does not exist:
/// it signs nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LegacyFlow {
    #[serde(rename = "id_token")]
    IdToken,
    #[serde(rename = "id_token token")]
    IdTokenToken,
    #[serde(rename = "code id_token")]
    CodeIdToken,
    #[serde(rename = "code token")]
    CodeToken,
    #[serde(rename = "code id_token token")]
    CodeIdTokenToken,
}

impl LegacyFlow {
    pub const ALL: [Self; 5] =
        [Self::IdToken, Self::IdTokenToken, Self::CodeIdToken, Self::CodeToken, Self::CodeIdTokenToken];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    #[must_use]
    pub const fn has_id_token(self) -> bool {
        !matches!(self, Self::CodeToken)
    }

    #[must_use]
    pub const fn has_access_token(self) -> bool {
        matches!(self, Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }
}

/// OIDC Core §8: the names under which an application knows people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Subject {
    /// The same everywhere.
    #[default]
    Public,
    /// Names that only applications of one sector share, which is a host.
    Pairwise { sector: String },
}

impl Subject {
    /// The sector is the one host of all redirect URIs, where nobody names it; empty where there are several.
    #[must_use]
    pub fn pairwise(redirect_uris: &[RedirectUri], named: Option<&str>) -> Self {
        let hosts: BTreeSet<_> = redirect_uris.iter().filter_map(RedirectUri::host).collect();
        let only = hosts.first().filter(|_| hosts.len() == 1).cloned();
        Self::Pairwise { sector: named.map(ToOwned::to_owned).or(only).unwrap_or_default() }
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
    /// RFC 8705 §3: its access tokens are bound to its certificate.
    CertificateBoundTokens,
}

/// How an application is told that a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogoutChannel {
    Back,
    Front,
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
