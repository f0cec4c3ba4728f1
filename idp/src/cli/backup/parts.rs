//! A backup on its way to its name: the database and what describes it. Whoever writes one holds the description, so that
//! what is left of one that was killed can be told from what another is writing.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::description::Description;
use crate::store::copies::beside;

const ENDING: &str = ".part";
/// How a database of ours begins, and how while it is written: its first page is the last one.
const BEGINNINGS: [&[u8]; 3] = [b"", &[0; 16], b"SQLite format 3\0"];

/// Dropped before it has its name, it is gone.
pub(super) struct Parts {
    target: PathBuf,
    held: File,
    whole: bool,
}

impl Parts {
    pub(super) fn make(target: &Path) -> anyhow::Result<Self> {
        let (database, words) = names(target);
        let held = new(&words)?;
        // Whoever looks for what is left holds it while they do. On a file system without locks nothing that is left is ever
        // removed.
        let _ = flock(&held, FlockOperation::LockExclusive);
        if !is_still(&held, &words) {
            bail!("{} was taken for left over by another backup. Try again.", words.display());
        }
        new(&database).inspect_err(|_| drop(std::fs::remove_file(&words)))?;
        Ok(Self { target: target.to_owned(), held, whole: false })
    }

    /// Where the database is written.
    pub(super) fn database(&self) -> PathBuf {
        names(&self.target).0
    }

    /// Gives both their names, if nobody has those by now, when all of them is on the disk. Whoever finds a backup finds
    /// what describes it.
    pub(super) fn become_whole(mut self, description: &Description) -> std::io::Result<()> {
        let (database, words) = names(&self.target);
        let described = Description::place(&self.target);
        serde_json::to_writer_pretty(&self.held, description)?;
        (&self.held).write_all(b"\n")?;
        self.held.sync_all()?;
        File::open(&database)?.sync_all()?;
        rename(&words, &described)?;
        rename(&database, &self.target).inspect_err(|_| {
            remove(&self.target);
            drop(std::fs::remove_file(&described));
        })?;
        self.whole = true;
        self.target.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if !self.whole {
            remove(&self.target);
        }
    }
}

fn names(target: &Path) -> (PathBuf, PathBuf) {
    (beside(target, ENDING), beside(&Description::place(target), ENDING))
}

fn new(path: &Path) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} is there: another backup is being written, or it is of something else. Choose another name, or move it away.",
            path.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} can not be made", path.display())),
    }
}

fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that does not know how: nobody else is expected to want this name.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if !to.exists() => std::fs::rename(from, to),
        renamed => Ok(renamed?),
    }
}

fn remove(target: &Path) {
    let (database, words) = names(target);
    for path in [&beside(&database, "-journal"), &database, &words] {
        let _ = std::fs::remove_file(path);
    }
}

/// Removes what backups into this folder have left that were killed.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let target = name.to_str().and_then(|name| name.strip_suffix(ENDING));
        // Of one that was killed at once there is only the description.
        let target = target.map(|name| name.strip_suffix(".json").unwrap_or(name));
        if let Some(target) =
            target.filter(|name| name.starts_with("portico-") && name.strip_suffix(".db").is_some())
        {
            remove_left(&folder.join(target));
        }
    }
}

/// Removes what is left of a backup of this name, if it is one and nobody is writing it.
pub(super) fn remove_left(target: &Path) {
    let (database, words) = names(target);
    // One that was killed between its two renames has left its description under the name of a whole one.
    let described = Description::place(target);
    let (held, place, named) = match (File::open(&words), File::open(&described)) {
        (Ok(held), _) => (held, &words, false),
        (Err(_), Ok(held)) => (held, &described, true),
        _ => return,
    };
    // Held until it is removed. Who was faster by a moment is left alone.
    if flock(&held, FlockOperation::NonBlockingLockExclusive).is_err() || !is_still(&held, place) {
        return;
    }
    let left = if named {
        !target.exists() && !words.exists() && is_described(&held, &database)
    } else if database.exists() {
        is_ours(&database)
    } else {
        is_empty(&held) || description_in(&held).is_some()
    };
    if left {
        remove(target);
        let _ = std::fs::remove_file(place);
        tracing::warn!(backup = %target.display(), "what was left of a backup that was broken off has been removed");
    }
}

fn description_in(held: &File) -> Option<Description> {
    serde_json::from_reader(held).ok()
}

/// Whether the file is the database that is described.
fn is_described(held: &File, database: &Path) -> bool {
    let length = std::fs::metadata(database).map(|database| database.len());
    is_ours(database)
        && description_in(held)
            .is_some_and(|description| length.is_ok_and(|length| length == description.bytes))
}

fn is_still(held: &File, path: &Path) -> bool {
    let (held, there) = (held.metadata(), std::fs::metadata(path));
    held.is_ok_and(|held| there.is_ok_and(|there| (held.dev(), held.ino()) == (there.dev(), there.ino())))
}

fn is_empty(held: &File) -> bool {
    held.metadata().is_ok_and(|held| held.len() == 0)
}

fn is_ours(database: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(database).and_then(|file| file.take(16).read_to_end(&mut beginning));
    read.is_ok() && BEGINNINGS.contains(&beginning.as_slice())
}
