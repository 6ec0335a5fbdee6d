//! Related rows are looked up note by note when a condition alone decides nothing: among the rows of that one note,
//! whatever is compared. `PostgreSQL` decides by statistics how to find them, and may read a short table at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use notegraph::ids::{CompanyId, TokenId};
use notegraph::meter::{MemoryLimits, MemoryPool, Meter, OperationLimits};
use notegraph::scheduling::TokenKey;
use notegraph::store::db::{CancelSignal, OperationContext};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use testkit::App;

use super::{NOTES, demo, viewers};

/// The tables with rows that belong to notes.
const TABLES: [&str; 3] = ["message", "assignment", "note_tag"];
/// Maximum number of `SQLite` instructions for one note: fifty to scan it, and a hundred to look at its related rows.
/// Reading the messages of all notes takes tens of thousands.
const STEPS: u64 = 300;

/// Each operator, with one value and with many.
fn filters() -> Vec<String> {
    let users = |count: usize| (1001..=1000 + count).map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    let tags = |count: usize| (1..=count).map(|tag| format!("\"t{tag}\"")).collect::<Vec<_>>().join(", ");
    let mut filters = Vec::new();
    for count in [1, 2, 4, 5, 8, 9, 100] {
        let (users, tags) = (users(count), tags(count));
        filters.extend([
            format!("messages: {{ postedById: {{ notIn: [{users}] }} }}"),
            format!("assignees: {{ any: [{users}] }}"),
            format!("assignees: {{ all: [{users}] }}"),
            format!("assignees: {{ none: [{users}] }}"),
            format!("tags: {{ hasAny: [{tags}] }}"),
            format!("tags: {{ hasAll: [{tags}] }}"),
            format!("tags: {{ hasNone: [{tags}] }}"),
        ]);
    }
    let others = [
        "messages: { postedById: { eq: 1 } }",
        "messages: { postedById: { neq: 1 } }",
        "messages: { postedById: { isNull: true } }",
        "messages: { postedById: { isNull: false } }",
        "messages: { postedById: { eq: 1 }, createdOn: { gt: \"2001-01-01T00:00:00Z\" } }",
        "messages: { postedById: { neq: 1 }, createdOn: { lt: \"2091-01-01T00:00:00Z\" } }",
        "messages: { createdOn: { eq: \"2001-01-01T00:00:00Z\" } }",
        "messages: { createdOn: { gt: \"2001-01-01T00:00:00Z\" } }",
        "messages: { createdOn: { lte: \"2001-01-01T00:00:00Z\" } }",
        "messages: { exists: false, createdOn: { gt: \"2001-01-01T00:00:00Z\" } }",
        "messages: { exists: false, postedById: { neq: 1 } }",
        "assignees: { isEmpty: true }",
        "assignees: { includesViewer: true }",
        "assignees: { includesViewer: false }",
        "tags: { isEmpty: false }",
    ];
    filters.extend(others.map(str::to_owned));
    filters
}

/// The filter alone, where it may decide by itself, and within `or` and `not`, where it does not.
fn standings(filter: &str) -> [String; 3] {
    [filter.to_owned(), format!("or: [{{ priority: true }}, {{ {filter} }}]"), format!("not: {{ {filter} }}")]
}

/// The searches of these tables in subqueries that run for each note.
async fn of_each_note(app: &App, statement: &Statement) -> Vec<String> {
    let mut explained = statement.clone();
    explained.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
    let (mut correlated, mut searches) = (BTreeSet::new(), Vec::new());
    for row in app.db().read().query_all_raw(explained).await.unwrap() {
        let (id, parent): (i64, i64) = (row.try_get("", "id").unwrap(), row.try_get("", "parent").unwrap());
        let step: String = row.try_get("", "detail").unwrap();
        if correlated.contains(&parent) || step.starts_with("CORRELATED ") {
            correlated.insert(id);
            let table = step.split(' ').nth(1).unwrap_or_default();
            if TABLES.contains(&table) {
                searches.push(step);
            }
        }
    }
    searches
}

#[tokio::test]
async fn related_rows_are_found_by_their_note() {
    let app = demo().await;
    if app.db().backend() == DatabaseBackend::Postgres {
        return;
    }
    for client in viewers(&app).await {
        let many: Vec<String> = (1..=100).map(|id| id.to_string()).collect();
        // Each of these users is looked up note by note, because a note may have more messages than there are users
        // here.
        let posted = format!("messages: {{ postedById: {{ in: [{}] }} }}", many.join(", "));
        for filter in filters().into_iter().chain([posted]) {
            for (at, filter) in standings(&filter).into_iter().enumerate() {
                let recording = app.record();
                client
                    .query(&format!("{{ notes(filter: {{ {filter} }}) {{ nodes {{ id }} totalCount }} }}"))
                    .await
                    .data();
                let mut looked_for = 0;
                for statement in recording.of_operation() {
                    for step in of_each_note(&app, &statement).await {
                        assert!(step.contains("note_id=?"), "{filter}: {step}\n{statement}");
                        looked_for += 1;
                    }
                }
                assert!(at == 0 || looked_for > 0, "{filter} looks for nothing");
            }
        }
    }
}

#[tokio::test]
async fn the_work_on_a_note_does_not_grow_with_other_notes() {
    let app = demo().await;
    if app.db().backend() == DatabaseBackend::Postgres {
        return;
    }
    let [client, _] = viewers(&app).await;
    for filter in filters() {
        for filter in &standings(&filter)[1..] {
            let recording = app.record();
            client.query(&format!("{{ notes(first: 1, filter: {{ {filter} }}) {{ totalCount }} }}")).await.data();
            let meter = Meter::new(OperationLimits::UNLIMITED, MemoryPool::new(MemoryLimits::UNLIMITED).token(1));
            let token = TokenKey::Token { company_id: CompanyId(1), token_id: TokenId(1) };
            let db = app.db().for_operation(OperationContext {
                token,
                meter: Arc::clone(&meter),
                stop: CancelSignal::default(),
            });
            for statement in recording.of_operation() {
                db.read().query_all_raw(statement).await.unwrap();
            }
            let steps = meter.usage().steps;
            assert!(steps > 0 && steps < NOTES * STEPS, "{filter}: {steps} instructions for {NOTES} notes");
        }
    }
}
