//! The audit chain as it is stored. The head row is locked until the transaction ends, so records have no gaps and
//! one order; append last in a transaction to hold it briefly. `keys` seals what identifies a person, `query` finds
//! and opens records, `marks` keeps what was signed.

mod keys;
mod marks;
mod query;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::entity::{audit_event, audit_head, audit_key};
use super::{Read, Result, StoreError, Tx, from_millis, to_millis};

pub use keys::{Part, insert_signer, seal, signer};
pub use marks::{Mark, MarkName, mark, set_mark};
pub use query::{
    Filter, MAX_PAGE, Personal, Record, after, at, explain, find, find_between, is_more_than, of_subject,
};

const HEAD: i32 = 1;

/// One record as it is stored and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub sequence: i64,
    pub at: OffsetDateTime,
    pub kind: String,
    pub actor: Option<Uuid>,
    pub subject: Option<Uuid>,
    pub client: Option<String>,
    /// The organization that the detail names: to find by. What is hashed is the detail.
    pub organization: Option<Uuid>,
    /// Where the request came from, in clear: in records of the first format only.
    pub network: Option<String>,
    pub browser: Option<String>,
    /// JSON, byte for byte as it was hashed; of what may stay for ever.
    pub detail: String,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
    /// Which bytes are hashed, and how.
    pub format: i16,
    /// Network and browser. No bytes: whose they were had no key any more.
    pub sealed_origin: Option<Vec<u8>>,
    /// What else identifies somebody.
    pub sealed_detail: Option<Vec<u8>>,
}

impl Stored {
    /// Whose key seals a part of it: of where a request came from it is who acted, of the rest whom it is about.
    /// `None`: the common key.
    #[must_use]
    pub fn holder(&self, part: Part) -> Option<Uuid> {
        match part {
            Part::Origin => self.actor.or(self.subject),
            Part::Detail => self.subject.or(self.actor),
        }
    }
}

/// A place in the chain, and what is sealed there.
#[derive(Debug)]
pub struct Place {
    pub sequence: i64,
    /// The hash it follows on.
    pub previous_hash: Vec<u8>,
    /// The keys of the holders of both parts, sealed; those that are known.
    keys: [Option<Vec<u8>>; 2],
}

/// Takes the next place in the chain, for a record whose parts belong to these.
pub async fn next_place(tx: &Tx, [origin, detail]: [Option<Uuid>; 2]) -> Result<Place> {
    let key = |holder: Option<Uuid>| {
        let key = Query::select()
            .column(audit_key::Column::SealedKey)
            .from(audit_key::Entity)
            .and_where(audit_key::Column::Id.eq(holder.unwrap_or_default()))
            .to_owned();
        Expr::SubQuery(None, Box::new(key.into()))
    };
    let column = |column| Expr::col(column);
    let mut answer = vec![
        column(audit_head::Column::Sequence),
        column(audit_head::Column::Hash),
        key(origin),
        key(detail),
    ];
    // From here on all others who write wait.
    answer.extend(tx.connection().commits_early());
    let head = Query::update()
        .table(audit_head::Entity)
        .value(audit_head::Column::Sequence, Expr::col(audit_head::Column::Sequence).add(1))
        .and_where(audit_head::Column::Id.eq(HEAD))
        .returning(Query::returning().exprs(answer))
        .to_owned();
    let head = tx.connection().query_all(&head).await?.pop().ok_or(StoreError::Damaged("audit_head"))?;
    Ok(Place {
        sequence: head.try_get_by_index(0)?,
        previous_hash: head.try_get_by_index(1)?,
        keys: [head.try_get_by_index(2)?, head.try_get_by_index(3)?],
    })
}

/// Writes the head as it is: a change that changes nothing, and costs what one costs.
pub(super) async fn rewrite_head(tx: &Tx) -> Result<()> {
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Sequence, Expr::col(audit_head::Column::Sequence))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Writes the record into the place it took, at the latest when the transaction ends.
pub fn append(tx: &Tx, record: Stored) {
    let head = audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Hash, Expr::value(record.hash.clone()))
        .filter(audit_head::Column::Id.eq(HEAD));
    let row = audit_event::ActiveModel {
        sequence: Set(record.sequence),
        at: Set(to_millis(record.at)),
        kind: Set(record.kind),
        actor: Set(record.actor),
        subject: Set(record.subject),
        network: Set(record.network),
        browser: Set(record.browser),
        detail: Set(record.detail),
        previous_hash: Set(record.previous_hash),
        hash: Set(record.hash),
        format: Set(record.format),
        client: Set(record.client),
        organization: Set(record.organization),
        sealed_origin: Set(record.sealed_origin),
        sealed_detail: Set(record.sealed_detail),
    };
    tx.later(head.into_query());
    tx.later(audit_event::Entity::insert(row).into_query());
}

/// At most `limit` records after `sequence`, in order, as they are stored.
pub async fn stored_after(db: &impl Read, sequence: i64, limit: u64) -> Result<Vec<Stored>> {
    let rows = audit_event::Entity::find()
        .filter(audit_event::Column::Sequence.gt(sequence))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(limit)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Where the chain ends: the last sequence number and hash.
pub async fn head(db: &impl Read) -> Result<(i64, Vec<u8>)> {
    let rows = audit_head::Entity::find_by_id(HEAD).all(db.connection()).await?;
    let head = rows.into_iter().next().ok_or(StoreError::Damaged("audit_head"))?;
    Ok((head.sequence, head.hash))
}

/// The last record of the longest beginning of the chain that is wholly older than this.
pub async fn last_before(db: &impl Read, cutoff: OffsetDateTime) -> Result<Option<i64>> {
    let newer = audit_event::Entity::find()
        .filter(audit_event::Column::At.gte(to_millis(cutoff)))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(1)
        .all(db.connection())
        .await?;
    let mut older = audit_event::Entity::find()
        .filter(audit_event::Column::At.lt(to_millis(cutoff)))
        .order_by_desc(audit_event::Column::Sequence)
        .limit(1);
    if let Some(newer) = newer.first() {
        older = older.filter(audit_event::Column::Sequence.lt(newer.sequence));
    }
    Ok(older.all(db.connection()).await?.first().map(|row| row.sequence))
}

/// Removes at most `limit` of the oldest records, none after `through`; says how many.
pub async fn remove_through(tx: &Tx, through: i64, limit: u64) -> Result<u64> {
    let oldest: Vec<i64> = audit_event::Entity::find()
        .select_only()
        .column(audit_event::Column::Sequence)
        .filter(audit_event::Column::Sequence.lte(through))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let Some(last) = oldest.last() else { return Ok(0) };
    let removed = audit_event::Entity::delete_many()
        .filter(audit_event::Column::Sequence.lte(*last))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected)
}

fn from_row(row: audit_event::Model) -> Stored {
    Stored {
        sequence: row.sequence,
        at: from_millis(row.at),
        kind: row.kind,
        actor: row.actor,
        subject: row.subject,
        client: row.client,
        organization: row.organization,
        network: row.network,
        browser: row.browser,
        detail: row.detail,
        previous_hash: row.previous_hash,
        hash: row.hash,
        format: row.format,
        sealed_origin: row.sealed_origin,
        sealed_detail: row.sealed_detail,
    }
}
