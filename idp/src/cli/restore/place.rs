//! The files of a restore: a copy beside the database that takes its place in one step when it is ready.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::store::Hold;
use crate::store::copies::{beside, fold, is_something};

/// What SQLite keeps beside a database that is, or was not cleanly, in use.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A copy of a backup. Dropped before it has taken its place, it is gone.
pub(super) struct Staged {
    path: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// Copies the backup to the disk of the database, and `with_log` its log of writes, as beside a copy of files in use. What a
    /// restore that was broken off has left there goes: whoever calls this is alone.
    pub(super) fn copy(source: &Path, target: &Path, with_log: bool) -> anyhow::Result<Self> {
        let staged = Self { path: beside(target, ".restoring"), target: target.to_owned() };
        staged.clear();
        let log = beside(source, "-wal");
        let mut pieces = vec![(source.to_owned(), staged.path.clone())];
        if with_log && is_something(&log) {
            pieces.push((log, beside(&staged.path, "-wal")));
        }
        for (from, to) in pieces {
            copy(&from, &to).with_context(|| {
                format!("{} can not be copied to {}. Nothing was changed", from.display(), to.display())
            })?;
        }
        Ok(staged)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of the database. At every moment there is one whole database under its name, if there was
    /// one before; that one is kept beside it.
    pub(super) async fn take_the_place(self, now: OffsetDateTime) -> anyhow::Result<Option<PathBuf>> {
        anyhow::ensure!(
            !is_something(&beside(&self.path, "-wal")),
            "{} could not be brought to an end: something else has it open. Nothing was changed.",
            self.path.display()
        );
        File::open(&self.path)?.sync_all()?;
        let aside = self.free_name(now)?;
        let aside = if self.target.exists() {
            self.set_aside(&aside).await?;
            Some(aside)
        } else {
            // What is left of a database that is gone would be taken for a part of this one.
            self.move_logs(&aside)?;
            None
        };
        std::fs::rename(&self.path, &self.target)
            .with_context(|| format!("{} can not be put in place", self.path.display()))?;
        if let Some(folder) = self.target.parent() {
            Hold::give_to_owner_of(folder, &File::open(&self.target)?)?;
            File::open(folder)?.sync_all()?;
        }
        Ok(aside)
    }

    fn free_name(&self, now: OffsetDateTime) -> anyhow::Result<PathBuf> {
        let format = format_description!(".before-restore-[year][month][day]T[hour][minute][second]Z");
        let moment = now.format(format)?;
        let names = (1..100).map(|number| match number {
            1 => moment.clone(),
            number => format!("{moment}-{number}"),
        });
        let aside = names.map(|name| beside(&self.target, &name)).find(|path| !path.exists());
        aside.context("The folder is full of databases that were set aside")
    }

    /// Gives the database that is there a second name, under which it stays. A log of writes that can not be folded into
    /// it goes along, last: without it the database is not all that was acknowledged.
    async fn set_aside(&self, aside: &Path) -> anyhow::Result<()> {
        fold(&self.target).await;
        if std::fs::hard_link(&self.target, aside).is_err() {
            // A file system without second names.
            std::fs::rename(&self.target, aside).with_context(|| {
                format!("{} can not be moved to {}", self.target.display(), aside.display())
            })?;
        }
        self.move_logs(aside)
    }

    fn move_logs(&self, aside: &Path) -> anyhow::Result<()> {
        for ending in BESIDE {
            let left = beside(&self.target, ending);
            if left.exists() {
                std::fs::rename(&left, beside(aside, ending))
                    .with_context(|| format!("{} can not be moved aside", left.display()))?;
            }
        }
        Ok(())
    }

    fn clear(&self) {
        for ending in [""].iter().chain(&BESIDE) {
            let _ = std::fs::remove_file(beside(&self.path, ending));
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.clear();
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    std::io::copy(&mut from, &mut to)?;
    to.sync_all()
}
