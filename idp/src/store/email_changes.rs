//! Addresses that wait until the old and the new mailbox have both agreed. One per person.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;

use super::entity::email_change;
use super::{Read, Result, Tx, from_millis, stored, to_millis, unique};
use crate::model::ids::UserId;
use crate::model::user::Email;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChange {
    pub email: Email,
    pub old_confirmed_at: Option<OffsetDateTime>,
    pub new_confirmed_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
}

/// Which of the two mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    Old,
    New,
}

pub async fn of_user(db: &impl Read, user: UserId) -> Result<Option<EmailChange>> {
    unique(db, email_change::Entity::find_by_id(user.uuid())).await?.as_ref().map(from_row).transpose()
}

/// Begins a change, in place of one that was begun before.
pub async fn begin(tx: &Tx, user: UserId, email: &Email, now: OffsetDateTime) -> Result<()> {
    let row = email_change::ActiveModel {
        user_id: Set(user.uuid()),
        email: Set(email.as_str().to_owned()),
        old_confirmed_at: Set(None),
        new_confirmed_at: Set(None),
        created_at: Set(to_millis(now)),
    };
    let replace = OnConflict::column(email_change::Column::UserId)
        .update_columns([
            email_change::Column::Email,
            email_change::Column::OldConfirmedAt,
            email_change::Column::NewConfirmedAt,
            email_change::Column::CreatedAt,
        ])
        .to_owned();
    email_change::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// Notes the word of one mailbox and returns where the change stands.
pub async fn confirm(
    tx: &Tx,
    user: UserId,
    mailbox: Mailbox,
    now: OffsetDateTime,
) -> Result<Option<EmailChange>> {
    let column = match mailbox {
        Mailbox::Old => email_change::Column::OldConfirmedAt,
        Mailbox::New => email_change::Column::NewConfirmedAt,
    };
    let rows = email_change::Entity::update_many()
        .col_expr(column, Expr::value(to_millis(now)))
        .filter(email_change::Column::UserId.eq(user.uuid()))
        .exec_with_returning(tx.connection())
        .await?;
    rows.first().map(from_row).transpose()
}

pub async fn end(tx: &Tx, user: UserId) -> Result<()> {
    email_change::Entity::delete_by_id(user.uuid()).exec(tx.connection()).await?;
    Ok(())
}

fn from_row(row: &email_change::Model) -> Result<EmailChange> {
    Ok(EmailChange {
        email: stored("email_change", Email::parse(&row.email))?,
        old_confirmed_at: row.old_confirmed_at.map(from_millis),
        new_confirmed_at: row.new_confirmed_at.map(from_millis),
        created_at: from_millis(row.created_at),
    })
}
