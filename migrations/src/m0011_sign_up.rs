//! People who make their own accounts: the links that were mailed to addresses of nobody yet.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sign_up()).await?;
        for (name, column) in [("sign_up_email", "email"), ("sign_up_expiry", "expires_at")] {
            manager.create_index(Index::create().name(name).table("sign_up").col(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// Not in `link`, where every row belongs to a person.
fn sign_up() -> TableCreateStatement {
    Table::create()
        .table("sign_up")
        .col(uuid("id").primary_key())
        .col(blob("token_hash").unique_key())
        .col(text("email"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("used_at"))
        .to_owned()
}
