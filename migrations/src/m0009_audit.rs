//! The audit trail completed: the parts that identify a person are sealed under a key of that person, which goes
//! when the account does; what is signed to be kept elsewhere, and with what; an index for each way to ask.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, blob, blob_null, integer, small_integer, text, text_null, uuid, uuid_null,
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
        for column in [
            // What the version before writes beside us has the form of then.
            small_integer("format").default(1).take(),
            text_null("client"),
            blob_null("sealed_origin"),
            blob_null("sealed_detail"),
        ] {
            manager.alter_table(Table::alter().table("audit_event").add_column(column).to_owned()).await?;
        }
        for table in [audit_key(), audit_signer(), audit_mark()] {
            manager.create_table(table).await?;
        }
        // With the sequence, in whose order every list is; the one on the subject alone is of no more use.
        manager.drop_index(Index::drop().name("audit_of_subject").table("audit_event").to_owned()).await?;
        for (name, column) in [
            ("audit_by_subject", "subject"),
            ("audit_by_actor", "actor"),
            ("audit_by_client", "client"),
            ("audit_by_kind", "kind"),
            ("audit_by_time", "at"),
        ] {
            let index =
                Index::create().name(name).table("audit_event").col(column).col("sequence").to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// The key of one person, named like them, or the common one, named by zeros. Whatever deletes the account
/// deletes the key.
fn audit_key() -> TableCreateStatement {
    Table::create()
        .table("audit_key")
        .col(uuid("id").primary_key())
        .col(uuid_null("user_id").unique_key())
        .col(blob("sealed_key"))
        .col(big_integer("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("audit_key", "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The one key that signs checkpoints.
fn audit_signer() -> TableCreateStatement {
    Table::create()
        .table("audit_signer")
        .col(integer("id").primary_key())
        .col(text("kid"))
        .col(text("jwk"))
        .col(blob("sealed_private_key"))
        .col(big_integer("created_at"))
        .to_owned()
}

/// Places in the chain: the last checkpoint, and the anchor that the rest hangs on.
fn audit_mark() -> TableCreateStatement {
    Table::create()
        .table("audit_mark")
        .col(text("name").primary_key())
        .col(big_integer("sequence"))
        .col(big_integer("at"))
        .col(text("statement"))
        .to_owned()
}
