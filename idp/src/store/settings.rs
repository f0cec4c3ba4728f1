//! What operators have set in the console of what the configuration could also say. Each setting is named once, here.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use time::OffsetDateTime;

use super::entity::setting;
use super::{Read, Result, StoreError, Tx, to_millis, unique};
use crate::model::user::Policy;

const POLICY: &str = "sign_in.policy";

/// How everybody has to sign in at least. `None`: as the configuration says.
pub async fn policy(db: &impl Read) -> Result<Option<Policy>> {
    let row = unique(db, setting::Entity::find_by_id(POLICY)).await?;
    row.map(|row| Policy::from_stored(&row.value).ok_or(StoreError::Damaged("setting"))).transpose()
}

pub async fn set_policy(tx: &Tx, policy: Policy, now: OffsetDateTime) -> Result<()> {
    let row = setting::ActiveModel {
        name: Set(POLICY.to_owned()),
        value: Set(policy.as_str().to_owned()),
        updated_at: Set(to_millis(now)),
    };
    let again = OnConflict::column(setting::Column::Name)
        .update_columns([setting::Column::Value, setting::Column::UpdatedAt])
        .to_owned();
    setting::Entity::insert(row).on_conflict(again).exec_without_returning(tx.connection()).await?;
    Ok(())
}
