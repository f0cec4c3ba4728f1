//! People.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use time::OffsetDateTime;

use super::entity::{membership, user};
use super::{Read, Result, StoreError, Tx, from_millis, insert_new, stored, to_millis, unique};
use crate::model::details::Details;
use crate::model::ids::{OrganizationId, UserId};
use crate::model::user::{Email, Language, PersonName, Policy, ServiceRole, TimeZoneName, User};

pub async fn by_id(db: &impl Read, id: UserId) -> Result<Option<User>> {
    unique(db, user::Entity::find_by_id(id.uuid())).await?.map(from_row).transpose()
}

pub async fn by_email(db: &impl Read, email: &Email) -> Result<Option<User>> {
    let query = user::Entity::find().filter(user::Column::Email.eq(email.as_str()));
    unique(db, query).await?.map(from_row).transpose()
}

/// Those of them who are still here.
pub async fn by_ids(db: &impl Read, ids: &BTreeSet<UserId>) -> Result<Vec<User>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = user::Entity::find().filter(user::Column::Id.is_in(ids.iter().map(|id| id.uuid())));
    rows.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// Everybody with the right to everything.
pub async fn operators(db: &impl Read) -> Result<Vec<User>> {
    let rows = user::Entity::find()
        .filter(user::Column::Role.eq(ServiceRole::Operator.as_str()))
        .filter(user::Column::DisabledAt.is_null())
        .all(db.connection())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Holds everybody with the right to everything until the transaction ends.
pub async fn lock_operators(tx: &Tx) -> Result<()> {
    user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, Expr::col(user::Column::UpdatedAt))
        .filter(user::Column::Role.eq(ServiceRole::Operator.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Which people a list is of, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The beginning of a name or an address, in small letters or not.
    pub text: String,
    pub enabled: Option<bool>,
    pub role: Option<ServiceRole>,
    /// After this person, in the order of family name, given name and identifier.
    pub after: Option<(String, String, UserId)>,
}

/// At most `limit` people, by name. With `organizations`, only members of one of these.
pub async fn page(
    db: &impl Read,
    filter: &Filter,
    organizations: Option<&BTreeSet<OrganizationId>>,
    limit: u64,
) -> Result<Vec<User>> {
    let (family, given, id) = (user::Column::FamilyName, user::Column::GivenName, user::Column::Id);
    let mut query =
        user::Entity::find().order_by_asc(family).order_by_asc(given).order_by_asc(id).limit(limit);
    if let Some((last_family, last_given, last_id)) = &filter.after {
        let later = Condition::any()
            .add(family.gt(last_family))
            .add(family.eq(last_family).and(given.gt(last_given)))
            .add(family.eq(last_family).and(given.eq(last_given)).and(id.gt(last_id.uuid())));
        // The first alone is what the index can be entered by.
        query = query.filter(family.gte(last_family)).filter(later);
    }
    if let Some(organizations) = organizations {
        let members = Query::select()
            .column(membership::Column::UserId)
            .from(membership::Entity)
            .and_where(membership::Column::OrganizationId.is_in(organizations.iter().map(|id| id.uuid())))
            .to_owned();
        query = query.filter(id.in_subquery(members));
    }
    if !filter.text.trim().is_empty() {
        // A few are found by indexes and sorted. Where there are many, the next ones in the order are soon found.
        if let Some(few) = few_that_begin(db, filter.text.trim()).await? {
            query = query.filter(id.is_in(few));
        }
        let any = beginnings(filter.text.trim()).into_iter().fold(Condition::any(), |any, beginning| {
            let pattern = LikeExpr::new(format!("{}%", escaped(&beginning))).escape('\\');
            let begins =
                |column: user::Column| Expr::expr(Func::lower(Expr::col(column))).like(pattern.clone());
            let written = |column: user::Column| Expr::col(column).like(pattern.clone());
            [family, given, user::Column::Email]
                .into_iter()
                .fold(any, |any, column| any.add(begins(column)).add(written(column)))
        });
        query = query.filter(any);
    }
    query = match filter.enabled {
        None => query,
        Some(true) => query.filter(user::Column::DisabledAt.is_null()),
        Some(false) => query.filter(user::Column::DisabledAt.is_not_null()),
    };
    if let Some(role) = filter.role {
        query = query.filter(user::Column::Role.eq(role.as_str()));
    }
    query.all(db.connection()).await?.into_iter().map(from_row).collect()
}

/// So many are sorted without anybody noticing.
const FEW: usize = 500;

/// Those of whom a name or the address may begin so, unless it is too many.
async fn few_that_begin(db: &impl Read, text: &str) -> Result<Option<BTreeSet<uuid::Uuid>>> {
    // SQLite makes small letters of those of ASCII only, and so may PostgreSQL.
    let beginnings: BTreeSet<String> = beginnings(text)
        .into_iter()
        .flat_map(|text| [text.to_ascii_lowercase(), text.to_lowercase()])
        .collect();
    let lower = |column: &str| match db.connection().get_database_backend() {
        DbBackend::Postgres => format!("lower({column}) COLLATE \"C\""),
        _ => format!("lower({column})"),
    };
    let mut found = BTreeSet::new();
    for beginning in beginnings {
        let end = format!("{beginning}{}", char::MAX);
        for column in ["family_name", "given_name", "email"] {
            let ids: Vec<uuid::Uuid> = user::Entity::find()
                .select_only()
                .column(user::Column::Id)
                .filter(Expr::cust(lower(column)).gte(beginning.as_str()))
                .filter(Expr::cust(lower(column)).lt(end.as_str()))
                .limit(FEW as u64 + 1)
                .into_tuple()
                .all(db.connection())
                .await?;
            found.extend(ids);
            if found.len() > FEW {
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

/// How the beginning of a name may be written. SQLite knows small and capital letters of ASCII only.
pub(super) fn beginnings(text: &str) -> [String; 3] {
    let small = text.to_lowercase();
    let mut letters = small.chars();
    let capital =
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    [text.to_owned(), capital, small]
}

/// Without a meaning of its own in a pattern.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// How an account is opened or closed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Enabled,
    DisabledByService,
    DisabledByOrganization,
}

pub async fn set_standing(tx: &Tx, id: UserId, standing: Standing, now: OffsetDateTime) -> Result<()> {
    let disabled_at = (standing != Standing::Enabled).then(|| to_millis(now));
    let by_service = standing == Standing::DisabledByService;
    user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(disabled_at))
        .col_expr(user::Column::DisabledByService, Expr::value(by_service))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn set_role(tx: &Tx, id: UserId, role: Option<ServiceRole>, now: OffsetDateTime) -> Result<()> {
    user::Entity::update_many()
        .col_expr(user::Column::Role, Expr::value(role.map(ServiceRole::as_str)))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Whether anybody has an account but whoever has this address.
pub async fn any_but(db: &impl Read, email: Option<&Email>) -> Result<bool> {
    let mut others = user::Entity::find();
    if let Some(email) = email {
        others = others.filter(user::Column::Email.ne(email.as_str()));
    }
    Ok(others.limit(1).all(db.connection()).await?.pop().is_some())
}

/// Adds a person. `false` when the address is taken.
pub async fn insert(tx: &Tx, user: &User) -> Result<bool> {
    let row = user::ActiveModel {
        id: Set(user.id.uuid()),
        email: Set(user.email.as_str().to_owned()),
        email_verified: Set(user.email_verified),
        given_name: Set(user.given_name.as_str().to_owned()),
        family_name: Set(user.family_name.as_str().to_owned()),
        handle: Set(user.handle.clone()),
        role: Set(user.role.map(|role| role.as_str().to_owned())),
        disabled_at: Set(user.disabled_at.map(to_millis)),
        disabled_by_service: Set(user.disabled_by_service),
        language: Set(user.language.as_ref().map(|language| language.as_str().to_owned())),
        time_zone: Set(user.time_zone.as_ref().map(|zone| zone.as_str().to_owned())),
        policy: Set(user.policy.as_str().to_owned()),
        details: Set(stored("user", serde_json::to_string(&user.details))?),
        created_at: Set(to_millis(user.created_at)),
        updated_at: Set(to_millis(user.updated_at)),
    };
    insert_new(tx, row, user::Column::Email).await
}

/// Holds the person's row until the transaction ends, so that changes to one account happen one
/// after the other.
pub async fn lock(tx: &Tx, id: UserId) -> Result<()> {
    if tx.connection().get_database_backend() == DbBackend::Sqlite {
        // Whoever is in a transaction is the only one who writes.
        return Ok(());
    }
    user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, Expr::col(user::Column::UpdatedAt))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// What a person says about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub given_name: PersonName,
    pub family_name: PersonName,
    pub language: Option<Language>,
    pub time_zone: Option<TimeZoneName>,
}

pub async fn set_profile(tx: &Tx, id: UserId, profile: &Profile, now: OffsetDateTime) -> Result<()> {
    let language = profile.language.as_ref().map(Language::as_str);
    let time_zone = profile.time_zone.as_ref().map(TimeZoneName::as_str);
    user::Entity::update_many()
        .col_expr(user::Column::GivenName, Expr::value(profile.given_name.as_str()))
        .col_expr(user::Column::FamilyName, Expr::value(profile.family_name.as_str()))
        .col_expr(user::Column::Language, Expr::value(language))
        .col_expr(user::Column::TimeZone, Expr::value(time_zone))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Gives a person another address, which has been shown to be theirs. `false` when somebody else has
/// it; ask with [`by_email`] first, since on PostgreSQL a clash ends the transaction.
pub async fn set_email(tx: &Tx, id: UserId, email: &Email, now: OffsetDateTime) -> Result<bool> {
    let taken = Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .and_where(user::Column::Email.eq(email.as_str()))
        .to_owned();
    let changed = user::Entity::update_many()
        .col_expr(user::Column::Email, Expr::value(email.as_str()))
        .col_expr(user::Column::EmailVerified, Expr::value(true))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .filter(Expr::exists(taken).not())
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// D4: true for exactly the address that was shown to be the person's.
pub async fn verify_email(tx: &Tx, id: UserId, email: &str, now: OffsetDateTime) -> Result<bool> {
    let changed = user::Entity::update_many()
        .col_expr(user::Column::EmailVerified, Expr::value(true))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .filter(user::Column::Email.eq(email))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

pub async fn set_policy(tx: &Tx, id: UserId, policy: Policy) -> Result<()> {
    user::Entity::update_many()
        .col_expr(user::Column::Policy, Expr::value(policy.as_str()))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Sets what is known of a person beyond their profile, in place of what was.
pub async fn set_details(tx: &Tx, id: UserId, details: &Details, now: OffsetDateTime) -> Result<()> {
    let details = stored("user", serde_json::to_string(details))?;
    user::Entity::update_many()
        .col_expr(user::Column::Details, Expr::value(details))
        .col_expr(user::Column::UpdatedAt, Expr::value(to_millis(now)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub(super) fn from_row(row: user::Model) -> Result<User> {
    const TABLE: &str = "user";
    let role =
        row.role.map(|role| ServiceRole::from_stored(&role).ok_or(StoreError::Damaged(TABLE))).transpose()?;
    Ok(User {
        id: UserId::from_uuid(row.id),
        email: stored(TABLE, Email::parse(&row.email))?,
        email_verified: row.email_verified,
        given_name: stored(TABLE, PersonName::parse(&row.given_name))?,
        family_name: stored(TABLE, PersonName::parse(&row.family_name))?,
        handle: row.handle,
        role,
        disabled_at: row.disabled_at.map(from_millis),
        disabled_by_service: row.disabled_by_service,
        language: row.language.map(|text| stored(TABLE, Language::parse(&text))).transpose()?,
        time_zone: row.time_zone.map(|text| stored(TABLE, TimeZoneName::parse(&text))).transpose()?,
        policy: Policy::from_stored(&row.policy).ok_or(StoreError::Damaged(TABLE))?,
        details: stored(TABLE, serde_json::from_str(&row.details))?,
        created_at: from_millis(row.created_at),
        updated_at: from_millis(row.updated_at),
    })
}
