//! Database load of upserts: few statements, and nobody is created twice.

use futures_util::future::join_all;
use notegraph::store::entity::{customer, user};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use super::{BOTH, USERS, start};

#[tokio::test]
async fn statements_do_not_grow_with_the_people() {
    let fixture = start().await;
    for (document, _, _) in BOTH {
        // All new, all existing, and half of each.
        for (round, offset) in [("made", 0), ("changed", 0), ("mixed", 1)] {
            let mut counts = Vec::new();
            for size in [2_usize, 10, 100] {
                let person = |n: usize| {
                    let n = n + offset * size / 2;
                    let key = format!("{size}-{n}");
                    let mut one = json!({ "externalKey": key, "firstName": format!("{round} {n}"), "lastName": key });
                    if document == USERS {
                        one["username"] = json!(format!("{round} {key}"));
                    }
                    one
                };
                let input: Value = (0..size).map(person).collect();
                let recording = fixture.app.record();
                assert_eq!(fixture.upserted(document, input).await.as_array().unwrap().len(), size);
                counts.push(recording.count());
            }
            assert!(counts[0] == counts[1] && counts[1] == counts[2], "{round}: {counts:?}");
        }
    }
}

/// Many concurrent requests with the same new keys in different orders, while users are assigned to a note.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_upserts_create_each_person_once() {
    let fixture = start().await;
    let note = fixture.company.note(|_| {}).await.id;
    for (document, _, _) in BOTH {
        let tasks = (0..12).map(|n: usize| {
            let mut keys: Vec<usize> = (0..10).collect();
            keys.rotate_left(n % 10);
            if n % 2 == 1 {
                keys.reverse();
            }
            let one = |key: usize| {
                let mut one =
                    json!({ "externalKey": key.to_string(), "firstName": format!("{key} by {n}"), "lastName": "x" });
                if document == USERS {
                    one["username"] = json!(format!("user {key}"));
                }
                one
            };
            let input: Value = keys.into_iter().map(one).collect();
            let client = fixture.client.clone();
            tokio::spawn(async move {
                client.query_with(document, json!({ "input": input })).await["change"]["userErrors"].clone()
            })
        });
        let links = (0..6).map(|n| {
            let client = fixture.client.clone();
            let ids = if n % 2 == 0 { "[1, 2]" } else { "[2, 1]" };
            let field = if n % 3 == 0 { "notesUnassign" } else { "notesAssign" };
            let change = format!("mutation {{ change: {field}(input: {{ ids: [{note}], userIds: {ids} }}) {{ userErrors {{ code path }} }} }}");
            tokio::spawn(async move { client.query(&change).await["change"]["userErrors"].clone() })
        });
        fixture.company.user(&format!("second {}", document.len())).await;
        for errors in join_all(tasks.chain(links)).await {
            assert_eq!(errors.unwrap(), json!([]));
        }
    }
    let read = fixture.app.db().read();
    let customers = customer::Entity::find().order_by_asc(customer::Column::Id).all(read).await.unwrap();
    assert_eq!(customers.iter().filter(|row| row.external_key.is_some()).count(), 10);
    let users = user::Entity::find().all(read).await.unwrap();
    assert_eq!(users.iter().filter(|row| row.external_key.is_some()).count(), 10);
}
