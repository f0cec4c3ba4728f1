//! The connections to the database, which are made anew when what there is has become useless: a server that vanished
//! without a word. Never runs a statement of its own but to see whether anybody answers and what they work on, and never
//! repeats one of others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, ExecResult, QueryResult, Statement, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::failure::Uncommitted;
use super::flush::{Done, Flush};
use super::group::Group;
use super::work::{Inner, Whole, Work};
use crate::crypto::random::Entropy;

/// When nothing has come of something for this long, somebody looks whether a new connection is better.
const SILENCE: Duration = Duration::from_secs(2);
/// How long that may take.
const PROBE: Duration = Duration::from_secs(1);
/// An answer that was on its way when it was found that nothing is worked on arrives within this.
const ARRIVAL: Duration = Duration::from_millis(300);
/// Whether the server works for this process: connections that vanished are idle there, if they are there at all.
const OURS_AT_WORK: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                            AND application_name = current_setting('application_name') AND state = 'active')";
/// Whoever waits longer than this for a database server is told so. An embedded one is never out of reach.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever waits longer than this for others to be done writing is told so.
const TURN: Duration = Duration::from_secs(1);

/// What every connection to a server begins with. A transaction whose node has vanished lets go of what it holds, the server
/// soon counts the connections of such a node no longer, and it can tell those of this process from others'.
pub(super) fn settings() -> String {
    let process = std::process::id();
    format!(
        "SET idle_in_transaction_session_timeout = '3s'; SET tcp_keepalives_idle = 15; \
         SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
         SELECT set_config(name, '30s', false) FROM pg_settings WHERE name = 'tcp_user_timeout'; \
         SET application_name = 'portico {process} {}'",
        nonce()
    )
}

/// Processes on several machines may have the same number.
fn nonce() -> u64 {
    static NONCE: OnceLock<u64> = OnceLock::new();
    *NONCE.get_or_init(|| Entropy::of_the_system().bytes().map(u64::from_be_bytes).unwrap_or_default())
}

/// What a new connection to a server told.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The server works on something of ours.
    AtWork,
    /// It does not: whatever was asked before leads nowhere, and all connections were made anew.
    Renewed,
    Nothing,
}

/// The connections that there are at the moment.
#[derive(Debug)]
struct Current {
    all: DatabaseConnection,
    /// Those of a server that may be in a transaction at once. Whoever writes there waits for others, and for the disk, with a
    /// connection in hand; a few are left for those who only read.
    for_writing: Arc<Semaphore>,
}

impl Current {
    fn new(all: DatabaseConnection, options: &ConnectOptions) -> Self {
        // What a pool has that was not told.
        let most = usize::try_from(options.get_max_connections().unwrap_or(10)).unwrap_or(usize::MAX);
        let for_writing = Arc::new(Semaphore::new(written_by(most)));
        Self { all, for_writing }
    }
}

/// Of so many connections: all but a quarter, one at least.
fn written_by(most: usize) -> usize {
    most.saturating_sub((most / 4).max(1)).clamp(1, Semaphore::MAX_PERMITS)
}

#[derive(Debug)]
pub struct Connections {
    options: ConnectOptions,
    backend: DbBackend,
    current: RwLock<Current>,
    flush: Flush,
    watched: AtomicBool,
    /// Of an embedded database.
    group: Arc<Group>,
    /// What was last seen. Whoever holds it looks; everybody else takes their word for it.
    seen: tokio::sync::Mutex<Option<Seen>>,
}

impl Connections {
    pub(super) async fn open(options: ConnectOptions) -> Result<Self, DbErr> {
        let current = Database::connect(options.clone()).await?;
        let backend = current.get_database_backend();
        let flush = if backend == DbBackend::Postgres { Flush::of(&current).await? } else { Flush::none() };
        Ok(Self {
            backend,
            current: RwLock::new(Current::new(current, &options)),
            options,
            flush,
            watched: AtomicBool::new(false),
            group: Arc::default(),
            seen: tokio::sync::Mutex::new(None),
        })
    }

    /// What there is at the moment. Not to be kept.
    pub(super) fn current(&self) -> DatabaseConnection {
        self.current.read().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.current().close().await
    }

    pub(super) const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Whether somebody wants to see each statement.
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(super) fn watch(&self, seen: impl Fn(&Statement) + Send + Sync + 'static) {
        self.watched.store(true, Ordering::Relaxed);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.all.set_metric_callback(move |run| seen(run.statement));
    }

    /// Whether a transaction may be committed before it is on the disk, and brought there after it.
    pub(super) fn may_commit_early(&self) -> bool {
        self.flush.is_possible()
    }

