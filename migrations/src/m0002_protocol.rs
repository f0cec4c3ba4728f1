//! Clients, what they were granted, and the keys that sign for us.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, json, text, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            client(),
            client_origin(),
            grant(),
            refresh_token(),
            consent(),
            signing_key(),
            data_key(),
            milestone(),
        ] {
            manager.create_table(table).await?;
        }
        for (name, table, column) in [
            ("grant_of_user", "grant", "user_id"),
            ("grant_of_session", "grant", "session_id"),
            ("grant_of_passkey", "grant", "passkey_id"),
            ("grant_age", "grant", "created_at"),
            ("grant_of_client", "grant", "client_id"),
            ("refresh_token_of_grant", "refresh_token", "grant_id"),
            ("refresh_token_expiry", "refresh_token", "expires_at"),
        ] {
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn client() -> TableCreateStatement {
    Table::create()
        .table("client")
        .col(text("id").primary_key())
        .col(json("settings"))
        .col(text("source"))
        .col(blob_null("secret_hash"))
        .col(big_integer_null("disabled_at"))
        .col(big_integer("created_at"))
        .to_owned()
}

/// The web origins that clients in browsers run on, which may read our answers (CORS).
fn client_origin() -> TableCreateStatement {
    Table::create()
        .table("client_origin")
        .col(text("origin"))
        .col(text("client_id"))
        .primary_key(Index::create().col("origin").col("client_id"))
        .foreign_key(&mut belongs_to("client_origin", "client_id", "client"))
        .to_owned()
}

fn grant() -> TableCreateStatement {
    Table::create()
        .table("grant")
        .col(uuid("id").primary_key())
        .col(text("client_id"))
        .col(uuid("user_id"))
        .col(uuid("session_id"))
        .col(uuid_null("passkey_id"))
        .col(blob("code_hash").unique_key())
        .col(text("scopes"))
        .col(text("method"))
        .col(big_integer("authenticated_at"))
        .col(big_integer("created_at"))
        .col(big_integer_null("revoked_at"))
        .foreign_key(&mut belongs_to("grant", "user_id", "user"))
        .foreign_key(&mut belongs_to("grant", "client_id", "client"))
        .to_owned()
}

fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(uuid("id").primary_key())
        .col(uuid("grant_id"))
        .col(blob("token_hash").unique_key())
        .col(big_integer("created_at"))
        .col(big_integer("last_used_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("rotated_at"))
        .col(blob_null("successor"))
        .foreign_key(&mut belongs_to("refresh_token", "grant_id", "grant"))
        .to_owned()
}

fn consent() -> TableCreateStatement {
    Table::create()
        .table("consent")
        .col(uuid("user_id"))
        .col(text("client_id"))
        .col(text("scopes"))
        .col(big_integer("granted_at"))
        .primary_key(Index::create().col("user_id").col("client_id"))
        .foreign_key(&mut belongs_to("consent", "user_id", "user"))
        .foreign_key(&mut belongs_to("consent", "client_id", "client"))
        .to_owned()
}

fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(text("kid").primary_key())
        .col(text("alg"))
        .col(text("state"))
        .col(json("jwk"))
        .col(blob("sealed_private_key"))
        .col(big_integer("created_at"))
        .to_owned()
}

fn data_key() -> TableCreateStatement {
    Table::create()
        .table("data_key")
        .col(text("id").primary_key())
        .col(blob("wrapped"))
        .col(big_integer("created_at"))
        .to_owned()
}

/// Names of things that happen once in the life of a deployment; the primary key makes one winner.
fn milestone() -> TableCreateStatement {
    Table::create()
        .table("milestone")
        .col(text("name").primary_key())
        .col(big_integer("reached_at"))
        .to_owned()
}

/// Rows that go when what they belong to goes.
fn belongs_to(table: &'static str, column: &'static str, owner: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(owner, "id").on_delete(ForeignKeyAction::Cascade).to_owned()
}
