//! The search index follows every change in the same transaction.

use notegraph::graphql::ListLimits;
use notegraph::ids::NoteId;
use notegraph::store::db::Db;
use notegraph::store::entity::token::Scope;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::json;

use testkit::{App, Client, Company, Engine, assert_search_index_is_current};

#[tokio::test]
async fn every_change_is_indexed() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    acme.note(|note| note.details = Some("手机号, o'clock and _".to_owned())).await;
    let ann = acme.user("ann").await.token(&[Scope::Read, Scope::Write]).await;
    assert_eq!(assert_search_index_is_current(app.db()).await, 2);

    let create =
        "mutation($input: NoteCreateInput!) { noteCreate(input: $input) { note { databaseId } userErrors { code } } }";
    let made = ann.query_with(create, json!({ "input": { "subject": "Größe", "details": " ,. " } })).await;
    let id = made["noteCreate"]["note"]["databaseId"].as_str().unwrap().to_owned();
    assert_eq!(assert_search_index_is_current(app.db()).await, 3, "a text without words has no row");

    let post = "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) { userErrors { code } } }";
    for message in ["The first one one", "第二 \"quoted\" 'words' \\ :* | &!", " !? "] {
        ann.query_with(post, json!({ "input": { "noteId": id, "message": message } })).await.data();
    }
    assert_eq!(assert_search_index_is_current(app.db()).await, 5);

    let patch = "mutation($input: NotePatchInput!) { notePatch(input: $input) { changedFields userErrors { code } } }";
    for (patched, parts) in [
        (json!({ "subject": "Another" }), 5),
        (json!({ "details": "Words now" }), 6),
        (json!({ "subject": null, "details": "Other words" }), 5),
        (json!({ "subject": "Back", "priority": true }), 6),
        (json!({ "priority": false }), 6),
    ] {
        let patched = ann.query_with(patch, json!({ "input": { "id": id, "patch": patched } })).await;
        assert_ne!(patched["notePatch"]["changedFields"], json!([]));
        assert_eq!(assert_search_index_is_current(app.db()).await, parts);
    }
    let many = "mutation($input: NotesPatchInput!) { notesPatch(input: $input) { changedCount userErrors { code } } }";
    let patched = json!({ "ids": ["1", id], "patch": { "subject": "Both", "details": null } });
    assert_eq!(ann.query_with(many, json!({ "input": patched })).await["notesPatch"]["changedCount"], 2);
    assert_eq!(assert_search_index_is_current(app.db()).await, 4);
    let delete =
        "mutation($input: NoteDeleteInput!) { noteDelete(input: $input) { deletedNoteId userErrors { code } } }";
    assert_eq!(ann.query_with(delete, json!({ "input": { "id": id } })).await["noteDelete"]["userErrors"], json!([]));
    assert_eq!(assert_search_index_is_current(app.db()).await, 1);
    let many = "mutation { notesDelete(input: { ids: [1] }) { deletedNoteIds } }";
    assert_eq!(ann.query(many).await["notesDelete"]["deletedNoteIds"], json!(["Note:1"]));
    assert_eq!(assert_search_index_is_current(app.db()).await, 0);
}

/// Texts with millions of characters, words of any length, and more repetitions than a database keeps positions of.
#[tokio::test]
async fn texts_of_any_size_are_indexed() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let texts = [
        "word ".repeat(50_000), // more positions than are kept
        "手机号".repeat(20_000),
        "x".repeat(2_000_000),
        (0..20_000_i32).map(|number| number.to_string()).collect::<Vec<_>>().join(" "),
        (0..12_000).map(|number| format!("{}{number:06}", "ж".repeat(40))).collect::<Vec<_>>().join(" "),
        (0..12_000).map(|number| format!("{number:06}{}", "ж".repeat(40))).collect::<Vec<_>>().join(" "),
        "a\u{301}\u{302}\u{303}".repeat(20_000),
        "'\\:*&|!()<->\"".repeat(20_000),
        format!("{}needle", "hay ".repeat(9_999)),
    ];
    for text in &texts {
        acme.note(|note| note.details = Some(text.clone())).await;
    }
    // Each note has a subject, and details if they contain words.
    assert_eq!(assert_search_index_is_current(app.db()).await, 2 * texts.len() - 1);
}

