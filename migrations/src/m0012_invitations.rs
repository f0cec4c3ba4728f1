//! Invitations remember how they ended, for whom they were made and where they lead.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Who had the address then; the application that whoever accepts goes on to; when and how it ended.
        for column in
            [uuid_null("invitee"), text_null("client_id"), big_integer_null("ended_at"), text_null("ending")]
        {
            let table = Table::alter().table("invitation").add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
