//! How soon something that keeps being guessed may be tried again. The database decides, so that
//! guesses side by side, on several nodes or after a restart can not outrun it. Keys are keyed
//! hashes of what was tried: a row says nothing about whether there is such a person.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::{Duration, OffsetDateTime};

use super::entity::guess;
use super::{Read, Result, Tx, from_millis, to_millis, unique};
use crate::crypto::seal::Sealer;
use crate::model::ids::UserId;
use crate::model::user::Email;

/// This many failures in a row are forgiven at once.
const FREE: i32 = 4;
/// No wait is longer than this.
const LONGEST: Duration = Duration::minutes(15);
/// Failures before a rest as long as this no longer slow anybody down.
pub const RESET_AFTER: Duration = Duration::hours(24);

/// What is being guessed.
#[derive(Debug, Clone, Copy)]
pub enum Guessed<'a> {
    /// By the address that was typed, so that it counts for people who do not exist as well.
    Password(&'a Email),
    Code(UserId),
    RecoveryCode(UserId),
}

impl Guessed<'_> {
    fn key(self, sealer: &Sealer) -> Vec<u8> {
        let key = match self {
            Self::Password(email) => sealer.lookup("guess password", email.as_str().as_bytes()),
            Self::Code(user) => sealer.lookup("guess code", user.uuid().as_bytes()),
            Self::RecoveryCode(user) => sealer.lookup("guess recovery code", user.uuid().as_bytes()),
        };
        key.to_vec()
    }
}

/// Whether a guess may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Now,
    /// Not before this moment.
    Wait(OffsetDateTime),
}

/// How long to wait after the `failures`th failure in a row.
#[must_use]
pub fn delay(failures: i32) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(FREE + 1)).unwrap_or(0);
    if failures <= FREE {
        return Duration::ZERO;
    }
    let seconds = 1_i64.checked_shl(std::cmp::min(doublings, 20)).unwrap_or(i64::MAX);
    std::cmp::min(Duration::seconds(seconds), LONGEST)
}

/// Takes a turn, and counts it as failed until [`forget`] says otherwise. Of any number of guesses at
/// the same time, only as many get a turn as would one after the other.
pub async fn take_turn(tx: &Tx, what: Guessed<'_>, now: OffsetDateTime) -> Result<Turn> {
    let key = what.key(tx.sealer());
    let fresh = guess::ActiveModel {
        key: Set(key.clone()),
        failures: Set(0),
        retry_at: Set(0),
        last_at: Set(to_millis(now)),
    };
    guess::Entity::insert(fresh)
        .on_conflict(OnConflict::column(guess::Column::Key).do_nothing().to_owned())
        .exec_without_returning(tx.connection())
        .await?;
    let rested = Expr::col(guess::Column::LastAt).lt(to_millis(now - RESET_AFTER));
    let count = Expr::case(rested, 1).finally(Expr::col(guess::Column::Failures).add(1));
    let taken = guess::Entity::update_many()
        .col_expr(guess::Column::Failures, count.into())
        .col_expr(guess::Column::LastAt, Expr::value(to_millis(now)))
        .filter(guess::Column::Key.eq(key.clone()))
        .filter(may_retry(now))
        .exec_with_returning(tx.connection())
        .await?;
    let Some(row) = taken.into_iter().next() else {
        let row = unique(tx, guess::Entity::find_by_id(key)).await?;
        return Ok(Turn::Wait(row.map_or(now, |row| from_millis(row.retry_at))));
    };
    // The row is held until the transaction ends: nobody sees it without the wait.
    let wait = delay(row.failures);
    // Without a wait nobody waits, not even whoever came a moment earlier and is only served now.
    let retry_at = if wait.is_zero() { 0 } else { to_millis(now + wait) };
    guess::Entity::update_many()
        .col_expr(guess::Column::RetryAt, Expr::value(retry_at))
        .filter(guess::Column::Key.eq(key.clone()))
        .exec(tx.connection())
        .await?;
    Ok(Turn::Now)
}

/// A wait that is longer than any was begun by a clock that was ahead, and is over.
fn may_retry(now: OffsetDateTime) -> Condition {
    let over = guess::Column::RetryAt.lte(to_millis(now));
    Condition::any().add(over).add(guess::Column::RetryAt.gt(to_millis(now + LONGEST * 2)))
}

/// The guess was right, or the count begins anew for another reason.
pub async fn forget(tx: &Tx, what: Guessed<'_>) -> Result<()> {
    let key = what.key(tx.sealer());
    guess::Entity::delete_many().filter(guess::Column::Key.eq(key)).exec(tx.connection()).await?;
    Ok(())
}

/// Removes rows that slow nobody down any more, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let old: Vec<Vec<u8>> = guess::Entity::find()
        .select_only()
        .column(guess::Column::Key)
        .filter(guess::Column::LastAt.lt(to_millis(now - RESET_AFTER)))
        .order_by_asc(guess::Column::LastAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged =
        guess::Entity::delete_many().filter(guess::Column::Key.is_in(old)).exec(tx.connection()).await?;
    Ok(purged.rows_affected)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G1
    #[test]
    fn waits_begin_with_the_fifth_failure_and_double_up_to_a_quarter_of_an_hour() {
        for failures in 0..=4 {
            assert_eq!(delay(failures), Duration::ZERO, "{failures}");
        }
        assert_eq!(delay(5), Duration::seconds(1));
        assert_eq!(delay(6), Duration::seconds(2));
        assert_eq!(delay(10), Duration::seconds(32));
        assert_eq!(delay(15), Duration::minutes(15));
        assert_eq!(delay(i32::MAX), Duration::minutes(15));
    }
}
