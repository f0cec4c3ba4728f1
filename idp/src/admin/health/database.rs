//! What an open database says: who can run the service, what is about to end, what did not leave, and its server.

use time::{Duration, OffsetDateTime};

use super::{Finding, Standing, finding};
use crate::config::Config;
use crate::model::key::{KeyState, SigningAlg};
use crate::store::audit::{Filter, MarkName, after, find, mark};
use crate::store::milestones::{self, Milestone};
use crate::store::{Store, client_secrets, keys, outbox, server, users};
use crate::theme::moment;

/// Clocks that differ by more make what one of them says expired, or not yet good, at the other.
const SKEW: Duration = Duration::seconds(10);
/// Somebody who is told so long before can still do something.
const SOON: Duration = Duration::days(14);
/// A rotation that is due happens within a minute while the service runs.
const ROTATED_BY: Duration = Duration::days(7);
/// The age of a backup that somebody should look at.
const OLD_BACKUP: Duration = Duration::days(7);
/// With fewer, requests wait for each other.
const FEW_CONNECTIONS: usize = 4;

/// Everything but the audit chain.
pub(super) async fn all(store: &Store, config: &Config, now: OffsetDateTime) -> anyhow::Result<Vec<Finding>> {
    let opens = "the database opens and its schema is current".to_owned();
    let mut found = vec![finding(Standing::Fine, "database-fine", &"", opens)];
    found.extend(clock(store, now).await?);
    found.extend(connections(store, config).await?);
    found.push(signing_keys(store, config, now).await?);
    found.extend(secrets(store, now).await?);
    let set_up = milestones::is_reached(store, Milestone::SetUp).await?;
    found.push(people(store, set_up).await?);
    found.push(deliveries(store).await?);
    found.push(checkpoints(store, config, now).await?);
    if set_up && config.database.url.is_none() {
        found.push(backups(store, now).await?);
    }
    Ok(found)
}

async fn clock(store: &Store, now: OffsetDateTime) -> anyhow::Result<Option<Finding>> {
    if let Some(theirs) = server::clock(store).await?
        && (theirs - now).abs() > SKEW
    {
        let seconds = (theirs - now).whole_seconds();
        let sentence = format!(
            "the clock of the database server is {seconds} s ahead of ours (behind, if below zero): sessions and tokens \
             end too early or too late. Let both follow one time server (NTP)."
        );
        return Ok(Some(finding(Standing::Wrong, "clock-skewed", &seconds, sentence)));
    }
    let newest = find(store, &Filter::default(), i64::MAX, 1).await?;
    Ok(newest.first().filter(|record| record.at - now > SKEW).map(|record| {
        let at = moment(record.at);
        let sentence = format!(
            "the newest record of the audit trail is of {at}, which is yet to come: the clock of this machine, or of \
             another node, is or was wrong. Let them follow a time server (NTP)."
        );
        finding(Standing::Wrong, "clock-behind", &at, sentence)
    }))
}

async fn connections(store: &Store, config: &Config) -> anyhow::Result<Option<Finding>> {
    let ours = config.database.max_connections;
    let Some(theirs) = server::connections(store).await? else { return Ok(None) };
    if usize::try_from(theirs).is_ok_and(|theirs| theirs < ours) {
        let sentence = format!(
            "database.max_connections is {ours}, and the database server has {theirs} for everybody: what goes beyond \
             fails. Set it to less than that divided by the number of nodes, or raise max_connections there."
        );
        return Ok(Some(finding(
            Standing::Wrong,
            "connections-many",
            &format!("{ours} > {theirs}"),
            sentence,
        )));
    }
    Ok((ours < FEW_CONNECTIONS).then(|| {
        let sentence = format!(
            "database.max_connections is {ours}: requests wait for each other. Four times the cores of the database \
             server is a good value."
        );
        finding(Standing::Note, "connections-few", &ours, sentence)
    }))
}

async fn signing_keys(store: &Store, config: &Config, now: OffsetDateTime) -> anyhow::Result<Finding> {
    let keys = keys::public_keys(store).await?;
    let current = |alg: SigningAlg| keys.iter().find(|key| key.alg == alg && key.state == KeyState::Current);
    let count = keys.len();
    if keys.is_empty() {
        let sentence = "no signing keys yet; the first start makes them".to_owned();
        return Ok(finding(Standing::Note, "keys-none", &"", sentence));
    }
    for alg in SigningAlg::ALL {
        let name = alg.as_str();
        let Some(key) = current(alg) else {
            let sentence = format!("no current {name} key. Restore the database.");
            return Ok(finding(Standing::Wrong, "keys-missing", &name, sentence));
        };
        if now - key.changed_at > config.keys.rotate_after() + ROTATED_BY {
            let since = moment(key.changed_at);
            let sentence = format!(
                "the {name} key signs since {since}, longer than keys.rotate_days allows. The running service rotates keys: \
                 look at its log, or run idp keys rotate."
            );
            return Ok(finding(Standing::Wrong, "keys-late", &name, sentence));
        }
    }
    Ok(finding(Standing::Fine, "keys-fine", &count, format!("{count} signing keys")))
}

/// Applications that will have no secret before long.
async fn secrets(store: &Store, now: OffsetDateTime) -> anyhow::Result<Option<Finding>> {
    let ending = client_secrets::ending(store, now, now + SOON).await?;
    let Some((client, at)) = ending.first() else { return Ok(None) };
    let (at, more) = (moment(*at), ending.len() - 1);
    let others = if more == 0 { String::new() } else { format!(" and {more} others") };
    let sentence = format!(
        "the last secret of the application {client} ends on {at}{others}. Give it another: idp client secret add {client}"
    );
    Ok(Some(finding(Standing::Note, "secrets-ending", &format!("{client}{others}"), sentence)))
}

async fn people(store: &Store, set_up: bool) -> anyhow::Result<Finding> {
    if !set_up {
        let sentence = "nobody has been set up yet; start the service and open the address it prints";
        return Ok(finding(Standing::Note, "set-up-open", &"", sentence.to_owned()));
    }
    if users::operators(store).await?.is_empty() {
        let sentence = "there is no operator who is not disabled: nobody can run the service in the console. Name one: idp \
                        user role EMAIL operator (or idp user enable EMAIL).";
        return Ok(finding(Standing::Wrong, "operator-none", &"", sentence.to_owned()));
    }
    Ok(finding(Standing::Fine, "set-up-done", &"", "set-up is done and closed".to_owned()))
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

/// Those of `idp backup`. Whoever makes copies by other means is not known here.
async fn backups(store: &Store, now: OffsetDateTime) -> anyhow::Result<Finding> {
    let made = Filter { kinds: vec!["backup-made".to_owned()], ..Filter::default() };
    let last = find(store, &made, i64::MAX, 1).await?;
    let Some(last) = last.first() else {
        let sentence = "idp backup has never made a backup here. Run it every day: idp backup FOLDER";
        return Ok(finding(Standing::Note, "backup-none", &"", sentence.to_owned()));
    };
    let at = moment(last.at);
    Ok(if now - last.at > OLD_BACKUP {
        let sentence = format!(
            "the last backup is of {at}. Look at what should run idp backup every day (a timer, cron), and at its log."
        );
        finding(Standing::Wrong, "backup-old", &at, sentence)
    } else {
        finding(Standing::Fine, "backup-fine", &at, format!("the last backup is of {at}"))
    })
}
