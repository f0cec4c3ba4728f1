//! How much room there is where the embedded database lies. Only looks.

use std::path::Path;

/// Of a whole disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub left: u64,
    pub whole: u64,
}

/// With less than this nothing can be written.
const NONE: u64 = 256 * 1024;

impl Room {
    /// `None`: nobody can tell.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Some(Self { left: bytes(disk.f_bavail), whole: bytes(disk.f_blocks) })
    }

    #[must_use]
    pub const fn is_none(self) -> bool {
        self.left < NONE
    }
}
