//! Questions about rows of several tables at once: one trip to the database, and one moment of it.

use std::sync::OnceLock;

use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, QueryResult, Statement, Value,
};

use super::{Read, Result};

/// A question with `N` values in it, which has one answer or none. Its text is made once for each kind of database.
pub(super) struct Question<const N: usize> {
    write: fn([Value; N]) -> SelectStatement,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl<const N: usize> Question<N> {
    /// The values stand in the text in the order in which they are given.
    pub(super) const fn new(write: fn([Value; N]) -> SelectStatement) -> Self {
        Self { write, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    pub(super) async fn ask(&self, db: &impl Read, values: [Value; N]) -> Result<Option<QueryResult>> {
        let backend = db.connection().get_database_backend();
        let text = if backend == DbBackend::Sqlite { &self.sqlite } else { &self.postgres };
        let text = text.get_or_init(|| {
            let written = backend.build(&(self.write)(values.clone()));
            debug_assert_eq!(written.values.map(|values| values.0), Some(values.to_vec()), "out of order");
            written.sql
        });
        let statement = Statement::from_sql_and_values(backend, text.as_str(), values);
        Ok(db.connection().query_one_raw(statement).await?)
    }
}

/// All columns of a table, each with this before its name, so that those of several do not meet.
pub(super) fn columns<E: EntityTrait>(query: &mut SelectStatement, before: &str) {
    for column in E::Column::iter() {
        query.expr_as(Expr::col(column.as_column_ref()), format!("{before}{}", column.as_str()));
    }
}
