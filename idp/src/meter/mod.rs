//! What is counted while the service runs, in memory, each number where its thing happens. Knows nobody who reads
//! the numbers, and decides nothing. Whatever numbers are told apart by is a text of this program (`&'static str`) or
//! a route of its table: no visitor can make another row, and none of them names anybody.

mod number;

use std::sync::{Arc, OnceLock};

pub use number::{BOUNDS, Count, Held, Level, Table, Timing};

/// What is counted at the edges. What the database, ephemeral storage and the password workers count stands with them.
#[derive(Debug, Default)]
pub struct Meters {
    pub requests: Requests,
    pub connections: Arc<Connections>,
    pub sign_ins: SignIns,
    pub tokens: Tokens,
    /// What is sent to a collector, where anything is.
    pub exports: OnceLock<Arc<Exports>>,
}

/// A route as the table has it, never a path as it was sent; a method that HTTP knows; and how it ended: `2xx` to
/// `5xx`, or `gone` where whoever asked hung up first.
pub type Answered = (Arc<str>, &'static str, &'static str);

#[derive(Debug, Default)]
pub struct Requests {
    pub answered: Table<Answered, Count>,
    /// By route.
    pub took: Table<Arc<str>, Timing>,
    pub under_way: Level,
}

#[derive(Debug, Default)]
pub struct Connections {
    pub open: Level,
    /// So often somebody had to wait, because as many as may be were open.
    pub full: Count,
}

/// What people present, and what came of it.
#[derive(Debug, Default)]
pub struct SignIns {
    /// By way and outcome.
    pub steps: Table<(&'static str, &'static str), Count>,
    /// Guesses that were not looked at, by why.
    pub turned_away: Table<&'static str, Count>,
}

/// What applications are given at the token endpoint, or refused.
#[derive(Debug, Default)]
pub struct Tokens {
    /// By grant and kind of token.
    pub issued: Table<(&'static str, &'static str), Count>,
    /// By error code.
    pub refused: Table<&'static str, Count>,
}

/// What the database does for us.
#[derive(Debug, Default)]
pub struct Database {
    /// Until a transaction may begin: a free connection, and with SQLite the one writer.
    pub begin: Timing,
    pub commit: Timing,
    pub commits: Count,
    /// Dropped without a commit.
    pub given_up: Count,
    /// Records of the audit trail that were committed, by kind.
    pub recorded: Table<&'static str, Count>,
}

/// What ephemeral storage does for us, by what is asked of it.
#[derive(Debug, Default)]
pub struct Storage {
    pub took: Table<&'static str, Timing>,
    pub failed: Table<&'static str, Count>,
}

/// What the password workers do.
#[derive(Debug, Default)]
pub struct Hashing {
    /// The work itself, without the wait for it.
    pub took: Timing,
    /// Turned away because the queue was full.
    pub shed: Count,
}

/// What is sent to a collector, by signal.
#[derive(Debug, Default)]
pub struct Exports {
    pub sent: Table<&'static str, Count>,
    /// By why, too.
    pub dropped: Table<(&'static str, &'static str), Count>,
}
