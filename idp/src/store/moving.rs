//! Everything of one database into another, empty one of either kind: in one transaction, table by table, and compared row
//! by row before it is committed. Rows are read and written as they are; what is sealed stays sealed.

use std::collections::BTreeMap;
use std::path::Path;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, IdenStatic, IntoActiveModel, IsolationLevel, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryFilter, QueryOrder, QuerySelect, Statement, TransactionTrait, Value,
};

use serde_json::Value as Json;

use super::connect::{applied, place_of, postgres_options, sqlite_options};
use super::{OpenError, entity};
use crate::crypto::sha256;

/// Rows that are held at once.
const BATCH: u64 = 500;
/// Values that one statement may carry, on either database.
const MAX_VALUES: usize = 30_000;

/// Names every table after those that its rows refer to.
macro_rules! tables {
    ($($table:ident),* $(,)?) => {
        /// Every table, after those that its rows refer to.
        pub const TABLES: [&str; [$(stringify!($table)),*].len()] = [$(stringify!($table)),*];

        async fn move_all(from: &DatabaseTransaction, to: &DatabaseTransaction) -> Result<Vec<Moved>, MoveError> {
            let mut moved = Vec::with_capacity(TABLES.len());
            $(moved.push(Box::pin(move_table::<entity::$table::Entity>(stringify!($table), from, to)).await?);)*
            Ok(moved)
        }

        /// Every column that rows are read with.
        fn columns_known() -> Vec<(String, String)> {
            let mut known = Vec::new();
            $(known.extend(entity::$table::Column::iter().map(|column| {
                (stringify!($table).to_owned(), column.as_str().to_owned())
            }));)*
            known
        }
    };
}

tables![
    user,
    password,
    passkey,
    session,
    ended_session,
    totp,
    recovery,
    recovery_code,
    guess,
    known_browser,
    link,
    sign_up,
    email_change,
    saved_search,
    organization,
    membership,
    brand,
    logo,
    client,
    client_secret,
    client_origin,
    registration_token,
    invitation,
    grant,
    refresh_token,
    revoked_token,
    consent,
    sign_in_request,
    signing_key,
    data_key,
    milestone,
    setting,
    api_call,
    day_count,
    outbox,
    audit_key,
    audit_signer,
    audit_mark,
    audit_event,
    audit_head,
];

/// A table, and how many rows of it there are now in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub table: &'static str,
    pub rows: u64,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(
        "{place} can not be opened: {source}. Look at its address, and at whether the server lets this host in."
    )]
    Connect { place: String, source: DbErr },
    #[error("{0} is not empty: it has the table {1}. Make a new, empty database and name that.")]
    NotEmpty(String, String),
    #[error(
        "{0} connections of others work on {1}. Stop every node of the service, then run this again. Nothing was moved."
    )]
    InUse(i64, String),
    #[error("The database is {0} migrations behind this program. Run `idp migrate` first.")]
    Behind(usize),
    #[error("There is no service in {0}.")]
    NoService(String),
    #[error("The database has {0}, which this program does not know. Nothing was moved.")]
    Unknown(String),
    #[error(
        "Table {table} is not the same in both databases: {from} rows here, {to} there. Nothing was moved."
    )]
    Differs { table: &'static str, from: u64, to: u64 },
    #[error("Rows of table {table} could not be moved: {source}. Nothing was moved.")]
    Table { table: &'static str, source: DbErr },
    #[error("A query failed: {0}. Nothing was moved.")]
    Failed(#[from] DbErr),
}

/// Where something is moved from or to.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// A file. Whoever calls sees to it that nobody else works on it.
    Sqlite(&'a Path),
    Postgres(&'a str),
}

impl Side<'_> {
    fn place(self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => place_of(url),
        }
    }

    async fn connect(self, mode: &str) -> Result<DatabaseConnection, MoveError> {
        let options = match self {
            Self::Sqlite(path) => sqlite_options(path, mode, 1),
            Self::Postgres(url) => postgres_options(1, url),
        };
        let failed = |source| MoveError::Connect { place: self.place(), source };
        Database::connect(options).await.map_err(failed)
    }
}

/// Moves everything, and says how much of each table that was.
///
/// # Errors
/// Says why nothing was moved: the database it was to be moved to is then as empty as before.
pub async fn everything(from: Side<'_>, to: Side<'_>) -> Result<Vec<Moved>, MoveError> {
    let source = from.connect("ro").await?;
    let done = applied(&from.place(), &source).await?.ok_or_else(|| MoveError::NoService(from.place()))?;
    match Migrator::migrations().len().saturating_sub(done.len()) {
        0 => {}
        behind => return Err(MoveError::Behind(behind)),
    }
    nobody_else(&source, from).await?;
    knows_all(&source).await?;
    let target = to.connect("rwc").await?;
    if let Some(table) = tables(&target).await?.into_iter().next() {
        return Err(MoveError::NotEmpty(to.place(), table));
    }
    let (read, write) = (one_view(&source).await?, target.begin().await?);
    Migrator::up(&write, None).await?;
    let moved = move_all(&read, &write).await?;
    // Whoever came meanwhile would go on with what was moved away.
    nobody_else(&read, from).await?;
    write.commit().await?;
    // Until here nobody could write.
    read.rollback().await?;
    target.close().await?;
    source.close().await?;
    Ok(moved)
}

/// Everything as it is at one moment, and as it stays: on a server others are kept from writing until this ends.
async fn one_view(source: &DatabaseConnection) -> Result<DatabaseTransaction, MoveError> {
    if source.get_database_backend() != DbBackend::Postgres {
        return Ok(source.begin().await?);
    }
    let read = source.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await?;
    let all = TABLES.map(|table| format!("\"{table}\"")).join(", ");
    read.execute_unprepared(&format!("LOCK TABLE {all} IN SHARE MODE")).await?;
    Ok(read)
}

async fn move_table<E>(
    table: &'static str,
    from: &DatabaseTransaction,
    to: &DatabaseTransaction,
) -> Result<Moved, MoveError>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    let failed = |source| MoveError::Table { table, source };
    // What a migration has put there: the source has it, too.
    E::delete_many().exec(to).await.map_err(failed)?;
    let at_once = (MAX_VALUES / E::Column::iter().count().max(1)).max(1);
    let (mut sum, mut after) = (Sum::default(), None);
    loop {
        let rows = page::<E>(from, after.as_deref()).await.map_err(failed)?;
        let Some(last) = rows.last() else { break };
        after = Some(keys::<E>(last));
        for row in &rows {
            sum.add::<E>(row);
        }
        let mut rows = rows.into_iter().map(|row| -> E::ActiveModel { row.into_active_model() }).peekable();
        while rows.peek().is_some() {
            let some: Vec<E::ActiveModel> = rows.by_ref().take(at_once).collect();
            E::insert_many(some).exec_without_returning(to).await.map_err(failed)?;
        }
    }
    let (mut arrived, mut after) = (Sum::default(), None);
    loop {
        let rows = page::<E>(to, after.as_deref()).await.map_err(failed)?;
        let Some(last) = rows.last() else { break };
        after = Some(keys::<E>(last));
        for row in &rows {
            arrived.add::<E>(row);
        }
    }
    if sum != arrived {
        return Err(MoveError::Differs { table, from: sum.rows, to: arrived.rows });
    }
    Ok(Moved { table, rows: sum.rows })
}

