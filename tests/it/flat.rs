//! The cost of a page is flat: it depends on what the page shows, neither on the number of notes nor on the depth of
//! the page.
//!
//! The unit on `PostgreSQL` is the blocks that the page's statements touch. `SQLite` has no such count that a statement
//! could query; there [`plans`](crate::plans) ensures that no list is scanned or sorted.

use notegraph::graphql::ListLimits;
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::Value;
use testkit::{App, Client};

use crate::loading::demo_client;
use crate::plans::FOUND_BY;

/// Numbers of notes in the two databases, in multiples of a thousand, unless the environment names others. With fewer
/// notes the database scans whole tables of people, which is even cheaper than finding fifty of them.
const SIZES: [i64; 2] = [20_000, 60_000];
/// The environment variable with two other sizes, as in `100000,1000000`.
const VARIABLE: &str = "NOTEGRAPH_TEST_FLAT_NOTES";
/// Number of notes that the demo creates; the rest are copies of these.
const MADE: i64 = 1_000;

/// The tables of notes, and the columns that differ in a copy; these come last.
const COPIED: [(&str, &str); 7] = [
    ("note", "id + copy.k * 1000000 AS id, created_on - copy.k * interval '1 hour' AS created_on"),
    ("note_update", "note_id + copy.k * 1000000 AS note_id"),
    ("assignment", "note_id + copy.k * 1000000 AS note_id"),
    ("message", "id + copy.k * 1000000 AS id, note_id + copy.k * 1000000 AS note_id"),
    ("note_tag", "note_id + copy.k * 1000000 AS note_id"),
    ("search_part", "note_id + copy.k * 1000000 AS note_id"),
    ("search_note", "note_id + copy.k * 1000000 AS note_id"),
];

/// The list that front ends show first, with all related data.
fn page(cursor: &str) -> String {
    format!(
        "{{ notes(first: 50, filter: {{ status: {{ eq: OPEN }} }}{cursor}) {{ nodes {{
            id subject details status priority tags createdOn updatedOn
            customer {{ id fullName companyName }} user {{ id fullName }} assignees {{ user {{ id fullName }} }}
            messages(first: 10) {{ nodes {{ id message createdOn postedBy {{ id fullName }} }} }}
        }} }} }}"
    )
}

/// The cursor of an open note that comes after nine tenths of them.
async fn deep_cursor(app: &App, client: &Client) -> String {
    let deep = "SELECT created_on, id FROM note WHERE status = 'open' ORDER BY created_on DESC, id DESC \
                OFFSET (SELECT count(*) * 9 / 10 FROM note WHERE status = 'open') LIMIT 1";
    let row = app.db().read().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, deep)).await;
    let id: i64 = row.unwrap().unwrap().try_get_by_index(1).unwrap();
    let document = format!("{{ notes(filter: {{ id: {{ eq: {id} }} }}) {{ edges {{ cursor }} }} }}");
    let response = client.query(&document).await;
    response.data()["notes"]["edges"][0]["cursor"].as_str().unwrap().to_owned()
}

/// The number of blocks that the statements of a full page touch.
async fn blocks_of_page(app: &App, client: &Client, document: &str) -> u64 {
    let (blocks, notes) = blocks(app, client, document).await;
    assert_eq!(notes, 50, "a whole page");
    blocks
}

