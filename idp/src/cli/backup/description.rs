//! What is written beside a backup: where it comes from and how to tell that it is still the same. Nothing secret.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::crypto::sha256_of;

const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Description {
    pub(in crate::cli) format: u32,
    /// The version that wrote it.
    pub(in crate::cli) program: String,
    pub(in crate::cli) database: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(in crate::cli) made_at: OffsetDateTime,
    pub(in crate::cli) last_migration: String,
    pub(in crate::cli) audit: Head,
    /// What the master key is called that opens it. The key itself is not here.
    pub(in crate::cli) master_key: String,
    pub(in crate::cli) data_keys: Vec<String>,
    pub(in crate::cli) bytes: u64,
    pub(in crate::cli) sha256: String,
}

/// Where the audit trail ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Head {
    pub(in crate::cli) sequence: i64,
    pub(in crate::cli) hash: String,
}

impl Description {
    pub(super) const fn format() -> u32 {
        FORMAT
    }

    /// Beside the backup.
    pub(in crate::cli) fn place(backup: &Path) -> PathBuf {
        crate::store::copies::beside(backup, ".json")
    }

    /// `None`: there is none beside the file, as with a copy that something else made.
    ///
    /// # Errors
    /// When there is one that can not be read.
    pub(in crate::cli) fn read(backup: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::place(backup);
        if !path.exists() {
            return Ok(None);
        }
        let place = path.display();
        let text = std::fs::read(&path).with_context(|| format!("{place} can not be read"))?;
        let read: Self = serde_json::from_slice(&text).with_context(|| {
            format!(
                "{place} does not describe a backup. If you are sure of the backup, move this file away and try again"
            )
        })?;
        anyhow::ensure!(
            read.format <= FORMAT,
            "{place} was written by a newer version of this program ({}). Restore with that version.",
            read.program
        );
        Ok(Some(read))
    }
}

/// The length and the hash of a file.
pub(in crate::cli) fn measure(path: &Path) -> std::io::Result<(u64, String)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let hash = sha256_of(file)?;
    Ok((bytes, hash.iter().map(|byte| format!("{byte:02x}")).collect()))
}
