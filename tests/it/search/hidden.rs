//! Texts of notes that the viewer does not see are never read, so the duration of a search reveals nothing about them.

use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::Value;

use testkit::{App, Client, Company};

/// How often the parts of notes were scanned, and how many rows were read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Looked {
    times: u64,
    rows: u64,
}

/// A company with notes, some of which the viewer sees. The others contain the text `hidden`.
async fn company(app: &App, name: &str, hidden: &str) -> (Company, Client) {
    let acme = app.company(name).await;
    let (ann, bob) = (acme.user("ann").await, acme.user("bob").await);
    for number in 0..30 {
        let is_hidden = number % 3 > 0;
        let note = acme
            .note(|note| {
                note.user_id = Some(bob.id);
                note.confidential = is_hidden;
                note.details = Some(if is_hidden { hidden } else { "a deal that is no secret" }.to_owned());
            })
            .await;
        acme.message(note.id, |row| (if is_hidden { hidden } else { "nothing" }).clone_into(&mut row.message)).await;
    }
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    (acme, client)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of rows are whole and small")]
fn sum(plan: &Value, looked: &mut Looked) {
    if plan["Relation Name"] == "search_part" {
        let times = plan["Actual Loops"].as_f64().unwrap();
        looked.times += times.round() as u64;
        looked.rows += (plan["Actual Rows"].as_f64().unwrap() * times).round() as u64;
        looked.rows += (plan["Rows Removed by Filter"].as_f64().unwrap_or_default() * times).round() as u64;
    }
    for child in plan["Plans"].as_array().into_iter().flatten() {
        sum(child, looked);
    }
}

/// The reads of a document on `PostgreSQL`, which reports them.
async fn looked(app: &App, client: &Client, document: &str) -> Looked {
    let recording = app.record();
    client.query(document).await.data();
    let mut looked = Looked::default();
    for Statement { sql, values, db_backend } in recording.of_operation() {
        let sql = format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}");
        let row = app.db().read().query_one_raw(Statement { sql, values, db_backend }).await.unwrap().unwrap();
        sum(&row.try_get_by_index::<Value>(0).unwrap()[0]["Plan"], &mut looked);
    }
    looked
}

#[tokio::test]
async fn texts_of_hidden_notes_are_not_read() {
    let app = App::start().await;
    let (_one, holds) = company(&app, "One", "a secret deal").await;
    let (_other, holds_not) = company(&app, "Other", "nothing at all").await;
    let mut documents = Vec::new();
    for search in [r#"\"secret deal\""#, r#"deal -\"secret deal\""#, r#"-\"secret deal\" -\"at all\""#, r#"\"a deal\""#]
    {
        documents.extend([
            format!("{{ notes(search: \"{search}\") {{ nodes {{ id }} }} }}"),
            format!("{{ notes(search: \"{search}\") {{ totalCount }} }}"),
            format!("{{ notes(search: \"{search}\", orderBy: [{{ field: RELEVANCE }}]) {{ nodes {{ id }} }} }}"),
            format!("{{ noteCounts(groupBy: STATUS, search: \"{search}\") {{ count }} }}"),
            format!("{{ users {{ nodes {{ createdNotes(search: \"{search}\") {{ totalCount nodes {{ id }} }} }} }} }}"),
        ]);
    }
    let mut in_all = Looked::default();
    for document in &documents {
        let answers = [holds.query(document).await, holds_not.query(document).await];
        let [one, other] =
            answers.map(|answer| answer.data().to_string().replace(|char: char| char.is_ascii_digit(), ""));
        assert_eq!(one, other, "{document}");
        if app.db().backend() != DatabaseBackend::Postgres {
            continue;
        }
        let (one, other) = (looked(&app, &holds, document).await, looked(&app, &holds_not, document).await);
        assert_eq!(one, other, "{document}");
        in_all.times += one.times;
        in_all.rows += one.rows;
    }
    assert!(app.db().backend() != DatabaseBackend::Postgres || in_all.rows > 0, "texts that are seen are looked at");
}
