//! Things that happen once in the life of a deployment. The database makes one winner.

use sea_orm::{ActiveValue::Set, EntityTrait};
use time::OffsetDateTime;

use super::entity::milestone;
use super::{Read, Result, Tx, insert_new, to_millis, unique};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// The first operator was made; set-up is closed from then on.
    SetUp,
    /// The first signing keys were made.
    FirstKeys,
}

impl Milestone {
    const fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::FirstKeys => "first-keys",
        }
    }
}

pub async fn is_reached(db: &impl Read, milestone: Milestone) -> Result<bool> {
    Ok(unique(db, milestone::Entity::find_by_id(milestone.name())).await?.is_some())
}

/// `true` for the one transaction that reaches it.
pub async fn reach(tx: &Tx, milestone: Milestone, now: OffsetDateTime) -> Result<bool> {
    let row =
        milestone::ActiveModel { name: Set(milestone.name().to_owned()), reached_at: Set(to_millis(now)) };
    insert_new(tx, row, milestone::Column::Name).await
}
