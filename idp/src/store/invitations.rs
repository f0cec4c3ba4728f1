//! Invitations: kept as a hash, bound to an organization and an address, used once. How one ended stays known for a
//! while, so that its link can say so.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use time::OffsetDateTime;

use super::entity::invitation::{self, Column};
use super::{Read, Result, StoreError, Tx, from_millis, memberships, stored, to_millis, unique, users};
use crate::crypto::token::TokenHash;
use crate::model::client::ClientId;
use crate::model::ids::{InvitationId, OrganizationId, UserId};
use crate::model::organization::{Ending, INVITATION_REMEMBERED, Invitation, Roles};
use crate::model::user::{Email, ServiceRole, User};

/// Adds one in place of those that this address has from this organization.
pub async fn insert(tx: &Tx, new: &Invitation, token: TokenHash) -> Result<()> {
    let before = Condition::all()
        .add(Column::OrganizationId.eq(new.organization_id.uuid()))
        .add(Column::Email.eq(new.email.as_str()));
    end(tx, before, (Ending::Replaced, new.created_at)).await?;
    let row = invitation::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token.0.to_vec()),
        organization_id: Set(new.organization_id.uuid()),
        email: Set(new.email.as_str().to_owned()),
        roles: Set(new.roles.to_string()),
        invited_by: Set(new.invited_by.map(UserId::uuid)),
        created_at: Set(to_millis(new.created_at)),
        expires_at: Set(to_millis(new.expires_at)),
        invitee: Set(new.invitee.map(UserId::uuid)),
        client_id: Set(new.client.as_ref().map(ToString::to_string)),
        ended_at: Set(None),
        ending: Set(None),
    };
    invitation::Entity::insert(row).exec_without_returning(tx.connection()).await?;
    Ok(())
}

/// The one that a link belongs to, whatever became of it.
pub async fn by_token(db: &impl Read, token: TokenHash) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find().filter(Column::TokenHash.eq(token.0.to_vec()));
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

/// Those of an organization that have not ended, also those that have grown too old by now; the newest first.
pub async fn of_organization(db: &impl Read, organization: OrganizationId) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::EndedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(1_000)
        .all(db.connection())
        .await?;
    rows.iter().map(from_row).collect()
}

/// One of an organization that has not ended.
pub async fn of_organization_by_id(
    db: &impl Read,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find_by_id(id.uuid())
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::EndedAt.is_null());
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

/// How many of an organization somebody could accept now.
pub async fn count_open(db: &impl Read, organization: OrganizationId, now: OffsetDateTime) -> Result<u64> {
    let open = invitation::Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::EndedAt.is_null())
        .filter(Column::ExpiresAt.gt(to_millis(now)));
    Ok(open.count(db.connection()).await?)
}

/// How many an organization has made since then, of all or of those to one address.
pub async fn count_since(
    db: &impl Read,
    (organization, email): (OrganizationId, Option<&Email>),
    since: OffsetDateTime,
) -> Result<u64> {
    let mut made = invitation::Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::CreatedAt.gt(to_millis(since)));
    if let Some(email) = email {
        made = made.filter(Column::Email.eq(email.as_str()));
    }
    Ok(made.count(db.connection()).await?)
}

/// K3: ends one by its link, while it is good. Of any number of callers one gets it.
pub async fn take(
    tx: &Tx,
    token: TokenHash,
    (ending, now): (Ending, OffsetDateTime),
) -> Result<Option<Invitation>> {
    let good = Condition::all()
        .add(Column::TokenHash.eq(token.0.to_vec()))
        .add(Column::ExpiresAt.gt(to_millis(now)));
    Ok(end(tx, good, (ending, now)).await?.pop())
}

/// Takes one back. `None` when this organization has no such invitation (any more).
pub async fn withdraw(
    tx: &Tx,
    (organization, id): (OrganizationId, InvitationId),
    now: OffsetDateTime,
) -> Result<Option<Invitation>> {
    let that =
        Condition::all().add(Column::Id.eq(id.uuid())).add(Column::OrganizationId.eq(organization.uuid()));
    Ok(end(tx, that, (Ending::Withdrawn, now)).await?.pop())
}

/// Takes back all of an organization to one address.
pub async fn withdraw_of(
    tx: &Tx,
    (organization, email): (OrganizationId, &Email),
    now: OffsetDateTime,
) -> Result<()> {
    let those = Condition::all()
        .add(Column::Email.eq(email.as_str()))
        .add(Column::OrganizationId.eq(organization.uuid()));
    end(tx, those, (Ending::Withdrawn, now)).await?;
    Ok(())
}

async fn end(tx: &Tx, which: Condition, (ending, now): (Ending, OffsetDateTime)) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(to_millis(now)))
        .col_expr(Column::Ending, Expr::value(ending.as_str()))
        .filter(which)
        .filter(Column::EndedAt.is_null())
        .exec_with_returning(tx.connection())
        .await?;
    rows.iter().map(from_row).collect()
}

/// Whether whoever invited could still do so: else nothing of theirs counts any more (security: M3).
pub async fn is_still_given(db: &impl Read, invitation: &Invitation) -> Result<bool> {
    let Some(inviter) = invitation.invited_by else {
        return Ok(true);
    };
    let Some(inviter) = users::by_id(db, inviter).await?.filter(User::is_enabled) else {
        return Ok(false);
    };
    if inviter.role == Some(ServiceRole::Operator) {
        return Ok(true);
    }
    Ok(memberships::run_by(db, inviter.id).await?.contains(&invitation.organization_id))
}

/// Removes those that nobody will ask about any more, at most `limit`; returns how many.
pub async fn purge(tx: &Tx, now: OffsetDateTime, limit: u64) -> Result<u64> {
    let expired: Vec<uuid::Uuid> = invitation::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ExpiresAt.lte(to_millis(now - INVITATION_REMEMBERED)))
        .order_by_asc(Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(tx.connection())
        .await?;
    let purged =
        invitation::Entity::delete_many().filter(Column::Id.is_in(expired)).exec(tx.connection()).await?;
    Ok(purged.rows_affected)
}

fn from_row(row: &invitation::Model) -> Result<Invitation> {
    const TABLE: &str = "invitation";
    let ending = |text: &String| Ending::from_stored(text).ok_or(StoreError::Damaged(TABLE));
    let client = |text: &String| stored(TABLE, ClientId::parse(text));
    Ok(Invitation {
        id: InvitationId::from_uuid(row.id),
        organization_id: OrganizationId::from_uuid(row.organization_id),
        email: stored(TABLE, Email::parse(&row.email))?,
        roles: stored(TABLE, Roles::parse(&row.roles))?,
        invited_by: row.invited_by.map(UserId::from_uuid),
        invitee: row.invitee.map(UserId::from_uuid),
        client: row.client_id.as_ref().map(client).transpose()?,
        created_at: from_millis(row.created_at),
        expires_at: from_millis(row.expires_at),
        ended: row.ending.as_ref().map(ending).transpose()?,
    })
}
