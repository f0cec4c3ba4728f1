//! Finding records and opening what is sealed in them. Every list is bounded, and every filter has an index.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, Statement,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::entity::audit_event;
use super::super::{Read, Result, to_millis};
use super::{Part, Stored, from_row, keys};
use crate::crypto::seal::ShreddableKey;
use crate::model::ids::UserId;

/// Nobody is given more records than this at once.
pub const MAX_PAGE: u64 = 1000;

/// Which records. What is empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub kinds: Vec<String>,
    /// Whom they are about.
    pub person: Option<Uuid>,
    /// Who acted.
    pub actor: Option<Uuid>,
    pub client: Option<String>,
    /// One of these organizations is named in them.
    pub organizations: Vec<Uuid>,
    /// Not before this…
    pub from: Option<OffsetDateTime>,
    /// …and before this.
    pub to: Option<OffsetDateTime>,
}

/// What became of the parts that identify somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Personal {
    /// They are here, or there were none.
    Kept,
    /// Their key is gone, and with it whatever they said.
    Erased,
    /// They do not open although their person is still here: somebody changed them, or changed or took the key.
    Damaged,
}

/// One record as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub sequence: i64,
    pub at: OffsetDateTime,
    pub kind: String,
    pub actor: Option<Uuid>,
    pub subject: Option<Uuid>,
    pub client: Option<String>,
    /// It began with a request, wherever that came from.
    pub by_request: bool,
    pub network: Option<String>,
    pub browser: Option<String>,
    /// JSON.
    pub detail: String,
    pub personal: Personal,
    pub hash: Vec<u8>,
}

/// What is sealed of where a request came from.
#[derive(Debug, Serialize, Deserialize)]
struct Origin {
    network: Option<String>,
    browser: Option<String>,
}

/// At most `limit` records before `before`, the newest first.
pub async fn find(db: &impl Read, filter: &Filter, before: i64, limit: u64) -> Result<Vec<Record>> {
    read(db, newest_first(filter, before, limit)).await
}

/// At most `limit` records after the first of these and none after the second, the oldest first.
pub async fn find_between(
    db: &impl Read,
    filter: &Filter,
    (after, through): (i64, i64),
    limit: u64,
) -> Result<Vec<Record>> {
    let rows = filtered(filter)
        .filter(audit_event::Column::Sequence.gt(after))
        .filter(audit_event::Column::Sequence.lte(through))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(limit.min(MAX_PAGE));
    read(db, rows).await
}

/// At most `limit` records after `sequence`, in order.
pub async fn after(db: &impl Read, sequence: i64, limit: u64) -> Result<Vec<Record>> {
    find_between(db, &Filter::default(), (sequence, i64::MAX), limit).await
}

/// At most `limit` records about a person before `sequence`, the newest first.
pub async fn of_subject(db: &impl Read, subject: UserId, before: i64, limit: u64) -> Result<Vec<Record>> {
    find(db, &Filter { person: Some(subject.uuid()), ..Filter::default() }, before, limit).await
}

/// One record.
pub async fn at(db: &impl Read, sequence: i64) -> Result<Option<Record>> {
    let mut found = read(db, audit_event::Entity::find_by_id(sequence)).await?;
    Ok(found.pop())
}

/// Whether there are more records than this.
pub async fn is_more_than(db: &impl Read, filter: &Filter, count: u64) -> Result<bool> {
    let beyond: Vec<i64> = filtered(filter)
        .select_only()
        .column(audit_event::Column::Sequence)
        .order_by_desc(audit_event::Column::Sequence)
        .limit(1)
        .offset(count)
        .into_tuple()
        .all(db.connection())
        .await?;
    Ok(!beyond.is_empty())
}

/// How the database would go about [`find`], in its own words.
pub async fn explain(db: &impl Read, filter: &Filter) -> Result<Vec<String>> {
    let backend = db.connection().get_database_backend();
    let statement = newest_first(filter, i64::MAX, 50).build(backend);
    let (words, column) = match backend {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let statement = Statement { sql: format!("{words} {}", statement.sql), ..statement };
    let rows = db.connection().query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get("", column)).collect::<std::result::Result<_, _>>()?)
}

fn newest_first(filter: &Filter, before: i64, limit: u64) -> Select<audit_event::Entity> {
    filtered(filter)
        .filter(audit_event::Column::Sequence.lt(before))
        .order_by_desc(audit_event::Column::Sequence)
        .limit(limit.min(MAX_PAGE))
}

