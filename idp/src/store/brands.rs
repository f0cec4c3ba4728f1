//! How the service and its organizations look, and the logos of all of them: each is kept once, under its hash, for as
//! long as a brand has it.

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use time::OffsetDateTime;
use uuid::Uuid;

use super::entity::{brand, logo};
use super::{Read, Result, StoreError, Tx, stored, to_millis, unique};
use crate::model::brand::{Accents, Brand, BrandName, Colour, LogoHash, Scheme};
use crate::model::ids::OrganizationId;
use crate::model::picture::{Picture, PictureKind};

const TABLE: &str = "brand";

/// The service's where no organization is named.
fn key(of: Option<OrganizationId>) -> Uuid {
    of.map_or(Uuid::nil(), OrganizationId::uuid)
}

/// `None` where nothing was ever set.
pub async fn get(db: &impl Read, of: Option<OrganizationId>) -> Result<Option<Brand>> {
    unique(db, brand::Entity::find_by_id(key(of))).await?.map(from_row).transpose()
}

/// Holds what is set until the transaction ends, so that changes to it happen one after the other.
pub async fn lock(tx: &Tx, of: Option<OrganizationId>) -> Result<()> {
    brand::Entity::update_many()
        .col_expr(brand::Column::UpdatedAt, Expr::col(brand::Column::UpdatedAt))
        .filter(brand::Column::Id.eq(key(of)))
        .exec(tx.connection())
        .await?;
    Ok(())
}

pub async fn set(tx: &Tx, of: Option<OrganizationId>, new: &Brand, now: OffsetDateTime) -> Result<()> {
    let accents = new.accents;
    let row = brand::ActiveModel {
        id: Set(key(of)),
        organization_id: Set(of.map(OrganizationId::uuid)),
        name: Set(new.name.as_ref().map(ToString::to_string)),
        light_accent: Set(accents.get(Scheme::Light).map(|accent| accent.to_string())),
        dark_accent: Set(accents.get(Scheme::Dark).map(|accent| accent.to_string())),
        light_logo: Set(new.light_logo.map(Vec::from)),
        dark_logo: Set(new.dark_logo.map(Vec::from)),
        updated_at: Set(to_millis(now)),
    };
    let again = OnConflict::column(brand::Column::Id)
        .update_columns([
            brand::Column::Name,
            brand::Column::LightAccent,
            brand::Column::DarkAccent,
            brand::Column::LightLogo,
            brand::Column::DarkLogo,
            brand::Column::UpdatedAt,
        ])
        .to_owned();
    brand::Entity::insert(row).on_conflict(again).exec_without_returning(tx.connection()).await?;
    remove_unused_logos(tx).await
}

/// Forgets what was set. `false` when nothing was.
pub async fn remove(tx: &Tx, of: Option<OrganizationId>) -> Result<bool> {
    let removed = brand::Entity::delete_by_id(key(of)).exec(tx.connection()).await?;
    remove_unused_logos(tx).await?;
    Ok(removed.rows_affected == 1)
}

pub async fn keep_logo(tx: &Tx, hash: LogoHash, picture: &Picture, now: OffsetDateTime) -> Result<()> {
    let row = logo::ActiveModel {
        hash: Set(hash.into()),
        kind: Set(picture.kind().media_type().to_owned()),
        content: Set(picture.bytes().to_vec()),
        created_at: Set(to_millis(now)),
    };
    let known = OnConflict::column(logo::Column::Hash).update_column(logo::Column::CreatedAt).to_owned();
    logo::Entity::insert(row).on_conflict(known).exec_without_returning(tx.connection()).await?;
    Ok(())
}

pub async fn logo(db: &impl Read, hash: LogoHash) -> Result<Option<(PictureKind, Vec<u8>)>> {
    let Some(row) = unique(db, logo::Entity::find_by_id(Vec::from(hash))).await? else {
        return Ok(None);
    };
    let kind = PictureKind::from_stored(&row.kind).ok_or(StoreError::Damaged("logo"))?;
    Ok(Some((kind, row.content)))
}

async fn remove_unused_logos(tx: &Tx) -> Result<()> {
    let used = |column: brand::Column| {
        Query::select().column(column).from(brand::Entity).and_where(column.is_not_null()).to_owned()
    };
    logo::Entity::delete_many()
        .filter(logo::Column::Hash.not_in_subquery(used(brand::Column::LightLogo)))
        .filter(logo::Column::Hash.not_in_subquery(used(brand::Column::DarkLogo)))
        .exec(tx.connection())
        .await?;
    Ok(())
}

fn from_row(row: brand::Model) -> Result<Brand> {
    let colour = |text: Option<String>| text.map(|text| stored(TABLE, Colour::parse(&text))).transpose();
    let hash =
        |bytes: Option<Vec<u8>>| bytes.map(|bytes| stored(TABLE, LogoHash::try_from(bytes))).transpose();
    let (light, dark) = (colour(row.light_accent)?, colour(row.dark_accent)?);
    Ok(Brand {
        name: row.name.map(|name| stored(TABLE, BrandName::parse(&name))).transpose()?,
        // What can not be read any more, because the theme has changed, is not shown.
        accents: Accents::new(light, dark).unwrap_or_default(),
        light_logo: hash(row.light_logo)?,
        dark_logo: hash(row.dark_logo)?,
    })
}
