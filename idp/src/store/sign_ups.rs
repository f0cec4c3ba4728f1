//! Links for new accounts, used once: kept as a hash, bound to an address.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::sign_up;
use super::{Read, Result, Tx, from_millis, stored, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::ids::LinkId;
use crate::model::sign_up::SignUpLink;
use crate::model::user::Email;

pub async fn insert(tx: &Tx, new: &SignUpLink, token: TokenHash) -> Result<()> {
    let row = sign_up::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        email: Set(new.email.as_str().to_owned()),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
        used_at: Set(None),
    };
    sign_up::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// A link that can still be used, without using it.
pub async fn unused(db: &impl Read, token: TokenHash, now: OffsetDateTime) -> Result<Option<SignUpLink>> {
    let query = sign_up::Entity::find()
        .filter(sign_up::Column::TokenHash.eq(token.0.to_vec()))
        .filter(sign_up::Column::UsedAt.is_null())
        .filter(sign_up::Column::ExpiresAt.gt(to_millis(now)));
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

/// K3: uses a link. Of any number of callers one gets it.
pub async fn spend(tx: &Tx, token: TokenHash, now: OffsetDateTime) -> Result<Option<SignUpLink>> {
    let rows = sign_up::Entity::update_many()
        .col_expr(sign_up::Column::UsedAt, Expr::value(to_millis(now)))
        .filter(sign_up::Column::TokenHash.eq(token.0.to_vec()))
        .filter(sign_up::Column::UsedAt.is_null())
        .filter(sign_up::Column::ExpiresAt.gt(to_millis(now)))
        .exec_with_returning(tx.connection())
        .await?;
    rows.first().map(from_row).transpose()
}

/// Ends all links for an address: it is somebody's now.
pub async fn end_of_address(tx: &Tx, email: &Email) -> Result<()> {
    sign_up::Entity::delete_many()
        .filter(sign_up::Column::Email.eq(email.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Removes links past their end, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = sign_up::Entity::find()
        .select_only()
        .column(sign_up::Column::Id)
        .filter(sign_up::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(sign_up::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged = sign_up::Entity::delete_many()
        .filter(sign_up::Column::Id.is_in(expired))
        .exec(tx.connection())
        .await?;
    Ok(purged.rows_affected)
}

fn from_row(row: &sign_up::Model) -> Result<SignUpLink> {
    Ok(SignUpLink {
        id: LinkId::from_uuid(row.id),
        email: stored("sign_up", Email::parse(&row.email))?,
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
    })
}
