//! The browsers that a person has signed in with: whether one is new, and whether its person wants to
//! be left alone with offers there.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use time::OffsetDateTime;

use super::entity::known_browser;
use super::{Read, Result, Tx, from_millis, to_millis};
use crate::model::attempt::BrowserId;
use crate::model::ids::UserId;

/// What a sign-in tells about the browser it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The person has not signed in with this one before…
    pub new: bool,
    /// …and this is not their first one either.
    pub had_others: bool,
    pub offer_snoozed_until: Option<OffsetDateTime>,
}

/// Notes a sign-in.
pub async fn note(tx: &Tx, user: UserId, browser: BrowserId, now: OffsetDateTime) -> Result<Seen> {
    let known = known_browser::Entity::update_many()
        .col_expr(known_browser::Column::LastSeenAt, Expr::value(to_millis(now)))
        .filter(known_browser::Column::UserId.eq(user.uuid()))
        .filter(known_browser::Column::Browser.eq(browser.0.to_vec()))
        .exec_with_returning(tx.connection())
        .await?
        .pop();
    if let Some(known) = known {
        let offer_snoozed_until = known.offer_snoozed_until.map(from_millis);
        return Ok(Seen { new: false, had_others: false, offer_snoozed_until });
    }
    let all = known_browser::Entity::find().filter(known_browser::Column::UserId.eq(user.uuid()));
    let had_others = all.count(tx.connection()).await? > 0;
    let row = known_browser::ActiveModel {
        user_id: Set(user.uuid()),
        browser: Set(browser.0.to_vec()),
        first_seen_at: Set(to_millis(now)),
        last_seen_at: Set(to_millis(now)),
        offer_snoozed_until: Set(None),
    };
    let again = OnConflict::columns([known_browser::Column::UserId, known_browser::Column::Browser])
        .update_column(known_browser::Column::LastSeenAt)
        .to_owned();
    known_browser::Entity::insert(row).on_conflict(again).exec_without_returning(tx.connection()).await?;
    Ok(Seen { new: true, had_others, offer_snoozed_until: None })
}

/// Whether anybody has ever signed in with this browser.
pub async fn is_known(db: &impl Read, browser: BrowserId) -> Result<bool> {
    let query = known_browser::Entity::find().filter(known_browser::Column::Browser.eq(browser.0.to_vec()));
    Ok(query.count(db.connection()).await? > 0)
}

/// No offers to this person in this browser until then.
pub async fn snooze(tx: &Tx, user: UserId, browser: BrowserId, until: OffsetDateTime) -> Result<()> {
    known_browser::Entity::update_many()
        .col_expr(known_browser::Column::OfferSnoozedUntil, Expr::value(to_millis(until)))
        .filter(known_browser::Column::UserId.eq(user.uuid()))
        .filter(known_browser::Column::Browser.eq(browser.0.to_vec()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Forgets browsers not seen since `before`, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, before: OffsetDateTime, limit: u64) -> Result<u64> {
    let old: Vec<(uuid::Uuid, Vec<u8>)> = known_browser::Entity::find()
        .select_only()
        .column(known_browser::Column::UserId)
        .column(known_browser::Column::Browser)
        .filter(known_browser::Column::LastSeenAt.lte(to_millis(before)))
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let mut gone = 0;
    for key in old {
        gone += known_browser::Entity::delete_by_id(key).exec(tx.connection()).await?.rows_affected;
    }
    Ok(gone)
}
