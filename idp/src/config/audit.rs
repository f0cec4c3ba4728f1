//! What becomes of the audit trail: how long it is kept, and where its checkpoints go.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use time::Duration;
use url::Url;

use super::SecretText;

#[derive(Debug, Clone, Deserialize)]
pub struct Audit {
    #[serde(deserialize_with = "years")]
    keep_years: i32,
    #[serde(deserialize_with = "destinations")]
    pub checkpoints: Vec<Destination>,
    #[serde(deserialize_with = "minutes")]
    checkpoint_minutes: i64,
}

impl Audit {
    /// `None`: for ever.
    #[must_use]
    pub fn keep_years(&self) -> Option<i32> {
        Some(self.keep_years).filter(|years| *years > 0)
    }

    /// A checkpoint is due this long after the last one, if there is something new.
    #[must_use]
    pub const fn checkpoint_every(&self) -> Duration {
        Duration::minutes(self.checkpoint_minutes)
    }
}

/// Where checkpoints go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Lines are added to it. A relative path is relative to `data_dir`.
    File(PathBuf),
    Syslog(Syslog),
    /// Its address may hold a secret.
    Webhook(SecretText),
}

/// Where a syslog listens, as `host:port` or as the path of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Syslog {
    Udp(String),
    Tcp(String),
    Unix(PathBuf),
}

impl Destination {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let socket = |rest: &str, port: u16| {
            let url = Url::parse(&format!("syslog:{rest}")).ok()?;
            let bare = ["", "/"].contains(&url.path()) && url.query().is_none() && url.username().is_empty();
            let host = url.host_str().filter(|host| bare && !host.is_empty())?;
            Some(format!("{host}:{}", url.port().unwrap_or(port)))
        };
        Some(match scheme {
            "file" if !rest.is_empty() && !rest.starts_with("//") => Self::File(rest.into()),
            "syslog+udp" => Self::Syslog(Syslog::Udp(socket(rest, 514)?)),
            "syslog+tcp" => Self::Syslog(Syslog::Tcp(socket(rest, 601)?)),
            "syslog+unix" if rest.starts_with('/') => Self::Syslog(Syslog::Unix(rest.into())),
            "https" | "http" => {
                Url::parse(text).ok()?;
                Self::Webhook(text.to_owned().into())
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Syslog(Syslog::Udp(address) | Syslog::Tcp(address)) => write!(f, "the syslog at {address}"),
            Self::Syslog(Syslog::Unix(path)) => write!(f, "the syslog at {}", path.display()),
            Self::Webhook(url) => {
                let url = Url::parse(url.expose());
                write!(f, "{}", url.map(|url| url.origin().ascii_serialization()).unwrap_or_default())
            }
        }
    }
}

/// A text may hold a secret, so a complaint never repeats it.
fn destinations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Destination>, D::Error> {
    let read = |text: SecretText| {
        Destination::parse(text.expose()).ok_or_else(|| {
            serde::de::Error::custom(
                "must be file:PATH, syslog+udp://host:514, syslog+tcp://host:601, syslog+unix:/dev/log or an https \
                 address",
            )
        })
    };
    Vec::<SecretText>::deserialize(deserializer)?.into_iter().map(read).collect()
}

fn years<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    match i32::deserialize(deserializer)? {
        years @ 0..=100 => Ok(years),
        _ => Err(serde::de::Error::custom("must be 0, for ever, or at most 100")),
    }
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match i64::deserialize(deserializer)? {
        minutes @ 1..=1440 => Ok(minutes),
        _ => Err(serde::de::Error::custom("must be from 1 to 1440")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_read_as_it_is_meant_or_refused() {
        let shown = |text: &str| Destination::parse(text).map(|destination| destination.to_string());
        assert_eq!(shown("file:checkpoints.jsonl").unwrap(), "the file checkpoints.jsonl");
        assert_eq!(shown("syslog+udp://log.example").unwrap(), "the syslog at log.example:514");
        assert_eq!(shown("syslog+tcp://[2001:db8::1]:6514").unwrap(), "the syslog at [2001:db8::1]:6514");
        assert_eq!(shown("syslog+unix:/dev/log").unwrap(), "the syslog at /dev/log");
        assert_eq!(shown("https://a.example/hook?key=secret").unwrap(), "https://a.example");
        for bad in
            ["", "checkpoints.jsonl", "file:", "file://x", "syslog+udp://", "syslog+unix:log", "ftp://a"]
        {
            assert!(shown(bad).is_none(), "{bad}");
        }
    }
}
