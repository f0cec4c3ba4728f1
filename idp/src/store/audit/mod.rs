//! The audit chain as it is stored. The head row is locked until the transaction ends, so records have no gaps and
//! one order; append last in a transaction to hold it briefly. `keys` seals what identifies a person, `query` finds
//! and opens records, `marks` keeps what was signed.

mod keys;
mod marks;
mod query;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;
use uuid::Uuid;

use super::entity::{audit_event, audit_head};
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

/// Takes the next place in the chain: its sequence number and the hash it follows on.
pub async fn next_place(tx: &Tx) -> Result<(i64, Vec<u8>)> {
    let head = audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Sequence, Expr::col(audit_head::Column::Sequence).add(1))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec_with_returning(tx.connection())
        .await?
        .pop()
        .ok_or(StoreError::Damaged("audit_head"))?;
    Ok((head.sequence, head.hash))
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

/// Writes the record into the place it took.
pub async fn append(tx: &Tx, record: Stored) -> Result<()> {
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::Hash, Expr::value(record.hash.clone()))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(tx.connection())
        .await?;
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
    audit_event::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
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
