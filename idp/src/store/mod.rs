//! The database: SQLite or PostgreSQL behind one interface. Reads go to [`Store`] or see a
//! transaction's own writes through [`Tx`]; writes need a `Tx`. One file per noun; sea-orm and its
//! entities stay in this room. Never decides anything: it keeps, finds and atomically changes.

mod connect;
mod connections;
mod entity;
mod failure;
mod flush;
mod group;
mod hold;
mod meter;
mod question;
mod recent;
mod work;

pub mod api_calls;
pub mod audit;
pub mod brands;
pub mod browsers;
pub mod client_secrets;
pub mod clients;
pub mod consents;
pub mod copies;
pub mod disk;
pub mod email_changes;
pub mod factors;
pub mod figures;
pub mod grants;
pub mod guesses;
pub mod held;
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
pub mod spent_grants;
pub mod totp;
pub mod users;

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Select, Statement, TryInsertResult};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::crypto::random::Entropy;
use crate::crypto::seal::{Place, Sealer};
use crate::meter::Database;
use connections::Connections;
use meter::Ending;
use recent::{Forgetting, Recent};
use work::{Work, Write};

pub use connect::{OpenError, open, pending_migrations};
pub use failure::StoreError;
pub use hold::{Hold, HoldError};
pub use meter::{Pool, errors};
pub use recent::FRESH;

pub type Result<T> = std::result::Result<T, StoreError>;

/// The long-lived handle. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Arc<Connections>,
    reader: Arc<Connections>,
    sealer: Arc<Sealer>,
    entropy: Entropy,
    meter: Arc<Database>,
    recent: Arc<Recent>,
    /// Tells others that an embedded database is in use, for as long as it is.
    hold: Option<Arc<Hold>>,
}

/// One transaction. Dropped without [`Tx::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Tx {
    inner: Work,
    sealer: Arc<Sealer>,
    entropy: Entropy,
    ending: Ending,
    forgetting: Forgetting,
}

impl Store {
    /// Begins a transaction that may write. On SQLite it holds the one writer from here on, so that
    /// what it reads can not change under it.
    ///
    /// # Errors
    /// When the database is busy or out of reach.
    pub async fn begin(&self) -> Result<Tx> {
        let asked = Instant::now();
        let span = tracing::debug_span!(target: "idp::work", "database", operation = "begin");
        let inner = self.writer.begin().instrument(span).await?;
        self.meter.begin.note(asked.elapsed());
        let ending = Ending::of(Arc::clone(&self.meter));
        let forgetting = Forgetting::of(Arc::clone(&self.recent));
        Ok(Tx { inner, sealer: Arc::clone(&self.sealer), entropy: self.entropy, ending, forgetting })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// As [`Self::ping`], and says what the database can be used for.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn usable_for(&self) -> Result<server::Use> {
        self.ping().await?;
        server::usable_for(self).await
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
        self.writer.watch(seen.clone());
        self.reader.watch(seen);
    }
}

impl Tx {
    /// # Errors
    /// When the commit did not happen, or nobody knows whether it did ([`StoreError::Unclear`]).
    pub async fn commit(self) -> Result<()> {
        let begun = Instant::now();
        let span = tracing::debug_span!(target: "idp::work", "database", operation = "commit");
        let Self { inner, ending, forgetting, .. } = self;
        let kept = move || {
            drop(forgetting);
            ending.committed(begun.elapsed());
        };
        Ok(inner.commit(kept).instrument(span).await?)
    }

    /// A record of the audit trail of this kind counts once this is committed.
    pub fn count_record(&self, kind: &'static str) {
        self.ending.record(kind);
    }

    /// An application or one of its secrets is changed: what was known of them ends with this transaction.
    fn forget_clients(&self) {
        self.forgetting.is_due();
    }

    /// Writes this with what is asked next, or at the end: nobody waits for its answer.
    fn later(&self, write: impl Into<Write>) {
        self.inner.later(write);
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
    /// What may be taken from a moment ago. Nothing inside of a transaction.
    #[doc(hidden)]
    fn recent(&self) -> Option<&Recent>;
}

impl Read for Store {
    type Connection = Connections;
    fn connection(&self) -> &Connections {
        &self.reader
    }
    fn sealer(&self) -> &Sealer {
        &self.sealer
    }
    fn recent(&self) -> Option<&Recent> {
        Some(&self.recent)
    }
}

impl Read for Tx {
    type Connection = Work;
    fn connection(&self) -> &Work {
        &self.inner
    }
    fn sealer(&self) -> &Sealer {
        &self.sealer
    }
    fn recent(&self) -> Option<&Recent> {
        None
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