    /// On a server: commits, and returns when everything that the transaction has written and seen is on the disk.
    pub(super) async fn commit(&self, whole: DatabaseTransaction, done: Done) -> Result<(), Uncommitted> {
        if let Some(step) = self.flush.before_the_end(done) {
            let taken = self.within_reach(self.flush.take(step, &whole)).await;
            taken.map_err(if step.commits { Uncommitted::Asked } else { Uncommitted::Not })?;
        }
        self.within_reach(whole.commit()).await.map_err(Uncommitted::Asked)
    }

    /// Begins a transaction. On SQLite it holds the writer from here on.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Work, DbErr> {
        // Boxed, because they are large and part of nearly everything.
        let inner = if self.backend == DbBackend::Sqlite {
            Inner::Part(Box::pin(self.group.begin(&self.current())).await?)
        } else {
            let place = self.place().await?;
            let whole = Box::pin(self.within_reach(self.current().begin())).await?;
            Inner::Whole(Whole::new(whole, place))
        };
        Ok(Work::new(inner, Arc::clone(self)))
    }

    /// Among those who write. Whoever waits for others is told so, and nobody looks whether a server has vanished.
    async fn place(&self) -> Result<OwnedSemaphorePermit, DbErr> {
        let for_writing =
            Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).for_writing);
        match tokio::time::timeout(TURN, for_writing.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => out_of_reach(),
        }
    }

    /// Waits for an answer of the database, but not for ever, and sees to it that those who come later have a
    /// connection that answers.
    pub(super) async fn within_reach<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        if self.backend == DbBackend::Sqlite {
            return answer.await;
        }
        let asked = Instant::now();
        let mut answer = std::pin::pin!(answer);
        loop {
            match tokio::time::timeout(SILENCE, &mut answer).await {
                Ok(Err(DbErr::ConnectionAcquire(error))) => {
                    // Whoever is told so has waited enough, and waits for nobody who looks.
                    if let Ok(mut seen) = self.seen.try_lock() {
                        self.look(&mut seen, asked).await;
                    }
                    return Err(DbErr::ConnectionAcquire(error));
                }
                Ok(answer) => return answer,
                Err(_) => {}
            }
            let told = self.look(&mut *self.seen.lock().await, asked).await;
            match told {
                // At best the answer is on its way.
                Told::Renewed => {
                    return tokio::time::timeout(ARRIVAL, answer).await.unwrap_or_else(|_| out_of_reach());
                }
                Told::Nothing if asked.elapsed() >= PATIENCE => return out_of_reach(),
                // What the server works on may take its time; a request has an end of its own.
                Told::AtWork | Told::Nothing => {}
            }
        }
    }

    /// When nothing has come of what was asked, new connections are answered, and the server works on nothing of ours, those
    /// that there are lead nowhere: nobody tells us when a server has vanished.
    async fn look(&self, seen: &mut Option<Seen>, asked: Instant) -> Told {
        match seen {
            // The connection that was asked on was given up since.
            Some(last) if last.told == Told::Renewed && last.at > asked => return Told::Renewed,
            Some(last) if last.at.elapsed() < SILENCE => return last.told,
            _ => {}
        }
        let probe = async {
            let new = Database::connect(self.options.clone()).await?;
            let working = Statement::from_string(DbBackend::Postgres, OURS_AT_WORK);
            let working = new.query_one_raw(working).await?.map(|row| row.try_get_by_index::<bool>(0));
            Ok::<_, DbErr>((new, working.transpose()?.unwrap_or_default()))
        };
        let told = match tokio::time::timeout(PROBE, probe).await {
            Ok(Ok((new, true))) => {
                tokio::spawn(async move { new.close().await });
                Told::AtWork
            }
            Ok(Ok((new, false))) => {
                tracing::warn!(
                    "the database answers a new connection, and not the old ones; all are made anew"
                );
                self.replace(new);
                Told::Renewed
            }
            Ok(Err(_)) | Err(_) => Told::Nothing,
        };
        *seen = Some(Seen { at: Instant::now(), told });
        told
    }

    fn replace(&self, new: DatabaseConnection) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits for those who wait on the old ones.
        let new = Current::new(new, &self.options);
        let old = std::mem::replace(&mut *current, new);
        drop(current);
        // Whoever still uses one of these may end; then it is closed.
        tokio::spawn(async move { old.all.close().await });
    }
}

fn out_of_reach<T>() -> Result<T, DbErr> {
    Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.within_reach(self.current().execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.within_reach(self.current().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.within_reach(self.current().query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.within_reach(self.current().query_all_raw(statement)).await
    }
}
