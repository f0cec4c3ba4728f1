//! Signed-in browsers. Found by the hash of a cookie, or through their owner. A session that has
//! ended has no row.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use time::OffsetDateTime;

use super::entity::{ended_session, session};
use super::{Read, Result, StoreError, Tx, from_millis, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::ids::{PasskeyId, SessionId, UserId};
use crate::model::moment::latest;
use crate::model::session::{Enrolment, Method, Session};

/// J9: a person keeps this many sessions; the one unseen for longest makes room for a new one.
pub const MAX_PER_USER: u64 = 50;

/// The hashes of the two cookies of a session: the one that applications' requests may carry, and
/// the stricter one of the account pages.
#[derive(Debug, Clone, Copy)]
pub struct CookieHashes {
    pub session: TokenHash,
    pub account: TokenHash,
}

pub async fn of_user_by_id(db: &impl Read, user: UserId, id: SessionId) -> Result<Option<Session>> {
    let query = session::Entity::find_by_id(id.uuid()).filter(session::Column::UserId.eq(user.uuid()));
    unique(db, query).await?.map(from_row).transpose()
}

pub fn insert(tx: &Tx, new: &Session, hashes: CookieHashes) {
    let row = session::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(hashes.session.0.to_vec()),
        account_token_hash: Set(hashes.account.0.to_vec()),
        user_id: Set(new.user_id.uuid()),
        passkey_id: Set(new.passkey_id.map(PasskeyId::uuid)),
        method: Set(new.method.as_str().to_owned()),
        authenticated_at: Set(to_millis(new.authenticated_at)),
        created_at: Set(to_millis(new.created_at)),
        last_seen_at: Set(to_millis(new.last_seen_at)),
        expires_at: Set(to_millis(new.expires_at)),
        browser: Set(new.browser.clone()),
        network: Set(new.network.clone()),
        limited: Set(new.limited.map(|what| what.as_str().to_owned())),
    };
    tx.later(session::Entity::insert(row).into_query());
}

/// The same browser and person, authenticated anew: everything but the identity of the session
/// changes, its cookies included (J1). `false` when it has ended meanwhile.
pub async fn renew(tx: &Tx, renewed: &Session, hashes: CookieHashes) -> Result<bool> {
    let passkey = renewed.passkey_id.map(PasskeyId::uuid);
    let changed = session::Entity::update_many()
        .col_expr(session::Column::TokenHash, Expr::value(hashes.session.0.to_vec()))
        .col_expr(session::Column::AccountTokenHash, Expr::value(hashes.account.0.to_vec()))
        .col_expr(session::Column::PasskeyId, Expr::value(passkey))
        .col_expr(session::Column::Method, Expr::value(renewed.method.as_str()))
        .col_expr(session::Column::AuthenticatedAt, Expr::value(to_millis(renewed.authenticated_at)))
        .col_expr(session::Column::LastSeenAt, Expr::value(to_millis(renewed.last_seen_at)))
        .col_expr(session::Column::ExpiresAt, Expr::value(to_millis(renewed.expires_at)))
        .col_expr(session::Column::Browser, Expr::value(renewed.browser.as_str()))
        .col_expr(session::Column::Network, Expr::value(renewed.network.as_str()))
        .filter(session::Column::Id.eq(renewed.id.uuid()))
        .filter(session::Column::UserId.eq(renewed.user_id.uuid()))
        // A limited session never becomes a whole one: that begins anew.
        .filter(session::Column::Limited.is_null())
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Notes that the browser was here.
pub fn touch(tx: &Tx, id: SessionId, at: OffsetDateTime) {
    let seen = session::Entity::update_many()
        .col_expr(session::Column::LastSeenAt, Expr::value(to_millis(at)))
        .filter(session::Column::Id.eq(id.uuid()))
        .filter(session::Column::LastSeenAt.lt(to_millis(at)));
    tx.later(seen.into_query());
}

/// The only way in which a session goes. Whatever applications were used in it is noted, so that they can be
/// told (Back-Channel Logout §2.2).
async fn end_where(tx: &Tx, which: Condition) -> Result<Vec<SessionId>> {
    let ended = session::Entity::delete_many().filter(which).exec_with_returning(tx.connection()).await?;
    let whole = ended.iter().filter(|row| row.limited.is_none());
    let rows: Vec<_> =
        whole.map(|row| ended_session::ActiveModel { id: Set(row.id), user_id: Set(row.user_id) }).collect();
    if !rows.is_empty() {
        ended_session::Entity::insert_many(rows).exec_without_returning(tx.connection()).await?;
    }
    Ok(ended.into_iter().map(|row| SessionId::from_uuid(row.id)).collect())
}

/// Whether sessions have ended that nobody has looked at.
pub async fn any_ended(db: &impl Read) -> Result<bool> {
    Ok(ended_session::Entity::find().limit(1).all(db.connection()).await?.pop().is_some())
}

/// Takes sessions that have ended, and whose they were.
pub async fn take_ended(tx: &Tx, limit: u64) -> Result<Vec<(SessionId, UserId)>> {
    let some =
        Query::select().column(ended_session::Column::Id).from(ended_session::Entity).limit(limit).to_owned();
    let taken = ended_session::Entity::delete_many()
        .filter(ended_session::Column::Id.in_subquery(some))
        .exec_with_returning(tx.connection())
        .await?;
    Ok(taken.into_iter().map(|row| (SessionId::from_uuid(row.id), UserId::from_uuid(row.user_id))).collect())
}

pub async fn end(tx: &Tx, user: UserId, id: SessionId) -> Result<bool> {
    let this = of(user).add(session::Column::Id.eq(id.uuid()));
    Ok(!end_where(tx, this).await?.is_empty())
}

fn of(user: UserId) -> Condition {
    Condition::all().add(session::Column::UserId.eq(user.uuid()))
}

/// All but this one, if one is to be kept.
fn but(kept: Option<SessionId>) -> Condition {
    Condition::all().add_option(kept.map(|kept| session::Column::Id.ne(kept.uuid())))
}

/// A person's sessions, the last seen first, as many as there may be.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Session>> {
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(user.uuid()))
        .order_by_desc(session::Column::LastSeenAt)
        .limit(MAX_PER_USER)
        .all(db.connection())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Ends the sessions of a person, all but one if one is given; returns how many that were.
