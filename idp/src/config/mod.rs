//! The configuration: read once at start from the compiled-in defaults, a file and the environment,
//! and parsed into domain types. The only room that reads the environment; never changes anything.

mod api;
mod audit;
mod authorization;
mod clients;
mod layers;
mod mail;
mod metrics;
mod redis;
mod sections;
mod sign_up;
mod telemetry;
mod tls;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use api::Api;
pub use audit::{Audit, Destination, Syslog};
pub use clients::DeclaredClient;
pub use mail::{Mail, MailLogin, MailSecurity, MailServer};
pub use metrics::Metrics;
pub use redis::{Redis, RedisKind};
pub use sections::{
    Brand, Conformance, Database, Http, Keys, Log, LogFormat, Passwords, PublicUrl, Registration, SecretText,
    Sessions, SignIn, Tokens,
};
pub use sign_up::SignUp;
pub use telemetry::Telemetry;
pub use tls::{Mtls, TlsFiles};

use crate::model::authorization::AuthorizationTypes;
use layers::Layers;

const DEFAULTS: &str = include_str!("../../../config/default.toml");
const DEVELOPMENT: &str = include_str!("../../../config/development.toml");

/// Published in the repository, so worth nothing as a secret outside a developer's machine.
const KNOWN_SECRETS: [&str; 1] = ["development-only-clinic-example-secret"];

#[derive(Debug, Clone)]
pub struct Config {
    pub public_url: PublicUrl,
    pub data_dir: PathBuf,
    pub http: Http,
    pub database: Database,
    /// `None`: this process keeps what is ephemeral.
    pub redis: Option<Redis>,
    pub master_key: Option<sections::SecretText>,
    pub brand: Brand,
    pub mail: Mail,
    pub sessions: Sessions,
    pub tokens: Tokens,
    pub keys: Keys,
    pub audit: Audit,
    pub registration: Registration,
    pub sign_in: SignIn,
    pub sign_up: SignUp,
    pub api: Api,
    pub conformance: Conformance,
    pub passwords: Passwords,
    pub log: Log,
    pub metrics: Metrics,
    pub telemetry: Telemetry,
    /// What clients may ask for in detail (RFC 9396).
    pub authorization_types: AuthorizationTypes,
    pub clients: Vec<DeclaredClient>,
    /// The development layer is in use: a sample client with a public secret is registered.
    pub development: bool,
    /// Settings that somebody has made, and where: file and line, or a variable.
    places: BTreeMap<String, String>,
}

/// One thing that is wrong: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub place: String,
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, " {}", self.remedy) }
    }
}

/// All problems that were found, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl Config {
    /// Reads the configuration of this process.
    ///
    /// # Errors
    /// Lists everything that is wrong with it.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn load(file: Option<&Path>) -> Result<Self, Problems> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        Self::from_sources(file, environment)
    }

    /// Reads it from a file and the given environment, of which only names in `IDP_` matter.
    ///
    /// # Errors
    /// Lists everything that is wrong with it.
    pub fn from_sources(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let environment: Vec<_> =
            environment.into_iter().filter(|(name, _)| name.starts_with("IDP_")).collect();
        let mut layers = Layers::starting_with(DEFAULTS)?;
        if let Some(path) = file {
            layers.add_file(path)?;
        }
        layers.add_environment(&environment)?;
        let config = layers.parse()?;
        if file.is_none() && config.public_url.is_local() {
            layers.add_text("config/development.toml", DEVELOPMENT)?;
            return Ok(Self { development: true, ..layers.parse()? });
        }
        config.refuse_known_secrets()?;
        Ok(config)
    }

    fn refuse_known_secrets(&self) -> Result<(), Problems> {
        let known = |client: &&DeclaredClient| {
            client.secret.as_ref().is_some_and(|secret| KNOWN_SECRETS.contains(&secret.expose()))
        };
        match self.clients.iter().find(known) {
            Some(client) if !self.public_url.is_local() => Err(Problem {
                place: format!("client {}", client.id),
                what: "uses the secret of the published example.".to_owned(),
                remedy: "Make one with: openssl rand -base64 36".to_owned(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Where a setting such as `brand.name` was made: file and line, or a variable. `None`: it is our default.
    #[must_use]
    pub fn place_of(&self, setting: &str) -> Option<&str> {
        self.places.get(setting).map(String::as_str)
    }

    /// Where the embedded database lives.
    #[must_use]
    pub fn sqlite_path(&self) -> PathBuf {
        self.data_dir.join("idp.db")
    }

    /// So long after it signed its last token a key is published: nobody needs it to check a token after
    /// that, nor a hint of who was logged in.
    #[must_use]
    pub fn keep_retired_keys(&self) -> time::Duration {
        let tokens = self.tokens.access_token().max(self.tokens.id_token());
        tokens + self.sessions.limits().absolute
    }

    /// Where mail is written that is not sent.
    #[must_use]
    pub fn mail_folder(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    #[must_use]
    pub fn master_key_path(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }
}

#[cfg(test)]
mod tests;
