//! Numbers of lists: pages by number, the number of pages, and the number of records.

use notegraph::store::entity::note;
use notegraph::store::entity::token::Scope;
use serde_json::json;
use testkit::App;

use super::{NEWEST, Seeded, ids, ordered, seeded};

#[tokio::test]
async fn numbered_pages_equal_the_list() {
    let Seeded { client, customer, user, notes, assigned, app: _app, .. } = &seeded(17).await;
    let newest = |notes: Vec<note::Model>| ordered(&notes, NEWEST);
    let about = newest(notes.iter().filter(|note| note.customer_id == Some(*customer)).cloned().collect());
    let assigned = newest(notes.iter().filter(|note| assigned.contains(&note.id)).cloned().collect());
    let all_users = client.query("{ users { nodes { id } } }").await;
    let (customer, user) = (format!("customer(id: {customer}) {{ "), format!("user(id: {user}) {{ "));
    for (open, field, close, pointer, expected) in [
        ("", "notes", "", "/notes", newest(notes.clone())),
        (&*customer, "notes", "}", "/customer/notes", about),
        (&*user, "assignedNotes", "}", "/user/assignedNotes", assigned),
        ("", "users", "", "/users", ids(&all_users["users"])),
    ] {
        for size in [1, 5, 7] {
            let pages = expected.len().div_ceil(size);
            for number in 1..=pages + 1 {
                let document = format!(
                    "{{ {open} {field}(first: {size}, page: {number}) {{ nodes {{ id }} pageNumber pageCount totalCount
                        pageInfo {{ hasNextPage hasPreviousPage }} }} {close} }}"
                );
                let response = client.query(&document).await;
                let page = response.data().pointer(pointer).unwrap();
                let slice = expected.chunks(size).nth(number - 1).unwrap_or_default();
                assert_eq!(ids(page), slice, "page {number} of {size} of {field}");
                assert_eq!(page["pageNumber"], json!(number));
                assert_eq!(page["pageCount"], json!(pages));
                assert_eq!(page["totalCount"], json!(expected.len()));
                assert_eq!(page["pageInfo"]["hasNextPage"], json!(number < pages), "page {number} of {pages}");
                assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(number > 1), "page {number} of {pages}");
            }
        }
    }
    let by_cursor = client.query("{ notes(first: 2) { pageNumber pageCount } }").await;
    assert_eq!(by_cursor["notes"], json!({ "pageNumber": null, "pageCount": null }));
}

#[tokio::test]
async fn an_empty_list_is_one_empty_page() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    for part in ["first: 5", "last: 5", "page: 1"] {
        for field in ["notes", "customers"] {
            let document = format!(
                "{{ {field}({part}) {{ edges {{ cursor }} totalCount pageCount
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            );
            let info =
                json!({ "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null });
            let count = if part == "page: 1" { json!(0) } else { json!(null) };
            let empty = json!({ "edges": [], "totalCount": 0, "pageCount": count, "pageInfo": info });
            assert_eq!(client.query(&document).await[field], empty, "{field}({part})");
        }
    }
}

#[tokio::test]
async fn a_count_runs_only_when_it_is_selected() {
    let Seeded { app, client, .. } = &seeded(3).await;
    for (field, parent) in [
        ("notes", ""),
        ("customers", ""),
        ("users", ""),
        ("notes", "customers { nodes"),
        ("createdNotes", "users { nodes"),
        ("assignedNotes", "users { nodes"),
    ] {
        let close = "} }".get(..if parent.is_empty() { 0 } else { 3 }).unwrap();
        let open = if parent.is_empty() { String::new() } else { format!("{parent} {{") };
        for (arguments, selected, counts) in [
            ("first: 2", "nodes { id } pageNumber pageCount pageInfo { hasNextPage }", 0),
            ("first: 2", "nodes { id } totalCount", 1),
            ("first: 2, page: 1", "nodes { id } pageNumber pageInfo { hasNextPage }", 0),
            ("first: 2, page: 1", "pageCount", 1),
            ("first: 2, page: 1", "totalCount pageCount", 1),
        ] {
            let recording = app.record();
            client.query(&format!("{{ {open} {field}({arguments}) {{ {selected} }} {close} }}")).await.data();
            let ran = recording.sql().into_iter().filter(|sql| sql.to_uppercase().contains("COUNT(")).count();
            assert_eq!(ran, counts, "{parent} {field}({arguments}) {{ {selected} }}: {:#?}", recording.sql());
        }
    }
    let recording = app.record();
    client.query("{ notes { nodes { messages { totalCount } messageCount } } }").await.data();
    assert_eq!(recording.count(), 1, "the number of messages stands in the note: {:#?}", recording.sql());
}
