//! Opening the database: connections and their settings, migrations, the data key.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use sea_orm_migration::SchemaManager;

use super::connections::Connections;
use super::failure::passes;
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
            Self::Store(StoreError::Unavailable(_)) => true,
            Self::Newer { .. } | Self::WrongMasterKey | Self::Store(_) => false,
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
    let (writer, reader) = connect(config).await?;
    migrate_connection(config, &writer.current()).await?;
    let sealer = match Sealer::unwrap_keys(master, &keys::data_keys(&*writer).await?) {
        Ok(sealer) => sealer,
        Err(SealError::DoesNotOpen) => return Err(OpenError::WrongMasterKey),
        Err(error) => return Err(StoreError::from(error).into()),
    };
    let mut store = Store { writer, reader, sealer: Arc::new(sealer), entropy, meter: Arc::default() };
    if keys::ensure_data_key(&store, master, clock.now()).await? {
        let sealer = Sealer::unwrap_keys(master, &keys::data_keys(&*store.writer).await?);
        store.sealer = Arc::new(sealer.map_err(|_| OpenError::WrongMasterKey)?);
    }
    Ok(store)
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
    let (_, reader) = connect(config).await?;
    let reader = reader.current();
    let damaged = |source| OpenError::Damaged { place: place(config), source };
    if !SchemaManager::new(&reader).has_table("seaql_migrations").await.map_err(damaged)? {
        return Ok(None);
    }
    Ok(Some(Migrator::get_pending_migrations(&reader).await.map_err(damaged)?.len()))
}

async fn migrate_connection(config: &Config, db: &DatabaseConnection) -> Result<(), OpenError> {
    let damaged = |source| OpenError::Damaged { place: place(config), source };
    let manager = SchemaManager::new(db);
    if manager.has_table("seaql_migrations").await.map_err(damaged)? {
        let known: Vec<String> =
            Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let applied = Migrator::get_migration_models(db).await.map_err(damaged)?;
        if let Some(newer) = applied.iter().find(|model| !known.contains(&model.version)) {
            return Err(OpenError::Newer { place: place(config), migration: newer.version.clone() });
        }
        if applied.len() == known.len() {
            return Ok(());
        }
    }
    let turn = turn_to_migrate(config).await?;
    let done = Migrator::up(db, None).await.map_err(|source| {
        // SQLite's own words for a file that is not, or no longer, a database.
        let text = source.to_string();
        if text.contains("malformed") || text.contains("not a database") {
            return damaged(source);
        }
        OpenError::Migrate { place: place(config), source }
    });
    if let Some(turn) = turn {
        // The lock ends with its connection, whatever is said about closing it.
        let _ = turn.close().await;
    }
    done
}

/// Nodes that start at the same moment change the schema one after the other; whoever comes second finds it done. SQLite
/// has one writer anyway.
async fn turn_to_migrate(config: &Config) -> Result<Option<DatabaseConnection>, OpenError> {
    let Some(url) = &config.database.url else {
        return Ok(None);
    };
    let failed = |source| OpenError::Connect { place: place(config), source };
    let mut options = postgres_options(config, url.expose());
    options.max_connections(1);
    let turn = Database::connect(options).await.map_err(failed)?;
    turn.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATING})")).await.map_err(failed)?;
    Ok(Some(turn))
}

fn place(config: &Config) -> String {
    match &config.database.url {
        None => config.sqlite_path().display().to_string(),
        // The URL may carry a password; the host and name are enough to know which one is meant.
        Some(url) => url::Url::parse(url.expose()).map_or_else(
            |_| "given by database.url".to_owned(),
            |url| format!("{}{}", url.host_str().unwrap_or_default(), url.path()),
        ),
    }
}

async fn connect(config: &Config) -> Result<(Arc<Connections>, Arc<Connections>), OpenError> {
    let failed = |source| OpenError::Connect { place: place(config), source };
    match &config.database.url {
        None => sqlite(&config.sqlite_path()).await.map_err(failed),
        Some(url) => {
            let pool = Connections::open(postgres_options(config, url.expose())).await.map_err(failed)?;
            let pool = Arc::new(pool);
            Ok((Arc::clone(&pool), pool))
        }
    }
}

/// One writer, because SQLite has one and sqlx's queue in front of it is fairer than SQLite's
/// locks; several readers, which in WAL mode never wait for it.
async fn sqlite(path: &Path) -> Result<(Arc<Connections>, Arc<Connections>), DbErr> {
    let writer = Connections::open(sqlite_options(path, "rwc", 1)).await?;
    // Also finds out now, and not at the first sign-in, that the file is no database.
    writer.execute_unprepared("SELECT count(*) FROM sqlite_master").await?;
    let reader = Connections::open(sqlite_options(path, "ro", 4)).await?;
    Ok((Arc::new(writer), Arc::new(reader)))
}

fn sqlite_options(path: &Path, mode: &str, connections: u32) -> ConnectOptions {
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

fn postgres_options(config: &Config, url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(u32::try_from(config.database.max_connections).unwrap_or(u32::MAX))
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(5))
        // Waiting longer than this for a connection is worse than an honest "try again".
        .acquire_timeout(Duration::from_secs(1))
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    options
}

/// The number of the advisory lock: "portico" in bytes. It is of this database alone.
const MIGRATING: i64 = 0x70_6f72_7469_636f;

/// What may stand in the path of a SQLite URL as it is.
const PATH_SAFE: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%');
