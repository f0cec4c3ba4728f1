//! One struct per section of the file, in domain types.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use http::HeaderName;
use ipnet::IpNet;
use serde::Deserialize;
use time::Duration;
use url::Url;
use zeroize::Zeroizing;

use super::api::Api;
use super::audit::Audit;
use super::authorization::RawType;
use super::clients::RawClient;
use super::mail::Mail;
use super::metrics::Metrics;
use super::redis::{self, Redis};
use super::sign_up::SignUp;
use super::telemetry::Telemetry;
use super::tls::{self, Mtls, TlsFiles};
use super::values::{header, networks, not_empty, optional_path, optional_secret, seconds, up_to, workers};
use crate::model::redirect_uri::is_https_or_loopback;
use crate::model::session::SessionLimits;
use crate::model::user::Policy;

/// The file as it is written. Unknown keys have been reported before this is read.
#[derive(Debug, Deserialize)]
pub(super) struct Raw {
    pub(super) public_url: PublicUrl,
    pub(super) data_dir: PathBuf,
    pub(super) http: Http,
    pub(super) database: Database,
    #[serde(deserialize_with = "redis::section")]
    pub(super) redis: Option<Redis>,
    pub(super) secrets: Secrets,
    pub(super) brand: Brand,
    pub(super) mail: Mail,
    pub(super) sessions: Sessions,
    pub(super) tokens: Tokens,
    pub(super) keys: Keys,
    pub(super) audit: Audit,
    pub(super) registration: Registration,
    pub(super) sign_in: SignIn,
    pub(super) sign_up: SignUp,
    pub(super) api: Api,
    pub(super) conformance: Conformance,
    pub(super) passwords: Passwords,
    pub(super) log: Log,
    pub(super) metrics: Metrics,
    pub(super) telemetry: Telemetry,
    #[serde(default)]
    pub(super) authorization_types: Vec<RawType>,
    #[serde(default)]
    pub(super) clients: Vec<RawClient>,
}

/// Scheme, host and port; the OpenID issuer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Without a slash at the end: the issuer, byte for byte.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The host; also the WebAuthn relying party id.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Plain http, which is legal on this machine only.
    #[must_use]
    pub fn is_local(&self) -> bool {
        !self.is_secure()
    }

    /// An address of ours from a path that starts with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text)
            .map_err(|_| format!("{text:?} is not a URL. Write it like https://login.example.org"))?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{text:?} has more than scheme, host and port. Leave out the rest."));
        }
        if !is_https_or_loopback(&url) {
            return Err(format!("{text:?} must use https; plain http is for localhost only."));
        }
        if url.scheme() == "http" && url.host_str() != Some("localhost") || url.domain().is_none() {
            return Err(format!("{text:?} must have a host name, not an address: passkeys need one."));
        }
        Ok(Self(url))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Http {
    pub listen: SocketAddr,
    /// Whose word about a visitor's address counts.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "up_to::<_, 1000000>")]
    pub max_connections: usize,
    #[serde(rename = "head_timeout_seconds", deserialize_with = "seconds")]
    pub head_timeout: std::time::Duration,
    #[serde(rename = "body_timeout_seconds", deserialize_with = "seconds")]
    pub body_timeout: std::time::Duration,
    #[serde(deserialize_with = "up_to::<_, 16777216>")]
    pub max_body_bytes: usize,
    #[serde(rename = "shutdown_delay_seconds", deserialize_with = "seconds")]
    pub shutdown_delay: std::time::Duration,
    #[serde(rename = "shutdown_grace_seconds", deserialize_with = "seconds")]
    pub shutdown_grace: std::time::Duration,
    /// `None`: plain HTTP, for a proxy that speaks TLS.
    #[serde(deserialize_with = "tls::files")]
    pub tls: Option<TlsFiles>,
    /// In which header those proxies pass on the certificate of a client.
    #[serde(deserialize_with = "header")]
    pub client_certificate_header: Option<HeaderName>,
    #[serde(deserialize_with = "tls::mutual")]
    pub mtls: Option<Mtls>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// `None`: the embedded one.
    #[serde(deserialize_with = "optional_secret")]
    pub url: Option<SecretText>,
    #[serde(deserialize_with = "up_to::<_, 10000>")]
    pub max_connections: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Secrets {
    #[serde(deserialize_with = "optional_secret")]
    pub(super) master_key: Option<SecretText>,
}

/// For a run of the conformance suite: calls to this machine, wider bounds, and somebody to log in.
#[derive(Debug, Clone, Deserialize)]
pub struct Conformance {
    pub enabled: bool,
    #[serde(deserialize_with = "optional_path")]
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "optional_path")]
    pub person_file: Option<PathBuf>,
}

