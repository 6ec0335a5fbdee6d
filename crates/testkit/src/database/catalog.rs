//! The tables of a database as it describes them, in the same form for `SQLite` and `PostgreSQL`.

use std::collections::{BTreeMap, BTreeSet};

use notegraph::store::db::Db;
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement};

/// All tables except those of the database itself and of the migration log. The search index differs between the
/// databases; of it, only the table of the parts, which both have, is included.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub tables: BTreeMap<String, Table>,
    /// Sources of new ids: sequences, or the rows of `id_counter`.
    pub counters: BTreeSet<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Columns, with whether they are nullable.
    pub columns: BTreeMap<String, bool>,
    pub primary_key: Vec<String>,
    pub indexes: BTreeSet<Index>,
    pub foreign_keys: BTreeSet<ForeignKey>,
    /// The index of the primary key, whose name depends on the database.
    primary_key_index: Names,
}

/// Names that may differ between two catalogs.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl PartialEq for Names {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Names {}

/// An index other than that of the primary key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index {
    /// `None` if the database has named it, for a unique column.
    pub name: Option<String>,
    pub unique: bool,
    pub columns: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub target: String,
    pub target_columns: Vec<String>,
}

impl Table {
    pub fn names_index(&self, name: &str) -> bool {
        self.primary_key_index.0.contains(name) || self.indexes.iter().any(|index| index.name.as_deref() == Some(name))
    }
}

impl Catalog {
    pub async fn read(db: &Db) -> Self {
        match db.backend() {
            DatabaseBackend::Postgres => postgres(db).await,
            _ => sqlite(db).await,
        }
    }
}

async fn rows(db: &Db, sql: &str) -> Vec<QueryResult> {
    db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap()
}

fn text(row: &QueryResult, column: &str) -> String {
    row.try_get("", column).unwrap()
}

async fn sqlite(db: &Db) -> Catalog {
    let mut catalog = Catalog::default();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
               AND name <> 'seaql_migrations' AND name NOT LIKE 'search_word%' ORDER BY name";
    for row in rows(db, sql).await {
        let name = text(&row, "name");
        if name == "id_counter" {
            let counters = rows(db, "SELECT name FROM id_counter").await;
            catalog.counters = counters.iter().map(|row| text(row, "name")).collect();
            continue;
        }
        catalog.tables.insert(name.clone(), sqlite_table(db, &name).await);
    }
    catalog
}

async fn sqlite_table(db: &Db, name: &str) -> Table {
    let mut table = Table::default();
    let sql = format!(r#"SELECT name, "notnull" = 0 AS optional, pk FROM pragma_table_info('{name}') ORDER BY pk"#);
    for row in rows(db, &sql).await {
        table.columns.insert(text(&row, "name"), row.try_get("", "optional").unwrap());
        if row.try_get::<i32>("", "pk").unwrap() > 0 {
            table.primary_key.push(text(&row, "name"));
        }
    }
    let sql = format!(r#"SELECT name, "unique", origin FROM pragma_index_list('{name}')"#);
    for row in rows(db, &sql).await {
        let (index, origin) = (text(&row, "name"), text(&row, "origin"));
        if origin == "pk" {
            table.primary_key_index.0.insert(index);
            continue;
        }
        let columns = rows(
            db,
            &format!("SELECT coalesce(name, '(expression)') AS name FROM pragma_index_info('{index}') ORDER BY seqno"),
        )
        .await;
        table.indexes.insert(Index {
            name: (origin == "c").then_some(index),
            unique: row.try_get("", "unique").unwrap(),
            columns: columns.iter().map(|row| text(row, "name")).collect(),
        });
    }
    let sql = format!(
        r#"SELECT min("table") AS target, group_concat("from") AS columns, group_concat("to") AS target_columns
           FROM (SELECT * FROM pragma_foreign_key_list('{name}') ORDER BY id, seq) GROUP BY id"#
    );
    for row in rows(db, &sql).await {
        table.foreign_keys.insert(foreign_key(&row));
    }
    if name == "search_note" {
        // FTS5 requires a number for each row; the primary key in PostgreSQL is a unique index here.
        table.columns.remove("id");
        let mut keys = table.indexes.extract_if(.., |index| index.unique);
        let key = keys.next().unwrap();
        drop(keys);
        table.primary_key = key.columns;
    }
    table
}

async fn postgres(db: &Db) -> Catalog {
    let mut catalog = Catalog::default();
    let sql = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace";
    catalog.counters = rows(db, sql).await.iter().map(|row| text(row, "relname")).collect();
    let sql = "SELECT table_name::text, column_name::text, is_nullable = 'YES' AS optional \
               FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'
               AND table_name NOT IN (SELECT relname FROM pg_class WHERE relkind = 'S')";
    for row in rows(db, sql).await {
        let table = catalog.tables.entry(text(&row, "table_name")).or_default();
        table.columns.insert(text(&row, "column_name"), row.try_get("", "optional").unwrap());
    }
    let sql = "SELECT t.relname::text AS name, i.relname::text AS index, x.indisunique, x.indisprimary, \
               EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype = 'u') AS of_column, \
               (SELECT string_agg(coalesce(a.attname, '(expression)'), ',' ORDER BY k.n) \
                FROM unnest(x.indkey) WITH ORDINALITY k(attnum, n) LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) AS columns \
               FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
               WHERE t.relnamespace = 'public'::regnamespace AND i.relname <> 'search_note_words'";
    for row in rows(db, sql).await {
        let Some(table) = catalog.tables.get_mut(&text(&row, "name")) else { continue };
        let (index, columns) = (text(&row, "index"), list(&row, "columns"));
        if row.try_get("", "indisprimary").unwrap() {
            table.primary_key_index.0.insert(index);
            table.primary_key = columns;
            continue;
        }
        let of_column: bool = row.try_get("", "of_column").unwrap();
        let unique = row.try_get("", "indisunique").unwrap();
        table.indexes.insert(Index { name: (!of_column).then_some(index), unique, columns });
    }
    let names = |table: &str, keys: &str| {
        format!(
            "(SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(c.{keys}) WITH ORDINALITY k(attnum, n) \
             JOIN pg_attribute a ON a.attrelid = c.{table} AND a.attnum = k.attnum)"
        )
    };
    let sql = format!(
        "SELECT c.conrelid::regclass::text AS name, t.relname::text AS target, {} AS columns, {} AS target_columns, \
         s.relname::text AS source FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid \
         JOIN pg_class s ON s.oid = c.conrelid WHERE c.contype = 'f'",
        names("conrelid", "conkey"),
        names("confrelid", "confkey")
    );
    for row in rows(db, &sql).await {
        let Some(table) = catalog.tables.get_mut(&text(&row, "source")) else { continue };
        table.foreign_keys.insert(foreign_key(&row));
    }
    catalog
}

fn foreign_key(row: &QueryResult) -> ForeignKey {
    ForeignKey {
        columns: list(row, "columns"),
        target: text(row, "target"),
        target_columns: list(row, "target_columns"),
    }
}

fn list(row: &QueryResult, column: &str) -> Vec<String> {
    text(row, column).split(',').map(str::to_owned).collect()
}
