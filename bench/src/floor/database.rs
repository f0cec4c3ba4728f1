//! One table: rows are found by a hash, and written so that they outlive a loss of power. SQLite has one writer that
//! commits what is waiting together; `PostgreSQL` does that itself.

use anyhow::{Context, anyhow};
use aws_lc_rs::digest;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};
use std::path::Path;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

use super::plan::Place;

/// As many as wait are committed together.
const TOGETHER: usize = 64;
/// Of a row, besides its hash.
const ROW: usize = 400;

pub(super) enum Database {
    Sqlite { readers: SqlitePool, writer: mpsc::Sender<Write> },
    Postgres(PgPool),
}

pub(super) struct Write {
    hash: Vec<u8>,
    done: oneshot::Sender<()>,
}

impl Database {
    pub(super) async fn open(place: &Place) -> anyhow::Result<Self> {
        match place {
            Place::Sqlite(path) => Self::sqlite(path).await.context("SQLite"),
            Place::Postgres(url) => {
                let pool =
                    PgPoolOptions::new().max_connections(8).test_before_acquire(false).connect(url).await?;
                sqlx::query(
                    "CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                     hash bytea NOT NULL UNIQUE, body text NOT NULL)",
                )
                .execute(&pool)
                .await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn sqlite(path: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(5))
            .pragma("cache_size", "-8000")
            .pragma("temp_store", "MEMORY");
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "FAST")
            .pragma("wal_autocheckpoint", "1000")
            .pragma("journal_size_limit", "67108864");
        let mut connection = SqliteConnection::connect_with(&writing).await?;
        sqlx::query(
            "CREATE TABLE kept (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL)",
        )
        .execute(&mut connection)
        .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        let (writer, writes) = mpsc::channel(1024);
        tokio::spawn(write_all(connection, writes));
        Ok(Self::Sqlite { readers, writer })
    }

    /// Keeps these names, so that they are found.
    pub(super) async fn fill(&self, names: &[String]) -> anyhow::Result<()> {
        for name in names {
            self.keep(&hash(name)).await?;
        }
        Ok(())
    }

    /// Whether there is such a row; reads it.
    pub(super) async fn find(&self, name: &str) -> anyhow::Result<bool> {
        let hash = hash(name);
        let body: Option<String> = match self {
            Self::Sqlite { readers, .. } => {
                let row = sqlx::query("SELECT id, hash, body FROM kept WHERE hash = ?").bind(hash);
                row.fetch_optional(readers).await?.map(|row| row.try_get("body")).transpose()?
            }
            Self::Postgres(pool) => {
                let row = sqlx::query("SELECT id, hash, body FROM kept WHERE hash = $1").bind(hash);
                row.fetch_optional(pool).await?.map(|row| row.try_get("body")).transpose()?
            }
        };
        Ok(body.is_some())
    }

    /// Writes a row; it is committed when this returns.
    pub(super) async fn keep(&self, hash: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                let (done, waits) = oneshot::channel();
                let write = Write { hash: hash.to_vec(), done };
                writer.send(write).await.map_err(|_| anyhow!("the writer has stopped"))?;
                waits.await.context("it was not written")
            }
            Self::Postgres(pool) => {
                let row = sqlx::query("INSERT INTO kept (hash, body) VALUES ($1, $2)").bind(hash);
                row.bind("x".repeat(ROW)).execute(pool).await?;
                Ok(())
            }
        }
    }
}

async fn write_all(mut connection: SqliteConnection, mut writes: mpsc::Receiver<Write>) {
    while let Some(first) = writes.recv().await {
        let mut batch = vec![first];
        while batch.len() < TOGETHER
            && let Ok(more) = writes.try_recv()
        {
            batch.push(more);
        }
        // Whoever waits for a row that could not be written learns it when its sender is dropped.
        if write_batch(&mut connection, &batch).await.is_ok() {
            for write in batch {
                let _ = write.done.send(());
            }
        } else {
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        }
    }
}

async fn write_batch(connection: &mut SqliteConnection, batch: &[Write]) -> Result<(), sqlx::Error> {
    let body = "x".repeat(ROW);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    for write in batch {
        let row = sqlx::query("INSERT INTO kept (hash, body) VALUES (?, ?)").bind(&*write.hash).bind(&*body);
        row.execute(&mut *connection).await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await.map(drop)
}

pub(super) fn hash(name: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, name.as_bytes()).as_ref().to_vec()
}