/// Beyond 6,000 different words a note's parts are searched, in every kind of search and on each search path.
#[tokio::test]
async fn a_note_with_more_words_than_are_indexed_is_found() {
    let app = App::start_with(&Engine::of_this_run(), ListLimits { looked_at: 1, ..ListLimits::default() }).await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await.token(&[Scope::Read, Scope::Write]).await;
    let count = |range: std::ops::Range<u32>| range.map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    let small = acme.note(|note| note.subject = Some("w1 w2 w5999 end".to_owned())).await.id;
    let large = acme
        .note(|note| {
            note.subject = None;
            note.details = Some(count(0..5_998));
        })
        .await
        .id;
    let post = "mutation($input: NoteMessagePostInput!) { noteMessagePost(input: $input) { userErrors { code } } }";
    let ask = "query($text: String!) { notes(search: $text) { totalCount edges { searchHit { field } node { databaseId } } } }";
    for (message, is_full) in [("w5999 w5998", false), ("w5998 w2 w3 w1 end", true), ("w7000", true)] {
        ann.query_with(post, json!({ "input": { "noteId": large.to_string(), "message": message } })).await.data();
        assert_search_index_is_current(app.db()).await;
        assert_eq!(is_full, full(app.db()).await == [large], "{message}");
        let end = if is_full { vec![large, small] } else { vec![small] };
        for (text, expected) in [
            ("w1 w5999 ", vec![large, small]),
            ("\"w1 w2\"", vec![large, small]),
            ("\"w2 w5999\"", vec![small]),
            ("w599", vec![large, small]),
            ("w4000 w599", vec![large]),
            ("w1 -w4000", vec![small]),
            ("w4000 -\"w2 w5999\"", vec![large]),
            ("w1 -\"w1 w2\"", vec![]),
            ("-w4000", vec![small]),
            ("-\"w5999 end\"", vec![large]),
            ("-\"w3 w4\"", vec![small]),
            ("end ", end),
        ] {
            let found = ann.query_with(ask, json!({ "text": text })).await;
            let edges = found["notes"]["edges"].as_array().unwrap();
            let ids: Vec<&str> = edges.iter().map(|edge| edge["node"]["databaseId"].as_str().unwrap()).collect();
            assert_eq!(ids, expected.iter().map(NoteId::to_string).collect::<Vec<_>>(), "{text} after {message}");
            assert_eq!(found["notes"]["totalCount"], expected.len(), "{text} after {message}");
        }
    }
    let delete = "mutation($input: NoteDeleteInput!) { noteDelete(input: $input) { deletedNoteId } }";
    ann.query_with(delete, json!({ "input": { "id": large.to_string() } })).await.data();
    assert_eq!(full(app.db()).await, Vec::<NoteId>::new());
}

/// The notes with more words than are indexed for a whole note.
async fn full(db: &Db) -> Vec<NoteId> {
    let sql = "SELECT note_id FROM search_note WHERE words IS NULL ORDER BY 1";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "note_id").unwrap()).collect()
}

/// Asserts how many notes each search finds on both search paths: checking notes one by one, and using the index.
async fn assert_found(apps: &[(Company, Client)], searches: &[(String, u64)]) {
    let document = "query($text: String!) { notes(search: $text) { totalCount nodes { id } } }";
    for (_, client) in apps {
        for (text, expected) in searches {
            let found = client.query_with(document, json!({ "text": text })).await;
            let nodes = found["notes"]["nodes"].as_array().unwrap().len() as u64;
            let short: String = text.chars().take(40).collect();
            assert_eq!((nodes, &found["notes"]["totalCount"]), (*expected, &json!(expected)), "{short:?}");
        }
    }
}

/// Two servers that use different search paths, each with a company.
async fn both_ways() -> Vec<(Company, Client)> {
    let mut apps = Vec::new();
    for limits in [ListLimits::default(), ListLimits { looked_at: 1, ..ListLimits::default() }] {
        let app = App::start_with(&Engine::of_this_run(), limits).await;
        let acme = app.company("Acme").await;
        let ann = acme.user("ann").await.token(&[Scope::Read]).await;
        apps.push((acme, ann));
    }
    apps
}