pub async fn end_of_user(tx: &Tx, user: UserId, kept: Option<SessionId>) -> Result<u64> {
    Ok(end_where(tx, of(user).add(but(kept))).await?.len() as u64)
}

/// Ends the sessions of a person that may only add a way in, but for one if one is given; returns how
/// many that were.
pub async fn end_limited(tx: &Tx, user: UserId, kept: Option<SessionId>) -> Result<u64> {
    let limited = of(user).add(session::Column::Limited.is_not_null()).add(but(kept));
    Ok(end_where(tx, limited).await?.len() as u64)
}

/// Ends the other sessions of a person that a password alone began since then; returns which.
pub async fn end_weak(
    tx: &Tx,
    user: UserId,
    kept: SessionId,
    since: OffsetDateTime,
) -> Result<Vec<SessionId>> {
    let weak = of(user)
        .add(but(Some(kept)))
        .add(session::Column::Method.eq(Method::Password.as_str()))
        .add(session::Column::AuthenticatedAt.gte(to_millis(since)));
    end_where(tx, weak).await
}

/// Ends the sessions of everybody; returns how many that were.
pub async fn end_everybodys(tx: &Tx) -> Result<u64> {
    let mut ended = 0;
    loop {
        let some: Vec<uuid::Uuid> = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .limit(1000)
            .into_tuple()
            .all(tx.connection())
            .await?;
        if some.is_empty() {
            return Ok(ended);
        }
        ended += end_where(tx, Condition::all().add(session::Column::Id.is_in(some))).await?.len() as u64;
    }
}

/// Ends what a passkey began; returns how many sessions that were.
pub async fn end_of_passkey(tx: &Tx, user: UserId, passkey: PasskeyId) -> Result<u64> {
    let begun = of(user).add(session::Column::PasskeyId.eq(passkey.uuid()));
    Ok(end_where(tx, begun).await?.len() as u64)
}

/// Ends the sessions of a person beyond [`MAX_PER_USER`], the longest unseen first, and before them those that were seen
/// later than now: or after a clock was set back the newest would go at once.
pub async fn end_surplus(tx: &Tx, user: UserId, now: OffsetDateTime) -> Result<()> {
    let is_to_come = Expr::col(session::Column::LastSeenAt).gt(to_millis(latest(now)));
    let surplus = Query::select()
        .column(session::Column::Id)
        .from(session::Entity)
        .and_where(Expr::col(session::Column::UserId).eq(user.uuid()))
        .order_by_expr(is_to_come, sea_orm::Order::Asc)
        .order_by(session::Column::LastSeenAt, sea_orm::Order::Desc)
        .limit(1000)
        .offset(MAX_PER_USER)
        .to_owned();
    end_where(tx, Condition::all().add(session::Column::Id.in_subquery(surplus))).await.map(drop)
}

/// Removes sessions whose absolute end has passed, at most `limit` of them; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(session::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    if expired.is_empty() {
        return Ok(0);
    }
    Ok(end_where(tx, Condition::all().add(session::Column::Id.is_in(expired))).await?.len() as u64)
}

pub(super) fn from_row(row: session::Model) -> Result<Session> {
    Ok(Session {
        id: SessionId::from_uuid(row.id),
        user_id: UserId::from_uuid(row.user_id),
        passkey_id: row.passkey_id.map(PasskeyId::from_uuid),
        method: Method::from_stored(&row.method).ok_or(StoreError::Damaged("session"))?,
        authenticated_at: from_millis(row.authenticated_at),
        created_at: from_millis(row.created_at),
        last_seen_at: from_millis(row.last_seen_at),
        expires_at: from_millis(row.expires_at),
        browser: row.browser,
        network: row.network,
        limited: row
            .limited
            .map(|what| Enrolment::from_stored(&what).ok_or(StoreError::Damaged("session")))
            .transpose()?,
    })
}
