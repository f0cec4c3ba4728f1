//! On a database server, who takes a place in the audit trail locks its head until they are done, and everybody else who writes
//! waits for that. The disk is not waited for with the head in hand: such a transaction is committed first, and the one that
//! follows it on the same connection brings it to the disk. Nobody is told that something is kept before it is.
//!
//! A server that failed and came back may have lost a commit it had answered, and so may one that another has taken the place of.
//! Neither has the connection any more: what ends well on it was brought to the disk by the server that took the commit.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, Statement};

/// A message for nobody: a transaction that writes one brings to the disk, at its end, whatever was committed before it. Where nothing
/// can be written, nobody has just written anything.
const MESSAGE: &str =
    "SELECT pg_logical_emit_message(true, 'portico', ''::text) WHERE NOT pg_is_in_recovery()";
/// What was asked of the first transaction for itself ends with it.
const COMMIT_AND_MESSAGE: &str =
    "COMMIT AND CHAIN; SELECT pg_logical_emit_message(true, 'portico', ''::text)";
/// For whoever has asked for the contrary.
const WAIT_AT_THE_END: &str = "SET LOCAL synchronous_commit TO DEFAULT";
/// The one came with version 9.6, the other with 12.
const MAY_WRITE_MESSAGES: &str = "SELECT current_setting('server_version_num')::int >= 120000 AND EXISTS \
                                  (SELECT 1 FROM pg_proc WHERE proname = 'pg_logical_emit_message' \
                                  AND pronamespace = 'pg_catalog'::regnamespace AND proargtypes[2] = 'text'::regtype \
                                  AND has_function_privilege(oid, 'EXECUTE'))";
/// The function is not there, or not for us.
const REFUSED: [&str; 2] = ["42883", "42501"];

/// What is asked beside something else in a transaction whose commit is not to wait for the disk.
pub(super) fn commits_early() -> SimpleExpr {
    Expr::cust("set_config('synchronous_commit', 'off', true)")
}

/// What a transaction has done, as far as its end depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It has asked that its commit does not wait for the disk.
    Early,
    /// Its commit waits for the disk by itself.
    Written,
    /// Its commit may wait for nothing. It may go by what others have written, who still wait.
    Nothing,
}

/// Something to be done before the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    sql: &'static str,
    /// After it the transaction is another one: the first was committed.
    pub(super) commits: bool,
}

/// Whether commits can be waited for apart.
#[derive(Debug)]
pub(super) struct Flush {
    possible: AtomicBool,
}

impl Flush {
    /// For whoever has no server.
    pub(super) const fn none() -> Self {
        Self { possible: AtomicBool::new(false) }
    }

    /// Asks a server whether this can be done there.
    pub(super) async fn of(server: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let may = Statement::from_string(DbBackend::Postgres, MAY_WRITE_MESSAGES);
        let may = server.query_one_raw(may).await?.map(|row| row.try_get_by_index::<bool>(0));
        Ok(Self { possible: AtomicBool::new(may.transpose()?.unwrap_or_default()) })
    }

    pub(super) fn is_possible(&self) -> bool {
        self.possible.load(Ordering::Relaxed)
    }

    /// What has to be done before the transaction is committed, so that everything it has written and seen is on the disk then.
    pub(super) fn before_the_end(&self, done: Done) -> Option<Step> {
        match (done, self.is_possible()) {
            (Done::Early, true) => Some(Step { sql: COMMIT_AND_MESSAGE, commits: true }),
            (Done::Early, false) => Some(Step { sql: WAIT_AT_THE_END, commits: false }),
            (Done::Nothing, true) => Some(Step { sql: MESSAGE, commits: false }),
            (Done::Nothing, false) | (Done::Written, _) => None,
        }
    }

    pub(super) async fn take(&self, step: Step, whole: &DatabaseTransaction) -> Result<(), DbErr> {
        let answer = whole.execute_unprepared(step.sql).await;
        if answer.as_ref().is_err_and(is_refused) {
            tracing::warn!("the database server no longer lets us wait for its disk; commits do it again");
            self.possible.store(false, Ordering::Relaxed);
        }
        answer.map(|_| ())
    }
}

fn is_refused(error: &DbErr) -> bool {
    let DbErr::Exec(RuntimeErr::SqlxError(cause)) = error else { return false };
    let code = cause.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| REFUSED.contains(&&*code))
}
