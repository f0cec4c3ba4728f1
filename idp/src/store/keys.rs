//! Signing keys (sealed) and data keys (wrapped).

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, TryInsertResult,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::entity::{data_key, signing_key};
use super::{Read, Result, Store, StoreError, Tx, from_millis, to_millis};
use crate::crypto::keyring::NewKey;
use crate::crypto::seal::{MasterKey, Place, Sealer, WrappedKey};
use crate::model::key::{KeyState, PublicKey, SigningAlg};

fn place(row: &str) -> Place<'_> {
    Place { table: "signing_key", column: "sealed_private_key", row }
}

/// All signing keys with their private halves, oldest first.
pub async fn signing_keys(db: &impl Read) -> Result<Vec<(PublicKey, Zeroizing<Vec<u8>>)>> {
    let rows =
        signing_key::Entity::find().order_by_asc(signing_key::Column::CreatedAt).all(db.connection()).await?;
    rows.into_iter()
        .map(|row| {
            let private = db.sealer().open(place(&row.kid), &row.sealed_private_key)?;
            Ok((public(row)?, private))
        })
        .collect()
}

/// All signing keys as anyone may see them.
pub async fn public_keys(db: &impl Read) -> Result<Vec<PublicKey>> {
    let rows =
        signing_key::Entity::find().order_by_asc(signing_key::Column::CreatedAt).all(db.connection()).await?;
    rows.into_iter().map(public).collect()
}

/// Adds a key. `false` when its algorithm has one in this state already.
pub async fn insert(tx: &Tx, key: &NewKey, state: KeyState, now: OffsetDateTime) -> Result<bool> {
    let row = signing_key::ActiveModel {
        kid: Set(key.kid.clone()),
        alg: Set(key.alg.as_str().to_owned()),
        state: Set(state.as_str().to_owned()),
        jwk: Set(key.public_jwk.clone()),
        sealed_private_key: Set(tx.seal(place(&key.kid), &key.private_jwk)?),
        created_at: Set(to_millis(now)),
        changed_at: Set(to_millis(now)),
    };
    // Whichever of the unique keys it is: the name, or one of each state.
    let inserted = signing_key::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

/// Moves a key from one state to another. `false` when it was not in the first one.
pub async fn change_state(
    tx: &Tx,
    kid: &str,
    (from, to): (KeyState, KeyState),
    now: OffsetDateTime,
) -> Result<bool> {
    let changed = signing_key::Entity::update_many()
        .col_expr(signing_key::Column::State, Expr::value(to.as_str()))
        .col_expr(signing_key::Column::ChangedAt, Expr::value(to_millis(now)))
        .filter(signing_key::Column::Kid.eq(kid))
        .filter(signing_key::Column::State.eq(from.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Removes keys that were retired before this; returns how many.
pub async fn forget_retired(tx: &Tx, before: OffsetDateTime) -> Result<u64> {
    let removed = signing_key::Entity::delete_many()
        .filter(signing_key::Column::State.eq(KeyState::Retired.as_str()))
        .filter(signing_key::Column::ChangedAt.lt(to_millis(before)))
        .exec(tx.connection())
        .await?;
    Ok(removed.rows_affected)
}

pub async fn forget_all(tx: &Tx) -> Result<()> {
    signing_key::Entity::delete_many().exec(tx.connection()).await?;
    Ok(())
}

fn public(row: signing_key::Model) -> Result<PublicKey> {
    let damaged = || StoreError::Damaged("signing_key");
    Ok(PublicKey {
        alg: SigningAlg::from_stored(&row.alg).ok_or_else(damaged)?,
        state: KeyState::from_stored(&row.state).ok_or_else(damaged)?,
        kid: row.kid,
        jwk: row.jwk,
        created_at: from_millis(row.created_at),
        changed_at: from_millis(row.changed_at),
    })
}

/// The wrapped data keys, oldest first: the last one seals.
pub(super) async fn data_keys(db: &impl ConnectionTrait) -> Result<Vec<WrappedKey>> {
    let rows = data_key::Entity::find().order_by_asc(data_key::Column::CreatedAt).all(db).await?;
    Ok(rows.into_iter().map(|row| WrappedKey { id: row.id, wrapped: row.wrapped }).collect())
}

/// Makes the first data key if there is none. `true` when there was none; of several nodes that
/// start on an empty database at the same time, one makes it.
pub(super) async fn ensure_data_key(store: &Store, master: &MasterKey, now: OffsetDateTime) -> Result<bool> {
    const FIRST: &str = "data-1";
    if !data_keys(&*store.writer).await?.is_empty() {
        return Ok(false);
    }
    let key = Sealer::new_data_key(master, FIRST, store.entropy)?;
    let row =
        data_key::ActiveModel { id: Set(key.id), wrapped: Set(key.wrapped), created_at: Set(to_millis(now)) };
    data_key::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(&*store.writer).await?;
    Ok(true)
}
