//! Calls that are made once, however often they are sent: under a hash of their name, with what was answered, sealed.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::{Duration, OffsetDateTime};

use super::entity::api_call;
use super::{Read, Result, Tx, insert_new, to_millis, unique};
use crate::crypto::base64url;
use crate::crypto::seal::Place;

/// An answer is given again for this long.
const KEPT: Duration = Duration::hours(24);
/// Longer than any call may take: one that has no answer by then broke off, and may have been done.
const PATIENCE: Duration = Duration::minutes(2);

/// What a call finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It is the first.
    First,
    /// Another one of this name is under way.
    UnderWay,
    /// Another one of this name began, and was never answered.
    BrokenOff,
    /// It was answered so.
    Answered(Vec<u8>),
    /// The name was used for something else.
    Other,
}

fn place(row: &str) -> Place<'_> {
    Place { table: "api_call", column: "sealed_answer", row }
}

/// Takes the turn of a call. Of any number at the same time one is the first.
pub async fn begin(tx: &Tx, (name, request): ([u8; 32], [u8; 32]), now: OffsetDateTime) -> Result<Turn> {
    api_call::Entity::delete_many()
        .filter(api_call::Column::NameHash.eq(name.to_vec()))
        .filter(api_call::Column::ExpiresAt.lte(to_millis(now)))
        .exec(tx.connection())
        .await?;
    if insert_new(tx, unanswered((name, request), now), api_call::Column::NameHash).await? {
        return Ok(Turn::First);
    }
    let Some(known) = unique(tx, api_call::Entity::find_by_id(name.to_vec())).await? else {
        return Ok(Turn::UnderWay);
    };
    if known.request_hash != request {
        return Ok(Turn::Other);
    }
    let Some(sealed) = known.sealed_answer else {
        let broken_off = known.begun_at <= to_millis(now - PATIENCE);
        return Ok(if broken_off { Turn::BrokenOff } else { Turn::UnderWay });
    };
    let answer = tx.sealer().open(place(&base64url::encode(name)), &sealed)?;
    Ok(Turn::Answered(answer.to_vec()))
}

fn unanswered((name, request): ([u8; 32], [u8; 32]), begun: OffsetDateTime) -> api_call::ActiveModel {
    api_call::ActiveModel {
        name_hash: Set(name.to_vec()),
        request_hash: Set(request.to_vec()),
        sealed_answer: Set(None),
        begun_at: Set(to_millis(begun)),
        expires_at: Set(to_millis(begun + KEPT)),
    }
}

/// Keeps what was answered.
pub async fn answer(tx: &Tx, name: [u8; 32], answer: &[u8]) -> Result<()> {
    let sealed = tx.seal(place(&base64url::encode(name)), answer)?;
    api_call::Entity::update_many()
        .col_expr(api_call::Column::SealedAnswer, Expr::value(sealed))
        .filter(api_call::Column::NameHash.eq(name.to_vec()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Nothing was done by the call that began then: the name is free again.
pub async fn forget(tx: &Tx, (name, request): ([u8; 32], [u8; 32]), begun: OffsetDateTime) -> Result<()> {
    // Whether it was noted at all may not be known, or not be decided yet: this waits for it.
    insert_new(tx, unanswered((name, request), begun), api_call::Column::NameHash).await?;
    api_call::Entity::delete_by_id(name.to_vec())
        .filter(api_call::Column::BegunAt.eq(to_millis(begun)))
        .filter(api_call::Column::SealedAnswer.is_null())
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Removes calls past their end, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<Vec<u8>> = api_call::Entity::find()
        .select_only()
        .column(api_call::Column::NameHash)
        .filter(api_call::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(api_call::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let removed = api_call::Entity::delete_many()
        .filter(api_call::Column::NameHash.is_in(expired))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected)
}
