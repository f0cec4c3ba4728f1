//! The service as a whole: its keys, what waits to be sent, a mail for trial. Seen by who looks after it or checks it, changed by
//! operators alone.

use super::health::{self, Finding};
use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::Event;
use crate::config::Config;
use crate::ephemeral::Ephemeral;
use crate::model::ids::OutboxId;
use crate::model::key::PublicKey;
use crate::model::user::{Language, User};
use crate::store::outbox::{self, Entry};
use crate::store::{Tx, keys};

/// All keys that sign, or did a while ago, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn signing_keys(office: &Office<'_>, actor: &AdminActor) -> Outcome<Vec<PublicKey>> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    Ok(Ok(keys::public_keys(office.store).await?))
}

/// How the service does.
///
/// # Errors
/// When the database does not answer.
pub async fn health(
    office: &Office<'_>,
    actor: &AdminActor,
    (config, ephemeral): (&Config, &Ephemeral),
) -> Outcome<Vec<Finding>> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    let mut found = health::of_the_host(config, office.now);
    found.extend(health::of_the_database(office.store, config, office.now).await?);
    found.extend(health::of_redis(config, ephemeral).await);
    Ok(Ok(found))
}

/// Whether the actor may, now, change something about the service itself. Nobody learns of it who may not even see it.
///
/// # Errors
/// When the database does not answer.
pub async fn may_run(office: &Office<'_>, actor: &AdminActor) -> Outcome<()> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    let may = actor.may(Act::RunService) && actor.still_holds(office.store).await?;
    Ok(if may { Ok(()) } else { Err(Refused::Forbidden) })
}

/// What waits to be sent: how much, how much of it has failed, and a page of it after a place in the list.
#[derive(Debug)]
pub struct Deliveries {
    pub waiting: u64,
    pub failed: u64,
    pub entries: Vec<Entry>,
}

/// At most `limit` of what waits, the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn deliveries(
    office: &Office<'_>,
    actor: &AdminActor,
    (failed_only, before): (bool, Option<OutboxId>),
    limit: u64,
) -> Outcome<Deliveries> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    let (waiting, failed) = outbox::waiting(office.store).await?;
    let entries = outbox::list(office.store, failed_only, before, limit).await?;
    Ok(Ok(Deliveries { waiting, failed, entries }))
}

/// One thing that waits.
///
/// # Errors
/// When the database does not answer.
pub async fn delivery(office: &Office<'_>, actor: &AdminActor, id: OutboxId) -> Outcome<Entry> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    Ok(outbox::entry(office.store, id).await?.ok_or(Refused::NotFound))
}

/// Tries something that has failed again at once.
///
/// # Errors
/// When the database does not answer.
pub async fn retry(office: &Office<'_>, actor: &AdminActor, id: OutboxId) -> Outcome<()> {
    let tx = match begin(office, actor).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(entry) = outbox::retry(&tx, id, office.now).await? else {
        return Ok(Err(Refused::Unchanged));
    };
    let event = Event::DeliveryRetried { delivery: entry.kind.as_str(), client: entry.recipient };
    office.record(&tx, actor, entry.user_id, event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Gives up something that has failed: it is not sent any more.
///
/// # Errors
/// When the database does not answer.
pub async fn give_up(office: &Office<'_>, actor: &AdminActor, id: OutboxId) -> Outcome<()> {
    let tx = match begin(office, actor).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(entry) = outbox::remove_failed(&tx, id).await? else {
        return Ok(Err(Refused::Unchanged));
    };
    let event = Event::DeliveryGivenUp { delivery: entry.kind.as_str(), client: entry.recipient };
    office.record(&tx, actor, entry.user_id, event).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

pub(super) async fn begin(office: &Office<'_>, actor: &AdminActor) -> Outcome<Tx> {
    if !actor.may(Act::SeeService) {
        return Ok(Err(Refused::NotFound));
    }
    let tx = office.store.begin().await?;
    if !actor.may(Act::RunService) || !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    Ok(Ok(tx))
}

/// Sends whoever asks one mail with made-up contents, to see whether mail arrives and how it looks.
///
/// # Errors
/// When the database does not answer.
pub async fn try_mail(
    office: &Office<'_>,
    actor: &AdminActor,
    (name, reader): (&str, (&User, &Language)),
) -> Outcome<()> {
    let tx = match begin(office, actor).await? {
        Ok(tx) => tx,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(mail) = office.mail.try_out(&tx, name, reader, office.now).await? else {
        return Ok(Err(Refused::NotFound));
    };
    office.record(&tx, actor, Some(reader.0.id), Event::MailTried { mail }).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
