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

#[derive(Debug, Default)]
pub struct Journal(Mutex<BTreeMap<Job, Run>>);

impl Journal {
    pub fn note(&self, job: Job, run: Run) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job, run);
    }

    /// `None`: not since this node started.
    #[must_use]
    pub fn last(&self, job: Job) -> Option<Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned()
    }
}
