//! Access tokens that ended before their time: kept, as a hash of their name, until they would have expired.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::revoked_token;
use super::{Read, Result, Tx, insert_new, to_millis, unique};
use crate::crypto::sha256;

/// `false` when it had ended before.
pub async fn insert(tx: &Tx, jti: &str, expires_at: OffsetDateTime) -> Result<bool> {
    let row = revoked_token::ActiveModel {
        id_hash: Set(sha256(jti.as_bytes()).to_vec()),
        expires_at: Set(to_millis(expires_at)),
    };
    insert_new(tx, row, revoked_token::Column::IdHash).await
}

pub async fn contains(db: &impl Read, jti: &str) -> Result<bool> {
    Ok(unique(db, revoked_token::Entity::find_by_id(sha256(jti.as_bytes()).to_vec())).await?.is_some())
}

/// Forgets tokens that have expired by now, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<Vec<u8>> = revoked_token::Entity::find()
        .select_only()
        .column(revoked_token::Column::IdHash)
        .filter(revoked_token::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(revoked_token::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let removed = revoked_token::Entity::delete_many()
        .filter(revoked_token::Column::IdHash.is_in(expired))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected)
}
