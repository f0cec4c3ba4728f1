//! What a failed query means for whoever asked. Knows the words of both databases, and decides nothing else.

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::crypto::seal::SealError;

/// A failed query. Opaque but for the one thing callers act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database is busy or out of reach")]
    Unavailable(#[source] DbErr),
    #[error("a query failed")]
    Failed(#[source] DbErr),
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// A row that we did not write like this.
    #[error("a row of table {0} is damaged")]
    Damaged(&'static str),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if passes(&error) { Self::Unavailable(error) } else { Self::Failed(error) }
    }
}

/// Whether the same may well succeed in a moment: the database is out of reach or has no room, or ended this transaction
/// in favour of another one. When a connection broke during a commit, nobody knows whether it happened.
pub(super) fn passes(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed => true,
            SqlxError::Database(error) => code_passes(&**error),
            _ => false,
        },
        _ => false,
    }
}

fn code_passes(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if let Ok(number) = code.parse::<i32>()
        && code.len() < 5
    {
        // SQLite, whose lowest byte is the kind: busy, a failed read or write, no room, not to be opened.
        return [5, 10, 13, 14].contains(&(number & 0xff));
    }
    // PostgreSQL: serialization failure, deadlock; connection lost; no room, too many connections; ended by the operator,
    // or starting; a failed read or write.
    ["40001", "40P01"].contains(&&*code)
        || ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_passes_and_a_wrong_statement_does_not() {
        let lost = SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(passes(&DbErr::Query(RuntimeErr::SqlxError(lost.into()))));
        assert!(passes(&DbErr::Exec(RuntimeErr::SqlxError(SqlxError::PoolTimedOut.into()))));
        assert!(!passes(&DbErr::Exec(RuntimeErr::SqlxError(SqlxError::RowNotFound.into()))));
        assert!(!passes(&DbErr::Custom("something else".to_owned())));
    }
}
