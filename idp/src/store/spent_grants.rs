//! Grants that can give nothing any more: found beside whoever writes, and removed.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::{ended_session, grant, refresh_token, session};
use super::{Read, Result, Tx, to_millis};
use crate::model::ids::GrantId;

/// Grants that can give nothing any more: every refresh token past its end, the session gone and nobody to be told of it,
/// and the grant older than `before`. At most `limit`. Looks at all that are as old, so it is not to be asked by whoever
/// holds up others.
pub async fn find(
    db: &impl Read,
    now: OffsetDateTime,
    before: OffsetDateTime,
    limit: u64,
) -> Result<Vec<GrantId>> {
    let spent: Vec<uuid::Uuid> = grant::Entity::find()
        .select_only()
        .column(grant::Column::Id)
        .filter(grant::Column::CreatedAt.lt(to_millis(before)))
        .filter(gives_nothing(now))
        .order_by_asc(grant::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db.connection())
        .await?;
    Ok(spent.into_iter().map(GrantId::from_uuid).collect())
}

/// Removes those of these that still can give nothing; returns how many.
pub async fn remove(tx: &Tx, spent: &[GrantId], now: OffsetDateTime) -> Result<u64> {
    if spent.is_empty() {
        return Ok(0);
    }
    let purged = grant::Entity::delete_many()
        .filter(grant::Column::Id.is_in(spent.iter().map(|id| id.uuid())))
        .filter(gives_nothing(now))
        .exec(tx.connection())
        .await?;
    Ok(purged.rows_affected)
}

/// One look-up by an index for each grant, not a list of everything that lives.
fn gives_nothing(now: OffsetDateTime) -> Condition {
    let its = |column: Expr, other: grant::Column| column.eq(other.into_expr());
    let alive = Query::select()
        .expr(Expr::cust("1"))
        .from(refresh_token::Entity)
        .and_where(its(refresh_token::Column::GrantId.into_expr(), grant::Column::Id))
        .and_where(refresh_token::Column::ExpiresAt.gt(to_millis(now)))
        .to_owned();
    let living = Query::select()
        .expr(Expr::cust("1"))
        .from(session::Entity)
        .and_where(its(session::Column::Id.into_expr(), grant::Column::SessionId))
        .to_owned();
    // Whoever is told of the end of a session is found by its grants.
    let ended = Query::select()
        .expr(Expr::cust("1"))
        .from(ended_session::Entity)
        .and_where(its(ended_session::Column::Id.into_expr(), grant::Column::SessionId))
        .to_owned();
    [alive, living, ended]
        .into_iter()
        .fold(Condition::all(), |all, reason| all.add(Expr::exists(reason).not()))
}
