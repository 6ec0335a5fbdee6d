//! How the database would run a statement.
//!
//! On `PostgreSQL`, sequential scans are made expensive first: a scan is the best plan for a table of ten rows, but the
//! tests ask whether there is an index to avoid it.

use std::collections::BTreeSet;

use notegraph::store::db::{Db, Transaction};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::Value;

use super::catalog::Catalog;

/// Parts of a plan that tests may forbid.
#[derive(Default)]
pub struct Plan {
    /// Steps that read a whole table, or an index without a condition on the company.
    pub scans: Vec<String>,
    /// Steps that sort rows.
    pub sorts: Vec<String>,
    /// The plan as the database prints it.
    pub text: String,
}

pub async fn assert_none(db: &Db, statements: &[Statement], fault: &str, of: impl Fn(&Plan) -> &Vec<String>) {
    let catalog = Catalog::read(db).await;
    let transaction = db.begin().await.unwrap();
    for statement in statements.iter().filter(|statement| has_plan(statement)) {
        let plan = match db.backend() {
            DatabaseBackend::Postgres => postgres(&transaction, &catalog, statement).await,
            _ => sqlite(&transaction, statement).await,
        };
        assert!(of(&plan).is_empty(), "{fault}: {:?}\n{}\n{}", of(&plan), statement.sql, plan.text);
    }
    transaction.rollback().await.unwrap();
}

fn has_plan(statement: &Statement) -> bool {
    ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.sql.starts_with(verb))
}

async fn explain(transaction: &Transaction, prefix: &str, statement: &Statement) -> Vec<sea_orm::QueryResult> {
    let mut statement = statement.clone();
    statement.sql.insert_str(0, prefix);
    let sql = statement.sql.clone();
    transaction.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

async fn sqlite(transaction: &Transaction, statement: &Statement) -> Plan {
    let rows = explain(transaction, "EXPLAIN QUERY PLAN ", statement).await;
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
    // Results of subqueries may be read as a whole.
    let results: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("MATERIALIZE ").or_else(|| line.strip_prefix("CO-ROUTINE ")))
        .collect();
    let is_scan = |line: &str| {
        if let Some(what) = line.strip_prefix("SCAN ") {
            let name = what.split(' ').next().unwrap_or_default();
            !(what.starts_with("CONSTANT ROW")
                || what.ends_with("VALUES CLAUSE")
                || what.starts_with('(')
                || what.contains("VIRTUAL TABLE")
                || results.contains(name))
        } else if let Some(what) = line.strip_prefix("SEARCH ") {
            let name = what.split(' ').next().unwrap_or_default();
            // An index created for this statement, or one that is searched without its first column.
            (what.contains("AUTOMATIC") || what.contains("ANY(")) && !results.contains(name)
        } else {
            false
        }
    };
    Plan {
        scans: lines.iter().filter(|line| is_scan(line)).cloned().collect(),
        sorts: lines.iter().filter(|line| line.contains("TEMP B-TREE") && line.contains("ORDER BY")).cloned().collect(),
        text: lines.join("\n"),
    }
}

async fn postgres(transaction: &Transaction, catalog: &Catalog, statement: &Statement) -> Plan {
    let mut plan = Plan::default();
    // Sorts are made expensive only to find sorts; for scans, this would make reading a whole index look cheap.
    for (settings, sorting) in [("SET LOCAL enable_sort = on", true), ("SET LOCAL enable_sort = off", false)] {
        transaction.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
        transaction.execute_unprepared(settings).await.unwrap();
        let rows = explain(transaction, "EXPLAIN (FORMAT JSON) ", statement).await;
        let tree: Value = rows[0].try_get_by_index(0).unwrap();
        let mut found = Plan::default();
        walk(&tree[0]["Plan"], catalog, &mut found);
        plan.text += &tree.to_string();
        if sorting { plan.scans = found.scans } else { plan.sorts = found.sorts }
    }
    plan
}

fn walk(node: &Value, catalog: &Catalog, plan: &mut Plan) {
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    let (kind, table, condition) = (text("Node Type"), text("Relation Name"), text("Index Cond"));
    let index_table = || catalog.tables.iter().find(|(_, table)| table.names_index(text("Index Name")));
    let scans = match kind {
        "Seq Scan" => catalog.tables.contains_key(table),
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => match index_table() {
            Some((_, table)) if table.columns.contains_key("company_id") => !condition.contains("company_id"),
            Some(_) => condition.is_empty(),
            None => false,
        },
        _ => false,
    };
    if scans {
        plan.scans.push(format!("{kind} on {table} {} {condition}", text("Index Name")));
    }
    if kind.ends_with("Sort") {
        plan.sorts.push(format!("{kind} by {}", node["Sort Key"]));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, catalog, plan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::App;

    /// Tests the plan reader, as the tests of plans rely on it.
    #[tokio::test]
    async fn plans_show_scans_and_sorts() {
        let app = App::start().await;
        let catalog = Catalog::read(app.db()).await;
        let transaction = app.db().begin().await.unwrap();
        let of = async |sql: &str| {
            let statement = Statement::from_string(app.db().backend(), sql);
            match app.db().backend() {
                DatabaseBackend::Postgres => postgres(&transaction, &catalog, &statement).await,
                _ => sqlite(&transaction, &statement).await,
            }
        };
        for (sql, scans, sorts) in [
            ("SELECT * FROM note WHERE company_id = 1 ORDER BY created_on DESC, id DESC LIMIT 9", false, false),
            ("SELECT * FROM note n WHERE company_id = 1 AND id = 2", false, false),
            ("SELECT * FROM note WHERE company_id = 1 AND customer_id = 2 ORDER BY subject", false, true),
            ("SELECT name FROM company WHERE id = 1", false, false),
            ("SELECT * FROM note", true, false),
            ("SELECT * FROM note n WHERE id = 1", true, false),
            ("SELECT * FROM note ORDER BY created_on", true, true),
            ("SELECT count(*) FROM note", true, false),
            ("SELECT id FROM company", true, false),
            ("UPDATE note SET version = 2 WHERE id = 1", true, false),
            ("DELETE FROM message WHERE note_id = 1", true, false),
            ("SELECT * FROM note n JOIN message m ON m.note_id = n.id WHERE n.company_id = 1", true, false),
        ] {
            let plan = of(sql).await;
            assert_eq!((!plan.scans.is_empty(), !plan.sorts.is_empty()), (scans, sorts), "{sql}\n{}", plan.text);
        }
    }
}
