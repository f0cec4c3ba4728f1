//! What is looked at to say how an installation does: by `idp doctor` and by the console. Each finding says what to do
//! next. Changes nothing.

use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;

use time::{Duration, OffsetDateTime};

use crate::audit;
use crate::config::Config;
use crate::ephemeral::Ephemeral;
use crate::mail::Transport;
use crate::model::key::{KeyState, SigningAlg};
use crate::store::audit::{MarkName, after, mark};
use crate::store::milestones::{self, Milestone};
use crate::store::{Store, keys, outbox};

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
pub const NAMES: [&str; 24] = [
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
];

fn finding(standing: Standing, name: &'static str, about: &dyn Display, sentence: String) -> Finding {
    Finding { standing, name, about: about.to_string(), sentence }
}

/// What the configuration and the host say.
#[must_use]
pub fn of_the_host(config: &Config) -> Vec<Finding> {
    vec![address(config), data_dir(config), mail(config)]
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
    let opens = "the database opens and its schema is current".to_owned();
    Ok(vec![
        finding(Standing::Fine, "database-fine", &"", opens),
        signing_keys(store).await?,
        set_up(store).await?,
        deliveries(store).await?,
        checkpoints(store, config, now).await?,
    ])
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

fn mail(config: &Config) -> Finding {
    match (Transport::new(config), &config.mail.server) {
        (Err(error), _) => {
            let why = format!("{error:#}");
            finding(Standing::Wrong, "mail-broken", &why, why.clone())
        }
        (Ok(_), Some(server)) => {
            finding(Standing::Fine, "mail-server", &server.host, format!("mail goes to {}", server.host))
        }
        (Ok(_), None) if config.public_url.is_local() => {
            let folder = config.mail_folder().display().to_string();
            finding(Standing::Fine, "mail-folder", &folder, format!("mail is written to {folder}"))
        }
        (Ok(_), None) => finding(
            Standing::Wrong,
            "mail-nowhere",
            &"",
            "mail.url is empty: nobody gets a mail. Set it to smtp://user:password@host:587".to_owned(),
        ),
    }
}

fn address(config: &Config) -> Finding {
    let issuer = config.public_url.issuer();
    if config.public_url.is_local() {
        let sentence = format!(
            "public_url is {issuer}: only browsers on this machine can sign in. Set it to your https address."
        );
        return finding(Standing::Note, "address-local", &issuer, sentence);
    }
    let listen = config.http.listen;
    if config.http.tls.is_none() && !listen.ip().is_loopback() {
        let sentence = format!(
            "http.listen {listen} is reachable from outside without TLS. Listen on 127.0.0.1 behind a proxy, or set http.tls."
        );
        return finding(Standing::Note, "address-without-tls", &listen, sentence);
    }
    let sentence = format!("people reach us at {issuer}");
    finding(Standing::Fine, "address-fine", &issuer, sentence)
}

fn data_dir(config: &Config) -> Finding {
    let place = config.data_dir.display();
    match std::fs::metadata(&config.data_dir) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            let sentence = format!("{place} is open to other users. Run: chmod 700 {place}");
            finding(Standing::Wrong, "folder-open", &place, sentence)
        }
        Ok(_) => {
            finding(Standing::Fine, "folder-fine", &place, format!("{place} belongs to this user alone"))
        }
        Err(_) => {
            let sentence = format!("{place} does not exist yet; the first start makes it");
            finding(Standing::Note, "folder-missing", &place, sentence)
        }
    }
}

async fn signing_keys(store: &Store) -> anyhow::Result<Finding> {
    let keys = keys::public_keys(store).await?;
    let lacking = SigningAlg::ALL
        .into_iter()
        .find(|alg| !keys.iter().any(|key| key.alg == *alg && key.state == KeyState::Current));
    let count = keys.len();
    Ok(match lacking {
        None => finding(Standing::Fine, "keys-fine", &count, format!("{count} signing keys")),
        Some(_) if keys.is_empty() => {
            let sentence = "no signing keys yet; the first start makes them".to_owned();
            finding(Standing::Note, "keys-none", &"", sentence)
        }
        Some(alg) => {
            let alg = alg.as_str();
            let sentence = format!("no current {alg} key. Restore the database.");
            finding(Standing::Wrong, "keys-missing", &alg, sentence)
        }
    })
}

async fn set_up(store: &Store) -> anyhow::Result<Finding> {
    Ok(if milestones::is_reached(store, Milestone::SetUp).await? {
        finding(Standing::Fine, "set-up-done", &"", "set-up is done and closed".to_owned())
    } else {
        let sentence = "nobody has been set up yet; start the service and open the address it prints";
        finding(Standing::Note, "set-up-open", &"", sentence.to_owned())
    })
}

async fn deliveries(store: &Store) -> anyhow::Result<Finding> {
    let (waiting, failed) = outbox::waiting(store).await?;
    Ok(if failed == 0 {
        finding(Standing::Fine, "outbox-fine", &waiting, format!("{waiting} messages wait, none has failed"))
    } else {
        let sentence = format!(
            "{failed} messages could not be sent so far and are tried again. The console says why, under Deliveries."
        );
        finding(Standing::Note, "outbox-failing", &failed, sentence)
    })
}

async fn checkpoints(store: &Store, config: &Config, now: OffsetDateTime) -> anyhow::Result<Finding> {
    if config.audit.checkpoints.is_empty() {
        let sentence = "audit.checkpoints is empty: a trail that is rewritten as a whole is not noticed";
        return Ok(finding(Standing::Note, "checkpoints-none", &"", sentence.to_owned()));
    }
    let signed = mark(store, MarkName::Checkpoint).await?.map_or(0, |last| last.sequence);
    let patience = config.audit.checkpoint_every() * 2 + Duration::minutes(5);
    // The oldest record that no checkpoint outside vouches for.
    let open = after(store, signed, 1).await?;
    Ok(if open.first().is_some_and(|record| now - record.at > patience) {
        let sentence = "no checkpoint of the audit trail got outside lately. The log says why.".to_owned();
        finding(Standing::Wrong, "checkpoints-late", &"", sentence)
    } else {
        let sentence = "checkpoints of the audit trail go outside".to_owned();
        finding(Standing::Fine, "checkpoints-fine", &"", sentence)
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
