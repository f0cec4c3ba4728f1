//! A transaction. What nobody needs the answer of is not asked at once: it goes with the next question, or with the end. Each
//! trip to a database takes longer than what is done there, and whoever writes keeps others from writing meanwhile. Never
//! ends well once a statement has failed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sea_orm::sea_query::{
    CommonTableExpression, InsertStatement, SimpleExpr, SubQueryStatement, UpdateStatement, WithClause,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::connections::Connections;
use super::failure::Uncommitted;
use super::flush::{self, Done};
use super::group::Part;

/// One transaction, whose statements do not wait for ever.
#[derive(Debug)]
pub struct Work {
    inner: Inner,
    pool: Arc<Connections>,
    later: Mutex<Vec<Write>>,
    /// Statements that failed, or whose answer nobody has heard.
    unanswered: AtomicUsize,
    /// Its commit does not wait for the disk by itself.
    early: AtomicBool,
    /// It has written a row.
    wrote: AtomicBool,
}

#[derive(Debug)]
pub(super) enum Inner {
    Whole(Whole),
    /// Of one that others are parts of.
    Part(Part),
}

/// A transaction of a server, and its place among those who write: that is free again when the server is done with it.
#[derive(Debug)]
pub(super) struct Whole(Option<(DatabaseTransaction, OwnedSemaphorePermit)>);

impl Whole {
    pub(super) const fn new(transaction: DatabaseTransaction, place: OwnedSemaphorePermit) -> Self {
        Self(Some((transaction, place)))
    }

    fn transaction(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.0.as_ref().map(|(transaction, _)| transaction).ok_or_else(ended)
    }

    fn take(mut self) -> Result<(DatabaseTransaction, OwnedSemaphorePermit), DbErr> {
        self.0.take().ok_or_else(ended)
    }
}

fn ended() -> DbErr {
    DbErr::Custom("the transaction has ended".to_owned())
}

/// Whoever hangs up may leave a statement that the server still works on.
impl Drop for Whole {
    fn drop(&mut self) {
        let Some((transaction, place)) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = transaction.rollback().await;
                drop(place);
            });
        }
    }
}

/// Something to write whose answer nobody needs.
pub(super) enum Write {
    Insert(InsertStatement),
    Update(UpdateStatement),
}

/// Without what is written, which may be personal.
impl std::fmt::Debug for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Insert(_) => "Insert",
            Self::Update(_) => "Update",
        })
    }
}

impl From<InsertStatement> for Write {
    fn from(insert: InsertStatement) -> Self {
        Self::Insert(insert)
    }
}

impl From<UpdateStatement> for Write {
    fn from(update: UpdateStatement) -> Self {
        Self::Update(update)
    }
}

impl From<Write> for SubQueryStatement {
    fn from(write: Write) -> Self {
        match write {
            Write::Insert(insert) => insert.into(),
            Write::Update(update) => update.into(),
        }
    }
}

impl Write {
    fn statement(&self, backend: DbBackend) -> Statement {
        match self {
            Self::Insert(insert) => backend.build(insert),
            Self::Update(update) => backend.build(update),
        }
    }
}

/// A statement whose answer is not there yet. Without it nobody knows what was written, and the transaction can only be given up.
struct Doubt<'a>(&'a AtomicUsize);

impl<'a> Doubt<'a> {
    fn about(unanswered: &'a AtomicUsize) -> Self {
        unanswered.fetch_add(1, Ordering::SeqCst);
        Self(unanswered)
    }

