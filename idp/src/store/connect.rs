//! Opening the database: connections and their settings, migrations, the data key.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Executor};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use sea_orm_migration::SchemaManager;

use super::connections::Connections;
use super::failure::passes;
use super::hold::{Hold, HoldError};
use super::{Store, StoreError, keys};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::crypto::random::Entropy;
use crate::crypto::seal::{MasterKey, SealError, Sealer};

/// Why the database can not be used, in words for the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The database {place} can not be opened: {source}")]
    Connect { place: String, source: DbErr },
    #[error("The database {place} is not one of ours or is damaged: {source}. Restore it from a backup.")]
    Damaged { place: String, source: DbErr },
    #[error("The schema of the database {place} can not be brought up to date: {source}")]
    Migrate { place: String, source: DbErr },
    #[error(
        "The database {place} was made by a newer version of this program (it knows {migration}). \
         Start that version, or restore a backup made before the upgrade."
    )]
    Newer { place: String, migration: String },
    #[error(
        "The master key does not open this database. Give the key it was made with \
         (secrets.master_key, or the file master.key in data_dir)."
    )]
    WrongMasterKey,
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Whether it may well be there in a moment.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Connect { source, .. } | Self::Damaged { source, .. } | Self::Migrate { source, .. } => {
                passes(source)
            }
            Self::Store(error) if error.passes() => true,
            Self::Newer { .. } | Self::WrongMasterKey | Self::Hold(_) | Self::Store(_) => false,
        }
    }
}

/// Opens the configured database, brings its schema up to date and unwraps its data keys.
///
/// # Errors
/// Says in one sentence what is wrong and what to do.
pub async fn open(
    config: &Config,
    master: &MasterKey,
    clock: &SharedClock,
    entropy: Entropy,
) -> Result<Store, OpenError> {
    let Connected { writer, reader, hold } = connect(config).await?;
    migrate_in_turn(config, &writer.current()).await?;
    let sealer = Arc::new(unwrap_keys(master, &*writer).await?);
    let mut store =
        Store { writer, reader, sealer, entropy, meter: Arc::default(), recent: Arc::default(), hold };
    if keys::ensure_data_key(&store, master, clock.now()).await? {
        store.sealer = Arc::new(unwrap_keys(master, &*store.writer).await?);
    }
    Ok(store)
}

pub(super) async fn unwrap_keys(master: &MasterKey, db: &impl ConnectionTrait) -> Result<Sealer, OpenError> {
    match Sealer::unwrap_keys(master, &keys::data_keys(db).await?) {
        Ok(sealer) => Ok(sealer),
        Err(SealError::DoesNotOpen) => Err(OpenError::WrongMasterKey),
        Err(error) => Err(StoreError::from(error).into()),
    }
}

/// How far the schema of an existing database is behind this program, without changing anything.
/// `None` when there is no database yet.
///
/// # Errors
/// As [`open`].
pub async fn pending_migrations(config: &Config) -> Result<Option<usize>, OpenError> {
    if config.database.url.is_none() && !config.sqlite_path().exists() {
        return Ok(None);
    }
    let Connected { reader, hold: _hold, .. } = connect(config).await?;
    let reader = reader.current();
    let damaged = |source| OpenError::Damaged { place: place(config), source };
    if !SchemaManager::new(&reader).has_table("seaql_migrations").await.map_err(damaged)? {
        return Ok(None);
    }
    Ok(Some(Migrator::get_pending_migrations(&reader).await.map_err(damaged)?.len()))
}

/// Nodes that start at the same moment change the schema one after the other; whoever comes second finds it done. SQLite
/// has one writer anyway.
async fn migrate_in_turn(config: &Config, db: &DatabaseConnection) -> Result<(), OpenError> {
    let place = place(config);
    if applied(&place, db).await?.is_some_and(|applied| applied.len() == Migrator::migrations().len()) {
        return Ok(());
    }
    let Some(url) = &config.database.url else {
        return migrate_connection(&place, db).await;
    };
    let failed = |source| OpenError::Connect { place: place.clone(), source };
    let mut options = postgres_options(1, url.expose());
    // The lock ends with its connection, and other nodes may take long.
    options.idle_timeout(MIGRATES_WITHIN).max_lifetime(MIGRATES_WITHIN);
    let turn = Database::connect(options).await.map_err(failed)?;
    turn.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATING})")).await.map_err(failed)?;
    let done = migrate_connection(&place, db).await;
    // The lock ends with its connection, whatever is said about closing it.
    let _ = turn.close().await;
    done
}

/// Brings a schema up to date that is ours and not of a newer program.
pub(super) async fn migrate_connection(place: &str, db: &DatabaseConnection) -> Result<(), OpenError> {
    applied(place, db).await?;
    Migrator::up(db, None).await.map_err(|source| {
        // SQLite's own words for a file that is not, or no longer, a database.
        let text = source.to_string();
        let place = place.to_owned();
        if text.contains("malformed") || text.contains("not a database") {
            return OpenError::Damaged { place, source };
        }
        OpenError::Migrate { place, source }
    })
}

