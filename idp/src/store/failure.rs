//! What a failed query means for whoever asked. Knows the words of both databases, and decides nothing else.

use std::sync::Arc;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};

use super::meter;
use crate::crypto::seal::SealError;

/// A failed query. Opaque but for the one thing callers act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database is busy or out of reach")]
    Unavailable(#[source] DbErr),
    /// It was asked to commit, and did not say that it has.
    #[error("nobody knows whether the database has done it")]
    Unclear(#[source] DbErr),
    #[error("a query failed")]
    Failed(#[source] DbErr),
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// A row that we did not write like this.
    #[error("a row of table {0} is damaged")]
    Damaged(&'static str),
}

impl StoreError {
    /// Whether the database may well answer in a moment.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unclear(_))
    }
}

/// Why a transaction is not known to be kept.
#[derive(Debug, Clone)]
pub(super) enum Uncommitted {
    /// It is not.
    Not(DbErr),
    /// It was asked for, and this came of it.
    Asked(DbErr),
}

impl From<DbErr> for Uncommitted {
    fn from(error: DbErr) -> Self {
        Self::Not(error)
    }
}

impl From<Uncommitted> for StoreError {
    fn from(error: Uncommitted) -> Self {
        match error {
            Uncommitted::Not(error) => error.into(),
            Uncommitted::Asked(error) => {
                let refused = code(&error).is_some_and(|code| gave_way(&code) || is_wrong(&code));
                match Self::from(error) {
                    Self::Unavailable(error) | Self::Failed(error) if !refused => Self::Unclear(error),
                    other => other,
                }
            }
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let gave_way = code(&error).is_some_and(|code| gave_way(&code));
        let error = if passes(&error) { Self::Unavailable(error) } else { Self::Failed(error) };
        meter::count(&error, gave_way);
        error
    }
}

/// Whether the same may well succeed in a moment: the database is out of reach or has no room, or ended this transaction
/// in favour of another one.
pub(super) fn passes(error: &DbErr) -> bool {
    let Some(cause) = cause(error) else {
        return matches!(error, DbErr::ConnectionAcquire(_));
    };
    match &**cause {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => true,
        // What answers instead of the server, such as a proxy that has none.
        SqlxError::Protocol(_) => matches!(error, DbErr::Conn(_)),
        _ => code(error).is_some_and(|code| gave_way(&code) || out_of_reach(&code)),
    }
}

const fn cause(error: &DbErr) -> Option<&Arc<SqlxError>> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// What the database called it.
enum Code {
    /// SQLite's primary code.
    Sqlite(i32),
    /// Five characters of SQL's standard.
    Postgres(String),
}

fn code(error: &DbErr) -> Option<Code> {
    let code = cause(error)?.as_database_error()?.code()?;
    Some(match code.parse::<i32>() {
        // The lowest byte is the kind, the others are details of it.
        Ok(number) if code.len() < 5 => Code::Sqlite(number & 0xff),
        _ => Code::Postgres(code.into_owned()),
    })
}

/// Nothing happened, because another transaction came first.
fn gave_way(code: &Code) -> bool {
    match code {
        // Busy.
        Code::Sqlite(number) => *number == 5,
        // Serialization failure, deadlock.
        Code::Postgres(code) => ["40001", "40P01"].contains(&code.as_str()),
    }
}

/// Nothing happened, because what was written contradicts a rule of the tables.
fn is_wrong(code: &Code) -> bool {
    match code {
        Code::Sqlite(number) => *number == 19,
        Code::Postgres(code) => code.starts_with("23"),
    }
}

fn out_of_reach(code: &Code) -> bool {
    match code {
        // A failed read or write, no room, not to be opened.
        Code::Sqlite(number) => [10, 13, 14].contains(number),
        // Connection lost; no room, too many connections; ended by the operator, by a limit, or starting; a failed read or
        // write; a server that is not, or no longer, the one to write to; a transaction that idled.
        Code::Postgres(code) => {
            ["08", "53", "57", "58", "25006", "25P03"].iter().any(|class| code.starts_with(class))
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    #[test]
    fn what_was_asked_to_commit_is_unclear_unless_it_was_refused() {
        let lost = || {
            DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(
                std::io::ErrorKind::ConnectionReset.into(),
            ))))
        };
        assert!(matches!(Uncommitted::Not(lost()).into(), StoreError::Unavailable(_)));
        assert!(matches!(Uncommitted::Asked(lost()).into(), StoreError::Unclear(_)));
        let strange = DbErr::Custom("something else".to_owned());
        assert!(matches!(Uncommitted::Asked(strange).into(), StoreError::Unclear(_)));
        let refused =
            |code| DbErr::Exec(RuntimeErr::SqlxError(Arc::new(SqlxError::Database(Box::new(Refused(code))))));
        for code in ["40001", "40P01", "5"] {
            let error: StoreError = Uncommitted::Asked(refused(code)).into();
            assert!(matches!(error, StoreError::Unavailable(_)), "{code}: {error:?}");
        }
        for code in ["23505", "19"] {
            let error: StoreError = Uncommitted::Asked(refused(code)).into();
            assert!(matches!(error, StoreError::Failed(_)), "{code}: {error:?}");
        }
        let error: StoreError = Uncommitted::Asked(refused("57P01")).into();
        assert!(matches!(error, StoreError::Unclear(_)), "{error:?}");
    }

    /// What a database says, by its code.
    #[derive(Debug)]
    struct Refused(&'static str);

    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Refused {}

    impl DatabaseError for Refused {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_lost_connection_passes_and_a_wrong_statement_does_not() {
        let lost = SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(passes(&DbErr::Query(RuntimeErr::SqlxError(lost.into()))));
        assert!(passes(&DbErr::Exec(RuntimeErr::SqlxError(SqlxError::PoolTimedOut.into()))));
        assert!(!passes(&DbErr::Exec(RuntimeErr::SqlxError(SqlxError::RowNotFound.into()))));
        assert!(!passes(&DbErr::Custom("something else".to_owned())));
    }
}