    /// Not when it is dropped: that is how a failure ends.
    fn end(self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Work {
    pub(super) fn new(inner: Inner, pool: Arc<Connections>) -> Self {
        Self {
            inner,
            pool,
            later: Mutex::default(),
            unanswered: AtomicUsize::new(0),
            early: AtomicBool::new(false),
            wrote: AtomicBool::new(false),
        }
    }

    /// To be written before whatever is asked next, and before the end. If it fails, so does that, and the transaction.
    /// A database server writes what waits at the end in no order: it must be about different rows, and not depend on one another.
    pub(super) fn later(&self, write: impl Into<Write>) {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).push(write.into());
    }

    /// Does `kept` when that is known.
    pub(super) async fn commit(self, kept: impl FnOnce() + Send + 'static) -> Result<(), Uncommitted> {
        if self.unanswered.load(Ordering::SeqCst) > 0 {
            return Err(DbErr::Custom("a statement of the transaction failed".to_owned()).into());
        }
        let waiting = self.waiting();
        let Self { inner, pool, early, wrote, .. } = self;
        match inner {
            Inner::Whole(whole) => {
                let (whole, place) = whole.take()?;
                let end = async move {
                    let mut wrote = wrote.into_inner();
                    if let Some(last) = as_one(waiting) {
                        let last = pool.within_reach(whole.execute_raw(last)).await?;
                        // Of one of several. Whoever thinks that nothing was written only waits where there is nothing to wait for.
                        wrote |= last.rows_affected() > 0;
                    }
                    let done = match (early.into_inner(), wrote) {
                        (true, _) => Done::Early,
                        (false, true) => Done::Written,
                        (false, false) => Done::Nothing,
                    };
                    let ended = pool.commit(whole, done).await;
                    drop(place);
                    ended.map(|()| kept())
                };
                // Whoever hangs up leaves a connection that is busy until the server has answered, and so is its place.
                let ended = tokio::spawn(end.in_current_span()).await;
                ended.map_err(|error| Uncommitted::Asked(DbErr::Custom(error.to_string())))?
            }
            Inner::Part(part) => {
                let mut last: Vec<_> = waiting.iter().map(|write| write.statement(pool.backend())).collect();
                if pool.is_watched() {
                    for statement in last.drain(..) {
                        part.work()?.execute_raw(statement).await?;
                    }
                }
                Box::pin(part.commit(last)).await.map(|()| kept())
            }
        }
    }

    /// On a database server that can: the commit of this transaction lets go of what it holds before it is on the disk. Says what
    /// has to be asked for it beside something else.
    pub(super) fn commits_early(&self) -> Option<SimpleExpr> {
        if !matches!(self.inner, Inner::Whole(..)) || !self.pool.may_commit_early() {
            return None;
        }
        self.early.store(true, Ordering::SeqCst);
        Some(flush::commits_early())
    }

    fn waiting(&self) -> Vec<Write> {
        std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn inner(&self) -> Result<&DatabaseTransaction, DbErr> {
        match &self.inner {
            Inner::Whole(whole) => whole.transaction(),
            Inner::Part(part) => part.work(),
        }
    }

    /// What is asked, and on an embedded database what waits before it, in one trip; elsewhere that is written now. Somebody
    /// who watches sees each statement alone.
    async fn with_waiting(&self, question: Statement) -> Result<Statement, DbErr> {
        let mut all = self.statements_waiting();
        if self.goes_together() {
            all.push(question);
            return Ok(together(all));
        }
        self.write_all(all).await?;
        Ok(question)
    }

    /// Where the answer says how many rows there were, what waits would be counted with them.
    async fn write_waiting(&self) -> Result<(), DbErr> {
        let mut all = self.statements_waiting();
        if self.goes_together() && !all.is_empty() {
            all = vec![together(all)];
        }
        self.write_all(all).await
    }

    async fn write_all(&self, all: Vec<Statement>) -> Result<(), DbErr> {
        for statement in all {
            let done = self.pool.within_reach(self.inner()?.execute_raw(statement)).await?;
            self.wrote.fetch_or(done.rows_affected() > 0, Ordering::SeqCst);
        }
        Ok(())
    }

    fn statements_waiting(&self) -> Vec<Statement> {
        self.waiting().iter().map(|write| write.statement(self.pool.backend())).collect()
    }

    fn goes_together(&self) -> bool {
        self.pool.backend() == DbBackend::Sqlite && !self.pool.is_watched()
    }
}

/// Whether rows of its answer are rows that it has written.
fn is_write(statement: &Statement) -> bool {
    ["INSERT", "UPDATE", "DELETE"].iter().any(|word| statement.sql.starts_with(word))
}

/// Several statements for an embedded database, one after the other in one trip.
pub(super) fn together(statements: Vec<Statement>) -> Statement {
    let (mut sql, mut values) = (String::new(), Vec::new());
    for statement in statements {
        if !sql.is_empty() {
            sql.push_str("; ");
        }
        sql.push_str(&statement.sql);
        values.extend(statement.values.into_iter().flat_map(|values| values.0));
    }
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// Several writes for a database server as one statement, in no order.
fn as_one(mut writes: Vec<Write>) -> Option<Statement> {
    let last = writes.pop()?;
    if writes.is_empty() {
        return Some(last.statement(DbBackend::Postgres));
    }
    let mut others = WithClause::new();
    for (number, write) in writes.into_iter().enumerate() {
        others.cte(CommonTableExpression::new().table_name(format!("w{number}")).query(write).to_owned());
    }
    Some(DbBackend::Postgres.build(&others.query(last)))
}

#[async_trait]
impl ConnectionTrait for Work {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let doubt = Doubt::about(&self.unanswered);
        let writes = is_write(&statement);
        self.write_waiting().await?;
        let done = self.pool.within_reach(self.inner()?.execute_raw(statement)).await?;
        self.wrote.fetch_or(writes && done.rows_affected() > 0, Ordering::SeqCst);
        doubt.end();
        Ok(done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let doubt = Doubt::about(&self.unanswered);
        self.write_waiting().await?;
        let done = self.pool.within_reach(self.inner()?.execute_unprepared(sql)).await?;
        doubt.end();
        Ok(done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let doubt = Doubt::about(&self.unanswered);
        let writes = is_write(&statement);
        let question = self.with_waiting(statement).await?;
        let row = self.pool.within_reach(self.inner()?.query_one_raw(question)).await?;
        self.wrote.fetch_or(writes && row.is_some(), Ordering::SeqCst);
        doubt.end();
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let doubt = Doubt::about(&self.unanswered);
        let writes = is_write(&statement);
        let question = self.with_waiting(statement).await?;
        let rows = self.pool.within_reach(self.inner()?.query_all_raw(question)).await?;
        self.wrote.fetch_or(writes && !rows.is_empty(), Ordering::SeqCst);
        doubt.end();
        Ok(rows)
    }
}
