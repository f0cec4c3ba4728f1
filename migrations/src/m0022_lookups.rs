//! People are found by how their names begin, and what belongs to an application when the application is removed, without
//! looking at everybody and at everything.

use sea_orm_migration::prelude::*;
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
        for (name, table) in [
            ("consent_of_client", "consent"),
            ("sign_in_request_of_client", "sign_in_request"),
            ("client_origin_of_client", "client_origin"),
        ] {
            let index = Index::create().name(name).table(table).col("client_id").to_owned();
            manager.create_index(index).await?;
        }
        // By code points, so that what begins alike stands together. SQLite does that by itself.
        let order = match manager.get_database_backend() {
            DbBackend::Postgres => " COLLATE \"C\"",
            _ => "",
        };
        for column in ["family_name", "given_name", "email"] {
            let index =
                format!("CREATE INDEX user_by_{column}_begin ON \"user\" (lower({column}){order}, id)");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }
}
