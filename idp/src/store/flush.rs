//! On a database server, who takes a place in the audit trail locks its head until they are done, and everybody else who writes
//! waits for that. The disk is not waited for with the head in hand: such a transaction is committed first, and is flushed
//! after it, together with whatever else was committed meanwhile. Nobody is told that something is kept before it is.
//!
//! A server that failed and came back may have lost a commit it had answered. It has lost all its connections as well: what
//! is flushed over a connection that was there before a commit was flushed by the server that took it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Error as SqlxError, Executor, PgConnection};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

/// A message for nobody: a server that commits one has brought to the disk whatever was committed before it.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'portico', ''::text)";
const MAY_FLUSH: &str = "SELECT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'pg_logical_emit_message' \
                         AND pronamespace = 'pg_catalog'::regnamespace AND proargtypes[2] = 'text'::regtype \
                         AND has_function_privilege(oid, 'EXECUTE'))";
/// The function is not there, or not for us.
const REFUSED: [&str; 2] = ["42883", "42501"];
/// A connection that nobody has used for this long is tried before somebody relies on it.
const UNUSED: Duration = Duration::from_secs(10);

/// Nobody knows whether it is kept.
const LOST: DbErr = DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);

/// What is asked beside something else in a transaction whose commit is not to wait for the disk.
pub(super) fn commits_early() -> SimpleExpr {
    Expr::cust("set_config('synchronous_commit', 'off', true)")
}

/// Which connection flushes what is about to be committed. It is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Witness(u64);

#[derive(Debug)]
pub(super) struct Flush {
    url: String,
    possible: AtomicBool,
    begun: AtomicU64,
    /// The connection that there is, and when it was last known to answer.
    open: std::sync::Mutex<Option<(Witness, Instant)>>,
    line: Arc<Mutex<Line>>,
}

/// Whoever holds it flushes.
#[derive(Debug, Default)]
struct Line {
    connection: Option<PgConnection>,
    /// How many there have been.
    opened: u64,
    /// The last flush that succeeded.
    done: u64,
}

impl Flush {
    /// For whoever has no server.
    pub(super) fn none() -> Self {
        Self::at(String::new(), false)
    }

    /// Asks a server whether this can be done there.
    pub(super) async fn of(server: &impl ConnectionTrait, url: &str) -> Result<Self, DbErr> {
        let may = Statement::from_string(DbBackend::Postgres, MAY_FLUSH);
        let may = server.query_one_raw(may).await?.map(|row| row.try_get_by_index::<bool>(0));
        Ok(Self::at(url.to_owned(), may.transpose()?.unwrap_or_default()))
    }

    /// For other connections to the same server.
    pub(super) fn anew(&self) -> Self {
        Self::at(self.url.clone(), self.is_possible())
    }

    fn at(url: String, possible: bool) -> Self {
        let (begun, open, line) = (AtomicU64::new(0), std::sync::Mutex::default(), Arc::default());
        Self { url, possible: AtomicBool::new(possible), begun, open, line }
    }

    pub(super) fn is_possible(&self) -> bool {
        self.possible.load(Ordering::Relaxed)
    }

    fn open(&self) -> Option<(Witness, Instant)> {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_open(&self, open: Option<(Witness, Instant)>) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
    }

    /// To be called before a commit that is to be flushed: the connection that will do it.
    pub(super) async fn witness(&self) -> Result<Witness, DbErr> {
        if let Some((witness, used)) = self.open()
            && used.elapsed() < UNUSED
        {
            return Ok(witness);
        }
        let mut line = self.line.lock().await;
        if let Some((witness, used)) = self.open() {
            if used.elapsed() < UNUSED {
                return Ok(witness);
            }
            // Only what answers is put back.
            self.set_open(None);
            if let Some(mut connection) = line.connection.take()
                && connection.ping().await.is_ok()
            {
                line.connection = Some(connection);
                self.set_open(Some((witness, Instant::now())));
                return Ok(witness);
            }
        }
        let mut connection = PgConnection::connect(&self.url).await.map_err(failed)?;
        connection.execute(AssertSqlSafe(super::connections::settings())).await.map_err(failed)?;
        line.connection = Some(connection);
        line.opened += 1;
        let witness = Witness(line.opened);
        self.set_open(Some((witness, Instant::now())));
        Ok(witness)
    }

    /// Returns when everything that was committed before this was called is on the disk, by a server that has not failed since
    /// `witness` was asked for.
    pub(super) async fn wait(self: &Arc<Self>, witness: Witness) -> Result<(), DbErr> {
        // One that has begun already may have missed it.
        let enough = self.begun.load(Ordering::SeqCst) + 1;
        let line = Arc::clone(&self.line).lock_owned().await;
        if self.open().is_none_or(|(open, _)| open != witness) {
            return Err(LOST);
        }
        if line.done >= enough {
            return Ok(());
        }
        // On a task of its own: others rely on this connection, whoever hangs up.
        let flush = Arc::clone(self).flush(line, witness);
        tokio::spawn(flush).await.map_err(|error| DbErr::Custom(error.to_string()))?
    }

    async fn flush(self: Arc<Self>, mut line: OwnedMutexGuard<Line>, witness: Witness) -> Result<(), DbErr> {
        let this = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let connection = line.connection.as_mut().ok_or(LOST)?;
        if let Err(error) = connection.execute(FLUSH).await {
            self.set_open(None);
            line.connection = None;
            if is_refused(&error) {
                tracing::warn!(
                    "the database server no longer lets us wait for its disk; commits do it again"
                );
                self.possible.store(false, Ordering::Relaxed);
            }
            return Err(failed(error));
        }
        line.done = this;
        self.set_open(Some((witness, Instant::now())));
        Ok(())
    }
}

fn failed(error: SqlxError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn is_refused(error: &SqlxError) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| REFUSED.contains(&&*code))
}
