//! Who belongs to which organization, and in which roles.

use std::collections::BTreeSet;

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, LikeExpr, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, TryInsertResult,
};

use super::entity::{membership, organization, user};
use super::question::{Question, columns};
use super::users::escaped;
use super::{Read, Result, Tx, from_millis, organizations, stored, to_millis, unique};
use crate::model::ids::{OrganizationId, UserId};
use crate::model::organization::{Member, Membership, Organization, RoleName, Roles};

const CONCAT: BinOper = BinOper::Custom("||");

/// `false` when the person belongs to it already.
pub async fn insert(tx: &Tx, new: &Membership) -> Result<bool> {
    let row = membership::ActiveModel {
        user_id: Set(new.user_id.uuid()),
        organization_id: Set(new.organization_id.uuid()),
        roles: Set(new.roles.to_string()),
        administrator: Set(new.roles.is_administrator()),
        created_at: Set(to_millis(new.created_at)),
    };
    let once = OnConflict::columns([membership::Column::UserId, membership::Column::OrganizationId])
        .do_nothing()
        .to_owned();
    let inserted = membership::Entity::insert(row)
        .on_conflict(once)
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

pub async fn of(db: &impl Read, user: UserId, organization: OrganizationId) -> Result<Option<Membership>> {
    let query = membership::Entity::find_by_id((user.uuid(), organization.uuid()));
    unique(db, query).await?.as_ref().map(from_row).transpose()
}

pub async fn of_user(db: &impl Read, user: UserId) -> Result<Vec<Membership>> {
    let rows = membership::Entity::find()
        .filter(membership::Column::UserId.eq(user.uuid()))
        .order_by_asc(membership::Column::OrganizationId)
        .all(db.connection())
        .await?;
    rows.iter().map(from_row).collect()
}

/// Somebody in an organization, if they belong to it and it is enabled.
pub async fn member(db: &impl Read, user: UserId, of: OrganizationId) -> Result<Option<Member>> {
    static QUESTION: Question<2> = Question::new(|[user, organization]| {
        let mut query = Query::select();
        columns::<membership::Entity>(&mut query, "m_");
        columns::<organization::Entity>(&mut query, "o_");
        let its = organization::Column::Id.into_expr().eq(membership::Column::OrganizationId.into_expr());
        query
            .from(membership::Entity)
            .inner_join(organization::Entity, its)
            .and_where(membership::Column::UserId.eq(user))
            .and_where(membership::Column::OrganizationId.eq(organization));
        query
    });
    let Some(row) = QUESTION.ask(db, [user.uuid().into(), of.uuid().into()]).await? else {
        return Ok(None);
    };
    let membership = from_row(&membership::Model::from_query_result(&row, "m_")?)?;
    let organization = organizations::from_row(organization::Model::from_query_result(&row, "o_")?)?;
    let enabled = Some(organization).filter(Organization::is_enabled);
    Ok(enabled.map(|organization| Member { organization, roles: membership.roles }))
}

/// The organizations that somebody looks after: as an administrator, and only while they are enabled.
pub async fn run_by(db: &impl Read, user: UserId) -> Result<BTreeSet<OrganizationId>> {
    // Not a list of all that are enabled, which SQLite would make each time.
    let enabled = Query::select()
        .column(organization::Column::Id)
        .from(organization::Entity)
        .and_where(organization::Column::Id.into_expr().eq(membership::Column::OrganizationId.into_expr()))
        .and_where(organization::Column::DisabledAt.is_null())
        .to_owned();
    let ids: Vec<uuid::Uuid> = membership::Entity::find()
        .select_only()
        .column(membership::Column::OrganizationId)
        .filter(membership::Column::UserId.eq(user.uuid()))
        .filter(membership::Column::Administrator.eq(true))
        .filter(Expr::exists(enabled))
        .into_tuple()
        .all(db.connection())
        .await?;
    Ok(ids.into_iter().map(OrganizationId::from_uuid).collect())
}

/// `false` when the person does not belong to it.
pub async fn set_roles(tx: &Tx, user: UserId, organization: OrganizationId, roles: &Roles) -> Result<bool> {
    let changed = membership::Entity::update_many()
        .col_expr(membership::Column::Roles, Expr::value(roles.to_string()))
        .col_expr(membership::Column::Administrator, Expr::value(roles.is_administrator()))
        .filter(membership::Column::UserId.eq(user.uuid()))
        .filter(membership::Column::OrganizationId.eq(organization.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// `false` when the person does not belong to it.
pub async fn delete(tx: &Tx, user: UserId, organization: OrganizationId) -> Result<bool> {
    let key = (user.uuid(), organization.uuid());
    Ok(membership::Entity::delete_by_id(key).exec(tx.connection()).await?.rows_affected == 1)
}

/// At most `limit` members of an organization in the order of their identifiers, after one of them.
pub async fn of_organization(
    db: &impl Read,
    organization: OrganizationId,
    after: Option<UserId>,
    limit: u64,
) -> Result<Vec<Membership>> {
    let mut query = membership::Entity::find()
        .filter(membership::Column::OrganizationId.eq(organization.uuid()))
        .order_by_asc(membership::Column::UserId)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(membership::Column::UserId.gt(after.uuid()));
    }
    query.all(db.connection()).await?.iter().map(from_row).collect()
}

/// Whether any member has a role.
pub async fn any_with(db: &impl Read, organization: OrganizationId, role: &RoleName) -> Result<bool> {
    // Between spaces, so that no other role's name is found.
    let spaced =
        Expr::val(" ").binary(CONCAT, Expr::col(membership::Column::Roles)).binary(CONCAT, Expr::val(" "));
    let found = membership::Entity::find()
        .filter(membership::Column::OrganizationId.eq(organization.uuid()))
        .filter(spaced.like(LikeExpr::new(format!("% {} %", escaped(role.as_str()))).escape('\\')))
        .limit(1)
        .all(db.connection())
        .await?;
    Ok(!found.is_empty())
}

/// How many people belong to an organization.
pub async fn count(db: &impl Read, organization: OrganizationId) -> Result<u64> {
    let theirs = membership::Column::OrganizationId.eq(organization.uuid());
    Ok(membership::Entity::find().filter(theirs).count(db.connection()).await?)
}

/// Those who look after an organization and can sign in. Hold the organization before deciding by it.
pub async fn administrators(db: &impl Read, organization: OrganizationId) -> Result<Vec<UserId>> {
    let enabled = Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .and_where(user::Column::Id.into_expr().eq(membership::Column::UserId.into_expr()))
        .and_where(user::Column::DisabledAt.is_null())
        .to_owned();
    let ids: Vec<uuid::Uuid> = membership::Entity::find()
        .select_only()
        .column(membership::Column::UserId)
        .filter(membership::Column::OrganizationId.eq(organization.uuid()))
        .filter(membership::Column::Administrator.eq(true))
        .filter(Expr::exists(enabled))
        .into_tuple()
        .all(db.connection())
        .await?;
    Ok(ids.into_iter().map(UserId::from_uuid).collect())
}

pub(super) fn from_row(row: &membership::Model) -> Result<Membership> {
    Ok(Membership {
        user_id: UserId::from_uuid(row.user_id),
        organization_id: OrganizationId::from_uuid(row.organization_id),
        roles: stored("membership", Roles::parse(&row.roles))?,
        created_at: from_millis(row.created_at),
    })
}
