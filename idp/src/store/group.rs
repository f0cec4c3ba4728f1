//! Transactions of an embedded database that end together, so that the disk is waited for once for everybody who came
//! meanwhile. There is one writer, and whoever wants it queues. Who is done while others wait leaves the transaction open;
//! those others are parts of it, and it ends when the last of them is done. Nobody is told that something is kept before
//! it is: one of them fails alone, but the end fails for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

use super::failure::Uncommitted;
use super::work::together;

/// So many end together at most.
const MOST: usize = 64;
/// Whoever waits longer than this for their turn is told so.
const PATIENCE: Duration = Duration::from_secs(5);
/// After the first part: one that is there for as long as the transaction is, for SQLite may end one by itself and tells nobody, and
/// one in which the next part begins.
const OPEN: &str = "SAVEPOINT portico_group; SAVEPOINT portico_part";
/// After every other part that is to be kept.
const NEXT: &str = "RELEASE portico_part; SAVEPOINT portico_part";
/// What becomes of one that is not.
const UNDO: &str = "ROLLBACK TO portico_part";
const END: &str = "RELEASE portico_group";

/// What those are told whose part was lost by no fault of theirs: the same may well succeed in a moment.
const LOST: DbErr = DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);

#[derive(Debug, Default)]
pub(super) struct Group {
    /// Whoever holds it may write.
    turn: Arc<Mutex<Option<Open>>>,
    waiting: AtomicUsize,
}

/// A transaction with parts that are done.
#[derive(Debug)]
struct Open {
    work: DatabaseTransaction,
    done: Vec<oneshot::Sender<Result<(), Uncommitted>>>,
    /// The last part was given up. Nobody joins any more: the database may have given up more than that.
    given_up: bool,
}

type Turn = OwnedMutexGuard<Option<Open>>;