fn filtered(filter: &Filter) -> Select<audit_event::Entity> {
    use audit_event::Column;
    let mut rows = audit_event::Entity::find();
    match filter.kinds.as_slice() {
        [] => {}
        [kind] => rows = rows.filter(Column::Kind.eq(kind)),
        kinds => rows = rows.filter(Column::Kind.is_in(kinds)),
    }
    if let Some(person) = filter.person {
        rows = rows.filter(Column::Subject.eq(person));
    }
    if let Some(actor) = filter.actor {
        rows = rows.filter(Column::Actor.eq(actor));
    }
    if let Some(client) = &filter.client {
        rows = rows.filter(Column::Client.eq(client));
    }
    match filter.organizations.as_slice() {
        [] => {}
        [organization] => rows = rows.filter(Column::Organization.eq(*organization)),
        several => rows = rows.filter(Column::Organization.is_in(several.iter().copied())),
    }
    if let Some(from) = filter.from {
        rows = rows.filter(Column::At.gte(to_millis(from)));
    }
    if let Some(to) = filter.to {
        rows = rows.filter(Column::At.lt(to_millis(to)));
    }
    rows
}

async fn read(db: &impl Read, rows: Select<audit_event::Entity>) -> Result<Vec<Record>> {
    let stored: Vec<Stored> = rows.all(db.connection()).await?.into_iter().map(from_row).collect();
    let holder = |record: &Stored, part| record.holder(part).unwrap_or_default();
    let holders: HashSet<Uuid> = stored
        .iter()
        .flat_map(|record| {
            let origin = record.sealed_origin.is_some().then(|| holder(record, Part::Origin));
            let detail = record.sealed_detail.is_some().then(|| holder(record, Part::Detail));
            origin.into_iter().chain(detail)
        })
        .collect();
    let keys = keys::of_holders(db, holders).await?;
    Ok(stored.into_iter().map(|record| opened(record, &keys)).collect())
}

type Keys = HashMap<Uuid, Option<ShreddableKey>>;

fn opened(record: Stored, keys: &Keys) -> Record {
    let origin = open::<Origin>(&record, Part::Origin, keys);
    let detail = open::<Map<String, Value>>(&record, Part::Detail, keys);
    let gone = |part: Option<Personal>| part.unwrap_or(Personal::Kept);
    let personal = gone(origin.as_ref().and_then(|part| part.as_ref().err().copied()))
        .max(gone(detail.as_ref().and_then(|part| part.as_ref().err().copied())));
    let by_request = record.network.is_some() || record.sealed_origin.is_some();
    let (network, browser) = match origin {
        Some(Ok(origin)) => (origin.network, origin.browser),
        Some(Err(_)) => (None, None),
        None => (record.network, record.browser),
    };
    let detail = match detail {
        Some(Ok(closed)) => merged(&record.detail, closed),
        _ => record.detail,
    };
    Record {
        sequence: record.sequence,
        at: record.at,
        kind: record.kind,
        actor: record.actor,
        subject: record.subject,
        client: record.client,
        by_request,
        network,
        browser,
        detail,
        personal,
        hash: record.hash,
    }
}

/// A sealed part, or what became of it. `None`: the record has none.
fn open<T: serde::de::DeserializeOwned>(
    record: &Stored,
    part: Part,
    keys: &Keys,
) -> Option<std::result::Result<T, Personal>> {
    let sealed = match part {
        Part::Origin => record.sealed_origin.as_ref(),
        Part::Detail => record.sealed_detail.as_ref(),
    }?;
    let key = match keys.get(&record.holder(part).unwrap_or_default()) {
        _ if sealed.is_empty() => return Some(Err(Personal::Erased)),
        None => return Some(Err(Personal::Erased)),
        Some(None) => return Some(Err(Personal::Damaged)),
        Some(Some(key)) => key,
    };
    let plain = key.open(part.place(&record.sequence.to_string()), sealed).ok();
    Some(plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or(Personal::Damaged))
}

fn merged(open: &str, closed: Map<String, Value>) -> String {
    let mut all: Map<String, Value> = serde_json::from_str(open).unwrap_or_default();
    all.extend(closed);
    Value::Object(all).to_string()
}
