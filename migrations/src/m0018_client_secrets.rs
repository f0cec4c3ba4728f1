//! Secrets of applications in a table of their own: two can be good at once, while an application changes over. And
//! the names of applications, to be found by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, blob_null, text, uuid};
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
        manager.create_table(client_secret()).await?;
        let index = Index::create()
            .name("client_secret_of_client")
            .table("client_secret")
            .col("client_id")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let (new_id, name) = match manager.get_database_backend() {
            DbBackend::Postgres => ("gen_random_uuid()", "settings->>'name'"),
            _ => ("randomblob(16)", "json_extract(settings, '$.name')"),
        };
        let copied = format!(
            "INSERT INTO client_secret (id, client_id, hash, sealed, created_at) \
             SELECT {new_id}, id, secret_hash, sealed_secret, created_at FROM client \
             WHERE secret_hash IS NOT NULL"
        );
        manager.get_connection().execute_unprepared(&copied).await?;
        for column in ["secret_hash", "sealed_secret"] {
            let dropped = Table::alter().table("client").drop_column(column).to_owned();
            manager.alter_table(dropped).await?;
        }
        let column = text("name").default("").take();
        manager.alter_table(Table::alter().table("client").add_column(column).to_owned()).await?;
        manager.get_connection().execute_unprepared(&format!("UPDATE client SET name = {name}")).await?;
        Ok(())
    }
}

fn client_secret() -> TableCreateStatement {
    Table::create()
        .table("client_secret")
        .col(uuid("id").primary_key())
        .col(text("client_id"))
        .col(blob("hash"))
        // Only of those that messages are signed with.
        .col(blob_null("sealed"))
        .col(big_integer("created_at"))
        .col(big_integer_null("expires_at"))
        .col(big_integer_null("last_used_at"))
        .foreign_key(
            ForeignKey::create()
                .from("client_secret", "client_id")
                .to("client", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
