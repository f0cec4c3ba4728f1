//! People, their password and passkeys, and the browsers they are signed in with.
//! Moments are milliseconds since 1970 (UTC); identifiers are UUID version 7.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, integer, json, text, text_null, text_uniq, uuid,
    uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key_to_person = |table: &'static str| {
            ForeignKey::create()
                .from(table, "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        manager
            .create_table(
                Table::create()
                    .table("user")
                    .col(uuid("id").primary_key())
                    .col(text_uniq("email"))
                    .col(boolean("email_verified"))
                    .col(text("given_name"))
                    .col(text("family_name"))
                    .col(blob("handle").unique_key())
                    .col(text_null("role"))
                    .col(big_integer_null("disabled_at"))
                    .col(text_null("language"))
                    .col(text_null("time_zone"))
                    .col(text("policy"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("password")
                    .col(uuid("user_id").primary_key())
                    .col(blob("sealed_hash"))
                    .col(integer("failures"))
                    .col(big_integer("changed_at"))
                    .foreign_key(&mut key_to_person("password"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("passkey")
                    .col(uuid("id").primary_key())
                    .col(uuid("user_id"))
                    .col(blob("credential_id").unique_key())
                    .col(json("record"))
                    .col(text("rp_id"))
                    .col(text("name"))
                    .col(uuid("aaguid"))
                    .col(json("transports"))
                    .col(big_integer("sign_count"))
                    .col(boolean("uv_initialized"))
                    .col(boolean("backup_eligible"))
                    .col(boolean("backup_state"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("last_used_at"))
                    .col(text_null("last_used_with"))
                    .col(text_null("last_used_from"))
                    .col(blob_null("browser"))
                    .foreign_key(&mut key_to_person("passkey"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("passkey_of_user").table("passkey").col("user_id").to_owned())
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("session")
                    .col(uuid("id").primary_key())
                    .col(blob("token_hash").unique_key())
                    .col(blob("account_token_hash").unique_key())
                    .col(uuid("user_id"))
                    .col(uuid_null("passkey_id"))
                    .col(text("method"))
                    .col(big_integer("authenticated_at"))
                    .col(big_integer("created_at"))
                    .col(big_integer("last_seen_at"))
                    .col(big_integer("expires_at"))
                    .col(text("browser"))
                    .col(text("network"))
                    .col(text_null("limited"))
                    .foreign_key(&mut key_to_person("session"))
                    .to_owned(),
            )
            .await?;
        for (name, column) in [
            ("session_of_user", "user_id"),
            ("session_of_passkey", "passkey_id"),
            ("session_expiry", "expires_at"),
        ] {
            manager.create_index(Index::create().name(name).table("session").col(column).to_owned()).await?;
        }
        Ok(())
    }
}
