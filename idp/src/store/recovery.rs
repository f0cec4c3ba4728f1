//! Recovery codes: a set per person, kept as keyed hashes, each used once.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use time::OffsetDateTime;

use super::entity::{recovery, recovery_code};
use super::{Read, Result, Tx, from_millis, to_millis, unique};
use crate::model::ids::{RecoveryCodeId, UserId};

/// G1: after this many wrong codes in a row the set is disabled, and nothing else.
pub const MAX_FAILURES: i32 = 100;

/// How many codes of the set are left. A disabled set has none.
pub async fn left(db: &impl Read, user: UserId) -> Result<u64> {
    let set = unique(db, recovery::Entity::find_by_id(user.uuid())).await?;
    if set.is_none_or(|set| set.failures >= MAX_FAILURES) {
        return Ok(0);
    }
    let query = recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user.uuid()))
        .filter(recovery_code::Column::UsedAt.is_null());
    Ok(query.count(db.connection()).await?)
}

/// Whether there is a set that has not been stopped by wrong codes.
pub async fn is_usable(db: &impl Read, user: UserId) -> Result<bool> {
    let set = unique(db, recovery::Entity::find_by_id(user.uuid())).await?;
    Ok(set.is_some_and(|set| set.failures < MAX_FAILURES))
}

/// When the set was made.
pub async fn made_at(db: &impl Read, user: UserId) -> Result<Option<OffsetDateTime>> {
    let set = unique(db, recovery::Entity::find_by_id(user.uuid())).await?;
    Ok(set.map(|set| from_millis(set.created_at)))
}

/// Replaces the whole set; `codes` are as a person types them, without separators.
pub async fn replace(
    tx: &Tx,
    user: UserId,
    codes: &[(RecoveryCodeId, String)],
    now: OffsetDateTime,
) -> Result<()> {
    remove(tx, user).await?;
    let set = recovery::ActiveModel {
        user_id: Set(user.uuid()),
        failures: Set(0),
        created_at: Set(to_millis(now)),
    };
    recovery::Entity::insert(set).exec_without_returning(tx.connection()).await?;
    let rows = codes.iter().map(|(id, code)| recovery_code::ActiveModel {
        id: Set(id.uuid()),
        user_id: Set(user.uuid()),
        code_hash: Set(hash(tx, user, code)),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Counts one guess. `false` when none are left or there is no set.
pub async fn begin_attempt(tx: &Tx, user: UserId) -> Result<bool> {
    let counted = recovery::Entity::update_many()
        .col_expr(recovery::Column::Failures, Expr::col(recovery::Column::Failures).add(1))
        .filter(recovery::Column::UserId.eq(user.uuid()))
        .filter(recovery::Column::Failures.lt(MAX_FAILURES))
        .exec(tx.connection())
        .await?;
    Ok(counted.rows_affected == 1)
}

/// H5: spends a code. `true` for one of any number of callers with the same code.
pub async fn spend(tx: &Tx, user: UserId, code: &str, now: OffsetDateTime) -> Result<bool> {
    let spent = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::value(to_millis(now)))
        .filter(recovery_code::Column::UserId.eq(user.uuid()))
        .filter(recovery_code::Column::CodeHash.eq(hash(tx, user, code)))
        .filter(recovery_code::Column::UsedAt.is_null())
        .exec(tx.connection())
        .await?;
    if spent.rows_affected != 1 {
        return Ok(false);
    }
    recovery::Entity::update_many()
        .col_expr(recovery::Column::Failures, Expr::value(0))
        .filter(recovery::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(true)
}

/// Removes the set.
pub async fn remove(tx: &Tx, user: UserId) -> Result<()> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    recovery::Entity::delete_by_id(user.uuid()).exec(tx.connection()).await?;
    Ok(())
}

/// Bound to the person, so that a row moved to somebody else opens nothing.
fn hash(db: &impl Read, user: UserId, code: &str) -> Vec<u8> {
    let value = [user.uuid().as_bytes().as_slice(), code.as_bytes()].concat();
    db.sealer().lookup("recovery code", &value).to_vec()
}
