//! The second factors, the count of guesses, what is sent by mail, and the browsers that a person
//! has been seen in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, integer, text, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            [totp(), recovery(), recovery_code(), guess(), known_browser(), link(), email_change(), outbox()]
        {
            manager.create_table(table).await?;
        }
        for (name, table, column) in [
            ("recovery_code_of_user", "recovery_code", "user_id"),
            ("guess_age", "guess", "last_at"),
            ("known_browser_itself", "known_browser", "browser"),
            ("known_browser_age", "known_browser", "last_seen_at"),
            ("link_of_user", "link", "user_id"),
            ("link_expiry", "link", "expires_at"),
            ("outbox_due", "outbox", "next_try_at"),
        ] {
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// The secret of a person's code app, sealed; a factor only once it is confirmed.
fn totp() -> TableCreateStatement {
    Table::create()
        .table("totp")
        .col(uuid("user_id").primary_key())
        .col(blob("sealed_secret"))
        .col(integer("failures"))
        .col(big_integer_null("last_step"))
        .col(big_integer_null("confirmed_at"))
        .col(big_integer("created_at"))
        .foreign_key(&mut of_person("totp"))
        .to_owned()
}

/// A person's set of recovery codes.
fn recovery() -> TableCreateStatement {
    Table::create()
        .table("recovery")
        .col(uuid("user_id").primary_key())
        .col(integer("failures"))
        .col(big_integer("created_at"))
        .foreign_key(&mut of_person("recovery"))
        .to_owned()
}

fn recovery_code() -> TableCreateStatement {
    Table::create()
        .table("recovery_code")
        .col(uuid("id").primary_key())
        .col(uuid("user_id"))
        .col(blob("code_hash").unique_key())
        .col(big_integer_null("used_at"))
        .foreign_key(&mut of_person("recovery_code"))
        .to_owned()
}

/// How often something was guessed in a row and when it may be tried again. The key is a keyed hash
/// of what was tried, so that it exists for people who do not.
fn guess() -> TableCreateStatement {
    Table::create()
        .table("guess")
        .col(blob("key").primary_key())
        .col(integer("failures"))
        .col(big_integer("retry_at"))
        .col(big_integer("last_at"))
        .to_owned()
}

fn known_browser() -> TableCreateStatement {
    Table::create()
        .table("known_browser")
        .col(uuid("user_id"))
        .col(blob("browser"))
        .col(big_integer("first_seen_at"))
        .col(big_integer("last_seen_at"))
        .col(big_integer_null("offer_snoozed_until"))
        .primary_key(Index::create().col("user_id").col("browser"))
        .foreign_key(&mut of_person("known_browser"))
        .to_owned()
}

/// Links that are used once.
fn link() -> TableCreateStatement {
    Table::create()
        .table("link")
        .col(uuid("id").primary_key())
        .col(blob("token_hash").unique_key())
        .col(uuid("user_id"))
        .col(text("purpose"))
        .col(text("address"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("used_at"))
        .foreign_key(&mut of_person("link"))
        .to_owned()
}

/// An address that waits for the word of both mailboxes.
fn email_change() -> TableCreateStatement {
    Table::create()
        .table("email_change")
        .col(uuid("user_id").primary_key())
        .col(text("email"))
        .col(big_integer_null("old_confirmed_at"))
        .col(big_integer_null("new_confirmed_at"))
        .col(big_integer("created_at"))
        .foreign_key(&mut of_person("email_change"))
        .to_owned()
}

/// What has to be sent, kept until it is. The content is sealed: it may hold a link that lets in.
fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(uuid("id").primary_key())
        .col(text("kind"))
        .col(uuid_null("user_id"))
        .col(blob("sealed_content"))
        .col(integer("attempts"))
        .col(big_integer("created_at"))
        .col(big_integer("next_try_at"))
        .col(text_null("last_error"))
        .to_owned()
}

fn of_person(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "user_id")
        .to("user", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}
