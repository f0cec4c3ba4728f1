//! What the console counts by day, and the searches that somebody keeps.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(day_count()).await?;
        manager.create_table(saved_search()).await?;
        let index =
            Index::create().name("saved_search_of_user").table("saved_search").col("user_id").to_owned();
        manager.create_index(index).await
    }
}

/// Days since 1970 in UTC. Counted when it happens: to count the audit trail itself would take seconds.
fn day_count() -> TableCreateStatement {
    Table::create()
        .table("day_count")
        .col(integer("day"))
        .col(text("name"))
        .col(big_integer("count"))
        .primary_key(Index::create().col("day").col("name"))
        .to_owned()
}

fn saved_search() -> TableCreateStatement {
    Table::create()
        .table("saved_search")
        .col(uuid("id").primary_key())
        .col(uuid("user_id"))
        .col(text("name"))
        .col(text("query"))
        .col(big_integer("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("saved_search", "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
