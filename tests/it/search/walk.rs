//! Scanning the notes of a list one by one, in list order.

use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend};
use testkit::App;

use crate::loading::demo_client;

/// The outer query has no `ORDER BY`, because `SQLite` would read all rows of the sorted subquery to sort them again.
/// The plan must therefore guarantee the order: it scans the subquery first, as sorted, and looks up the related rows
/// of each row after that.
#[tokio::test]
async fn matches_are_in_the_order_of_the_scanned_notes() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 3_000, &|_| {}).await.unwrap();
    if app.db().backend() == DatabaseBackend::Postgres {
        return;
    }
    let client = demo_client(&app, &[Scope::Read]).await;
    for filter in ["", ", filter: { status: { eq: OPEN } }", ", filter: { assignees: { any: [1, 2, 3] } }"] {
        for order in ["CREATED_ON", "UPDATED_ON", "REMINDER", "SUBJECT", "STATUS", "PRIORITY"] {
            for direction in ["ASC", "DESC"] {
                let arguments =
                    format!("search: \"the\", orderBy: [{{ field: {order}, direction: {direction} }}]{filter}");
                let recording = app.record();
                client.query(&format!("{{ notes({arguments}) {{ nodes {{ id }} }} }}")).await.data();
                let mut statement = recording.of_operation().remove(0);
                assert!(statement.sql.contains("\"last\""), "{}", statement.sql);
                statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
                let rows = app.db().read().query_all_raw(statement).await.unwrap();
                let steps = rows.iter().map(|row| {
                    let (parent, step) = (row.try_get("", "parent").unwrap(), row.try_get("", "detail").unwrap());
                    (parent, step)
                });
                let steps: Vec<(i64, String)> = steps.collect();
                let outer: Vec<&str> = steps.iter().filter(|step| step.0 == 0).map(|step| step.1.as_str()).collect();
                let read: Vec<&&str> =
                    outer.iter().filter(|step| step.starts_with("SC") || step.starts_with("SE")).collect();
                let plan = format!("{arguments}: {steps:#?}");
                assert!(read.len() == 2 && *read[0] == "SCAN note" && read[1].contains("last"), "{plan}");
                assert!(!outer.iter().any(|step| step.contains("TEMP B-TREE")), "{plan}");
            }
        }
    }
}
