//! What has to be sent, written in the transaction that gave rise to it and removed once it is sent.
//! Contents are sealed. Never sends anything itself.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::entity::outbox;
use super::{Read, Result, StoreError, Tx, to_millis};
use crate::crypto::seal::Place;
use crate::model::client::ClientId;
use crate::model::ids::{OutboxId, UserId};

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A finished message.
    Mail,
    /// Somebody asked for a new password for an address; whether there is such a person is found out
    /// later, where nobody watches the clock.
    ResetRequest,
    /// Somebody wants to make an account with an address; whether anybody has it is found out later, too.
    SignUpRequest,
    /// An application asks somebody who is somewhere else; whether anybody has the address is found out later, too.
    SignInRequest,
    /// An application has to be told that somebody has logged out.
    LogoutNotice,
    /// An application has to be told that somebody has answered.
    SignInPing,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Mail,
        Self::ResetRequest,
        Self::SignUpRequest,
        Self::SignInRequest,
        Self::LogoutNotice,
        Self::SignInPing,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::ResetRequest => "reset-request",
            Self::SignUpRequest => "sign-up-request",
            Self::SignInRequest => "sign-in-request",
            Self::LogoutNotice => "logout-notice",
            Self::SignInPing => "sign-in-ping",
        }
    }
}

#[derive(Debug)]
pub struct Waiting {
    pub id: OutboxId,
    pub kind: Kind,
    pub user_id: Option<UserId>,
    pub content: Zeroizing<Vec<u8>>,
    /// How often it has been tried, this time included.
    pub attempts: i32,
}

fn place(row: &str) -> Place<'_> {
    Place { table: "outbox", column: "sealed_content", row }
}

pub async fn add(
    tx: &Tx,
    id: OutboxId,
    whose: (Kind, Option<UserId>),
    content: &[u8],
    now: OffsetDateTime,
) -> Result<()> {
    add_for(tx, (id, None), whose, content, now).await
}

/// The same for an application, which gets no more than its turn.
pub async fn add_for(
    tx: &Tx,
    (id, recipient): (OutboxId, Option<&ClientId>),
    (kind, user): (Kind, Option<UserId>),
    content: &[u8],
    now: OffsetDateTime,
) -> Result<()> {
    let row = outbox::ActiveModel {
        id: Set(id.uuid()),
        kind: Set(kind.as_str().to_owned()),
        user_id: Set(user.map(UserId::uuid)),
        recipient: Set(recipient.map(ToString::to_string)),
        sealed_content: Set(tx.seal(place(&id.to_string()), content)?),
        attempts: Set(0),
        created_at: Set(to_millis(now)),
        next_try_at: Set(to_millis(now)),
        last_error: Set(None),
    };
    outbox::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// What of these kinds is due, mails before requests, oldest first; of several recipients the first thing of each
/// before the second of any, so that one who is slow to take theirs holds up nobody. Nobody owns any of it until
/// [`claim`] says so.
pub async fn due(db: &impl Read, kinds: &[Kind], now: OffsetDateTime, limit: u64) -> Result<Vec<OutboxId>> {
    let mut due = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Id)
        .filter(outbox::Column::NextTryAt.lte(to_millis(now)))
        .filter(outbox::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
        // Finished mails first, whoever asks for how many new passwords.
        .order_by_desc(outbox::Column::Kind.eq(Kind::Mail.as_str()));
    if kinds.contains(&Kind::LogoutNotice) {
        due = due.order_by_asc(Expr::cust(
            "ROW_NUMBER() OVER (PARTITION BY recipient, CASE WHEN recipient IS NULL THEN id END ORDER BY next_try_at)",
        ));
    }
    let due = due.order_by_asc(outbox::Column::NextTryAt).limit(limit).into_tuple();
    let ids: Vec<uuid::Uuid> = due.all(db.connection()).await?;
    Ok(ids.into_iter().map(OutboxId::from_uuid).collect())
}

/// Takes one thing to send it. Of any number of callers, on any number of nodes, one gets it; should
/// that one die, it is due again after `lease`.
pub async fn claim(tx: &Tx, id: OutboxId, now: OffsetDateTime, lease: Duration) -> Result<Option<Waiting>> {
    let rows = outbox::Entity::update_many()
        .col_expr(outbox::Column::NextTryAt, Expr::value(to_millis(now + lease)))
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1))
        .filter(outbox::Column::Id.eq(id.uuid()))
        .filter(outbox::Column::NextTryAt.lte(to_millis(now)))
        .exec_with_returning(tx.connection())
        .await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
    Ok(Some(Waiting {
        id,
        kind: kind.ok_or(StoreError::Damaged("outbox"))?,
        user_id: row.user_id.map(UserId::from_uuid),
        content: tx.sealer().open(place(&id.to_string()), &row.sealed_content)?,
        attempts: row.attempts,
    }))
}

/// It was sent.
pub async fn done(tx: &Tx, id: OutboxId) -> Result<()> {
    outbox::Entity::delete_by_id(id.uuid()).exec(tx.connection()).await?;
    Ok(())
}

/// It could not be sent and is tried again later.
pub async fn postpone(tx: &Tx, id: OutboxId, until: OffsetDateTime, why: &str) -> Result<()> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::NextTryAt, Expr::value(to_millis(until)))
        .col_expr(outbox::Column::LastError, Expr::value(why))
        .filter(outbox::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Gives up what of these kinds was written before `before` and could not be sent since; returns which.
pub async fn give_up(tx: &Tx, kinds: &[Kind], before: OffsetDateTime) -> Result<Vec<OutboxId>> {
    let gone = outbox::Entity::delete_many()
        .filter(outbox::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
        .filter(outbox::Column::CreatedAt.lte(to_millis(before)))
        .filter(outbox::Column::LastError.is_not_null())
        .exec_with_returning(tx.connection())
        .await?;
    Ok(gone.into_iter().map(|row| OutboxId::from_uuid(row.id)).collect())
}

/// How much waits, due or not, and how much of it has failed at least once.
pub async fn waiting(db: &impl Read) -> Result<(u64, u64)> {
    let all = outbox::Entity::find().count(db.connection()).await?;
    let failed =
        outbox::Entity::find().filter(outbox::Column::LastError.is_not_null()).count(db.connection()).await?;
    Ok((all, failed))
}
