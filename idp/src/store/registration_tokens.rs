//! Tokens with which an application may register itself (RFC 7591 §3): so many times, until they expire.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use time::OffsetDateTime;

use super::entity::registration_token;
use super::{Read, Result, Tx, from_millis, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::ids::RegistrationTokenId;

/// One of them, as whoever made it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationToken {
    pub id: RegistrationTokenId,
    /// For whom it was made.
    pub note: String,
    pub uses_left: i32,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

pub async fn insert(tx: &Tx, new: &RegistrationToken, token: TokenHash) -> Result<()> {
    let row = registration_token::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        note: Set(new.note.clone()),
        uses_left: Set(new.uses_left),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
    };
    registration_token::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Whether a token could be used now; only [`spend`] decides.
pub async fn is_usable(db: &impl Read, token: TokenHash, now: OffsetDateTime) -> Result<bool> {
    let query = registration_token::Entity::find()
        .filter(registration_token::Column::TokenHash.eq(token.0.to_vec()))
        .filter(registration_token::Column::UsesLeft.gt(0))
        .filter(registration_token::Column::ExpiresAt.gt(to_millis(now)));
    Ok(unique(db, query).await?.is_some())
}

/// Uses a token once more. `false` when that can not be.
pub async fn spend(tx: &Tx, token: TokenHash, now: OffsetDateTime) -> Result<bool> {
    let spent = registration_token::Entity::update_many()
        .col_expr(
            registration_token::Column::UsesLeft,
            Expr::col(registration_token::Column::UsesLeft).sub(1),
        )
        .filter(registration_token::Column::TokenHash.eq(token.0.to_vec()))
        .filter(registration_token::Column::UsesLeft.gt(0))
        .filter(registration_token::Column::ExpiresAt.gt(to_millis(now)))
        .exec(tx.connection())
        .await?;
    Ok(spent.rows_affected == 1)
}

/// All that can still be used, the newest first.
pub async fn usable(db: &impl Read, now: OffsetDateTime) -> Result<Vec<RegistrationToken>> {
    let rows = registration_token::Entity::find()
        .filter(registration_token::Column::UsesLeft.gt(0))
        .filter(registration_token::Column::ExpiresAt.gt(to_millis(now)))
        .order_by_desc(registration_token::Column::Id)
        .all(db.connection())
        .await?;
    let token = |row: registration_token::Model| RegistrationToken {
        id: RegistrationTokenId::from_uuid(row.id),
        note: row.note,
        uses_left: row.uses_left,
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
    };
    Ok(rows.into_iter().map(token).collect())
}

/// Takes a token back. `false` when there is none of that name.
pub async fn delete(tx: &Tx, id: RegistrationTokenId) -> Result<bool> {
    let deleted = registration_token::Entity::delete_by_id(id.uuid()).exec(tx.connection()).await?;
    Ok(deleted.rows_affected == 1)
}

/// Removes those that have expired; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime) -> Result<u64> {
    let removed = registration_token::Entity::delete_many()
        .filter(registration_token::Column::ExpiresAt.lte(to_millis(now)))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected)
}