/// Applications that register themselves.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Registration {
    /// Anybody may, without a token of an operator's.
    pub open: bool,
    /// They may ask for response types from before PKCE.
    pub legacy_flows: bool,
}

/// What holds for everybody who signs in.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct SignIn {
    /// Organizations and persons may have a stricter one.
    pub policy: Policy,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Brand {
    #[serde(deserialize_with = "not_empty")]
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Sessions {
    #[serde(deserialize_with = "up_to::<_, 525600>")]
    idle_minutes: usize,
    #[serde(deserialize_with = "up_to::<_, 8760>")]
    absolute_hours: usize,
    /// Applications may ask from a frame whether somebody is still here (OIDC Session Management).
    pub check_session_iframe: bool,
}

impl Sessions {
    #[must_use]
    pub fn limits(&self) -> SessionLimits {
        SessionLimits {
            idle: Duration::minutes(whole(self.idle_minutes)),
            absolute: Duration::hours(whole(self.absolute_hours)),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    #[serde(deserialize_with = "up_to::<_, 1440>")]
    access_token_minutes: usize,
    #[serde(deserialize_with = "up_to::<_, 1440>")]
    id_token_minutes: usize,
    #[serde(deserialize_with = "up_to::<_, 3650>")]
    refresh_idle_days: usize,
    #[serde(deserialize_with = "up_to::<_, 3650>")]
    refresh_absolute_days: usize,
    /// RFC 9449 §8: a proof of possession needs a nonce of ours.
    pub dpop_nonce: bool,
}

impl Tokens {
    #[must_use]
    pub fn access_token(&self) -> Duration {
        Duration::minutes(whole(self.access_token_minutes))
    }

    #[must_use]
    pub fn id_token(&self) -> Duration {
        Duration::minutes(whole(self.id_token_minutes))
    }

    #[must_use]
    pub fn refresh_idle(&self) -> Duration {
        Duration::days(whole(self.refresh_idle_days))
    }

    #[must_use]
    pub fn refresh_absolute(&self) -> Duration {
        Duration::days(whole(self.refresh_absolute_days))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    #[serde(deserialize_with = "up_to::<_, 3650>")]
    rotate_days: usize,
}

impl Keys {
    /// A signing key of this age makes room for the next one.
    #[must_use]
    pub fn rotate_after(&self) -> Duration {
        Duration::days(whole(self.rotate_days))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Passwords {
    #[serde(deserialize_with = "workers")]
    workers: usize,
    #[serde(deserialize_with = "up_to::<_, 1000000>")]
    pub queue: usize,
    #[serde(deserialize_with = "up_to::<_, 1000000>")]
    failures_per_network: usize,
}

impl Passwords {
    /// Wrong passwords from one network within ten minutes, beyond which strangers there have to wait.
    #[must_use]
    pub fn failures_per_network(&self) -> u64 {
        u64::try_from(self.failures_per_network).unwrap_or(u64::MAX)
    }

    #[must_use]
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    #[serde(deserialize_with = "not_empty")]
    pub level: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// A secret from the configuration: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
