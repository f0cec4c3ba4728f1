//! Where checkpoints go: a file, a syslog (RFC 5424) or a webhook. Each has it safely, or it counts as not written.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};

use super::Notary;
use crate::config::{Destination, Syslog};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Facility 13, log audit; severity 5, notice (RFC 5424 §6.2.1).
const PRIORITY: u8 = 13 * 8 + 5;

/// A checkpoint that did not get where it should.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    #[error("audit.checkpoints is empty, so there is nowhere to write to")]
    Nowhere,
    #[error("{0} did not answer in time")]
    TooSlow(String),
}

/// Writes a line to every destination.
pub(super) async fn write(notary: Notary<'_>, line: &str) -> anyhow::Result<()> {
    let config = notary.config;
    if config.audit.checkpoints.is_empty() {
        return Err(Unwritten::Nowhere.into());
    }
    for destination in &config.audit.checkpoints {
        let written = match destination {
            Destination::File(path) => to_file(config.data_dir.join(path), line.to_owned()).await,
            Destination::Syslog(syslog) => {
                let at = notary.now.format(&Rfc3339)?;
                let host = config.public_url.host();
                let message = format!("<{PRIORITY}>1 {at} {host} portico - audit-checkpoint - {line}");
                match tokio::time::timeout(TIMEOUT, to_syslog(syslog, &message)).await {
                    Ok(sent) => sent.map_err(Into::into),
                    Err(_) => Err(Unwritten::TooSlow(destination.to_string()).into()),
                }
            }
            Destination::Webhook(url) => {
                notary.http.post_json(url.expose(), line.to_owned()).await.map_err(Into::into)
            }
        };
        written.with_context(|| format!("a checkpoint of the audit trail did not get to {destination}"))?;
    }
    Ok(())
}

async fn to_file(path: PathBuf, line: String) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || append(&path, &line)).await??;
    Ok(())
}

/// On the disk when it returns, the name of a new file too.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let new = !path.exists();
    let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()?;
    match path.parent().filter(|_| new) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

async fn to_syslog(syslog: &Syslog, message: &str) -> std::io::Result<()> {
    match syslog {
        Syslog::Udp(address) => {
            let target = tokio::net::lookup_host(address).await?.next();
            let target = target.ok_or_else(|| std::io::Error::other("the name leads nowhere"))?;
            let from = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            UdpSocket::bind(from).await?.send_to(message.as_bytes(), target).await?;
        }
        Syslog::Tcp(address) => {
            let mut stream = connect(address).await?;
            // RFC 6587 §3.4.1: each message after its length.
            stream.write_all(format!("{} {message}", message.len()).as_bytes()).await?;
            stream.shutdown().await?;
        }
        Syslog::Unix(path) => {
            UnixDatagram::unbound()?.send_to(message.as_bytes(), path).await?;
        }
    }
    Ok(())
}

/// The operator names it, and nobody else does.
#[expect(clippy::disallowed_methods, reason = "the one place where a syslog is spoken to")]
async fn connect(address: &str) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}
