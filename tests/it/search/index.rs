//! The index follows every change in its transaction.

use notegraph::entity::token::Scope;
use serde_json::json;

use crate::support::{App, assert_search_index_is_current};

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

/// Millions of characters, words of any length, and more repetitions than a database keeps positions of.
#[tokio::test]
async fn texts_of_any_size_are_indexed() {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let texts = [
        "word ".repeat(50_000),
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
    // A subject each, and details where there are words.
    assert_eq!(assert_search_index_is_current(app.db()).await, 2 * texts.len() - 1);
}

#[tokio::test]
async fn the_demo_is_indexed() {
    let app = App::start().await;
    notegraph::demo::fill(app.db(), 50, &|_| {}).await.unwrap();
    assert!(assert_search_index_is_current(app.db()).await > 100);
}
