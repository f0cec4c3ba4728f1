//! Passkeys. Found by their owner, except at sign-in, where the credential id finds the owner.

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use time::OffsetDateTime;

use super::entity::passkey;
use super::{Read, Result, Tx, from_millis, insert_new, stored, to_millis, unique};
use crate::model::attempt::BrowserId;
use crate::model::credential::{Passkey, PasskeyName};
use crate::model::ids::{PasskeyId, UserId};

/// A person's passkeys, oldest first.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Passkey>> {
    let rows = passkey::Entity::find()
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .order_by_asc(passkey::Column::Id)
        .all(db.connection())
        .await?;
    rows.into_iter().map(from_row).collect()
}

pub async fn count_of_user(db: &impl Read, user: UserId) -> Result<u64> {
    let query = passkey::Entity::find().filter(passkey::Column::UserId.eq(user.uuid()));
    Ok(query.count(db.connection()).await?)
}

pub async fn by_credential_id(db: &impl Read, credential_id: &[u8]) -> Result<Option<Passkey>> {
    let query = passkey::Entity::find().filter(passkey::Column::CredentialId.eq(credential_id));
    unique(db, query).await?.map(from_row).transpose()
}

pub async fn of_user_by_id(db: &impl Read, user: UserId, id: PasskeyId) -> Result<Option<Passkey>> {
    let query = passkey::Entity::find_by_id(id.uuid()).filter(passkey::Column::UserId.eq(user.uuid()));
    unique(db, query).await?.map(from_row).transpose()
}

/// Adds a passkey. `false` when its credential id is registered already, to whomever.
pub async fn insert(tx: &Tx, key: &Passkey) -> Result<bool> {
    let row = passkey::ActiveModel {
        id: Set(key.id.uuid()),
        user_id: Set(key.user_id.uuid()),
        credential_id: Set(key.credential_id.clone()),
        record: Set(key.record.clone()),
        rp_id: Set(key.rp_id.clone()),
        name: Set(key.name.as_str().to_owned()),
        aaguid: Set(key.aaguid),
        transports: Set(serde_json::json!(key.transports)),
        sign_count: Set(key.sign_count.into()),
        uv_initialized: Set(key.uv_initialized),
        backup_eligible: Set(key.backup_eligible),
        backup_state: Set(key.backup_state),
        created_at: Set(to_millis(key.created_at)),
        last_used_at: Set(key.last_used_at.map(to_millis)),
        last_used_with: Set(key.last_used_with.clone()),
        last_used_from: Set(key.last_used_from.clone()),
        browser: Set(key.browser.map(|browser| browser.0.to_vec())),
    };
    insert_new(tx, row, passkey::Column::CredentialId).await
}

/// What a sign-in changes in the credential record (Level 3 §7.2 step 24).
#[derive(Debug)]
pub struct Use<'a> {
    pub at: OffsetDateTime,
    pub with: &'a str,
    pub from: &'a str,
    pub sign_count: u32,
    pub backup_state: bool,
    /// The browser, if the passkey is kept on the same device.
    pub on: Option<BrowserId>,
}

/// Records a sign-in. `false` when the passkey was deleted in the meantime, which must then not
/// sign anybody in.
pub async fn record_use(tx: &Tx, user: UserId, id: PasskeyId, used: &Use<'_>) -> Result<bool> {
    let count = i64::from(used.sign_count);
    // The higher counter is the honest one, whichever of two sign-ins comes last.
    let higher = CaseStatement::new()
        .case(passkey::Column::SignCount.lt(count), count)
        .finally(Expr::col(passkey::Column::SignCount));
    let mut change = passkey::Entity::update_many()
        .col_expr(passkey::Column::LastUsedAt, Expr::value(to_millis(used.at)))
        .col_expr(passkey::Column::LastUsedWith, Expr::value(used.with))
        .col_expr(passkey::Column::LastUsedFrom, Expr::value(used.from))
        .col_expr(passkey::Column::BackupState, Expr::value(used.backup_state))
        .col_expr(passkey::Column::SignCount, higher.into())
        .filter(passkey::Column::Id.eq(id.uuid()))
        .filter(passkey::Column::UserId.eq(user.uuid()));
    if let Some(browser) = used.on {
        change = change.col_expr(passkey::Column::Browser, Expr::value(browser.0.to_vec()));
    }
    Ok(change.exec(tx.connection()).await?.rows_affected == 1)
}

/// The person was verified by the passkey and by another factor at once, so that from now on its word
/// counts (Level 3 §7.2 step 23).
pub async fn initialize_verification(tx: &Tx, user: UserId, id: PasskeyId) -> Result<()> {
    passkey::Entity::update_many()
        .col_expr(passkey::Column::UvInitialized, Expr::value(true))
        .filter(passkey::Column::Id.eq(id.uuid()))
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// What a passkey now says about itself was vouched for by another factor in the same sign-in.
pub async fn accept_eligibility(tx: &Tx, user: UserId, id: PasskeyId, eligible: bool) -> Result<()> {
    passkey::Entity::update_many()
        .col_expr(passkey::Column::BackupEligible, Expr::value(eligible))
        .filter(passkey::Column::Id.eq(id.uuid()))
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Deletes all passkeys of a person; returns how many there were.
pub async fn delete_all(tx: &Tx, user: UserId) -> Result<u64> {
    let deleted = passkey::Entity::delete_many()
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected)
}

pub async fn rename(tx: &Tx, user: UserId, id: PasskeyId, name: &PasskeyName) -> Result<bool> {
    let changed = passkey::Entity::update_many()
        .col_expr(passkey::Column::Name, Expr::value(name.as_str()))
        .filter(passkey::Column::Id.eq(id.uuid()))
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

pub async fn delete(tx: &Tx, user: UserId, id: PasskeyId) -> Result<bool> {
    let deleted = passkey::Entity::delete_many()
        .filter(passkey::Column::Id.eq(id.uuid()))
        .filter(passkey::Column::UserId.eq(user.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected == 1)
}

fn from_row(row: passkey::Model) -> Result<Passkey> {
    const TABLE: &str = "passkey";
    Ok(Passkey {
        id: PasskeyId::from_uuid(row.id),
        user_id: UserId::from_uuid(row.user_id),
        credential_id: row.credential_id,
        record: row.record,
        rp_id: row.rp_id,
        name: stored(TABLE, PasskeyName::parse(&row.name))?,
        aaguid: row.aaguid,
        transports: stored(TABLE, serde_json::from_value(row.transports))?,
        sign_count: stored(TABLE, u32::try_from(row.sign_count))?,
        uv_initialized: row.uv_initialized,
        backup_eligible: row.backup_eligible,
        backup_state: row.backup_state,
        created_at: from_millis(row.created_at),
        last_used_at: row.last_used_at.map(from_millis),
        last_used_with: row.last_used_with,
        last_used_from: row.last_used_from,
        browser: row.browser.map(|bytes| stored(TABLE, bytes.try_into()).map(BrowserId)).transpose()?,
    })
}
