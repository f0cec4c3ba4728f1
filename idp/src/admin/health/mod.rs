//! What is looked at to say how an installation does: by `idp doctor` and by the console. Each finding says what to do
//! next. Changes nothing.

mod database;
mod host;

use std::fmt::Display;

use time::OffsetDateTime;

use crate::audit;
use crate::config::Config;
use crate::ephemeral::Ephemeral;
use crate::store::Store;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Fine,
    /// Worth knowing; everything works.
    Note,
    Wrong,
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub standing: Standing,
    /// Names the text of the theme that says it.
    pub name: &'static str,
    /// What stands in that text: an address, a number, a reason.
    pub about: String,
    /// The same on the command line.
    pub sentence: String,
}

/// Every name that a finding can have.
pub const NAMES: [&str; 49] = [
    "address-local",
    "address-without-tls",
    "address-fine",
    "folder-open",
    "folder-fine",
    "folder-missing",
    "mail-broken",
    "mail-server",
    "mail-folder",
    "mail-nowhere",
    "database-fine",
    "redis-fine",
    "redis-evicts",
    "redis-silent",
    "keys-fine",
    "keys-none",
    "keys-missing",
    "set-up-done",
    "set-up-open",
    "outbox-fine",
    "outbox-failing",
    "checkpoints-none",
    "checkpoints-fine",
    "checkpoints-late",
    "address-port",
    "address-unknown",
    "proxy-untrusted",
    "certificate-fine",
    "certificate-ends",
    "certificate-ended",
    "master-key-open",
    "database-open",
    "disk-fine",
    "disk-filling",
    "disk-full",
    "files-enough",
    "files-few",
    "mail-answers",
    "mail-refuses",
    "clock-skewed",
    "clock-behind",
    "connections-many",
    "connections-few",
    "keys-late",
    "secrets-ending",
    "operator-none",
    "backup-none",
    "backup-old",
    "backup-fine",
];

fn finding(standing: Standing, name: &'static str, about: &dyn Display, sentence: String) -> Finding {
    Finding { standing, name, about: about.to_string(), sentence }
}

/// What the configuration and the host say.
#[must_use]
pub fn of_the_host(config: &Config, now: OffsetDateTime) -> Vec<Finding> {
    host::all(config, now)
}

/// What the network says of our own name, where something is wrong with it.
pub async fn of_the_name(config: &Config) -> Option<Finding> {
    host::name(config).await
}

/// Whether the mail server, where there is one, lets us in.
pub async fn of_the_mail_server(config: &Config) -> Option<Finding> {
    host::mail_server(config).await
}

/// What an open database says. It is as the program wants it, or it would not be open.
///
/// # Errors
/// When it does not answer.
pub async fn of_the_database(
    store: &Store,
    config: &Config,
    now: OffsetDateTime,
) -> anyhow::Result<Vec<Finding>> {
    store.ping().await?;
    database::all(store, config, now).await
}

/// What is shared between nodes, where anything is.
pub async fn of_redis(config: &Config, ephemeral: &Ephemeral) -> Option<Finding> {
    config.redis.as_ref()?;
    Some(match ephemeral.evicts().await {
        Ok(false) => finding(Standing::Fine, "redis-fine", &"", "Redis answers".to_owned()),
        Ok(true) => {
            let sentence =
                "Redis forgets log-ins under way when it is full. Set maxmemory-policy noeviction there.";
            finding(Standing::Wrong, "redis-evicts", &"", sentence.to_owned())
        }
        Err(why) => {
            let sentence = format!("nobody can log in: {why}. Look at redis.url and at the server itself.");
            finding(Standing::Wrong, "redis-silent", &why, sentence)
        }
    })
}

/// Whether the whole audit trail is unchanged. Reads all of it.
///
/// # Errors
/// When the database does not answer.
pub async fn audit_chain(store: &Store) -> anyhow::Result<Finding> {
    Ok(match audit::verify(store).await? {
        Ok(_) if let Some(lost) = audit::unreadable(store).await? => {
            let sentence = format!("in the audit trail {lost}");
            finding(Standing::Wrong, "audit-unreadable", &lost, sentence)
        }
        Ok(whole) => {
            let records = whole.records;
            let sentence = format!("the audit trail of {records} records is whole");
            finding(Standing::Fine, "audit-whole", &records, sentence)
        }
        Err(broken) => {
            let sentence = format!("the audit trail was tampered with: {broken}");
            finding(Standing::Wrong, "audit-broken", &broken, sentence)
        }
    })
}
