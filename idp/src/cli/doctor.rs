//! `idp doctor`: looks at an installation the way a colleague would.

use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use serde_json::json;

use crate::app;
use crate::audit;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::model::key::{KeyState, SigningAlg};
use crate::store::milestones::{self, Milestone};
use crate::store::{self, Store, keys};

enum Finding {
    Fine(String),
    /// Worth knowing; everything works.
    Note(String),
    Wrong(String),
}

impl Finding {
    /// How it begins, what it is as JSON, and what was found.
    fn parts(&self) -> (&str, &str, &str) {
        match self {
            Self::Fine(text) => ("ok   ", "ok", text),
            Self::Note(text) => ("note ", "note", text),
            Self::Wrong(text) => ("WRONG", "wrong", text),
        }
    }
}

pub(super) async fn run(as_json: bool, config: &Config, clock: &SharedClock) -> anyhow::Result<ExitCode> {
    let mut findings = vec![address(config), data_dir(config), mail(config)];
    match store::pending_migrations(config).await {
        Ok(None) => findings.push(Finding::Note("there is no database yet; the first start makes it".to_owned())),
        Ok(Some(0)) => findings.extend(database(config, clock).await?),
        Ok(Some(behind)) => findings.push(Finding::Note(format!(
            "the database is {behind} migrations behind; the next start, or `idp migrate`, brings it up to date"
        ))),
        Err(error) => findings.push(Finding::Wrong(error.to_string())),
    }
    if as_json {
        let shown: Vec<_> = findings.iter().map(Finding::parts).collect();
        let shown: Vec<_> = shown.iter().map(|(_, is, text)| json!({ "is": is, "text": text })).collect();
        println!("{}", json!(shown));
    }
    for (begin, _, text) in findings.iter().map(Finding::parts).filter(|_| !as_json) {
        println!("{begin} {text}");
    }
    let wrong = findings.iter().any(|finding| matches!(finding, Finding::Wrong(_)));
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn database(config: &Config, clock: &SharedClock) -> anyhow::Result<Vec<Finding>> {
    let store = match app::open_store(config, clock).await {
        Ok(store) => store,
        Err(error) => return Ok(vec![Finding::Wrong(format!("{error:#}"))]),
    };
    Ok(vec![
        Finding::Fine("the database opens and its schema is current".to_owned()),
        signing_keys(&store).await?,
        set_up(&store).await?,
        audit_chain(&store).await?,
    ])
}

fn mail(config: &Config) -> Finding {
    match (crate::mail::Transport::new(config), &config.mail.server) {
        (Err(error), _) => Finding::Wrong(format!("{error:#}")),
        (Ok(_), Some(server)) => Finding::Fine(format!("mail goes to {}", server.host)),
        (Ok(_), None) if config.public_url.is_local() => {
            Finding::Fine(format!("mail is written to {}", config.mail_folder().display()))
        }
        (Ok(_), None) => Finding::Wrong(
            "mail.url is empty: nobody gets a mail. Set it to smtp://user:password@host:587".to_owned(),
        ),
    }
}

fn address(config: &Config) -> Finding {
    let issuer = config.public_url.issuer();
    if config.public_url.is_local() {
        return Finding::Note(format!(
            "public_url is {issuer}: only browsers on this machine can sign in. Set it to your https address."
        ));
    }
    if config.http.tls.is_none() && !config.http.listen.ip().is_loopback() {
        return Finding::Note(format!(
            "http.listen {} is reachable from outside without TLS. Listen on 127.0.0.1 behind a proxy, or set http.tls.",
            config.http.listen
        ));
    }
    Finding::Fine(format!("people reach us at {issuer}"))
}

fn data_dir(config: &Config) -> Finding {
    let place = config.data_dir.display();
    match std::fs::metadata(&config.data_dir) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            Finding::Wrong(format!("{place} is open to other users. Run: chmod 700 {place}"))
        }
        Ok(_) => Finding::Fine(format!("{place} belongs to this user alone")),
        Err(_) => Finding::Note(format!("{place} does not exist yet; the first start makes it")),
    }
}

async fn signing_keys(store: &Store) -> anyhow::Result<Finding> {
    let keys = keys::public_keys(store).await?;
    let lacking = SigningAlg::ALL
        .into_iter()
        .find(|alg| !keys.iter().any(|key| key.alg == *alg && key.state == KeyState::Current));
    Ok(match lacking {
        None => Finding::Fine(format!("{} signing keys", keys.len())),
        Some(_) if keys.is_empty() => {
            Finding::Note("no signing keys yet; the first start makes them".to_owned())
        }
        Some(alg) => Finding::Wrong(format!("no current {} key. Restore the database.", alg.as_str())),
    })
}

async fn set_up(store: &Store) -> anyhow::Result<Finding> {
    Ok(if milestones::is_reached(store, Milestone::SetUp).await? {
        Finding::Fine("set-up is done and closed".to_owned())
    } else {
        Finding::Note(
            "nobody has been set up yet; start the service and open the address it prints".to_owned(),
        )
    })
}

async fn audit_chain(store: &Store) -> anyhow::Result<Finding> {
    let whole = match audit::verify(store).await? {
        Ok(whole) => whole,
        Err(broken) => return Ok(Finding::Wrong(format!("the audit trail was tampered with: {broken}"))),
    };
    Ok(match audit::unreadable(store).await? {
        None => Finding::Fine(format!("the audit trail of {} records is whole", whole.records)),
        Some(lost) => Finding::Wrong(format!("in the audit trail {lost}")),
    })
}
