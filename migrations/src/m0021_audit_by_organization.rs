//! Records of the audit trail are found by the organization that they are about.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = uuid_null("organization").take();
        manager.alter_table(Table::alter().table("audit_event").add_column(column).to_owned()).await?;
        // What is hashed stays as it is. What names no organization has no such word in it, and is not parsed.
        let named = match manager.get_database_backend() {
            // What somebody has read about names one too, within its filter.
            DbBackend::Postgres => {
                "CASE WHEN detail NOT LIKE '%\"filter\":%' THEN substring(detail from \
                 '\"organization\":\"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\"')::uuid END"
            }
            _ => {
                "CASE WHEN json_valid(detail) THEN unhex(replace(json_extract(detail, '$.organization'), '-', '')) END"
            }
        };
        let copied = format!(
            "UPDATE audit_event SET organization = {named} WHERE detail LIKE '%\"organization\":\"%'"
        );
        manager.get_connection().execute_unprepared(&copied).await?;
        let index = Index::create()
            .name("audit_by_organization")
            .table("audit_event")
            .col("organization")
            .col("sequence")
            .to_owned();
        manager.create_index(index).await
    }
}