/// The number of blocks that the statements of a document touch, and the number of notes that it shows.
async fn blocks(app: &App, client: &Client, document: &str) -> (u64, usize) {
    let recording = app.record();
    let notes = client.query(document).await["notes"]["nodes"].as_array().map_or(0, Vec::len);
    let mut blocks = 0;
    for mut statement in recording.of_operation() {
        statement.sql.insert_str(0, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ");
        let row = app.db().read().query_one_raw(statement).await.unwrap().unwrap();
        let plan: Value = row.try_get_by_index(0).unwrap();
        let touched = |kind: &str| plan[0]["Plan"][kind].as_u64().unwrap();
        blocks += touched("Shared Hit Blocks") + touched("Shared Read Blocks");
    }
    (blocks, notes)
}

/// The number of blocks of all notes with their related rows.
async fn blocks_in_all(app: &App) -> u64 {
    let sizes = COPIED.map(|(table, _)| format!("pg_relation_size('{table}')")).join(" + ");
    let size = format!("SELECT ({sizes}) / current_setting('block_size')::bigint");
    let row = app.db().read().query_one_raw(Statement::from_string(DatabaseBackend::Postgres, size)).await;
    row.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap().unsigned_abs()
}

/// Asserts that each filter with an index reads the notes that it finds there: 20 if the index has the order of the
/// list, otherwise all that match, to sort them. A million notes are some forty thousand blocks.
async fn assert_filters_read_what_matches(app: &App, client: &Client, size: i64) {
    let all = blocks_in_all(app).await;
    for (filter, index) in FOUND_BY {
        let list = |shown: &str| format!("{{ notes(filter: {{ {filter} }}) {{ {shown} }} }}");
        let total = client.query(&list("totalCount")).await["notes"]["totalCount"].as_u64().unwrap();
        let read = if index.ends_with("created_on_id") { total.min(20) } else { total };
        let (blocks, shown) = blocks(app, client, &list("nodes { id }")).await;
        println!("{size} notes: {blocks} blocks of {all} for {shown} of {total} with {filter}");
        assert_eq!(shown as u64, total.min(20), "{filter}");
        // If many notes match, it is cheaper to walk the list until there are enough.
        let most = if total * 10 > size.unsigned_abs() { all / 5 } else { (20 + 6 * read).min(all) };
        assert!(blocks <= most, "of {size} notes: {blocks} blocks, not {most}, for {shown} of {total} with {filter}");
    }
}

/// Pages of searches, and counts of few notes.
const SEARCHES: [(&str, &str); 4] = [
    ("one word", "notes(search: \"call\") { nodes { id } }"),
    ("two words", "notes(search: \"the call\") { nodes { id } }"),
    ("a word of no note", "notes(search: \"call qqqq\") { nodes { id } }"),
    ("counts", "noteCounts(groupBy: TAG, filter: { id: { in: [1, 2, 3] } }) { key count }"),
];

/// A database with this many notes: some from the demo, and ever older copies of them.
async fn filled(notes: i64) -> App {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), MADE.unsigned_abs(), &|_| {}).await.unwrap();
    let door = app.db().begin().await.unwrap();
    // Copying takes long, and includes the rows that triggers derive from notes.
    door.execute_unprepared("SET LOCAL statement_timeout = 0; ALTER TABLE note DISABLE TRIGGER USER").await.unwrap();
    for (table, replaced) in COPIED {
        // The replaced columns come last in the selection, as in the list of inserted columns.
        let names: Vec<&str> = replaced.split(" AS ").skip(1).map(|name| name.split(',').next().unwrap()).collect();
        let is_replaced = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let columns = format!(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' AND column_name NOT IN ({is_replaced})"
        );
        let row = door.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, columns)).await;
        let kept: String = row.unwrap().unwrap().try_get_by_index(0).unwrap();
        let copied = format!(
            "INSERT INTO {table} ({kept}, {}) SELECT {kept}, {replaced} FROM {table}, \
             generate_series(1, {}) AS copy (k)",
            names.join(", "),
            notes / MADE - 1,
        );
        door.execute_unprepared(&copied).await.unwrap();
    }
    door.execute_unprepared("ALTER TABLE note ENABLE TRIGGER USER; ANALYZE").await.unwrap();
    door.commit().await.unwrap();
    app
}

#[tokio::test]
async fn the_cost_of_a_page_is_flat() {
    let sizes = std::env::var(VARIABLE).map_or(SIZES.to_vec(), |sizes| {
        sizes.split(',').map(|size| size.parse().unwrap_or_else(|_| panic!("{VARIABLE} is {sizes}"))).collect()
    });
    let mut costs = Vec::new();
    let mut searched = SEARCHES.map(|_| Vec::new());
    for size in sizes {
        let app = App::start().await;
        if app.db().backend() != DatabaseBackend::Postgres {
            return;
        }
        let app = filled(size).await;
        let client = demo_client(&app, &[Scope::Read, Scope::Confidential]).await;
        let deep = format!(", after: \"{}\"", deep_cursor(&app, &client).await);
        // Warm up: the first read of a block also cleans it up.
        blocks_of_page(&app, &client, &page("")).await;
        blocks_of_page(&app, &client, &page(&deep)).await;
        let first = blocks_of_page(&app, &client, &page("")).await;
        let deep = blocks_of_page(&app, &client, &page(&deep)).await;
        println!("{size} notes: {first} blocks for the first page, {deep} for a deep one");
        assert!(deep * 10 <= first * 13, "of {size} notes: {first} blocks for the first page, {deep} for a deep one");
        assert_filters_read_what_matches(&app, &client, size).await;
        costs.push((size, first, deep));
        for (at, (what, list)) in SEARCHES.into_iter().enumerate() {
            let (blocks, shown) = blocks(&app, &client, &format!("{{ {list} }}")).await;
            println!("{size} notes: {blocks} blocks for {shown} by {what}");
            assert_eq!(shown, if what.contains("word") && !what.contains("no note") { 20 } else { 0 }, "{what}");
            searched[at].push(blocks);
        }
    }
    let (few, many) = (costs[0], costs[1]);
    assert!(many.1 * 10 <= few.1 * 13 && many.2 * 10 <= few.2 * 13, "(notes, first page, deep page): {costs:?}");
    for ((what, _), blocks) in SEARCHES.iter().zip(searched) {
        // A search examines this many notes, each with its words, before it uses the index.
        let walked = 10 * ListLimits::default().looked_at;
        assert!(blocks[1] * 10 <= blocks[0] * 13 || blocks[1] <= walked, "{what}: {blocks:?}");
    }
}
