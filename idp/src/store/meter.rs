//! What is counted where the database is used. What a transaction did counts when it is committed, and not before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::{Store, StoreError};
use crate::meter::Database;

/// What is to be counted with the end of one transaction.
#[derive(Debug)]
pub(super) struct Ending {
    meter: Arc<Database>,
    recorded: Mutex<Vec<&'static str>>,
    committed: bool,
}

impl Ending {
    pub(super) const fn of(meter: Arc<Database>) -> Self {
        Self { meter, recorded: Mutex::new(Vec::new()), committed: false }
    }

    pub(super) fn record(&self, kind: &'static str) {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
    }

    pub(super) fn committed(mut self, took: std::time::Duration) {
        self.committed = true;
        self.meter.commit.note(took);
        self.meter.commits.add_one();
        for kind in self.recorded.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.meter.recorded.of(kind).add_one();
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.committed {
            self.meter.given_up.add_one();
        }
    }
}

/// Connections of one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub name: &'static str,
    pub open: u64,
    pub idle: u64,
    pub most: u64,
}

impl Store {
    #[must_use]
    pub fn meter(&self) -> &Database {
        &self.meter
    }

    /// How the pools do: of PostgreSQL there is one, of SQLite one that writes and one that reads.
    #[must_use]
    pub fn pools(&self) -> Vec<Pool> {
        let pool = |connection: &DatabaseConnection, name| match connection.get_database_backend() {
            DbBackend::Sqlite => {
                let pool = connection.get_sqlite_connection_pool();
                of(name, (pool.size(), pool.num_idle(), pool.options().get_max_connections()))
            }
            _ => {
                let pool = connection.get_postgres_connection_pool();
                of(name, (pool.size(), pool.num_idle(), pool.options().get_max_connections()))
            }
        };
        match self.writer.get_database_backend() {
            DbBackend::Sqlite => {
                vec![pool(&self.writer.current(), "writer"), pool(&self.reader.current(), "reader")]
            }
            _ => vec![pool(&self.writer.current(), "pool")],
        }
    }
}

fn of(name: &'static str, (open, idle, most): (u32, usize, u32)) -> Pool {
    Pool { name, open: open.into(), idle: u64::try_from(idle).unwrap_or(u64::MAX), most: most.into() }
}

static UNAVAILABLE: AtomicU64 = AtomicU64::new(0);
static GAVE_WAY: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// An error of the database becomes one of ours without knowing whose it is, so these are the whole process's.
pub(super) fn count(error: &StoreError, gave_way: bool) {
    let which = match error {
        StoreError::Unavailable(_) if gave_way => &GAVE_WAY,
        error if error.passes() => &UNAVAILABLE,
        _ => &FAILED,
    };
    which.fetch_add(1, Ordering::Relaxed);
}

/// How many errors the database gave to this process: out of reach or no connection free, another transaction came
/// first, everything else.
#[must_use]
pub fn errors() -> [(&'static str, u64); 3] {
    [("unavailable", &UNAVAILABLE), ("conflict", &GAVE_WAY), ("failed", &FAILED)]
        .map(|(kind, count)| (kind, count.load(Ordering::Relaxed)))
}
