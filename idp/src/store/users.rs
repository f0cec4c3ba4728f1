//! People.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::entity::user;
use super::{Read, Result, StoreError, Tx, from_millis, insert_new, stored, to_millis, unique};
use crate::model::ids::UserId;
use crate::model::user::{Email, PersonName, ServiceRole, User};

pub async fn by_id(db: &impl Read, id: UserId) -> Result<Option<User>> {
    unique(db, user::Entity::find_by_id(id.uuid())).await?.map(from_row).transpose()
}

pub async fn by_email(db: &impl Read, email: &Email) -> Result<Option<User>> {
    let query = user::Entity::find().filter(user::Column::Email.eq(email.as_str()));
    unique(db, query).await?.map(from_row).transpose()
}

/// Adds a person. `false` when the address is taken.
pub async fn insert(tx: &Tx, user: &User) -> Result<bool> {
    let row = user::ActiveModel {
        id: Set(user.id.uuid()),
        email: Set(user.email.as_str().to_owned()),
        email_verified: Set(user.email_verified),
        given_name: Set(user.given_name.as_str().to_owned()),
        family_name: Set(user.family_name.as_str().to_owned()),
        handle: Set(user.handle.clone()),
        role: Set(user.role.map(|role| role.as_str().to_owned())),
        disabled_at: Set(user.disabled_at.map(to_millis)),
        offer_snoozed_until: Set(user.offer_snoozed_until.map(to_millis)),
        created_at: Set(to_millis(user.created_at)),
        updated_at: Set(to_millis(user.updated_at)),
    };
    insert_new(tx, row, user::Column::Email).await
}

/// Holds the person's row until the transaction ends, so that changes to one account happen one
/// after the other. `false` when there is no such person.
pub async fn lock(tx: &Tx, id: UserId) -> Result<bool> {
    let changed = user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, Expr::col(user::Column::UpdatedAt))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

pub async fn snooze_offer(tx: &Tx, id: UserId, until: OffsetDateTime) -> Result<()> {
    user::Entity::update_many()
        .col_expr(user::Column::OfferSnoozedUntil, Expr::value(to_millis(until)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

fn from_row(row: user::Model) -> Result<User> {
    const TABLE: &str = "user";
    let role =
        row.role.map(|role| ServiceRole::from_stored(&role).ok_or(StoreError::Damaged(TABLE))).transpose()?;
    Ok(User {
        id: UserId::from_uuid(row.id),
        email: stored(TABLE, Email::parse(&row.email))?,
        email_verified: row.email_verified,
        given_name: stored(TABLE, PersonName::parse(&row.given_name))?,
        family_name: stored(TABLE, PersonName::parse(&row.family_name))?,
        handle: row.handle,
        role,
        disabled_at: row.disabled_at.map(from_millis),
        offer_snoozed_until: row.offer_snoozed_until.map(from_millis),
        created_at: from_millis(row.created_at),
        updated_at: from_millis(row.updated_at),
    })
}
