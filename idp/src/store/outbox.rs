//! What has to be sent, written in the transaction that gave rise to it and removed once it is sent.
//! Contents are sealed. Never sends anything itself.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::entity::outbox;
use super::{Read, Result, StoreError, Tx, from_millis, to_millis, unique};
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
    pub const ALL: [Self; 6] = [
        Self::Mail,
        Self::ResetRequest,
        Self::SignUpRequest,
        Self::SignInRequest,
        Self::LogoutNotice,
        Self::SignInPing,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::ResetRequest => "reset-request",
            Self::SignUpRequest => "sign-up-request",
            Self::SignInRequest => "sign-in-request",
            Self::LogoutNotice => "logout-notice",
            Self::SignInPing => "sign-in-ping",
        }
    }

    fn from_stored(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(StoreError::Damaged("outbox"))
    }
}

/// Nothing waits longer than this for its next turn.
const LONGEST_WAIT: Duration = Duration::hours(2);
/// Whoever has claimed something and dies has it taken from them after this.
pub const LEASE: Duration = Duration::minutes(2);

#[derive(Debug)]
pub struct Waiting {
    pub id: OutboxId,
    pub kind: Kind,
    pub user_id: Option<UserId>,
    pub content: Zeroizing<Vec<u8>>,
    /// How often it has been tried, this time included.
    pub attempts: i32,
}

/// What waits, from outside: never what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: OutboxId,
    pub kind: Kind,
    pub user_id: Option<UserId>,
    /// The application that it is for.
    pub recipient: Option<ClientId>,
    pub attempts: i32,
    pub created_at: OffsetDateTime,
    pub next_try_at: OffsetDateTime,
    /// `None`: it has not failed so far.
    pub last_error: Option<String>,
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
        .filter(is_due(now))
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

/// What would wait longer than anything does was put off by a clock that was ahead.
fn is_due(now: OffsetDateTime) -> Condition {
    let due = outbox::Column::NextTryAt.lte(to_millis(now));
    Condition::any().add(due).add(outbox::Column::NextTryAt.gt(to_millis(now + LONGEST_WAIT)))
}

/// Takes one thing to send it. Of any number of callers, on any number of nodes, one gets it; should
/// that one die, it is due again after `lease`.
pub async fn claim(tx: &Tx, id: OutboxId, now: OffsetDateTime, lease: Duration) -> Result<Option<Waiting>> {
    let rows = outbox::Entity::update_many()
        .col_expr(outbox::Column::NextTryAt, Expr::value(to_millis(now + lease)))
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1))
        .filter(outbox::Column::Id.eq(id.uuid()))
        .filter(is_due(now))
        .exec_with_returning(tx.connection())
        .await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Waiting {
        id,
        kind: Kind::from_stored(&row.kind)?,
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

/// When what has waited longest was written.
pub async fn oldest(db: &impl Read) -> Result<Option<OffsetDateTime>> {
    let oldest =
        outbox::Entity::find().order_by_asc(outbox::Column::Id).limit(1).all(db.connection()).await?;
    Ok(oldest.into_iter().next().map(|row| from_millis(row.created_at)))
}

/// At most `limit` of what waits, the newest first, written before something.
pub async fn list(
    db: &impl Read,
    failed_only: bool,
    before: Option<OutboxId>,
    limit: u64,
) -> Result<Vec<Entry>> {
    let mut rows = outbox::Entity::find().order_by_desc(outbox::Column::Id).limit(limit);
    if failed_only {
        rows = rows.filter(outbox::Column::LastError.is_not_null());
    }
    if let Some(before) = before {
        rows = rows.filter(outbox::Column::Id.lt(before.uuid()));
    }
    rows.all(db.connection()).await?.into_iter().map(entry_of).collect()
}

pub async fn entry(db: &impl Read, id: OutboxId) -> Result<Option<Entry>> {
    unique(db, outbox::Entity::find_by_id(id.uuid())).await?.map(entry_of).transpose()
}

/// Makes due now what has failed and would have to wait. What is due within the lease of a sender may be on its way
/// at this moment and stays alone: sent twice would be worse than late.
pub async fn retry(tx: &Tx, id: OutboxId, now: OffsetDateTime) -> Result<Option<Entry>> {
    let rows = outbox::Entity::update_many()
        .col_expr(outbox::Column::NextTryAt, Expr::value(to_millis(now)))
        .filter(outbox::Column::Id.eq(id.uuid()))
        .filter(outbox::Column::LastError.is_not_null())
        .filter(outbox::Column::NextTryAt.gt(to_millis(now + LEASE)))
        .exec_with_returning(tx.connection())
        .await?;
    rows.into_iter().next().map(entry_of).transpose()
}

/// Removes what has failed at least once; returns what it was.
pub async fn remove_failed(tx: &Tx, id: OutboxId) -> Result<Option<Entry>> {
    let gone = outbox::Entity::delete_many()
        .filter(outbox::Column::Id.eq(id.uuid()))
        .filter(outbox::Column::LastError.is_not_null())
        .exec_with_returning(tx.connection())
        .await?;
    gone.into_iter().next().map(entry_of).transpose()
}

fn entry_of(row: outbox::Model) -> Result<Entry> {
    Ok(Entry {
        id: OutboxId::from_uuid(row.id),
        kind: Kind::from_stored(&row.kind)?,
        user_id: row.user_id.map(UserId::from_uuid),
        recipient: row.recipient.and_then(|text| ClientId::parse(&text).ok()),
        attempts: row.attempts,
        created_at: from_millis(row.created_at),
        next_try_at: from_millis(row.next_try_at),
        last_error: row.last_error,
    })
}
