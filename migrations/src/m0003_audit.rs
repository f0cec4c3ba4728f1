//! The audit trail: a chain of records, and the one row that says where the chain ends. That row
//! is locked while a record is appended, so records have no gaps and one order.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, integer, text, text_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("audit_event")
                    .col(big_integer("sequence").primary_key())
                    .col(big_integer("at"))
                    .col(text("kind"))
                    .col(uuid_null("actor"))
                    .col(uuid_null("subject"))
                    .col(text_null("network"))
                    .col(text_null("browser"))
                    .col(text("detail"))
                    .col(blob("previous_hash"))
                    .col(blob("hash"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create().name("audit_of_subject").table("audit_event").col("subject").to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("audit_head")
                    .col(integer("id").primary_key())
                    .col(big_integer("sequence"))
                    .col(blob("hash"))
                    .to_owned(),
            )
            .await?;
        manager
            .exec_stmt(
                Query::insert()
                    .into_table("audit_head")
                    .columns(["id", "sequence", "hash"])
                    .values_panic([1.into(), 0_i64.into(), vec![0_u8; 32].into()])
                    .to_owned(),
            )
            .await
    }
}
