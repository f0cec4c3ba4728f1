//! Everybody else: accounts, sessions, grants, refresh tokens, passkeys and applications that nobody here uses, but that
//! whoever is looked up is found among. Copies of one of each, with names of their own.

use anyhow::{Context, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::Path;

/// One application for so many people.
const PEOPLE_PER_CLIENT: usize = 10;
const THEIRS: &str = "'crowd%@bench.example'";

/// A table, what every copy of its row is made beside, and what is each one's own.
type Copies = (&'static str, String, Vec<(&'static str, String)>);

/// How a database makes up what is different in each row.
struct Dialect {
    columns: fn(&str) -> String,
    id: &'static str,
    hash: &'static str,
    handle: &'static str,
    numbers: fn(usize) -> String,
}

const SQLITE: Dialect = Dialect {
    columns: |table| format!("SELECT name FROM pragma_table_info('{table}')"),
    id: "randomblob(16)",
    hash: "randomblob(32)",
    handle: "randomblob(64)",
    numbers: |most| {
        format!(
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT i FROM n)"
        )
    },
};

const POSTGRES: Dialect = Dialect {
    columns: |table| {
        format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
             AND table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY ordinal_position"
        )
    },
    id: "gen_random_uuid()",
    hash: "sha256(gen_random_uuid()::text::bytea)",
    handle: "sha512(gen_random_uuid()::text::bytea)",
    numbers: |most| format!("(SELECT i FROM generate_series(1, {most}) AS i)"),
};

impl Dialect {
    fn tables(&self, people: usize) -> [Copies; 6] {
        let own = |column, value: &str| (column, value.to_owned());
        let of = |table: &str, columns: &str| {
            format!(
                r#"(SELECT {columns} FROM "{table}" AS t JOIN "user" AS u ON u.id = t.user_id WHERE u.email LIKE {THEIRS})"#
            )
        };
        let persons = format!(r#"(SELECT id AS person FROM "user" WHERE email LIKE {THEIRS})"#);
        let grants = format!(
            r#"(SELECT t.id AS its FROM "grant" AS t JOIN "user" AS u ON u.id = t.user_id WHERE u.email LIKE {THEIRS})"#
        );
        [
            (
                "user",
                (self.numbers)(people),
                vec![
                    own("id", self.id),
                    own("email", "'crowd' || i || '@bench.example'"),
                    own("handle", self.handle),
                    own("family_name", "'Crowd' || i"),
                ],
            ),
            (
                "session",
                persons.clone(),
                vec![
                    own("id", self.id),
                    own("user_id", "person"),
                    own("token_hash", self.hash),
                    own("account_token_hash", self.hash),
                ],
            ),
            (
                "passkey",
                persons,
                vec![own("id", self.id), own("user_id", "person"), own("credential_id", self.hash)],
            ),
            (
                "grant",
                of("session", "t.id AS its, t.user_id AS person"),
                vec![
                    own("id", self.id),
                    own("user_id", "person"),
                    own("session_id", "its"),
                    own("code_hash", self.hash),
                ],
            ),
            (
                "refresh_token",
                grants,
                vec![own("id", self.id), own("grant_id", "its"), own("token_hash", self.hash)],
            ),
            (
                "client",
                (self.numbers)(people.div_ceil(PEOPLE_PER_CLIENT)),
                vec![
                    own("id", "'crowd' || i"),
                    own("source", "'registered'"),
                    own("management_hash", self.hash),
                ],
            ),
        ]
    }
}

fn insert(table: &str, columns: &[String], beside: &str, own: &[(&str, String)]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let value = |column: &String| {
        let own = own.iter().find(|(name, _)| name == column);
        own.map_or_else(|| format!("one.\"{column}\""), |(_, value)| value.clone())
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    format!(
        r#"INSERT INTO "{table}" ({}) SELECT {} FROM {beside} AS b, (SELECT * FROM "{table}" LIMIT 1) AS one"#,
        quoted.join(", "),
        values.join(", ")
    )
}

/// Fills an embedded database.
///
/// # Errors
/// When a row of each kind is not there to be copied.
pub async fn sqlite(file: &Path, people: usize) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        .pragma("cache_size", "-1000000")
        .pragma("synchronous", "OFF")
        .pragma("temp_store", "MEMORY");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    for (table, beside, own) in SQLITE.tables(people) {
        let columns = sqlx::query_scalar(AssertSqlSafe((SQLITE.columns)(table))).fetch_all(&mut connection);
        let insert = insert(table, &columns.await?, &beside, &own);
        let done = sqlx::query(AssertSqlSafe(insert)).execute(&mut connection).await.context(table)?;
        ensure!(done.rows_affected() > 0, "there is no {table} to copy");
    }
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// The same on a server.
///
/// # Errors
/// As [`sqlite`].
pub async fn postgres(url: &str, people: usize) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    for (table, beside, own) in POSTGRES.tables(people) {
        let columns = sqlx::query_scalar(AssertSqlSafe((POSTGRES.columns)(table))).fetch_all(&mut connection);
        let insert = insert(table, &columns.await?, &beside, &own);
        let done = sqlx::query(AssertSqlSafe(insert)).execute(&mut connection).await.context(table)?;
        ensure!(done.rows_affected() > 0, "there is no {table} to copy");
    }
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
