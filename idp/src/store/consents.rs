//! What people have allowed applications to know.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use time::OffsetDateTime;

use super::entity::consent;
use super::{Read, Result, Tx, stored, to_millis, unique};
use crate::model::client::ClientId;
use crate::model::ids::UserId;
use crate::model::scope::Scopes;

pub async fn scopes(db: &impl Read, user: UserId, client: &ClientId) -> Result<Option<Scopes>> {
    let query = consent::Entity::find_by_id((user.uuid(), client.as_str().to_owned()));
    let row = unique(db, query).await?;
    row.map(|row| stored("consent", Scopes::parse(&row.scopes))).transpose()
}

/// Remembers what was allowed, in place of what was before.
pub async fn remember(
    tx: &Tx,
    user: UserId,
    client: &ClientId,
    scopes: &Scopes,
    now: OffsetDateTime,
) -> Result<()> {
    let row = consent::ActiveModel {
        user_id: Set(user.uuid()),
        client_id: Set(client.as_str().to_owned()),
        scopes: Set(scopes.to_string()),
        granted_at: Set(to_millis(now)),
    };
    let replace = OnConflict::columns([consent::Column::UserId, consent::Column::ClientId])
        .update_columns([consent::Column::Scopes, consent::Column::GrantedAt])
        .to_owned();
    consent::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(())
}
