//! How the service and its organizations look, their logos, and what of the configuration is set in the console.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null, text, text_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(brand()).await?;
        manager.create_table(logo()).await?;
        manager.create_table(setting()).await
    }
}

fn brand() -> TableCreateStatement {
    Table::create()
        .table("brand")
        // That of the organization; of zeroes for the service.
        .col(uuid("id").primary_key())
        .col(uuid_null("organization_id"))
        .col(text_null("name"))
        .col(text_null("light_accent"))
        .col(text_null("dark_accent"))
        // What `logo` has them under.
        .col(blob_null("light_logo"))
        .col(blob_null("dark_logo"))
        .col(big_integer("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .from("brand", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn logo() -> TableCreateStatement {
    Table::create()
        .table("logo")
        .col(blob("hash").primary_key())
        .col(text("kind"))
        .col(blob("content"))
        .col(big_integer("created_at"))
        .to_owned()
}

fn setting() -> TableCreateStatement {
    Table::create()
        .table("setting")
        .col(text("name").primary_key())
        .col(text("value"))
        .col(big_integer("updated_at"))
        .to_owned()
}
