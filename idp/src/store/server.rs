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

/// What can be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Everything,
    /// It was told so, as some do that have no room left.
    Reading,
    /// It follows another server, which is the one to ask.
    Following,
}

/// Of an embedded database everything.
pub async fn usable_for(db: &impl Read) -> Result<Use> {
    let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN 2::bigint \
               WHEN current_setting('transaction_read_only') = 'on' THEN 1 ELSE 0 END";
    Ok(match number(db, sql).await? {
        Some(2) => Use::Following,
        Some(1) => Use::Reading,
        _ => Use::Everything,
    })
}

async fn number(db: &impl Read, sql: &str) -> Result<Option<i64>> {
    if db.connection().get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let row = db.connection().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
