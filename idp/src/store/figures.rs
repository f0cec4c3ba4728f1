//! Numbers by day, for the first page of the console: counted when something happens, or from time to time, so that
//! showing them reads a few rows however many people there are.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use time::{Date, Duration, OffsetDateTime};

use super::entity::{day_count, user};
use super::{Read, Result, Tx, users};
use crate::model::ids::UserId;
use crate::model::user::User;

/// Somebody whom the loss of one thing would lock out: all they have besides a password is one passkey that no
/// provider keeps, or one code app, and there is no recovery code left.
const AT_RISK: &str = r#""user".disabled_at IS NULL
AND NOT EXISTS (SELECT 1 FROM passkey WHERE passkey.user_id = "user".id AND passkey.backup_eligible)
AND NOT EXISTS (SELECT 1 FROM recovery_code WHERE recovery_code.user_id = "user".id AND recovery_code.used_at IS NULL)
AND (SELECT COUNT(*) FROM passkey WHERE passkey.user_id = "user".id)
  + (SELECT COUNT(*) FROM totp WHERE totp.user_id = "user".id AND totp.confirmed_at IS NOT NULL) = 1"#;

const HAS_PASSKEY: &str = r#"EXISTS (SELECT 1 FROM passkey WHERE passkey.user_id = "user".id)"#;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// By method.
    SignedIn,
    /// By reason.
    SignInFailed,
    /// Enabled accounts at the last time of that day that somebody looked;
    People,
    /// those of them with a passkey;
    WithPasskey,
    /// and those whom one loss would lock out.
    AtRisk,
}

impl Count {
    const ALL: [Self; 5] =
        [Self::SignedIn, Self::SignInFailed, Self::People, Self::WithPasskey, Self::AtRisk];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignInFailed => "sign-in-failed",
            Self::People => "people",
            Self::WithPasskey => "with-passkey",
            Self::AtRisk => "at-risk",
        }
    }
}

/// One number of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub day: Date,
    pub what: Count,
    /// Of which sort, where it is counted by sort.
    pub sort: String,
    pub count: u64,
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub people: u64,
    pub with_passkey: u64,
    pub at_risk: u64,
}

fn number(day: Date) -> i32 {
    i32::try_from((day - OffsetDateTime::UNIX_EPOCH.date()).whole_days()).unwrap_or(i32::MAX)
}

fn name(what: Count, sort: &str) -> String {
    if sort.is_empty() { what.as_str().to_owned() } else { format!("{}:{sort}", what.as_str()) }
}

/// One more of it today. In the transaction of what is counted.
pub fn add(tx: &Tx, now: OffsetDateTime, (what, sort): (Count, &str)) {
    let one_more = Expr::col((day_count::Entity, day_count::Column::Count)).add(1);
    put(tx, (now.date(), name(what, sort), 1), one_more);
}

/// Looks how things stand. Reads whole tables.
pub async fn count(db: &impl Read) -> Result<Standing> {
    let enabled = || user::Entity::find().filter(user::Column::DisabledAt.is_null());
    Ok(Standing {
        people: enabled().count(db.connection()).await?,
        with_passkey: enabled().filter(Expr::cust(HAS_PASSKEY)).count(db.connection()).await?,
        at_risk: user::Entity::find().filter(Expr::cust(AT_RISK)).count(db.connection()).await?,
    })
}

/// Keeps how things stand today, in place of what was kept before.
pub fn keep(tx: &Tx, standing: &Standing, now: OffsetDateTime) {
    let counts = [
        (Count::People, standing.people),
        (Count::WithPasskey, standing.with_passkey),
        (Count::AtRisk, standing.at_risk),
    ];
    for (what, count) in counts {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        put(tx, (now.date(), name(what, ""), count), Expr::value(count));
    }
}

fn put(tx: &Tx, (day, name, first): (Date, String, i64), again: Expr) {
    let row = day_count::ActiveModel { day: Set(number(day)), name: Set(name), count: Set(first) };
    let known = OnConflict::columns([day_count::Column::Day, day_count::Column::Name])
        .value(day_count::Column::Count, again)
        .to_owned();
    tx.later(day_count::Entity::insert(row).on_conflict(known).into_query());
}

/// Everything from a day on, day by day.
pub async fn since(db: &impl Read, day: Date) -> Result<Vec<Figure>> {
    let rows = day_count::Entity::find()
        .filter(day_count::Column::Day.gte(number(day)))
        .order_by_asc(day_count::Column::Day)
        .order_by_asc(day_count::Column::Name)
        .all(db.connection())
        .await?;
    Ok(rows.iter().filter_map(figure).collect())
}

fn figure(row: &day_count::Model) -> Option<Figure> {
    let (what, sort) = row.name.split_once(':').unwrap_or((&row.name, ""));
    Some(Figure {
        day: OffsetDateTime::UNIX_EPOCH.date().checked_add(Duration::days(row.day.into()))?,
        what: Count::ALL.into_iter().find(|known| known.as_str() == what)?,
        sort: sort.to_owned(),
        count: u64::try_from(row.count).unwrap_or(0),
    })
}

/// At most `limit` of those whom one loss would lock out, in the order of their identifiers, after somebody.
pub async fn at_risk(db: &impl Read, after: Option<UserId>, limit: u64) -> Result<Vec<User>> {
    let mut rows = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(Expr::cust(AT_RISK))
        .order_by_asc(user::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        rows = rows.filter(user::Column::Id.gt(after.uuid()));
    }
    let ids: Vec<uuid::Uuid> = rows.into_tuple().all(db.connection()).await?;
    let ids: BTreeSet<UserId> = ids.into_iter().map(UserId::from_uuid).collect();
    let mut found = users::by_ids(db, &ids).await?;
    found.sort_unstable_by_key(|user| user.id);
    Ok(found)
}
