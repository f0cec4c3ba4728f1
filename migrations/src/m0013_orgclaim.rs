//! For which organization of theirs a person signed in, where an application asked for one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = uuid_null("organization_id").take();
        manager.alter_table(Table::alter().table("grant").add_column(column).to_owned()).await?;
        // Grants of an organization, or of one member, end together.
        let index = Index::create()
            .name("grant_of_organization")
            .table("grant")
            .col("organization_id")
            .col("user_id")
            .to_owned();
        manager.create_index(index).await
    }
}
