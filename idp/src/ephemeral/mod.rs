//! What is forgotten by itself: attempts, challenges, codes, windows of attempts; in this process, or where several
//! nodes share it. Every entry has an
//! expiry and a kind, and a key of one kind is nothing to another. Losing all of it ends flows in
//! flight and begins anew what is counted per network, address or person; how often an account was
//! guessed at is in the database.

mod link;
mod memory;
mod redis;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Duration, OffsetDateTime};
use tracing::Instrument;

use crate::meter::Storage;

pub use memory::Memory;
pub use redis::Redis;

/// What an entry is. A key is only ever looked up within its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Attempt,
    /// Requests from one network that wait for somebody.
    AttemptFrom,
    SignIn,
    Ceremony,
    Code,
    /// That a code was issued at all, kept a little longer than the code.
    CodeIssued,
    /// That a code was presented after it had been taken.
    CodeReplayed,
    /// An authorization request that waits for its person.
    Pushed,
    /// Such a request was answered.
    PushedAnswered,
    /// Such requests of one client, or from one network.
    PushedBy,
    /// Device codes for one client, or one network.
    DeviceAsked,
    /// The keys that an application publishes.
    ClientKeys,
    /// That they were looked up.
    ClientKeysFetched,
    /// A request that an application keeps at an address of its own was looked up.
    RequestFetched,
    /// Registrations from one network.
    RegisteredFrom,
    /// A client assertion was used.
    AssertionUsed,
    /// Assertions of one issuer that live for long.
    LongAssertion,
    /// A proof of possession was used.
    ProofUsed,
    /// A device waits for a person.
    Device,
    /// The code that names such a device to its person.
    UserCode,
    /// What the person decided for a device.
    DeviceDecision,
    /// When a device asked last, and how long it has to wait.
    DevicePolled,
    /// Codes of devices that one person tried, or all of them.
    UserCodeTried,
    /// Requests to people who are somewhere else, by one client.
    SignInAsked,
    /// The same, to one person by one client.
    SignInAskedOf,
    /// When such a client asked last for the answer, and how long it has to wait.
    SignInPolled,
    LogoutRequest,
    /// Such requests from one network.
    LogoutFrom,
    LogoutQuestion,
    /// A session has ended at our own pages, and applications are to be told in the browser.
    Farewell,
    SetUp,
    /// Somebody tries out an application.
    Trial,
    PolicyReport,
    /// Wrong passwords from one network.
    NetworkFailure,
    /// A network with too many of them.
    NetworkSlowed,
    /// A passkey from one network was refused.
    PasskeyRefused,
    /// A password reset was asked for, for one address or from one network.
    ResetAsked,
    /// A link for a new account was asked for, for one address or from one network.
    SignUpAsked,
    /// Somebody who has said their name and has no way in yet.
    Newcomer,
    /// A link about an address was asked for, by one person or for one address.
    AddressMailed,
    /// Calls to the administration API by one caller within a minute.
    ApiCall,
}

#[derive(Debug, thiserror::Error)]
pub enum EphemeralError {
    /// The store is full or out of reach; nothing was kept.
    #[error("ephemeral storage is unavailable: {0}")]
    Unavailable(String),
    #[error("an ephemeral entry can not be read")]
    Damaged(#[from] serde_json::Error),
}

/// Keys are hashes of the random handles that people and applications hold, so that what is stored
/// opens nothing.
pub type Key = [u8; 32];

/// The storage behind [`Ephemeral`].
#[async_trait]
pub trait Backend: Send + Sync + std::fmt::Debug {
    async fn put(&self, kind: Kind, key: Key, value: Vec<u8>, ttl: Duration) -> Result<(), EphemeralError>;
    async fn get(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError>;
    /// Removes and returns the entry; of any number of callers at the same time one gets it.
    async fn take(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError>;
    /// Adds one to a counter and returns the sum, or more than that; the counter begins anew `window` after its
    /// first count.
    async fn count(&self, kind: Kind, key: Key, window: Duration) -> Result<u64, EphemeralError>;
    /// Notes for `ttl` that something which may be used once was used. Of many callers at the same time one is told
    /// that it was the first.
    async fn note(&self, kind: Kind, key: Key, ttl: Duration) -> Result<Noted, EphemeralError>;
    /// Whether it would answer.
    async fn ping(&self) -> Result<(), EphemeralError>;
    /// Whether it forgets what it should keep when there is no more room.
    async fn evicts(&self) -> Result<bool, EphemeralError>;
}

/// What the storage knows of uses of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// This use included.
    pub times: u64,
    /// Of uses before, nothing is known.
    pub since: OffsetDateTime,
}

/// Typed access to a backend. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ephemeral {
    backend: Arc<dyn Backend>,
    /// Whether it ever answered.
    reached: Arc<AtomicBool>,
    meter: Arc<Storage>,
}

/// How the storage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Answers,
    /// It did once, and may again.
    Lost,
    /// It never did: whoever starts should be looked after before people come.
    NeverFound,
}

