//! Where several nodes keep together what is forgotten by itself.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::SecretText;
use super::values::optional_path;

/// Servers that speak Redis' protocol.
#[derive(Debug, Clone)]
pub struct Redis {
    /// At least one address, each with the names and passwords that it holds.
    pub servers: Vec<SecretText>,
    pub kind: RedisKind,
    /// What all our keys there begin with.
    pub prefix: String,
    /// Who vouches for those servers, in PEM; `None`: who vouches for web sites.
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub enum RedisKind {
    Single,
    /// The addresses are those of sentinels, which know where this master is.
    Sentinel {
        master: String,
        password: Option<SecretText>,
    },
    Cluster,
}

/// As it is written: without an address there is none of it.
#[derive(Deserialize)]
struct RawRedis {
    url: SecretText,
    kind: RawKind,
    sentinel_master: String,
    sentinel_password: SecretText,
    prefix: String,
    #[serde(deserialize_with = "optional_path")]
    ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    Single,
    Sentinel,
    Cluster,
}

pub(super) fn section<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Redis>, D::Error> {
    let raw = RawRedis::deserialize(deserializer)?;
    if raw.url.expose().is_empty() {
        return Ok(None);
    }
    raw.parse().map(Some).map_err(serde::de::Error::custom)
}

impl RawRedis {
    fn parse(self) -> Result<Redis, &'static str> {
        let servers: Vec<_> =
            self.url.expose().split(',').map(|url| SecretText::from(url.trim().to_owned())).collect();
        if !servers.iter().all(|url| is_address(url.expose())) {
            return Err(
                "redis.url must look like redis://user:password@host:6379/0 or rediss://…, several with commas between",
            );
        }
        let tls = |url: &SecretText| url.expose().starts_with("rediss://");
        if servers.iter().any(tls) != servers.iter().all(tls) {
            return Err("redis.url must use either redis:// or rediss:// for all servers");
        }
        if self.ca_file.is_some() && !servers.iter().all(tls) {
            return Err("redis.ca_file is for rediss:// only; leave it empty, or use rediss:// in redis.url");
        }
        let of_key = |c: char| c.is_ascii_alphanumeric() || ":_-.".contains(c);
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(of_key) {
            return Err("redis.prefix must be 1 to 64 letters, digits and the signs : _ - .");
        }
        let kind = match self.kind {
            RawKind::Single if servers.len() > 1 => {
                return Err("redis.url names several servers: set redis.kind to \"sentinel\" or \"cluster\"");
            }
            RawKind::Sentinel if self.sentinel_master.is_empty() => {
                return Err(
                    "redis.sentinel_master is missing: the name that the sentinels know the master by",
                );
            }
            RawKind::Single | RawKind::Cluster if !self.sentinel_master.is_empty() => {
                return Err("redis.sentinel_master is set: redis.kind must be \"sentinel\" then");
            }
            RawKind::Single => RedisKind::Single,
            RawKind::Cluster => RedisKind::Cluster,
            RawKind::Sentinel => RedisKind::Sentinel {
                master: self.sentinel_master,
                password: Some(self.sentinel_password).filter(|password| !password.expose().is_empty()),
            },
        };
        Ok(Redis { servers, kind, prefix: self.prefix, ca_file: self.ca_file })
    }
}

/// The text holds a password, so no complaint repeats it.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        ["redis", "rediss"].contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())
    })
}
