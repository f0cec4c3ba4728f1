//! Where mail goes and who it comes from.

use lettre::message::Mailbox;
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

use super::SecretText;

#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// `None`: files in a folder.
    #[serde(rename = "url", deserialize_with = "server")]
    pub server: Option<MailServer>,
    #[serde(deserialize_with = "sender")]
    pub from: Mailbox,
}

#[derive(Debug, Clone)]
pub struct MailServer {
    pub host: String,
    pub port: Option<u16>,
    pub security: MailSecurity,
    pub login: Option<MailLogin>,
}

#[derive(Debug, Clone)]
pub struct MailLogin {
    pub user: String,
    pub password: SecretText,
}

/// The server's certificate is checked with both kinds of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// From the first byte.
    Tls,
    /// Before anything is said.
    StartTls,
    /// Plain text, which stays on this machine.
    Loopback,
}

impl MailServer {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let security = match url.scheme() {
            "smtps" => MailSecurity::Tls,
            "smtp" if is_loopback(&url) => MailSecurity::Loopback,
            "smtp" => MailSecurity::StartTls,
            _ => return None,
        };
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = url
            .password()
            .map(|password| MailLogin { user: plain(url.username()), password: plain(password).into() });
        let host = url.host_str().filter(|host| !host.is_empty())?;
        Some(Self { host: host.to_owned(), port: url.port(), security, login })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // The url crate leaves hosts of other schemes than http as they are written.
        Some(Host::Domain(name)) => ["localhost", "127.0.0.1"].contains(&name),
        None => false,
    }
}

/// The text holds a password, so a complaint never repeats it.
fn server<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MailServer>, D::Error> {
    let text = SecretText::deserialize(deserializer)?;
    if text.expose().is_empty() {
        return Ok(None);
    }
    MailServer::parse(text.expose()).map(Some).ok_or_else(|| {
        serde::de::Error::custom(
            "mail.url must look like smtp://user:password@host:587 or smtps://user:password@host:465",
        )
    })
}

fn sender<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mailbox, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| {
        serde::de::Error::custom(format!(
            "mail.from {text:?} is not an address such as \"Clinic <login@example.org>\": {error}"
        ))
    })
}
