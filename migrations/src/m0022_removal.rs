//! What belongs to an application is found when the application is removed, and does not have to be looked for among what
//! belongs to all others.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table) in [
            ("consent_of_client", "consent"),
            ("sign_in_request_of_client", "sign_in_request"),
            ("client_origin_of_client", "client_origin"),
        ] {
            let index = Index::create().name(name).table(table).col("client_id").to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
