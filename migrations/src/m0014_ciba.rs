//! Requests of applications to people who are somewhere else (CIBA): they wait for an answer, and are found by whom
//! they are put to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, integer_null, text, text_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All of it or nothing, on SQLite too: what is broken off is begun anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sign_in_request()).await?;
        for (name, columns, unique) in [
            ("sign_in_request_of_person", &["user_id", "expires_at"][..], false),
            ("sign_in_request_expiry", &["expires_at"], false),
            // So many places there are for what waits; an empty one is no place.
            ("sign_in_request_place", &["asked_of", "place"], true),
        ] {
            let mut index = Index::create().name(name).table("sign_in_request").to_owned();
            for column in columns {
                index.col(*column);
            }
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn sign_in_request() -> TableCreateStatement {
    let belongs_to = |column: &'static str, whole: &'static str| {
        ForeignKey::create()
            .from("sign_in_request", column)
            .to(whole, "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned()
    };
    Table::create()
        .table("sign_in_request")
        .col(uuid("id").primary_key())
        .col(blob("token_hash").unique_key())
        .col(text("client_id"))
        // Nobody's, until it is found out who has the address that was named.
        .col(uuid_null("user_id"))
        // The client and that address, as a keyed hash.
        .col(blob("asked_of"))
        .col(integer_null("place"))
        .col(blob("sealed_asked"))
        .col(text_null("decision"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .foreign_key(&mut belongs_to("client_id", "client"))
        .foreign_key(&mut belongs_to("user_id", "user"))
        .to_owned()
}
