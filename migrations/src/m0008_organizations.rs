//! Organizations: clinics and practice groups, who belongs to them and who is invited.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, boolean, text, text_null, text_uniq, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("organization")
                    .col(uuid("id").primary_key())
                    .col(text_uniq("slug"))
                    .col(text("name"))
                    .col(text_null("policy"))
                    .col(text("roles"))
                    .col(big_integer_null("disabled_at"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .to_owned(),
            )
            .await?;
        // Whether whoever runs the service disabled an account, and not an organization.
        let column = boolean("disabled_by_service").default(false).take();
        manager.alter_table(Table::alter().table("user").add_column(column).to_owned()).await?;
        manager.create_table(membership()).await?;
        manager.create_table(invitation()).await?;
        for (table, name, columns) in [
            ("membership", "membership_of_organization", &["organization_id", "user_id"][..]),
            ("invitation", "invitation_of_organization", &["organization_id", "id"]),
            ("invitation", "invitation_expiry", &["expires_at"]),
            // Lists of people are in this order.
            ("user", "user_by_name", &["family_name", "given_name", "id"]),
            ("user", "user_by_role", &["role"]),
        ] {
            let mut index = Index::create().name(name).table(table).to_owned();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn membership() -> TableCreateStatement {
    Table::create()
        .table("membership")
        .col(uuid("user_id"))
        .col(uuid("organization_id"))
        .col(text("roles"))
        // One of the roles, to be found by.
        .col(boolean("administrator"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("user_id").col("organization_id"))
        .foreign_key(&mut belongs_to("membership", "user_id", "user"))
        .foreign_key(&mut belongs_to("membership", "organization_id", "organization"))
        .to_owned()
}

fn invitation() -> TableCreateStatement {
    Table::create()
        .table("invitation")
        .col(uuid("id").primary_key())
        .col(blob("token_hash").unique_key())
        .col(uuid("organization_id"))
        .col(text("email"))
        .col(text("roles"))
        .col(uuid_null("invited_by"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .foreign_key(&mut belongs_to("invitation", "organization_id", "organization"))
        .to_owned()
}

fn belongs_to(table: &'static str, column: &'static str, whole: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(whole, "id").on_delete(ForeignKeyAction::Cascade).to_owned()
}
