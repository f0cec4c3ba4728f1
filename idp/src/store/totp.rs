//! Code apps: the sealed secret, whether it is a factor yet, and the last step that was used.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::entity::totp;
use super::{Read, Result, Tx, from_millis, to_millis, unique};
use crate::crypto::seal::Place;
use crate::model::credential::Totp;
use crate::model::ids::UserId;

/// G1: after this many wrong codes in a row the code app is disabled, and nothing else.
pub const MAX_FAILURES: i32 = 100;

fn place(row: &str) -> Place<'_> {
    Place { table: "totp", column: "sealed_secret", row }
}

pub async fn of_user(db: &impl Read, user: UserId) -> Result<Option<Totp>> {
    let row = unique(db, totp::Entity::find_by_id(user.uuid())).await?;
    Ok(row.map(|row| Totp {
        confirmed_at: row.confirmed_at.map(from_millis),
        created_at: from_millis(row.created_at),
    }))
}

/// Whether the person's codes are a factor, and still work.
pub async fn is_usable(db: &impl Read, user: UserId) -> Result<bool> {
    let row = unique(db, totp::Entity::find_by_id(user.uuid())).await?;
    Ok(row.is_some_and(|row| row.confirmed_at.is_some() && row.failures < MAX_FAILURES))
}

/// Keeps a new secret that waits for its first right code, in place of another that waits. `false`
/// when one is a factor already.
pub async fn propose(tx: &Tx, user: UserId, secret: &[u8], now: OffsetDateTime) -> Result<bool> {
    let sealed = tx.seal(place(&user.to_string()), secret)?;
    let row = totp::ActiveModel {
        user_id: Set(user.uuid()),
        sealed_secret: Set(sealed),
        failures: Set(0),
        last_step: Set(None),
        confirmed_at: Set(None),
        created_at: Set(to_millis(now)),
    };
    let replace = OnConflict::column(totp::Column::UserId)
        .update_columns([
            totp::Column::SealedSecret,
            totp::Column::Failures,
            totp::Column::LastStep,
            totp::Column::CreatedAt,
        ])
        .action_and_where(Expr::col((totp::Entity, totp::Column::ConfirmedAt)).is_null())
        .to_owned();
    let written =
        totp::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(written == 1)
}

/// The secret that waits for its first right code.
pub async fn proposed(db: &impl Read, user: UserId) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let query = totp::Entity::find_by_id(user.uuid()).filter(totp::Column::ConfirmedAt.is_null());
    open(db, unique(db, query).await?)
}

/// Makes the waiting secret a factor, with the step of the code that showed it works. `true` for one
/// of any number of callers.
pub async fn confirm(tx: &Tx, user: UserId, step: i64, now: OffsetDateTime) -> Result<bool> {
    let changed = totp::Entity::update_many()
        .col_expr(totp::Column::ConfirmedAt, Expr::value(to_millis(now)))
        .col_expr(totp::Column::LastStep, Expr::value(step))
        .filter(totp::Column::UserId.eq(user.uuid()))
        .filter(totp::Column::ConfirmedAt.is_null())
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Counts one guess and, while any are left, hands out the secret to check it against.
pub async fn begin_attempt(tx: &Tx, user: UserId) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let rows = totp::Entity::update_many()
        .col_expr(totp::Column::Failures, Expr::col(totp::Column::Failures).add(1))
        .filter(totp::Column::UserId.eq(user.uuid()))
        .filter(totp::Column::ConfirmedAt.is_not_null())
        .filter(totp::Column::Failures.lt(MAX_FAILURES))
        .exec_with_returning(tx.connection())
        .await?;
    open(tx, rows.into_iter().next())
}

/// H2: spends a step. `false` when it or a later one was spent before; of any number of callers with
/// the same step one is told yes.
pub async fn spend_step(tx: &Tx, user: UserId, step: i64) -> Result<bool> {
    let unspent = Condition::any().add(totp::Column::LastStep.is_null()).add(totp::Column::LastStep.lt(step));
    let changed = totp::Entity::update_many()
        .col_expr(totp::Column::LastStep, Expr::value(step))
        .col_expr(totp::Column::Failures, Expr::value(0))
        .filter(totp::Column::UserId.eq(user.uuid()))
        .filter(unspent)
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Turns the code app off. `false` when there was none.
pub async fn remove(tx: &Tx, user: UserId) -> Result<bool> {
    let deleted = totp::Entity::delete_by_id(user.uuid()).exec(tx.connection()).await?;
    Ok(deleted.rows_affected == 1)
}

fn open(db: &impl Read, row: Option<totp::Model>) -> Result<Option<Zeroizing<Vec<u8>>>> {
    row.map(|row| Ok(db.sealer().open(place(&row.user_id.to_string()), &row.sealed_secret)?)).transpose()
}
