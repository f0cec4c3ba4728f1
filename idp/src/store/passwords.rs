//! Passwords: sealed hashes, and the count of failures that decides when one stops working.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::entity::password;
use super::{Read, Result, StoreError, Tx, audit, to_millis, unique};
use crate::crypto::seal::Place;
use crate::crypto::sha256;
use crate::model::attempt::PasswordVersion;
use crate::model::ids::UserId;

/// G1: after this many failures in a row the password is disabled, and nothing else.
pub const MAX_FAILURES: i32 = 100;

fn place(row: &str) -> Place<'_> {
    Place { table: "password", column: "sealed_hash", row }
}

/// Counts one guess and, while any are left, hands out the hash to check it against. Counted before
/// it is checked, so that guesses made at the same time can not outrun the count.
pub async fn begin_attempt(tx: &Tx, user: UserId) -> Result<Option<String>> {
    let rows = password::Entity::update_many()
        .col_expr(password::Column::Failures, Expr::col(password::Column::Failures).add(1))
        .filter(password::Column::UserId.eq(user.uuid()))
        .filter(password::Column::Failures.lt(MAX_FAILURES))
        .exec_with_returning(tx.connection())
        .await?;
    match rows.into_iter().next() {
        Some(row) => open(tx, &row).map(Some),
        None => {
            // Something is written all the same, so that the commit takes as long.
            audit::rewrite_head(tx).await?;
            Ok(None)
        }
    }
}

/// Which password it is now. Every one that is set has another version.
pub async fn version(db: &impl Read, user: UserId) -> Result<Option<PasswordVersion>> {
    let row = unique(db, password::Entity::find_by_id(user.uuid())).await?;
    Ok(row.map(|row| PasswordVersion(sha256(&row.sealed_hash))))
}

/// The guess was right.
pub async fn reset_failures(tx: &Tx, user: UserId) -> Result<()> {
    password::Entity::update_many()
        .col_expr(password::Column::Failures, Expr::value(0))
        .filter(password::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Whether there is a password at all, disabled or not.
pub async fn exists(db: &impl Read, user: UserId) -> Result<bool> {
    Ok(unique(db, password::Entity::find_by_id(user.uuid())).await?.is_some())
}

/// Whether the person can still sign in with their password.
pub async fn is_usable(db: &impl Read, user: UserId) -> Result<bool> {
    let query = password::Entity::find_by_id(user.uuid());
    Ok(unique(db, query).await?.is_some_and(|row| row.failures < MAX_FAILURES))
}

pub async fn set(tx: &Tx, user: UserId, hash: &str, now: OffsetDateTime) -> Result<()> {
    let row = password::ActiveModel {
        user_id: Set(user.uuid()),
        sealed_hash: Set(tx.seal(place(&user.to_string()), hash.as_bytes())?),
        failures: Set(0),
        changed_at: Set(to_millis(now)),
    };
    let replace = sea_orm::sea_query::OnConflict::column(password::Column::UserId)
        .update_columns([
            password::Column::SealedHash,
            password::Column::Failures,
            password::Column::ChangedAt,
        ])
        .to_owned();
    password::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(())
}

fn open(db: &impl Read, row: &password::Model) -> Result<String> {
    let hash = db.sealer().open(place(&row.user_id.to_string()), &row.sealed_hash)?;
    String::from_utf8(hash.to_vec()).map_err(|_| StoreError::Damaged("password"))
}
