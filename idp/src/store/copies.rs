//! Copies of an embedded database as files: made while others work on it, looked into, and opened to be put in its
//! place. Knows nothing of where copies are kept and which of them is wanted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr, Statement};

use super::connect::{OpenError, applied, migrate_connection, sqlite, sqlite_options, unwrap_keys};
use super::connections::Connections;
use super::{Result, Store, StoreError, keys};
use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::seal::MasterKey;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the disk is full")]
    Full,
    #[error("a query failed")]
    Failed(#[source] DbErr),
}

impl From<DbErr> for CopyError {
    fn from(error: DbErr) -> Self {
        if is_full(&error) { Self::Full } else { Self::Failed(error) }
    }
}

fn is_full(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    // SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHMSIZE: what a disk without room answers.
    let code = error.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["13", "778", "1034", "4874"].contains(&&*code))
}

/// Writes all that is committed now into an empty file that there is, in one view of it; nobody is held up.
///
/// # Errors
/// When it could not be written; the file is then worth nothing.
pub async fn write(config: &Config, into: &Path) -> std::result::Result<(), CopyError> {
    let db = Database::connect(sqlite_options(&config.sqlite_path(), "ro", 1)).await?;
    let path = into.to_string_lossy().into_owned();
    let sql = Statement::from_sql_and_values(db.get_database_backend(), "VACUUM INTO ?", [path.into()]);
    let written = db.execute_raw(sql).await;
    db.close().await?;
    written?;
    Ok(())
}

/// A copy that can be read.
#[derive(Debug)]
pub struct Copy {
    pub store: Store,
    /// The last migration it has been through.
    pub migration: String,
    /// How many more there are by now.
    pub pending: usize,
    /// Which keys its secrets are sealed with, as the database calls them.
    pub data_keys: Vec<String>,
}

/// Why a file can not be used as a copy.
#[derive(Debug, thiserror::Error)]
pub enum NoCopy {
    #[error("{0} is not a database of this program.")]
    NotOurs(String),
    #[error("{place} is damaged: {what}. Take another backup.")]
    Damaged { place: String, what: String },
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<StoreError> for NoCopy {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

/// Opens a copy to read from it, and looks at every page of it. Nothing of it changes.
///
/// # Errors
/// When it is damaged, not ours, newer than this program, or sealed with another key.
pub async fn look(path: &Path, master: &MasterKey, entropy: Entropy) -> std::result::Result<Copy, NoCopy> {
    let place = path.display().to_string();
    let failed = |source: DbErr| no_copy(&place, &source);
    let db = Arc::new(Connections::open(sqlite_options(path, "ro", 1)).await.map_err(failed)?);
    check(&place, &db.current()).await?;
    opened(&place, (Arc::clone(&db), db), (master, entropy)).await
}

/// Opens a copy to put it in the place of a database, after looking at every page of it, and brings its schema up to
/// date.
///
/// # Errors
/// As [`look`].
pub async fn adopt(path: &Path, master: &MasterKey, entropy: Entropy) -> std::result::Result<Copy, NoCopy> {
    let place = path.display().to_string();
    let failed = |source: DbErr| no_copy(&place, &source);
    let (writer, reader) = sqlite(path).await.map_err(failed)?;
    check(&place, &writer.current()).await?;
    // Whether it is the right key is asked before anything is changed.
    drop(unwrap_keys(master, &*writer).await?);
    migrate_connection(&place, &writer.current()).await?;
    opened(&place, (writer, reader), (master, entropy)).await
}

/// Folds the log of writes of a database that nobody has open into its file. `false`: it could not be, and the log is
/// still there.
pub async fn fold(path: &Path) -> bool {
    let Ok(db) = Database::connect(sqlite_options(path, "rw", 1)).await else { return false };
    let folded = db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.is_ok();
    db.close().await.is_ok() && folded && !is_something(&beside(path, "-wal"))
}

/// The files that SQLite keeps beside a database while it is in use.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether a file is there, and not empty.
#[must_use]
pub fn is_something(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

async fn check(place: &str, db: &DatabaseConnection) -> std::result::Result<(), NoCopy> {
    let damaged = |what: String| NoCopy::Damaged { place: place.to_owned(), what };
    let whole = texts(db, "PRAGMA integrity_check").await.map_err(|source| no_copy(place, &source))?;
    if let Some(wrong) = whole.iter().find(|line| *line != "ok") {
        return Err(damaged(wrong.clone()));
    }
    let loose = texts(db, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check").await;
    match loose.map_err(|source| no_copy(place, &source))?.first() {
        Some(table) => Err(damaged(format!("rows of table {table} refer to what is not there"))),
        None => match applied(place, db).await? {
            Some(done) if !done.is_empty() => Ok(()),
            _ => Err(NoCopy::NotOurs(place.to_owned())),
        },
    }
}

async fn opened(
    place: &str,
    (writer, reader): (Arc<Connections>, Arc<Connections>),
    (master, entropy): (&MasterKey, Entropy),
) -> std::result::Result<Copy, NoCopy> {
    let done = applied(place, &writer.current()).await?.unwrap_or_default();
    let migration = done.last().cloned().unwrap_or_default();
    let pending = Migrator::migrations().len().saturating_sub(done.len());
    let data_keys: Vec<String> = keys::data_keys(&*writer).await?.into_iter().map(|key| key.id).collect();
    if data_keys.is_empty() {
        return Err(NoCopy::NotOurs(place.to_owned()));
    }
    let sealer = Arc::new(unwrap_keys(master, &*writer).await?);
    let store =
        Store { writer, reader, sealer, entropy, meter: Arc::default(), recent: Arc::default(), hold: None };
    Ok(Copy { store, migration, pending, data_keys })
}

async fn texts(db: &DatabaseConnection, sql: &str) -> std::result::Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// In SQLite's own words, which are short.
fn no_copy(place: &str, error: &DbErr) -> NoCopy {
    let what = match error {
        DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error)) => {
            error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
        }
        error => error.to_string(),
    };
    NoCopy::Damaged { place: place.to_owned(), what }
}

/// Where the audit chain of a database ends, whatever version of the schema it has.
///
/// # Errors
/// When it can not be read.
pub async fn audit_head(copy: &Copy) -> Result<(i64, Vec<u8>)> {
    super::audit::head(&copy.store).await
}
