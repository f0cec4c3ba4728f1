//! Appending to the audit chain. The head row is locked until the transaction ends, so records have
//! no gaps and one order; append last in a transaction to hold it briefly.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;
use uuid::Uuid;

use super::entity::{audit_event, audit_head};
use super::{Read, Result, StoreError, Tx, from_millis, to_millis};
use crate::model::ids::UserId;

const HEAD: i32 = 1;

/// One record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub sequence: i64,
    pub at: OffsetDateTime,
    pub kind: String,
    pub actor: Option<Uuid>,
    pub subject: Option<Uuid>,
    /// Where the request came from, and by which browser, if it was one.
    pub network: Option<String>,
    pub browser: Option<String>,
    /// JSON, byte for byte as it was hashed.
    pub detail: String,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
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
pub async fn append(tx: &Tx, record: Record) -> Result<()> {
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
    };
    audit_event::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// At most `limit` records after `sequence`, in order.
pub async fn after(db: &impl Read, sequence: i64, limit: u64) -> Result<Vec<Record>> {
    let rows = audit_event::Entity::find()
        .filter(audit_event::Column::Sequence.gt(sequence))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(limit)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// At most `limit` records about a person before `sequence`, the newest first.
pub async fn of_subject(db: &impl Read, subject: UserId, before: i64, limit: u64) -> Result<Vec<Record>> {
    let rows = audit_event::Entity::find()
        .filter(audit_event::Column::Subject.eq(subject.uuid()))
        .filter(audit_event::Column::Sequence.lt(before))
        .order_by_desc(audit_event::Column::Sequence)
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

fn from_row(row: audit_event::Model) -> Record {
    Record {
        sequence: row.sequence,
        at: from_millis(row.at),
        kind: row.kind,
        actor: row.actor,
        subject: row.subject,
        network: row.network,
        browser: row.browser,
        detail: row.detail,
        previous_hash: row.previous_hash,
        hash: row.hash,
    }
}