impl Group {
    pub(super) async fn begin(self: &Arc<Self>, writer: &DatabaseConnection) -> Result<Part, DbErr> {
        let mut turn = self.wait().await?;
        if turn.as_ref().is_some_and(|open| open.given_up || open.done.len() >= MOST) {
            turn = tokio::spawn(end(turn)).await.map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        if turn.is_some() {
            return Ok(Part { own: None, turn, decided: false, group: Arc::clone(self) });
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let own = writer.begin_with_options(options).await?;
        Ok(Part { own: Some(own), turn, decided: false, group: Arc::clone(self) })
    }

    async fn wait(&self) -> Result<Turn, DbErr> {
        let waits = Waits::among(&self.waiting);
        let turn = timeout(PATIENCE, Arc::clone(&self.turn).lock_owned()).await;
        drop(waits);
        turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
    }
}

/// Somebody who waits, until they do not.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn among(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::SeqCst);
        Self(all)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What one caller writes. Dropped without [`Part::commit`] it leaves no trace.
#[derive(Debug)]
pub(super) struct Part {
    /// The transaction, where this is its first part.
    own: Option<DatabaseTransaction>,
    turn: Turn,
    /// Dropping it undoes nothing any more.
    decided: bool,
    group: Arc<Group>,
}

impl Part {
    pub(super) fn work(&self) -> Result<&DatabaseTransaction, DbErr> {
        let others = self.turn.as_ref().map(|open| &open.work);
        self.own.as_ref().or(others).ok_or_else(|| DbErr::Custom("the transaction has ended".to_owned()))
    }

    /// Runs what is left to run, and returns when everything is kept.
    pub(super) async fn commit(mut self, mut last: Vec<Statement>) -> Result<(), Uncommitted> {
        if self.turn.is_none() && self.group.waiting.load(Ordering::SeqCst) == 0 {
            if !last.is_empty() {
                self.work()?.execute_raw(together(last)).await?;
            }
            self.decided = true;
            let Some(own) = self.own.take() else {
                return Ok(());
            };
            return own.commit().await.map_err(Uncommitted::Asked);
        }
        last.push(Statement::from_string(DbBackend::Sqlite, if self.turn.is_some() { NEXT } else { OPEN }));
        // Not to be left half way: what follows goes by it.
        let left = tokio::spawn(self.leave(together(last))).await;
        let kept = left.map_err(|error| DbErr::Custom(error.to_string()))??;
        kept.await.unwrap_or(Err(Uncommitted::Asked(LOST)))
    }

    /// Leaves the transaction open for whoever comes next.
    async fn leave(mut self, last: Statement) -> Result<oneshot::Receiver<Result<(), Uncommitted>>, DbErr> {
        self.work()?.execute_raw(last).await?;
        let (done, kept) = oneshot::channel();
        self.decided = true;
        if let Some(work) = self.own.take() {
            *self.turn = Some(Open { work, done: Vec::new(), given_up: false });
            // Comes after those who wait now.
            let turn = Arc::clone(&self.group.turn).lock_owned();
            tokio::spawn(async move { drop(end(turn.await).await) });
        }
        if let Some(open) = self.turn.as_mut() {
            open.done.push(done);
        }
        Ok(kept)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.decided
            && let Some(open) = self.turn.as_mut()
        {
            open.given_up = true;
        }
    }
}

/// Ends what is open, and tells everybody whose part it was.
async fn end(mut turn: Turn) -> Turn {
    if let Some(Open { work, done, given_up }) = turn.take() {
        let last = if given_up { format!("{UNDO}; {END}") } else { END.to_owned() };
        let ended = match work.execute_raw(Statement::from_string(DbBackend::Sqlite, last)).await {
            Ok(_) => work.commit().await.map_err(Uncommitted::Asked),
            // Whose part it was that the database gave up for knows why.
            Err(error) => {
                tracing::warn!(%error, parts = done.len(), "a transaction was given up by the database");
                Err(Uncommitted::Not(LOST))
            }
        };
        for part in done {
            // Who has hung up meanwhile does not want to know.
            let _ = part.send(ended.clone());
        }
    }
    turn
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectOptions, Database};

    use super::*;

    struct World {
        writer: DatabaseConnection,
        group: Arc<Group>,
    }

    impl World {
        async fn new() -> Self {
            let options = ConnectOptions::new("sqlite::memory:").max_connections(1).to_owned();
            let writer = Database::connect(options).await.unwrap();
            writer.execute_unprepared("CREATE TABLE kept (number INTEGER PRIMARY KEY)").await.unwrap();
            Self { writer, group: Arc::default() }
        }

        async fn begin(&self) -> Part {
            self.group.begin(&self.writer).await.unwrap()
        }

        async fn kept(&self) -> Vec<i64> {
            let rows = sea_orm::Statement::from_string(
                sea_orm::DbBackend::Sqlite,
                "SELECT number FROM kept ORDER BY number",
            );
            let rows = self.writer.query_all_raw(rows).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
        }

        /// Begins as soon as it can, writes a number and does this.
        fn then<F: Future<Output = Result<(), DbErr>> + Send>(
            &self,
            number: i64,
            end: impl FnOnce(Part) -> F + Send + 'static,
        ) -> tokio::task::JoinHandle<Result<(), DbErr>> {
            let (group, writer) = (Arc::clone(&self.group), self.writer.clone());
            tokio::spawn(async move {
                let part = group.begin(&writer).await?;
                insert(&part, number).await?;
                end(part).await
            })
        }

        async fn until_wait(&self, many: usize) {
            while self.group.waiting.load(Ordering::SeqCst) != many {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    async fn commit(part: Part) -> Result<(), DbErr> {
        part.commit(Vec::new()).await.map_err(|error| match error {
            Uncommitted::Not(error) | Uncommitted::Asked(error) => error,
        })
    }

    async fn insert(part: &Part, number: i64) -> Result<(), DbErr> {
        let sql = format!("INSERT INTO kept VALUES ({number})");
        part.work()?.execute_unprepared(&sql).await.map(drop)
    }

    #[tokio::test]
    async fn who_waits_is_part_of_one_transaction_and_fails_alone() {
        let world = World::new().await;
        let first = world.begin().await;
        insert(&first, 1).await.unwrap();
        let second = world.then(2, commit);
        world.until_wait(1).await;
        let given_up = world.then(3, |part| async move {
            drop(part);
            Ok(())
        });
        world.until_wait(2).await;
        let late = world.then(4, commit);
        world.until_wait(3).await;
        commit(first).await.unwrap();
        for part in [second, given_up, late] {
            part.await.unwrap().unwrap();
        }
        assert_eq!(world.kept().await, [1, 2, 4]);
    }

    /// T3: what the database gave up by itself is acknowledged to nobody.
    #[tokio::test]
    async fn a_transaction_that_the_database_gave_up_fails_for_all() {
        let world = World::new().await;
        let first = world.begin().await;
        insert(&first, 1).await.unwrap();
        let second = world.then(2, commit);
        world.until_wait(1).await;
        // As SQLite does after a failed write.
        let broken = world.then(3, |part| async move {
            part.work()?.execute_unprepared("ROLLBACK").await?;
            commit(part).await
        });
        world.until_wait(2).await;
        commit(first).await.unwrap_err();
        second.await.unwrap().unwrap_err();
        broken.await.unwrap().unwrap_err();
        assert_eq!(world.kept().await, [0; 0]);
    }

    /// Nobody loses anything by whoever hangs up, at whatever moment that is.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_hangs_up_takes_nothing_from_others() {
        let world = World::new().await;
        for round in 0..200_u64 {
            let number = i64::try_from(round).unwrap() * 10;
            let first = world.begin().await;
            insert(&first, number).await.unwrap();
            let gone = world.then(number + 1, move |part| async move {
                // In the middle of a trip, sooner or later.
                for more in 3..9 {
                    insert(&part, number + more).await?;
                }
                tokio::time::sleep(Duration::from_mins(1)).await;
                commit(part).await
            });
            world.until_wait(1).await;
            let second = world.then(number + 2, commit);
            world.until_wait(2).await;
            let first = tokio::spawn(commit(first));
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_micros(round * 4) {
                tokio::task::yield_now().await;
            }
            gone.abort();
            first.await.unwrap().unwrap();
            second.await.unwrap().unwrap();
        }
        let kept = world.kept().await;
        assert!((0..200).all(|round| kept.contains(&(round * 10)) && kept.contains(&(round * 10 + 2))));
        assert!(kept.iter().all(|number| [0, 2].contains(&(number % 10))), "what was given up is kept");
    }

    #[tokio::test]
    async fn whoever_hangs_up_while_waiting_holds_nobody_up() {
        let world = World::new().await;
        let first = world.begin().await;
        insert(&first, 1).await.unwrap();
        let gone = world.then(2, commit);
        world.until_wait(1).await;
        let commit = tokio::spawn(commit(first));
        gone.abort();
        timeout(Duration::from_secs(2), commit).await.unwrap().unwrap().unwrap();
        assert!(world.kept().await.contains(&1));
        assert_eq!(world.group.waiting.load(Ordering::SeqCst), 0);
    }
}
