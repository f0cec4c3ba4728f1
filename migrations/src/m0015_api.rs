//! Calls to the administration API that are made once, however often they are sent.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(api_call()).await?;
        let expiry = Index::create().name("api_call_expiry").table("api_call").col("expires_at").to_owned();
        manager.create_index(expiry).await
    }
}

/// `name_hash` is of who calls and the key they chose, `request_hash` of what they asked for.
fn api_call() -> TableCreateStatement {
    Table::create()
        .table("api_call")
        .col(blob("name_hash").primary_key())
        .col(blob("request_hash"))
        .col(blob_null("sealed_answer"))
        .col(big_integer("begun_at"))
        .col(big_integer("expires_at"))
        .to_owned()
}
