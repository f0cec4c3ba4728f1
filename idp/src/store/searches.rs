//! Searches of the audit trail that somebody keeps, each for themselves.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::saved_search;
use super::{Read, Result, Tx, to_millis};
use crate::model::ids::{SearchId, UserId};

/// Nobody keeps more.
pub const MOST: u64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub id: SearchId,
    pub name: String,
    /// The query of its address.
    pub query: String,
}

/// Somebody's own, the oldest first.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Search>> {
    let rows = saved_search::Entity::find()
        .filter(saved_search::Column::UserId.eq(user.uuid()))
        .order_by_asc(saved_search::Column::Id)
        .limit(MOST)
        .all(db.connection())
        .await?;
    let read = |row: saved_search::Model| Search {
        id: SearchId::from_uuid(row.id),
        name: row.name,
        query: row.query,
    };
    Ok(rows.into_iter().map(read).collect())
}

pub async fn insert(tx: &Tx, user: UserId, search: &Search, now: OffsetDateTime) -> Result<()> {
    let row = saved_search::ActiveModel {
        id: Set(search.id.uuid()),
        user_id: Set(user.uuid()),
        name: Set(search.name.clone()),
        query: Set(search.query.clone()),
        created_at: Set(to_millis(now)),
    };
    saved_search::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Removes one of somebody's own; says whether there was one.
pub async fn remove(tx: &Tx, user: UserId, id: SearchId) -> Result<bool> {
    let removed = saved_search::Entity::delete_many()
        .filter(saved_search::Column::Id.eq(id.uuid()))
        .filter(saved_search::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected == 1)
}
