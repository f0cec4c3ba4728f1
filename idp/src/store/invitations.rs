//! Invitations: kept as a hash, bound to an organization and an address, used once.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::invitation;
use super::{Read, Result, Tx, from_millis, stored, to_millis, unique};
use crate::crypto::token::TokenHash;
use crate::model::ids::{InvitationId, OrganizationId, UserId};
use crate::model::organization::{Invitation, Roles};
use crate::model::user::Email;

/// Adds one in place of those that this address has from this organization.
pub async fn insert(tx: &Tx, new: &Invitation, token: TokenHash) -> Result<()> {
    invitation::Entity::delete_many()
        .filter(invitation::Column::OrganizationId.eq(new.organization_id.uuid()))
        .filter(invitation::Column::Email.eq(new.email.as_str()))
        .exec(tx.connection())
        .await?;
    let row = invitation::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        organization_id: Set(new.organization_id.uuid()),
        email: Set(new.email.as_str().to_owned()),
        roles: Set(new.roles.to_string()),
        invited_by: Set(new.invited_by.map(UserId::uuid)),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
    };
    invitation::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// One that can still be accepted, without accepting it: for the page that asks before it acts.
pub async fn open(db: &impl Read, token: TokenHash, now: OffsetDateTime) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find()
        .filter(invitation::Column::TokenHash.eq(token.0.to_vec()))
        .filter(invitation::Column::ExpiresAt.gt(to_millis(now)));
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

/// Accepts one. Of any number of callers one gets it.
pub async fn take(tx: &Tx, token: TokenHash, now: OffsetDateTime) -> Result<Option<Invitation>> {
    let taken = invitation::Entity::delete_many()
        .filter(invitation::Column::TokenHash.eq(token.0.to_vec()))
        .filter(invitation::Column::ExpiresAt.gt(to_millis(now)))
        .exec_with_returning(tx.connection())
        .await?;
    taken.first().map(from_row).transpose()
}

/// Those of an organization that nobody has accepted yet.
pub async fn of_organization(
    db: &impl Read,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::OrganizationId.eq(organization.uuid()))
        .filter(invitation::Column::ExpiresAt.gt(to_millis(now)))
        .order_by_desc(invitation::Column::Id)
        .limit(500)
        .all(db.connection())
        .await?;
    rows.iter().map(from_row).collect()
}

/// Takes one back. `false` when this organization has no such invitation.
pub async fn delete(tx: &Tx, organization: OrganizationId, id: InvitationId) -> Result<bool> {
    let deleted = invitation::Entity::delete_many()
        .filter(invitation::Column::Id.eq(id.uuid()))
        .filter(invitation::Column::OrganizationId.eq(organization.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Removes those past their end, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(invitation::Column::ExpiresAt.lte(to_millis(now)))
        .order_by_asc(invitation::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged = invitation::Entity::delete_many()
        .filter(invitation::Column::Id.is_in(expired))
        .exec(tx.connection())
        .await?;
    Ok(purged.rows_affected)
}

fn from_row(row: &invitation::Model) -> Result<Invitation> {
    const TABLE: &str = "invitation";
    Ok(Invitation {
        id: InvitationId::from_uuid(row.id),
        organization_id: OrganizationId::from_uuid(row.organization_id),
        email: stored(TABLE, Email::parse(&row.email))?,
        roles: stored(TABLE, Roles::parse(&row.roles))?,
        invited_by: row.invited_by.map(UserId::from_uuid),
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
    })
}