/// How many rows there are, and what is in them, in whatever order they come.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    contents: [u8; 32],
}

impl Sum {
    fn add<E>(&mut self, row: &E::Model)
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E>,
    {
        self.rows += 1;
        let values: Vec<String> = E::Column::iter().map(|column| in_order(row.get(column))).collect();
        let hash = sha256(format!("{values:?}").as_bytes());
        self.contents.iter_mut().zip(hash).for_each(|(sum, byte)| *sum ^= byte);
    }
}

/// PostgreSQL keeps the members of JSON in an order of its own.
fn in_order(value: Value) -> String {
    fn sorted(json: &Json) -> String {
        match json {
            Json::Object(members) => {
                let members: BTreeMap<&String, String> =
                    members.iter().map(|(name, member)| (name, sorted(member))).collect();
                format!("{members:?}")
            }
            Json::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
            plain => plain.to_string(),
        }
    }
    match value {
        Value::Json(Some(json)) => sorted(&json),
        other => format!("{other:?}"),
    }
}

/// Rows in the order of their keys, after one.
async fn page<E>(db: &DatabaseTransaction, after: Option<&[Value]>) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    let mut rows = E::find().limit(BATCH);
    for key in E::PrimaryKey::iter() {
        rows = rows.order_by_asc(key.into_column());
    }
    if let Some(after) = after {
        let columns = E::PrimaryKey::iter().map(|key| Expr::col(key.into_column()));
        let values = after.iter().cloned().map(Expr::value);
        rows = rows.filter(Expr::tuple(columns).gt(Expr::tuple(values)));
    }
    rows.all(db).await
}

fn keys<E>(row: &E::Model) -> Vec<Value>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
    E::PrimaryKey: PrimaryKeyToColumn<Column = E::Column>,
{
    E::PrimaryKey::iter().map(|key| row.get(key.into_column())).collect()
}

/// On a server anybody may be connected; a file is held.
async fn nobody_else(db: &impl ConnectionTrait, side: Side<'_>) -> Result<(), MoveError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    match row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0) {
        0 => Ok(()),
        others => Err(MoveError::InUse(others, side.place())),
    }
}

/// Whether nothing is there that would be left behind.
async fn knows_all(db: &DatabaseConnection) -> Result<(), MoveError> {
    for table in tables(db).await? {
        if table != "seaql_migrations" && !TABLES.contains(&table.as_str()) {
            return Err(MoveError::Unknown(format!("a table {table}")));
        }
    }
    let known = columns_known();
    for (table, column) in columns(db).await? {
        let is_ours = TABLES.contains(&table.as_str());
        if is_ours && !known.contains(&(table.clone(), column.clone())) {
            return Err(MoveError::Unknown(format!("a column {column} in table {table}")));
        }
    }
    Ok(())
}

/// The tables of a database, our own list of migrations among them.
async fn tables(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

async fn columns(db: &DatabaseConnection) -> Result<Vec<(String, String)>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        _ => {
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
        }
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}