impl Ephemeral {
    #[must_use]
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Arc::new(backend), reached: Arc::default(), meter: Arc::default() }
    }

    /// Keeps a value for at most `ttl`, in place of what was there.
    ///
    /// # Errors
    /// When it was not kept.
    pub async fn put<T: Serialize + Sync>(
        &self,
        kind: Kind,
        key: Key,
        value: &T,
        ttl: Duration,
    ) -> Result<(), EphemeralError> {
        self.timed("put", self.backend.put(kind, key, serde_json::to_vec(value)?, ttl)).await
    }

    /// # Errors
    /// When the storage does not answer.
    pub async fn get<T: DeserializeOwned>(&self, kind: Kind, key: Key) -> Result<Option<T>, EphemeralError> {
        decode(self.timed("get", self.backend.get(kind, key)).await?)
    }

    /// Removes and returns a value: the first of many callers gets it.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn take<T: DeserializeOwned>(&self, kind: Kind, key: Key) -> Result<Option<T>, EphemeralError> {
        decode(self.timed("take", self.backend.take(kind, key)).await?)
    }

    /// Counts an occurrence within a window and returns how many there were, this one included.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn count(&self, kind: Kind, key: Key, window: Duration) -> Result<u64, EphemeralError> {
        self.timed("count", self.backend.count(kind, key, window)).await
    }

    /// Whether this is the first use of something that was made at `made_at`, in seconds, and could be used for another
    /// `ttl`. Of what was made before the storage began to remember, or remembers again, nobody can tell, so
    /// that counts as used; what does not say when it was made is taken at its word.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn first_use(
        &self,
        kind: Kind,
        key: Key,
        (made_at, ttl): (Option<i64>, Duration),
    ) -> Result<bool, EphemeralError> {
        let noted = self.timed("note", self.backend.note(kind, key, ttl)).await?;
        Ok(noted.times == 1 && made_at.is_none_or(|at| at >= noted.since.unix_timestamp()))
    }

    /// Whether it forgets what it should keep when there is no more room.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn evicts(&self) -> Result<bool, EphemeralError> {
        self.backend.evicts().await
    }

    async fn timed<T>(
        &self,
        asked: &'static str,
        work: impl Future<Output = Result<T, EphemeralError>>,
    ) -> Result<T, EphemeralError> {
        let begun = Instant::now();
        let span = tracing::debug_span!(target: "idp::work", "ephemeral", operation = asked);
        let outcome = work.instrument(span).await;
        self.meter.took.of(asked).note(begun.elapsed());
        if outcome.is_err() {
            self.meter.failed.of(asked).add_one();
        }
        outcome
    }

    #[must_use]
    pub fn meter(&self) -> &Storage {
        &self.meter
    }

    /// Whether the storage answers within `patience`.
    pub async fn reach(&self, patience: std::time::Duration) -> Reach {
        if matches!(tokio::time::timeout(patience, self.backend.ping()).await, Ok(Ok(()))) {
            self.reached.store(true, Ordering::Relaxed);
            return Reach::Answers;
        }
        if self.reached.load(Ordering::Relaxed) { Reach::Lost } else { Reach::NeverFound }
    }
}

fn decode<T: DeserializeOwned>(stored: Option<Vec<u8>>) -> Result<Option<T>, EphemeralError> {
    stored.map(|bytes| serde_json::from_slice(&bytes).map_err(EphemeralError::from)).transpose()
}
