//! Reading the audit trail. Whoever reads leaves a record that says what they asked for, and it is there before they
//! see anything (security: S27).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tokio::sync::Semaphore;

use super::{Act, AdminActor, Office, Outcome, Refused};
use crate::audit::{self, Broken, Event, Whole};
use crate::model::ids::{SearchId, UserId};
use crate::model::user::User;
use crate::store::audit::{self as records, Filter, Record};
use crate::store::searches::{self, Search};
use crate::store::users;

/// A browser is given no more records than this at once; `idp audit export` knows no bound.
pub const MOST: u64 = 100_000;

/// In the name of a search that somebody keeps.
const LETTERS: usize = 60;

/// At most `limit` records before `before`, the newest first. `how` it is read is recorded.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    office: &Office<'_>,
    actor: &AdminActor,
    (how, filter): (&'static str, &Filter),
    (before, limit): (i64, u64),
) -> Outcome<Vec<Record>> {
    if !actor.may(Act::ReadAudit) {
        return Ok(Err(Refused::Forbidden));
    }
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    office.record(&tx, actor, None, audit::reading((how, filter))).await?;
    tx.commit().await?;
    Ok(Ok(records::find(office.store, filter, before, limit).await?))
}

/// One record with all its members.
///
/// # Errors
/// When the database does not answer.
pub async fn one(office: &Office<'_>, actor: &AdminActor, sequence: i64) -> Outcome<Record> {
    if !actor.may(Act::ReadAudit) {
        return Ok(Err(Refused::NotFound));
    }
    let Some(found) = records::at(office.store, sequence).await? else {
        return Ok(Err(Refused::NotFound));
    };
    let tx = office.store.begin().await?;
    let event = Event::AuditRead { how: "record", filter: json!({ "sequence": sequence }) };
    office.record(&tx, actor, None, event).await?;
    tx.commit().await?;
    Ok(Ok(found))
}

/// Whether as many records as this filter finds may go out through a browser. The export itself is recorded by
/// whoever makes it.
///
/// # Errors
/// When the database does not answer.
pub async fn may_export(office: &Office<'_>, actor: &AdminActor, filter: &Filter) -> Outcome<bool> {
    if !actor.may(Act::ReadAudit) {
        return Ok(Err(Refused::NotFound));
    }
    Ok(Ok(!records::is_more_than(office.store, filter, MOST).await?))
}

static VERIFICATIONS: Semaphore = Semaphore::const_new(1);

/// Whether the trail is whole, as `idp audit verify` says it.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(office: &Office<'_>, actor: &AdminActor) -> Outcome<Result<Whole, Broken>> {
    if !actor.may(Act::ReadAudit) {
        return Ok(Err(Refused::NotFound));
    }
    // All of it is read: one after the other.
    let _turn = VERIFICATIONS.acquire().await?;
    let tx = office.store.begin().await?;
    if !actor.still_holds(&tx).await? {
        return Ok(Err(Refused::Forbidden));
    }
    office.record(&tx, actor, None, audit::reading(("verify", &Filter::default()))).await?;
    tx.commit().await?;
    Ok(Ok(audit::verify(office.store).await?))
}

/// The people whom records name, as far as they are still here. Whoever reads the trail sees everybody.
///
/// # Errors
/// When the database does not answer.
pub async fn people(office: &Office<'_>, records: &[Record]) -> anyhow::Result<BTreeMap<UserId, User>> {
    let named = records.iter().flat_map(|record| [record.actor, record.subject]).flatten();
    let named: BTreeSet<UserId> = named.map(UserId::from_uuid).collect();
    let found = users::by_ids(office.store, &named).await?;
    Ok(found.into_iter().map(|user| (user.id, user)).collect())
}

/// The searches that whoever asks keeps.
///
/// # Errors
/// When the database does not answer.
pub async fn searches(office: &Office<'_>, actor: &AdminActor) -> anyhow::Result<Vec<Search>> {
    match actor.person() {
        Some(person) if actor.may(Act::ReadAudit) => Ok(searches::of_user(office.store, person).await?),
        _ => Ok(Vec::new()),
    }
}

/// Keeps a search under a name. `Unchanged`: the name says nothing or too much, or there are very many already.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_search(
    office: &Office<'_>,
    actor: &AdminActor,
    (name, query): (&str, &str),
) -> Outcome<()> {
    let Some(person) = actor.person().filter(|_| actor.may(Act::ReadAudit)) else {
        return Ok(Err(Refused::NotFound));
    };
    let name = name.trim();
    let known = searches::of_user(office.store, person).await?.len() as u64;
    if name.is_empty() || name.chars().count() > LETTERS || known >= searches::MOST {
        return Ok(Err(Refused::Unchanged));
    }
    let id = office.entropy.id(office.now, SearchId::new)?;
    let search = Search { id, name: name.to_owned(), query: query.to_owned() };
    let tx = office.store.begin().await?;
    searches::insert(&tx, person, &search, office.now).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Forgets one of their own.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_search(office: &Office<'_>, actor: &AdminActor, id: SearchId) -> Outcome<()> {
    let Some(person) = actor.person().filter(|_| actor.may(Act::ReadAudit)) else {
        return Ok(Err(Refused::NotFound));
    };
    let tx = office.store.begin().await?;
    if !searches::remove(&tx, person, id).await? {
        return Ok(Err(Refused::NotFound));
    }
    tx.commit().await?;
    Ok(Ok(()))
}
