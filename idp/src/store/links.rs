//! Links that are used once: kept as a hash, bound to a person, a purpose and an address.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::link;
use super::{Read, Result, StoreError, Tx, from_millis, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::ids::{LinkId, UserId};
use crate::model::link::{Link, LinkPurpose};

pub async fn insert(tx: &Tx, new: &Link, token: TokenHash) -> Result<()> {
    let row = link::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        user_id: Set(new.user_id.uuid()),
        purpose: Set(new.purpose.as_str().to_owned()),
        address: Set(new.address.clone()),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
        used_at: Set(None),
    };
    link::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// A link that can still be used, without using it: for the page that asks before it acts.
pub async fn unused(
    db: &impl Read,
    purpose: LinkPurpose,
    token: TokenHash,
    now: OffsetDateTime,
) -> Result<Option<Link>> {
    let query = link::Entity::find()
        .filter(link::Column::TokenHash.eq(token.0.to_vec()))
        .filter(link::Column::Purpose.eq(purpose.as_str()))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(to_millis(now)));
    unique(db, query).await?.map(from_row).transpose()
}

/// K3: uses a link. Of any number of callers one gets it.
pub async fn spend(
    tx: &Tx,
    purpose: LinkPurpose,
    token: TokenHash,
    now: OffsetDateTime,
) -> Result<Option<Link>> {
    let rows = link::Entity::update_many()
        .col_expr(link::Column::UsedAt, Expr::value(to_millis(now)))
        .filter(link::Column::TokenHash.eq(token.0.to_vec()))
        .filter(link::Column::Purpose.eq(purpose.as_str()))
        .filter(link::Column::UsedAt.is_null())
        .filter(link::Column::ExpiresAt.gt(to_millis(now)))
        .exec_with_returning(tx.connection())
        .await?;
    rows.into_iter().next().map(from_row).transpose()
}

/// Ends all links of a person: what they were made for has changed.
pub async fn end_of_user(tx: &Tx, user: UserId) -> Result<()> {
    link::Entity::delete_many().filter(link::Column::UserId.eq(user.uuid())).exec(tx.connection()).await?;
    Ok(())
}

/// Ends a person's links of one purpose, so that the newest is the only one.
pub async fn end_of_purpose(tx: &Tx, user: UserId, purpose: LinkPurpose) -> Result<()> {
    link::Entity::delete_many()
        .filter(link::Column::UserId.eq(user.uuid()))
        .filter(link::Column::Purpose.eq(purpose.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Removes links past their end, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = link::Entity::find()
        .select_only()
        .column(link::Column::Id)
        .filter(link::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(link::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged =
        link::Entity::delete_many().filter(link::Column::Id.is_in(expired)).exec(tx.connection()).await?;
    Ok(purged.rows_affected)
}

fn from_row(row: link::Model) -> Result<Link> {
    Ok(Link {
        id: LinkId::from_uuid(row.id),
        user_id: UserId::from_uuid(row.user_id),
        purpose: LinkPurpose::from_stored(&row.purpose).ok_or(StoreError::Damaged("link"))?,
        address: row.address,
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
    })
}
