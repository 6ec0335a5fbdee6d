//! The indexes of notes are those of the table in the documentation of `store::entity::note`, and each query beside one
//! uses it.

use std::collections::BTreeSet;
use std::time::Duration;

use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::json;
use testkit::{App, Catalog};

use super::demo;
use crate::loading::demo_client;

const DOCUMENTATION: &str = include_str!("../../../src/store/entity/note.rs");
const PRIMARY_KEY: &str = "primary key";
/// The index of the table that only `SQLite` has, and that of another table which takes its place on `PostgreSQL`.
const UPDATES: (&str, &str) = ("note_updated_on_id", "note_update_updated_on_note_id");

/// The rows of the table: an index and a query. A row without an index continues the one before.
fn documented() -> Vec<(String, String)> {
    let rows = DOCUMENTATION.lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut table: Vec<(String, String)> = Vec::new();
    for row in rows.skip(2) {
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [index, _, query] = cells[..] else { panic!("three columns: {row}") };
        let index = if index.is_empty() { &table.last().unwrap().0 } else { index };
        table.push((index.to_owned(), query.to_owned()));
    }
    table
}

#[tokio::test]
async fn notes_have_the_documented_indexes_and_no_other() {
    let app = App::start().await;
    let catalog = Catalog::read(app.db()).await;
    let names = catalog.tables["note"].indexes.iter().map(|index| index.name.clone().unwrap());
    let mut documented: BTreeSet<String> = documented().into_iter().map(|(index, _)| index).collect();
    assert!(documented.remove(PRIMARY_KEY));
    if app.db().backend() == DatabaseBackend::Postgres {
        assert!(documented.remove(UPDATES.0));
        let beside = &catalog.tables["note_update"].indexes;
        assert_eq!(beside.iter().map(|index| index.name.as_deref()).collect::<Vec<_>>(), [Some(UPDATES.1)]);
    }
    assert_eq!(names.collect::<BTreeSet<_>>(), documented);
}

#[tokio::test]
async fn each_index_is_used_by_the_queries_beside_it() {
    let app = demo().await;
    let client = demo_client(&app, &[Scope::Read, Scope::Confidential]).await;
    let is_postgres = app.db().backend() == DatabaseBackend::Postgres;
    let mut missing = Vec::new();
    for (index, query) in documented() {
        let name = match index.as_str() {
            PRIMARY_KEY if is_postgres => "note_pkey",
            PRIMARY_KEY => "sqlite_autoindex_note_1",
            _ if is_postgres && index == UPDATES.0 => UPDATES.1,
            _ => &index,
        };
        let recording = app.record();
        client.query(&format!("{{ {query} }}")).await.data();
        let transaction = app.db().begin().await.unwrap();
        if is_postgres {
            // Two thousand notes are read as quickly without any index.
            transaction.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
        }
        let mut plans = Vec::<String>::new();
        let is_query = |statement: &Statement| ["SELECT", "WITH"].iter().any(|verb| statement.sql.starts_with(verb));
        for mut statement in recording.of_operation().into_iter().filter(is_query) {
            let explain = if is_postgres { "EXPLAIN " } else { "EXPLAIN QUERY PLAN " };
            statement.sql.insert_str(0, explain);
            for row in transaction.query_all_raw(statement).await.unwrap() {
                let step: String = row.try_get_by_index(if is_postgres { 0 } else { 3 }).unwrap();
                plans.push(step);
            }
        }
        transaction.rollback().await.unwrap();
        let plans = plans.join("\n  ");
        if !plans.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name) {
            missing.push(format!("{query} does not use {name}:\n  {plans}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// On `PostgreSQL`, a change of columns without an index writes a heap-only tuple: the new row, and no index entry.
#[tokio::test]
async fn changes_of_columns_without_an_index_write_no_index() {
    let app = App::start().await;
    if app.db().backend() != DatabaseBackend::Postgres {
        return;
    }
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    let note = acme.note(|note| note.user_id = Some(ann.id)).await;
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    let counters = async || {
        let sql = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'note'";
        let row = app.db().read().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await;
        let row = row.unwrap().unwrap();
        [0, 1].map(|column| row.try_get_by_index::<i64>(column).unwrap())
    };
    let id = note.id;
    let patch = |fields: &str| format!("notePatch(input: {{ id: {id}, patch: {{ {fields} }} }})");
    let without_index = [
        patch("details: \"Another text\""),
        patch("tags: [\"vip\"]"),
        patch("confidential: true"),
        patch("showOnOverview: true"),
        format!("noteMessagePost(input: {{ noteId: {id}, message: \"Hello\" }})"),
        format!("noteAssign(input: {{ id: {id}, userIds: [{}] }})", ann.id),
    ];
    let with_index = [patch("priority: true"), patch("status: CLOSED")];
    for change in without_index.iter().chain(&with_index) {
        let response = client.query(&format!("mutation {{ change: {change} {{ userErrors {{ code }} }} }}")).await;
        assert_eq!(response["change"]["userErrors"], json!([]), "{change}");
    }
    // The database counts in the background, at the latest when a connection has been idle for ten seconds.
    let changes = i64::try_from(without_index.len() + with_index.len()).unwrap();
    let mut counted = counters().await;
    for _ in 0..600 {
        if counted[0] == changes {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        counted = counters().await;
    }
    assert_eq!(counted, [changes, i64::try_from(without_index.len()).unwrap()], "[updates, heap-only ones]");
}
