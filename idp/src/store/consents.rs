//! What people have allowed applications to know. What they allowed in detail they are asked for each time, so it is
//! not kept here.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use time::OffsetDateTime;

use super::entity::consent;
use super::{Read, Result, Tx, from_millis, stored, to_millis, unique};
use crate::model::authorization::AuthorizationDetails;
use crate::model::client::ClientId;
use crate::model::grant::Permission;
use crate::model::ids::UserId;
use crate::model::resource::Resources;
use crate::model::scope::Scopes;

pub async fn permission(db: &impl Read, user: UserId, client: &ClientId) -> Result<Option<Permission>> {
    let query = consent::Entity::find_by_id((user.uuid(), client.as_str().to_owned()));
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

fn from_row(row: &consent::Model) -> Result<Permission> {
    Ok(Permission {
        scopes: stored("consent", Scopes::parse(&row.scopes))?,
        resources: stored("consent", Resources::parse(&row.resources))?,
        claims: stored("consent", serde_json::from_str(&row.claims))?,
        details: AuthorizationDetails::default(),
    })
}

/// Everything a person allowed, by application.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<(ClientId, Permission, OffsetDateTime)>> {
    let rows = consent::Entity::find()
        .filter(consent::Column::UserId.eq(user.uuid()))
        .order_by_asc(consent::Column::ClientId)
        .all(db.connection())
        .await?;
    rows.into_iter()
        .map(|row| {
            let client = stored("consent", ClientId::parse(&row.client_id))?;
            Ok((client, from_row(&row)?, from_millis(row.granted_at)))
        })
        .collect()
}

/// Forgets what was allowed. `false` when nothing was.
pub async fn withdraw(tx: &Tx, user: UserId, client: &ClientId) -> Result<bool> {
    let deleted = consent::Entity::delete_by_id((user.uuid(), client.as_str().to_owned()))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Remembers what was allowed, in place of what was before.
pub async fn remember(
    tx: &Tx,
    user: UserId,
    client: &ClientId,
    permission: &Permission,
    now: OffsetDateTime,
) -> Result<()> {
    let row = consent::ActiveModel {
        user_id: Set(user.uuid()),
        client_id: Set(client.as_str().to_owned()),
        scopes: Set(permission.scopes.to_string()),
        resources: Set(permission.resources.to_string()),
        claims: Set(stored("consent", serde_json::to_string(&permission.claims))?),
        granted_at: Set(to_millis(now)),
    };
    let replace = OnConflict::columns([consent::Column::UserId, consent::Column::ClientId])
        .update_columns([
            consent::Column::Scopes,
            consent::Column::Resources,
            consent::Column::Claims,
            consent::Column::GrantedAt,
        ])
        .to_owned();
    consent::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.connection()).await?;
    Ok(())
}