#[tokio::test]
async fn at_most_ten_thousand_words_of_a_text_are_indexed() {
    let apps = both_ways().await;
    for (acme, _) in &apps {
        let text = format!("first {}needle beyond last", "hay ".repeat(9_998));
        acme.note(|note| note.details = Some(text.clone())).await;
        let note = acme.note(|_| {}).await;
        // Each text has its own limit.
        acme.message(note.id, |message| message.message = format!("{}end over", "hay ".repeat(9_999))).await;
        acme.message(note.id, |message| message.message = "over".to_owned()).await;
        // Too many different words for the note as a whole, so its parts are searched.
        let numbers = (1..=10_001).map(|number| format!("n{number}")).collect::<Vec<_>>().join(" ");
        acme.note(|note| note.details = Some(numbers)).await;
    }
    let searches = [
        ("first ", 1),
        ("needle ", 1),
        ("\"needle beyond\"", 0),
        ("beyond", 0),
        ("last", 0),
        ("needle -beyond", 1),
        ("hay ", 2),
        ("end ", 1),
        ("over ", 1),
        ("n1 n10000 ", 1),
        ("n10001", 0),
        ("n1 -n10001", 1),
    ];
    assert_found(&apps, &searches.map(|(text, count)| (text.to_owned(), count))).await;
}

#[tokio::test]
async fn long_words_are_truncated_equally_in_texts_and_searches() {
    let apps = both_ways().await;
    // The longest word has 64 bytes of whole characters.
    let (latin, cyrillic) = ("x".repeat(64), "ж".repeat(32));
    for (acme, _) in &apps {
        for text in [format!("{latin}yz"), format!("a{cyrillic}ж end")] {
            acme.note(|note| note.details = Some(text)).await;
        }
    }
    let searches = [
        (latin.clone(), 1),
        (format!("{latin}yz"), 1),
        // The part that is cut off makes no difference.
        (format!("{latin}other "), 1),
        (format!("\"{latin}other\""), 1),
        (format!("-{latin}other"), 1),
        (format!("\"{}\"", "x".repeat(63)), 0),
        ("x".repeat(63), 1),
        (format!("a{cyrillic}"), 1),
        (format!("\"a{cyrillic}жжж end\""), 1),
        (format!("{cyrillic}ж"), 0),
    ];
    assert_found(&apps, &searches).await;
}

#[tokio::test]
async fn the_demo_is_indexed() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 50, &|_| {}).await.unwrap();
    assert!(assert_search_index_is_current(app.db()).await > 100);
}

/// A note whose words are not indexed yet, as right after a migration, is not found, and does not hide any other.
#[tokio::test]
async fn a_note_without_words_matches_nothing() {
    let app = App::start_with(&Engine::of_this_run(), ListLimits { looked_at: 2, ..ListLimits::default() }).await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await.token(&[Scope::Read]).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(acme.note(|note| note.subject = Some("needle".to_owned())).await.id);
    }
    for note in
        ["search_word WHERE rowid = (SELECT id FROM search_note WHERE note_id = $1)", "search_note WHERE note_id = $1"]
    {
        if note.starts_with("search_word") && app.db().backend() == DatabaseBackend::Postgres {
            continue;
        }
        let delete = Statement::from_sql_and_values(app.db().backend(), format!("DELETE FROM {note}"), [ids[1].into()]);
        let transaction = app.db().begin().await.unwrap();
        transaction.execute_raw(delete).await.unwrap();
        transaction.commit().await.unwrap();
    }
    let found = ann.query("{ notes(search: \"needle\", first: 1) { nodes { databaseId } } }").await;
    assert_eq!(found.data()["notes"]["nodes"], json!([{ "databaseId": ids[2].to_string() }]));
    let found = ann.query("{ notes(search: \"needle\") { nodes { databaseId } totalCount } }").await;
    assert_eq!(found.data()["notes"]["totalCount"], 2);
}
