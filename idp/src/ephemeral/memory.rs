//! Ephemeral storage in this process, for one node. Bounded for each kind of entry: when one kind is
//! full of live entries, new ones of it are refused rather than old ones forgotten, and the other
//! kinds go on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{Backend, EphemeralError, Key, Kind, Noted};
use crate::clock::SharedClock;
use crate::model::moment::{is_to_come, latest};

/// Of one kind, keys and bookkeeping included.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Of what strangers begin and people need half an hour for: many networks together have to fill it.
const MAX_BYTES_OF_ATTEMPTS: usize = 128 * 1024 * 1024;
/// What an entry costs besides its value.
const ENTRY_BYTES: usize = 160;
/// Expired entries are swept out each time this many have been added…
const SWEEP_EVERY: usize = 1_000;
/// …and when a kind is full, but not again within this time.
const SWEEP_PAUSE: Duration = Duration::seconds(1);

#[derive(Debug)]
pub struct Memory {
    clock: SharedClock,
    /// What came before was forgotten with the process before this one.
    since: Mutex<OffsetDateTime>,
    kinds: Mutex<HashMap<Kind, Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    map: HashMap<Key, Entry>,
    bytes: usize,
    since_sweep: usize,
    swept_at: Option<OffsetDateTime>,
}

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    count: u64,
    made_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl Entry {
    /// A clock that is set back prolongs nothing: what was put here later than now is gone.
    fn is_there(&self, now: OffsetDateTime) -> bool {
        self.expires_at > now && !is_to_come(self.made_at, now)
    }

    fn bytes(&self) -> usize {
        self.value.len().saturating_add(ENTRY_BYTES)
    }
}

const fn room_for(kind: Kind) -> usize {
    match kind {
        Kind::Attempt => MAX_BYTES_OF_ATTEMPTS,
        _ => MAX_BYTES,
    }
}

impl Memory {
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { since: Mutex::new(clock.now()), clock, kinds: Mutex::default() }
    }

    /// A clock that was ahead at the start and was set back: what came before that moment is not known either, and what
    /// comes from then on is.
    fn since(&self) -> OffsetDateTime {
        let now = self.clock.now();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = (*since).min(now);
        *since
    }

    /// No code that holds the lock can panic half-way through a change, so a poisoned lock is sound.
    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Entries>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let removed = self.map.remove(key)?;
        self.bytes = self.bytes.saturating_sub(removed.bytes());
        Some(removed)
    }

    fn insert(
        &mut self,
        (key, entry): (Key, Entry),
        now: OffsetDateTime,
        room: usize,
    ) -> Result<(), EphemeralError> {
        // What replaces an entry needs no more room than that had, give or take; a flow under way
        // goes on even when no new one may begin.
        if self.remove(&key).is_none() {
            self.make_room(now, room)?;
        }
        self.bytes = self.bytes.saturating_add(entry.bytes());
        self.map.insert(key, entry);
        Ok(())
    }

    fn make_room(&mut self, now: OffsetDateTime, room: usize) -> Result<(), EphemeralError> {
        self.since_sweep = self.since_sweep.saturating_add(1);
        let rested = self.swept_at.is_none_or(|at| (now - at).abs() >= SWEEP_PAUSE);
        if self.since_sweep >= SWEEP_EVERY || self.bytes >= room && rested {
            let latest = latest(now);
            // A count goes on whatever the clock does.
            self.map
                .retain(|_, entry| entry.expires_at > now && (entry.count > 0 || entry.made_at <= latest));
            self.bytes = self.map.values().map(Entry::bytes).sum();
            self.since_sweep = 0;
            self.swept_at = Some(now);
        }
        if self.bytes >= room {
            return Err(EphemeralError::Unavailable("too much of one kind is under way at once".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for Memory {
    async fn put(&self, kind: Kind, key: Key, value: Vec<u8>, ttl: Duration) -> Result<(), EphemeralError> {
        let now = self.clock.now();
        let entry = Entry { value, count: 0, made_at: now, expires_at: now + ttl };
        self.lock().entry(kind).or_default().insert((key, entry), now, room_for(kind))
    }

    async fn get(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        let now = self.clock.now();
        let kinds = self.lock();
        let entry = kinds.get(&kind).and_then(|entries| entries.map.get(&key));
        Ok(entry.filter(|entry| entry.is_there(now)).map(|entry| entry.value.clone()))
    }

    async fn take(&self, kind: Kind, key: Key) -> Result<Option<Vec<u8>>, EphemeralError> {
        let now = self.clock.now();
        let taken = self.lock().get_mut(&kind).and_then(|entries| entries.remove(&key));
        Ok(taken.filter(|entry| entry.is_there(now)).map(|entry| entry.value))
    }

    async fn count(&self, kind: Kind, key: Key, window: Duration) -> Result<u64, EphemeralError> {
        let now = self.clock.now();
        let mut kinds = self.lock();
        let entries = kinds.entry(kind).or_default();
        if let Some(entry) = entries.map.get_mut(&key).filter(|entry| entry.expires_at > now) {
            entry.count = entry.count.saturating_add(1);
            if is_to_come(entry.made_at, now) {
                // A count outlives a clock that is set back, but for no longer than one that begins now.
                entry.expires_at = entry.expires_at.min(now + window);
            }
            return Ok(entry.count);
        }
        let first = Entry { value: Vec::new(), count: 1, made_at: now, expires_at: now + window };
        entries.insert((key, first), now, room_for(kind))?;
        Ok(1)
    }

    async fn note(&self, kind: Kind, key: Key, ttl: Duration) -> Result<Noted, EphemeralError> {
        Ok(Noted { times: self.count(kind, key, ttl).await?, since: self.since() })
    }

    async fn ping(&self) -> Result<(), EphemeralError> {
        Ok(())
    }

    async fn evicts(&self) -> Result<bool, EphemeralError> {
        Ok(false)
    }
}
