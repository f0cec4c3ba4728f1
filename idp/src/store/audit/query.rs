//! Finding records and opening what is sealed in them. Every list is bounded, and every filter has an index.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Statement,
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
    if !goes_by_time(db, filter).await? {
        return read(db, newest_first(db, filter, before, limit)).await;
    }
    let place = audit_event::Entity::find_by_id(before).all(db.connection()).await?.pop().map(|row| row.at);
    read(db, latest_first(db, filter, (before, place), limit)).await
}

/// So many records are looked through without anybody noticing.
const FEW: u64 = 5000;

/// Whether the days that are asked for lead sooner to the records than the rest of the filter: where many fit that, and
/// those that are looked for may be far back.
async fn goes_by_time(db: &impl Read, filter: &Filter) -> Result<bool> {
    let rest = Filter { from: None, to: None, ..filter.clone() };
    if rest == *filter {
        return Ok(false);
    }
    Ok(rest == Filter::default() || is_more_than(db, &rest, FEW).await?)
}

/// In the order of their moments, which is that of their numbers where nobody sets a clock back.
fn latest_first(
    db: &impl Read,
    filter: &Filter,
    (before, place): (i64, Option<i64>),
    limit: u64,
) -> Select<audit_event::Entity> {
    use audit_event::Column;
    let earlier = match place {
        Some(at) => {
            Condition::any().add(Column::At.lt(at)).add(Column::At.eq(at).and(Column::Sequence.lt(before)))
        }
        None => Condition::all().add(Column::Sequence.lt(before)),
    };
    let through = place.map_or_else(Condition::all, |at| Condition::all().add(Column::At.lte(at)));
    // The first alone is what the index can be entered by.
    filtered(db, filter, true)
        .filter(through)
        .filter(earlier)
        .order_by_desc(Column::At)
        .order_by_desc(Column::Sequence)
        .limit(Ord::min(limit, MAX_PAGE))
}

/// At most `limit` records after the first of these and none after the second, the oldest first.
pub async fn find_between(
    db: &impl Read,
    filter: &Filter,
    (after, through): (i64, i64),
    limit: u64,
) -> Result<Vec<Record>> {
    let rows = filtered(db, filter, false)
        .filter(audit_event::Column::Sequence.gt(after))
        .filter(audit_event::Column::Sequence.lte(through))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(Ord::min(limit, MAX_PAGE));
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
    let beyond: Vec<i64> = filtered(db, filter, false)
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
    let rows = if goes_by_time(db, filter).await? {
        latest_first(db, filter, (i64::MAX, None), 50)
    } else {
        newest_first(db, filter, i64::MAX, 50)
    };
    let statement = rows.build(backend);
    let (words, column) = match backend {
        DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        _ => ("EXPLAIN", "QUERY PLAN"),
    };
    let statement = Statement { sql: format!("{words} {}", statement.sql), ..statement };
    let rows = db.connection().query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get("", column)).collect::<std::result::Result<_, _>>()?)
}

fn newest_first(db: &impl Read, filter: &Filter, before: i64, limit: u64) -> Select<audit_event::Entity> {
    filtered(db, filter, false)
        .filter(audit_event::Column::Sequence.lt(before))
        .order_by_desc(audit_event::Column::Sequence)
        .limit(Ord::min(limit, MAX_PAGE))
}

/// The records that fit. SQLite knows nothing of how many that are and enters by whatever it sees first, so what it shall
/// not enter by has a sign in front, which changes nothing else.
fn filtered(db: &impl Read, filter: &Filter, by_time: bool) -> Select<audit_event::Entity> {
    use audit_event::Column;
    let sqlite = db.connection().get_database_backend() == DbBackend::Sqlite;
    let column = |column: Column, enters: bool| {
        if sqlite && !enters { Expr::cust(format!("+\"{}\"", column.as_str())) } else { column.into_expr() }
    };
    let of_one = filter.person.is_some() || filter.actor.is_some() || filter.client.is_some();
    let one = of_one || !filter.organizations.is_empty();
    let kind = || column(Column::Kind, !by_time && !one);
    let mut rows = audit_event::Entity::find();
    match filter.kinds.as_slice() {
        [] => {}
        [one] => rows = rows.filter(kind().eq(one.as_str())),
        kinds => rows = rows.filter(kind().is_in(kinds.iter().map(String::as_str))),
    }
    if let Some(person) = filter.person {
        rows = rows.filter(column(Column::Subject, !by_time).eq(person));
    }
    if let Some(actor) = filter.actor {
        rows = rows.filter(column(Column::Actor, !by_time).eq(actor));
    }
    if let Some(client) = &filter.client {
        rows = rows.filter(column(Column::Client, !by_time).eq(client.as_str()));
    }
    let organization = || column(Column::Organization, !by_time && !of_one);
    match filter.organizations.as_slice() {
        [] => {}
        [id] => rows = rows.filter(organization().eq(*id)),
        several => rows = rows.filter(organization().is_in(several.iter().copied())),
    }
    let at = || column(Column::At, by_time || (!one && filter.kinds.is_empty()));
    if let Some(from) = filter.from {
        rows = rows.filter(at().gte(to_millis(from)));
    }
    if let Some(to) = filter.to {
        rows = rows.filter(at().lt(to_millis(to)));
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
