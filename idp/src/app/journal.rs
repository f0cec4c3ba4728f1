//! When each thing that happens by itself last happened on this node, and what came of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Mail, and what becomes mail.
    Mails,
    /// Applications are told of log-outs.
    Notices,
    Keys,
    Audit,
    /// What the first page of the console counts.
    Figures,
    /// Removing what has expired.
    Purge,
    Certificate,
    /// What a wrong password costs where imported hashes wait.
    Passwords,
    /// What was set in the console on another node.
    Settings,
}

impl Job {
    pub const ALL: [Self; 9] = [
        Self::Mails,
        Self::Notices,
        Self::Keys,
        Self::Audit,
        Self::Figures,
        Self::Purge,
        Self::Certificate,
        Self::Passwords,
        Self::Settings,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mails => "mails",
            Self::Notices => "notices",
            Self::Keys => "keys",
            Self::Audit => "audit",
            Self::Figures => "figures",
            Self::Purge => "purge",
            Self::Certificate => "certificate",
            Self::Passwords => "passwords",
            Self::Settings => "settings",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub at: OffsetDateTime,
    /// Why it failed.
    pub error: Option<String>,
}

/// What there is to say about a job since this node started.
#[derive(Debug, Clone, Default)]
pub struct Past {
    pub last: Option<Run>,
    pub succeeded_at: Option<OffsetDateTime>,
    pub failures: u64,
}

#[derive(Debug, Default)]
pub struct Journal(Mutex<BTreeMap<Job, Past>>);

impl Journal {
    pub fn note(&self, job: Job, run: Run) {
        let mut journal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let past = journal.entry(job).or_default();
        match run.error {
            None => past.succeeded_at = Some(run.at),
            Some(_) => past.failures += 1,
        }
        past.last = Some(run);
    }

    /// `None`: not since this node started.
    #[must_use]
    pub fn last(&self, job: Job) -> Option<Run> {
        self.past(job).last
    }

    #[must_use]
    pub fn past(&self, job: Job) -> Past {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned().unwrap_or_default()
    }
}
