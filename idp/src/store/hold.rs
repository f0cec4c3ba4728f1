//! Who works on an embedded database. Whoever has it open holds the file `idp.lock` beside it together with all others;
//! whoever puts another database in its place, or takes its contents away, holds it alone. The kernel lets go of it when
//! the process ends, however it ends. Never waits.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

const NAME: &str = "idp.lock";

/// Held until it is dropped.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the kernel lets go when it is closed")] File);

/// Why the file can not be held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error(
        "Something works on the database in {0}: the service, or another command. Stop it (systemctl stop portico, or \
         SIGTERM to `idp serve`), then run this again."
    )]
    InUse(String),
    #[error(
        "Another database is being put in place in {0}, or its contents are being moved. Wait until that is done."
    )]
    Taken(String),
    #[error("The file {0} can not be locked: {1}")]
    Io(String, std::io::Error),
}

impl Hold {
    /// Together with everybody else who has the database open.
    ///
    /// # Errors
    /// When another database is being put in place.
    pub fn together(folder: &Path) -> Result<Self, HoldError> {
        Self::take(folder, FlockOperation::NonBlockingLockShared, HoldError::Taken)
    }

    /// Alone: nobody has the database open, and nobody can open it until this is dropped.
    ///
    /// # Errors
    /// When somebody has.
    pub fn alone(folder: &Path) -> Result<Self, HoldError> {
        Self::take(folder, FlockOperation::NonBlockingLockExclusive, HoldError::InUse)
    }

    /// What root makes in a folder of the service is the service's, which could not open it otherwise.
    ///
    /// # Errors
    /// When it can not be given away.
    pub fn give_to_owner_of(folder: &Path, file: &File) -> std::io::Result<()> {
        let (owner, current) = (std::fs::metadata(folder)?, file.metadata()?);
        if !rustix::process::geteuid().is_root() || owner.uid() == current.uid() {
            return Ok(());
        }
        std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))
    }

    fn take(
        folder: &Path,
        how: FlockOperation,
        others: impl Fn(String) -> HoldError,
    ) -> Result<Self, HoldError> {
        let path = folder.join(NAME);
        let failed = |error: std::io::Error| HoldError::Io(path.display().to_string(), error);
        let file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(failed)?;
        Self::give_to_owner_of(folder, &file).map_err(failed)?;
        match flock(&file, how) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => Err(others(folder.display().to_string())),
            Err(error) => Err(failed(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_holds_it_alone_excludes_everybody_and_is_excluded_by_anybody() {
        let folder = std::env::temp_dir().join(format!("idp-hold-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (first, second) = (Hold::together(&folder).unwrap(), Hold::together(&folder).unwrap());
        assert!(matches!(Hold::alone(&folder), Err(HoldError::InUse(_))));
        drop((first, second));
        let alone = Hold::alone(&folder).unwrap();
        assert!(matches!(Hold::together(&folder), Err(HoldError::Taken(_))));
        assert!(matches!(Hold::alone(&folder), Err(HoldError::InUse(_))));
        drop(alone);
        drop(Hold::together(&folder).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
