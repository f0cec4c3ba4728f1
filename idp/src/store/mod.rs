//! The database: SQLite or PostgreSQL behind one interface. Reads go to [`Store`] or see a
//! transaction's own writes through [`Tx`]; writes need a `Tx`. One file per noun; sea-orm and its
//! entities stay in this room. Never decides anything: it keeps, finds and atomically changes.

mod connect;
mod entity;
mod hold;

pub mod api_calls;
pub mod audit;
pub mod brands;
pub mod browsers;
pub mod client_secrets;
pub mod clients;
pub mod consents;
pub mod copies;
pub mod email_changes;
pub mod figures;
pub mod grants;
pub mod guesses;
pub mod invitations;
pub mod keys;
pub mod links;
pub mod memberships;
pub mod milestones;
pub mod moving;
pub mod organizations;
pub mod outbox;
pub mod passkeys;
pub mod passwords;
pub mod recovery;
pub mod registration_tokens;
pub mod revived;
pub mod revoked_tokens;
pub mod searches;
pub mod server;
pub mod sessions;
pub mod settings;
pub mod sign_in_requests;
pub mod sign_ups;
pub mod totp;
pub mod users;

use std::sync::Arc;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, RuntimeErr, Select, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    TryInsertResult,
};
use time::OffsetDateTime;

use crate::crypto::random::Entropy;
use crate::crypto::seal::{Place, SealError, Sealer};

pub use connect::{OpenError, open, pending_migrations};
pub use hold::{Hold, HoldError};

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
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
            error if gave_way(&error) => Self::Unavailable(error),
            error => Self::Failed(error),
        }
    }
}

/// Whether the database ended this transaction in favour of another one: nothing happened, and the
/// same request a moment later may well succeed.
fn gave_way(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    // PostgreSQL: serialization failure, deadlock. SQLite: busy, and busy with a stale snapshot.
    code.is_some_and(|code| ["40001", "40P01", "5", "517"].contains(&&*code))
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// The long-lived handle. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    sealer: Arc<Sealer>,
    entropy: Entropy,
    /// Tells others that an embedded database is in use, for as long as it is.
    hold: Option<Arc<Hold>>,
}

/// One transaction. Dropped without [`Tx::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    sealer: Arc<Sealer>,
    entropy: Entropy,
}

impl Store {
    /// Begins a transaction that may write. On SQLite it holds the one writer from here on, so that
    /// what it reads can not change under it.
    ///
    /// # Errors
    /// When the database is busy or out of reach.
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match self.writer.get_database_backend() {
            DbBackend::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                self.writer.begin_with_options(options).await?
            }
            _ => self.writer.begin().await?,
        };
        Ok(Tx { inner, sealer: Arc::clone(&self.sealer), entropy: self.entropy })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Ends the connections, so that an embedded database is one file again, and lets go of it.
    ///
    /// # Errors
    /// When what was written could not be brought home.
    pub async fn close(self) -> Result<()> {
        // Whoever writes goes last: only they may fold the log of writes into the file.
        self.reader.close().await?;
        self.writer.close().await?;
        drop(self.hold);
        Ok(())
    }

    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Shows every statement from now on to `seen`. For a test that asks the database how it goes about each.
    pub fn watch(&mut self, seen: impl Fn(&Statement) + Clone + Send + Sync + 'static) {
        for connection in [&mut self.writer, &mut self.reader] {
            let seen = seen.clone();
            connection.set_metric_callback(move |run| seen(run.statement));
        }
    }
}

impl Tx {
    /// # Errors
    /// When the commit did not happen, or its answer was lost.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        Ok(self.sealer.seal(place, plain, self.entropy)?)
    }
}

/// Whatever can be read from: the store, or a transaction.
pub trait Read: Sync {
    #[doc(hidden)]
    type Connection: ConnectionTrait;
    #[doc(hidden)]
    fn connection(&self) -> &Self::Connection;
    #[doc(hidden)]
    fn sealer(&self) -> &Sealer;
}

impl Read for Store {
    type Connection = DatabaseConnection;
    fn connection(&self) -> &DatabaseConnection {
        &self.reader
    }
    fn sealer(&self) -> &Sealer {
        &self.sealer
    }
}

impl Read for Tx {
    type Connection = DatabaseTransaction;
    fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }
    fn sealer(&self) -> &Sealer {
        &self.sealer
    }
}

/// The row of a query on a unique key. Not `.one()`: its bound LIMIT makes SQLite prepare the
/// statement anew on every execution.
async fn unique<E: EntityTrait>(db: &impl Read, query: Select<E>) -> Result<Option<E::Model>> {
    Ok(query.all(db.connection()).await?.pop())
}

/// Inserts a row unless another one has its value in the unique `column`; says whether it did. The
/// database decides, so of any number of callers one is told yes.
async fn insert_new<A, E>(tx: &Tx, row: A, column: E::Column) -> Result<bool>
where
    A: ActiveModelTrait<Entity = E>,
    E: EntityTrait,
{
    let inserted =
        E::insert(row).on_conflict_do_nothing_on([column]).exec_without_returning(tx.connection()).await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

fn to_millis(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn from_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A value that a newtype once accepted and the database gave back.
fn stored<T, E>(table: &'static str, parsed: std::result::Result<T, E>) -> Result<T> {
    parsed.map_err(|_| StoreError::Damaged(table))
}
