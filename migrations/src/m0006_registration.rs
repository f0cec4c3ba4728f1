//! What is known of people beyond their profile; applications that register themselves, and the tokens with
//! which they may.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null, integer, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in
            [("user", text("details").default("{}").take()), ("client", blob_null("management_hash"))]
        {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        manager.create_table(registration_token()).await?;
        let by_hash = Index::create()
            .unique()
            .name("registration_token_hash")
            .table("registration_token")
            .col("token_hash")
            .to_owned();
        manager.create_index(by_hash).await
    }
}

/// Good for some registrations, until it expires.
fn registration_token() -> TableCreateStatement {
    Table::create()
        .table("registration_token")
        .col(uuid("id").primary_key())
        .col(blob("token_hash"))
        .col(text("note"))
        .col(integer("uses_left"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .to_owned()
}