/// The migrations that a database has been through, in order; all of them are known to this program. `None` where
/// nothing of ours is.
pub(super) async fn applied(place: &str, db: &DatabaseConnection) -> Result<Option<Vec<String>>, OpenError> {
    let damaged = |source| OpenError::Damaged { place: place.to_owned(), source };
    if !SchemaManager::new(db).has_table("seaql_migrations").await.map_err(damaged)? {
        return Ok(None);
    }
    let known: Vec<String> =
        Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = Migrator::get_migration_models(db).await.map_err(damaged)?;
    let applied: Vec<String> = applied.into_iter().map(|model| model.version).collect();
    match applied.iter().find(|name| !known.contains(name)) {
        Some(newer) => Err(OpenError::Newer { place: place.to_owned(), migration: newer.clone() }),
        None => Ok(Some(applied)),
    }
}

fn place(config: &Config) -> String {
    match &config.database.url {
        None => config.sqlite_path().display().to_string(),
        Some(url) => place_of(url.expose()),
    }
}

/// The URL may carry a password; the host and name are enough to know which one is meant.
pub(super) fn place_of(url: &str) -> String {
    url::Url::parse(url).map_or_else(
        |_| "given by database.url".to_owned(),
        |url| format!("{}{}", url.host_str().unwrap_or_default(), url.path()),
    )
}

struct Connected {
    writer: Arc<Connections>,
    reader: Arc<Connections>,
    /// Where the database is a file.
    hold: Option<Arc<Hold>>,
}

async fn connect(config: &Config) -> Result<Connected, OpenError> {
    let failed = |source| OpenError::Connect { place: place(config), source };
    let Some(url) = &config.database.url else {
        let hold = Arc::new(Hold::together(&config.data_dir)?);
        let (writer, reader) = sqlite(&config.sqlite_path()).await.map_err(failed)?;
        return Ok(Connected { writer, reader, hold: Some(hold) });
    };
    let mut options = postgres_options(config.database.max_connections, url.expose());
    // A transaction whose node has vanished lets go of what it holds.
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move {
                let ours = super::connections::settings();
                connection.execute(sea_orm::sqlx::AssertSqlSafe(ours)).await.map(|_| ())
            })
        })
    });
    let pool = Arc::new(Connections::open(options).await.map_err(failed)?);
    Ok(Connected { writer: Arc::clone(&pool), reader: pool, hold: None })
}

/// One writer, because SQLite has one and sqlx's queue in front of it is fairer than SQLite's
/// locks; several readers, which in WAL mode never wait for it.
pub(super) async fn sqlite(path: &Path) -> Result<(Arc<Connections>, Arc<Connections>), DbErr> {
    let writer = Connections::open(sqlite_options(path, "rwc", 1)).await?;
    // Also finds out now, and not at the first sign-in, that the file is no database.
    writer.execute_unprepared("SELECT count(*) FROM sqlite_master").await?;
    let reader = Connections::open(sqlite_options(path, "ro", 4)).await?;
    Ok((Arc::new(writer), Arc::new(reader)))
}

pub(super) fn sqlite_options(path: &Path, mode: &str, connections: u32) -> ConnectOptions {
    let file = percent_encoding::utf8_percent_encode(&path.to_string_lossy(), PATH_SAFE).to_string();
    let mut options = ConnectOptions::new(format!("sqlite://{file}?mode={mode}"));
    let read_only = mode == "ro";
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(5))
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                .pragma("cache_size", "-8000")
                .pragma("temp_store", "MEMORY");
            if read_only {
                return sqlite;
            }
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                // A code that was redeemed must stay redeemed when the power fails.
                .synchronous(SqliteSynchronous::Full)
                // A key that was deleted so that nothing opens with it is not left behind in its page.
                .pragma("secure_delete", "FAST")
                .pragma("wal_autocheckpoint", "1000")
                .pragma("journal_size_limit", "67108864")
        })
        .map_sqlx_sqlite_pool_opts(|pool| {
            // After a failed write SQLite may end a transaction by itself. Its connection then believes to be inside of
            // one, and would acknowledge what it never commits.
            pool.before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
        });
    options
}

pub(super) fn postgres_options(connections: usize, url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(u32::try_from(connections).unwrap_or(u32::MAX))
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(5))
        // Waiting longer than this for a connection is worse than an honest "try again".
        .acquire_timeout(Duration::from_secs(1))
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    options
}

/// So long a node may hold the lock, and others wait for it.
const MIGRATES_WITHIN: Duration = Duration::from_hours(24);
/// The number of the advisory lock: "portico" in bytes. It is of this database alone.
const MIGRATING: i64 = 0x70_6f72_7469_636f;

/// What may stand in the path of a SQLite URL as it is.
const PATH_SAFE: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%');
