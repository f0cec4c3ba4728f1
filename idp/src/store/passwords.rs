//! Passwords: sealed hashes, and the count of failures that decides when one stops working.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::password;
use super::{Read, Result, StoreError, Tx, audit, stored, to_millis, unique};
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
    unique(db, password::Entity::find_by_id(user.uuid())).await?.as_ref().map(version_of).transpose()
}

fn version_of(row: &password::Model) -> Result<PasswordVersion> {
    match &row.version {
        None => Ok(PasswordVersion(sha256(&row.sealed_hash))),
        Some(kept) => stored("password", kept.as_slice().try_into()).map(PasswordVersion),
    }
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
    write(tx, user, (hash, None), now).await
}

/// Sets a hash that another program made. All that cost the same to compute have the same `decoy`, which is kept in
/// the open.
pub async fn set_imported(
    tx: &Tx,
    user: UserId,
    (hash, decoy): (&str, String),
    now: OffsetDateTime,
) -> Result<()> {
    write(tx, user, (hash, Some(decoy)), now).await
}

async fn write(
    tx: &Tx,
    user: UserId,
    (hash, imported): (&str, Option<String>),
    now: OffsetDateTime,
) -> Result<()> {
    let row = password::ActiveModel {
        user_id: Set(user.uuid()),
        sealed_hash: Set(tx.seal(place(&user.to_string()), hash.as_bytes())?),
        failures: Set(0),
        changed_at: Set(to_millis(now)),
        imported: Set(imported),
        version: Set(None),
    };
    let replace = sea_orm::sea_query::OnConflict::column(password::Column::UserId)
        .update_columns([
            password::Column::SealedHash,
            password::Column::Failures,
            password::Column::ChangedAt,
            password::Column::Imported,
            password::Column::Version,
        ])
        .to_owned();
    password::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// F8: keeps another hash of the same password, in place of one that another program made. It stays the version it
/// was, so that whoever proved it at the same time has still proved it. Nothing happens when it is another password by
/// now, or was renewed already.
pub async fn renew(tx: &Tx, user: UserId, version: PasswordVersion, hash: &str) -> Result<()> {
    let query = password::Entity::find_by_id(user.uuid()).filter(password::Column::Imported.is_not_null());
    let Some(row) = unique(tx, query).await? else {
        return Ok(());
    };
    if version_of(&row)? != version {
        return Ok(());
    }
    password::Entity::update_many()
        .col_expr(
            password::Column::SealedHash,
            Expr::value(tx.seal(place(&user.to_string()), hash.as_bytes())?),
        )
        .col_expr(password::Column::Imported, Expr::value(None::<String>))
        .col_expr(password::Column::Version, Expr::value(version.0.to_vec()))
        .filter(password::Column::UserId.eq(user.uuid()))
        .filter(password::Column::SealedHash.eq(row.sealed_hash))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// A decoy for each cost that imported hashes still have, at most sixteen. Goes from one to the next in the index, however
/// many there are of each.
pub async fn imported_decoys(db: &impl Read) -> Result<Vec<String>> {
    let mut decoys: Vec<String> = Vec::new();
    while decoys.len() < 16 {
        let column = password::Column::Imported;
        let mut query = password::Entity::find().select_only().column(column).filter(column.is_not_null());
        if let Some(last) = decoys.last() {
            query = query.filter(column.gt(last));
        }
        let next: Vec<String> = query.order_by_asc(column).limit(1).into_tuple().all(db.connection()).await?;
        match next.into_iter().next() {
            Some(decoy) => decoys.push(decoy),
            None => break,
        }
    }
    Ok(decoys)
}

fn open(db: &impl Read, row: &password::Model) -> Result<String> {
    let hash = db.sealer().open(place(&row.user_id.to_string()), &row.sealed_hash)?;
    String::from_utf8(hash.to_vec()).map_err(|_| StoreError::Damaged("password"))
}
