//! Organizations. Those of a person are found through the person, all of them only by whoever has shown the
//! right to administer.

use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::OffsetDateTime;

use super::entity::{membership, organization};
use super::users::{beginnings, escaped};
use super::{Read, Result, StoreError, Tx, from_millis, insert_new, stored, to_millis, unique};
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::{EffectivePolicy, Organization, OrganizationName, Roles, Slug};
use crate::model::user::{Policy, User};

/// Adds one. `false` when its slug is taken.
pub async fn insert(tx: &Tx, new: &Organization) -> Result<bool> {
    let row = organization::ActiveModel {
        id: Set(new.id.uuid()),
        slug: Set(new.slug.as_str().to_owned()),
        name: Set(new.name.as_str().to_owned()),
        policy: Set(new.policy.map(|policy| policy.as_str().to_owned())),
        roles: Set(new.roles.to_string()),
        disabled_at: Set(new.disabled_at.map(to_millis)),
        created_at: Set(to_millis(new.created_at)),
        updated_at: Set(to_millis(new.updated_at)),
    };
    insert_new(tx, row, organization::Column::Slug).await
}

pub async fn by_id(db: &impl Read, id: OrganizationId) -> Result<Option<Organization>> {
    unique(db, organization::Entity::find_by_id(id.uuid())).await?.map(from_row).transpose()
}

pub async fn by_slug(db: &impl Read, slug: &Slug) -> Result<Option<Organization>> {
    let query = organization::Entity::find().filter(organization::Column::Slug.eq(slug.as_str()));
    unique(db, query).await?.map(from_row).transpose()
}

/// At most `limit`, in the order of their slugs, after one of them.
pub async fn page(db: &impl Read, after: Option<&Slug>, limit: u64) -> Result<Vec<Organization>> {
    let mut query = organization::Entity::find().order_by_asc(organization::Column::Slug).limit(limit);
    if let Some(after) = after {
        query = query.filter(organization::Column::Slug.gt(after.as_str()));
    }
    query.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// As [`page`], of those whose name or slug begins so.
pub async fn search(
    db: &impl Read,
    text: &str,
    after: Option<&Slug>,
    limit: u64,
) -> Result<Vec<Organization>> {
    let mut query = organization::Entity::find().order_by_asc(organization::Column::Slug).limit(limit);
    if let Some(after) = after {
        query = query.filter(organization::Column::Slug.gt(after.as_str()));
    }
    if !text.trim().is_empty() {
        let begins = |text: &str| LikeExpr::new(format!("{}%", escaped(text))).escape('\\');
        let names = beginnings(text.trim()).into_iter().flat_map(|text| {
            [organization::Column::Slug.like(begins(&text)), organization::Column::Name.like(begins(&text))]
        });
        query = query.filter(names.fold(Condition::any(), Condition::add));
    }
    query.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// At most `limit` of those with a rule of their own, in the order of their slugs.
pub async fn with_policy(db: &impl Read, limit: u64) -> Result<Vec<Organization>> {
    let query = organization::Entity::find()
        .filter(organization::Column::Policy.is_not_null())
        .order_by_asc(organization::Column::Slug)
        .limit(limit);
    query.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// Those that a person belongs to, in the order of their names.
pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Organization>> {
    let theirs = Query::select()
        .column(membership::Column::OrganizationId)
        .from(membership::Entity)
        .and_where(membership::Column::UserId.eq(user.uuid()))
        .to_owned();
    let rows = organization::Entity::find()
        .filter(organization::Column::Id.in_subquery(theirs))
        .order_by_asc(organization::Column::Name)
        .order_by_asc(organization::Column::Id)
        .all(db.connection())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// The rule by which somebody may sign in, where `service` holds for everybody.
pub async fn policy_of(db: &impl Read, user: &User, service: Policy) -> Result<EffectivePolicy> {
    Ok(EffectivePolicy::of(service, &of_user(db, user.id).await?, user.policy))
}

/// Holds an organization until the transaction ends, so that changes to its members happen one after the other.
/// `false` when there is no such organization.
pub async fn lock(tx: &Tx, id: OrganizationId) -> Result<bool> {
    let changed = organization::Entity::update_many()
        .col_expr(organization::Column::UpdatedAt, Expr::col(organization::Column::UpdatedAt))
        .filter(organization::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// What of an organization can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub name: OrganizationName,
    pub policy: Option<Policy>,
    pub roles: Roles,
}

pub async fn set(tx: &Tx, id: OrganizationId, settings: &Settings, now: OffsetDateTime) -> Result<()> {
    organization::Entity::update_many()
        .col_expr(organization::Column::Name, Expr::value(settings.name.as_str()))
        .col_expr(organization::Column::Policy, Expr::value(settings.policy.map(Policy::as_str)))
        .col_expr(organization::Column::Roles, Expr::value(settings.roles.to_string()))
        .col_expr(organization::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(organization::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Disables one, or brings it back. `false` when it is so already.
pub async fn set_enabled(tx: &Tx, id: OrganizationId, enabled: bool, now: OffsetDateTime) -> Result<bool> {
    let column = organization::Column::DisabledAt;
    let (value, otherwise) = if enabled {
        (None, Expr::col(column).is_not_null())
    } else {
        (Some(to_millis(now)), Expr::col(column).is_null())
    };
    let changed = organization::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .col_expr(organization::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(organization::Column::Id.eq(id.uuid()))
        .filter(otherwise)
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

pub(super) fn from_row(row: organization::Model) -> Result<Organization> {
    const TABLE: &str = "organization";
    let policy = |text: String| Policy::from_stored(&text).ok_or(StoreError::Damaged(TABLE));
    Ok(Organization {
        id: OrganizationId::from_uuid(row.id),
        slug: stored(TABLE, Slug::parse(&row.slug))?,
        name: stored(TABLE, OrganizationName::parse(&row.name))?,
        policy: row.policy.map(policy).transpose()?,
        roles: stored(TABLE, Roles::parse(&row.roles))?,
        disabled_at: row.disabled_at.map(from_millis),
        created_at: from_millis(row.created_at),
        updated_at: from_millis(row.updated_at),
    })
}
