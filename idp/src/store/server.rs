//! What the server behind the database says of itself. SQLite has none, and says nothing.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use time::OffsetDateTime;

use super::{Read, Result, from_millis};

/// The clock of the server.
pub async fn clock(db: &impl Read) -> Result<Option<OffsetDateTime>> {
    let millis = number(db, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").await?;
    Ok(millis.map(from_millis))
}

/// How many connections the server has for all who are not its administrators.
pub async fn connections(db: &impl Read) -> Result<Option<i64>> {
    let sql = "SELECT current_setting('max_connections')::bigint \
               - current_setting('superuser_reserved_connections')::bigint";
    number(db, sql).await
}

/// Whether nothing can be written there: a standby, or a server that was told so. `false` for an embedded database.
pub async fn is_read_only(db: &impl Read) -> Result<bool> {
    let sql = "SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 1::bigint ELSE 0 END";
    Ok(number(db, sql).await? == Some(1))
}

async fn number(db: &impl Read, sql: &str) -> Result<Option<i64>> {
    if db.connection().get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let row = db.connection().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
