//! How messages leave: by SMTP over TLS, or as files in a folder for whoever develops.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use lettre::message::{MultiPart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use time::OffsetDateTime;

use super::Message;
use crate::config::{Config, MailSecurity, MailServer};
use crate::model::ids::OutboxId;

/// A server that takes longer than this is tried again later.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Where messages go.
#[derive(Debug)]
pub enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the message is not one: {0}")]
    Malformed(String),
    #[error("the mail server did not take it: {}", without_words(.0))]
    Server(lettre::transport::smtp::Error),
    #[error("the mail server ended the conversation")]
    Refused,
    #[error("the file could not be written: {0}")]
    File(#[from] std::io::Error),
}

impl Transport {
    /// # Errors
    /// When this machine has no list of certificate authorities.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        match &config.mail.server {
            None => Ok(Self::Folder(config.mail_folder())),
            Some(server) => smtp(server).map(Self::Smtp).context("mail.url"),
        }
    }

    /// Whether the server lets us in, with our name and password if it wants them. Sends nothing.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn knock(&self) -> Result<(), SendError> {
        let Self::Smtp(server) = self else { return Ok(()) };
        match server.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendError::Refused),
            Err(error) => Err(SendError::Server(error)),
        }
    }

    /// Sends one message, and says where it went.
    ///
    /// # Errors
    /// When it did not leave; it may be tried again.
    pub async fn send(
        &self,
        id: OutboxId,
        message: &Message,
        at: OffsetDateTime,
    ) -> Result<String, SendError> {
        let letter = letter(id, message, at)?;
        match self {
            Self::Smtp(server) => {
                server.send(letter).await.map_err(SendError::Server)?;
                Ok("the mail server".to_owned())
            }
            Self::Folder(folder) => {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                let path = folder.join(format!("{id}.eml"));
                let part = folder.join(format!("{id}.part"));
                let mut file = std::fs::OpenOptions::new();
                let file = file.write(true).create(true).truncate(true).mode(0o600);
                std::io::Write::write_all(&mut file.open(&part)?, &letter.formatted())?;
                // Whoever looks into the folder finds whole mails.
                std::fs::rename(&part, &path)?;
                Ok(path.display().to_string())
            }
        }
    }
}

/// A server's own words tend to name the addressee, who is nobody's business in a log; its number says
/// what is wrong as well.
fn without_words(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("it answered {code}"),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

fn letter(id: OutboxId, message: &Message, at: OffsetDateTime) -> Result<lettre::Message, SendError> {
    let malformed = |error: &dyn std::error::Error| SendError::Malformed(error.to_string());
    let from: lettre::message::Mailbox =
        message.from.parse().map_err(|error: lettre::address::AddressError| malformed(&error))?;
    let to = message.to.parse().map_err(|error: lettre::address::AddressError| malformed(&error))?;
    // The same name every time it is tried, so that a server or a reader can tell a repetition.
    let name = format!("<{id}@{}>", from.email.domain());
    lettre::Message::builder()
        .from(from)
        .to(to)
        .subject(&message.subject)
        .date(SystemTime::from(at))
        .message_id(Some(name))
        // RFC 3834: nobody's absence notice should answer.
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
        .map_err(|error| malformed(&error))
}

#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn smtp(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let host = &server.host;
    let mut builder = match server.security {
        MailSecurity::Loopback => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
        MailSecurity::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?,
        MailSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host)?,
    };
    if let Some(port) = server.port {
        builder = builder.port(port);
    }
    if let Some(login) = &server.login {
        builder =
            builder.credentials(Credentials::new(login.user.clone(), login.password.expose().to_owned()));
    }
    Ok(builder.timeout(Some(TIMEOUT)).build())
}
