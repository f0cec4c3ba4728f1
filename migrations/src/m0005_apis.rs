//! Access tokens for APIs: what a grant and a consent are good for, and single tokens that ended early; and
//! the states of signing keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, blob_null, text, text_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("client", blob_null("sealed_secret")),
            ("grant", text("resources").default("").take()),
            ("grant", text_null("key_thumbprint")),
            ("grant", text("claims").default("{}").take()),
            ("consent", text("claims").default("{}").take()),
            ("consent", text("resources").default("").take()),
            ("signing_key", big_integer("changed_at").default(0).take()),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        manager.create_table(revoked_token()).await?;
        manager.create_table(ended_session()).await?;
        let expiry =
            Index::create().name("revoked_token_expiry").table("revoked_token").col("expires_at").to_owned();
        manager.create_index(expiry).await?;
        for (name, state) in [("signing_key_current", "current"), ("signing_key_next", "next")] {
            let one_of_each = Index::create()
                .unique()
                .name(name)
                .table("signing_key")
                .col("alg")
                .and_where(Expr::col("state").eq(state))
                .to_owned();
            manager.create_index(one_of_each).await?;
        }
        let since =
            Query::update().table("signing_key").value("changed_at", Expr::col("created_at")).to_owned();
        manager.exec_stmt(since).await
    }
}

/// Sessions that have ended, until the applications that were used in them have a notice waiting.
fn ended_session() -> TableCreateStatement {
    Table::create().table("ended_session").col(uuid("id").primary_key()).col(uuid("user_id")).to_owned()
}

/// Access tokens that ended before their time, until then.
fn revoked_token() -> TableCreateStatement {
    Table::create()
        .table("revoked_token")
        .col(blob("id_hash").primary_key())
        .col(big_integer("expires_at"))
        .to_owned()
}
