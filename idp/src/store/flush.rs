//! On a database server, who takes a place in the audit trail locks its head until they are done, and everybody else who writes
//! waits for that. The disk is not waited for with the head in hand: such a transaction is committed first, and is flushed
//! after it, together with whatever else was committed meanwhile. Nobody is told that something is kept before it is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement};
use tokio::sync::Mutex;

/// A message for nobody: a server that commits one has brought to the disk whatever was committed before it.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'portico', ''::text)";
const MAY_FLUSH: &str = "SELECT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'pg_logical_emit_message' \
                         AND pronamespace = 'pg_catalog'::regnamespace AND proargtypes[2] = 'text'::regtype \
                         AND has_function_privilege(oid, 'EXECUTE'))";
/// The function is not there, or not for us.
const REFUSED: [&str; 2] = ["42883", "42501"];

/// What is asked beside something else in a transaction whose commit is not to wait for the disk.
pub(super) fn commits_early() -> SimpleExpr {
    Expr::cust("set_config('synchronous_commit', 'off', true)")
}

#[derive(Debug, Default)]
pub(super) struct Flush {
    possible: AtomicBool,
    begun: AtomicU64,
    /// The last one that succeeded. Whoever holds it flushes.
    done: Mutex<u64>,
}

impl Flush {
    /// Asks a server whether this can be done there.
    pub(super) async fn of(server: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let may = Statement::from_string(DbBackend::Postgres, MAY_FLUSH);
        let may = server.query_one_raw(may).await?.map(|row| row.try_get_by_index::<bool>(0));
        Ok(Self { possible: AtomicBool::new(may.transpose()?.unwrap_or_default()), ..Self::default() })
    }

    /// For other connections to the same server.
    pub(super) fn anew(&self) -> Self {
        Self { possible: AtomicBool::new(self.is_possible()), ..Self::default() }
    }

    pub(super) fn is_possible(&self) -> bool {
        self.possible.load(Ordering::Relaxed)
    }

    /// Returns when everything that was committed before this was called is on the disk.
    pub(super) async fn wait(&self, server: &impl ConnectionTrait) -> Result<(), DbErr> {
        // One that has begun already may have missed it.
        let enough = self.begun.load(Ordering::SeqCst) + 1;
        let mut done = self.done.lock().await;
        if *done >= enough {
            return Ok(());
        }
        let this = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let flushed = server.query_one_raw(Statement::from_string(DbBackend::Postgres, FLUSH)).await;
        if let Err(error) = flushed {
            if is_refused(&error) {
                tracing::warn!(
                    "the database server no longer lets us wait for its disk; commits do it again"
                );
                self.possible.store(false, Ordering::Relaxed);
            }
            return Err(error);
        }
        *done = this;
        Ok(())
    }
}

fn is_refused(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| REFUSED.contains(&&*code))
}
