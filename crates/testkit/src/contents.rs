//! The complete contents of a database, to be compared before and after a change.

use std::collections::BTreeMap;

use notegraph::ids::CompanyId;
use sea_orm::{ConnectionTrait, DatabaseBackend, FromQueryResult, QueryResult, Statement};
use serde_json::Value;

use super::app::App;
use super::database::Catalog;

/// The rows of every table, in an arbitrary but stable order. Without id counters: ids are claimed before it is known
/// whether the change is made, and lost ids do not matter.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents(pub BTreeMap<String, Vec<Value>>);

impl Contents {
    /// Reads the tables that the database lists, so that new ones are compared as well.
    pub async fn read(app: &App) -> Self {
        let mut tables = BTreeMap::new();
        for name in Catalog::read(app.db()).await.tables.into_keys() {
            if name == "company_counter" {
                continue;
            }
            let backend = app.db().backend();
            let is_postgres = backend == DatabaseBackend::Postgres;
            let select = if is_postgres {
                format!(r#"SELECT to_jsonb(of_table) FROM "{name}" AS of_table"#)
            } else {
                format!(r#"SELECT * FROM "{name}""#)
            };
            let rows = app.db().read().query_all_raw(Statement::from_string(backend, select)).await.unwrap();
            let row = |row: &QueryResult| {
                if is_postgres { row.try_get_by_index(0).unwrap() } else { Value::from_query_result(row, "").unwrap() }
            };
            let mut rows: Vec<Value> = rows.iter().map(row).collect();
            rows.sort_by_key(Value::to_string);
            tables.insert(name, rows);
        }
        assert!(tables.contains_key("note"), "no tables were read: {tables:?}");
        Self(tables)
    }

    /// Keeps the rows that belong to one company.
    #[must_use]
    pub fn of_company(mut self, company: CompanyId) -> Self {
        for (table, rows) in &mut self.0 {
            let key = if table == "company" { "id" } else { "company_id" };
            rows.retain(|row| row[key] == company.0);
        }
        self
    }

    pub fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }
}
