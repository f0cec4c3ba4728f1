//! Password hashes that another program made: what they cost to compute, and which version of a password a hash is of
//! once it was replaced by one of ours.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("imported"), blob_null("version")] {
            manager.alter_table(Table::alter().table("password").add_column(column).to_owned()).await?;
        }
        let index = Index::create().name("password_imported").table("password").col("imported").to_owned();
        manager.create_index(index).await
    }
}
