//! Database load of bulk changes: few statements, and no batch waits forever.

use futures_util::future::join_all;
use serde_json::json;
use testkit::Contents;

use super::{CHANGES, Change, RESULTS, start};

/// Ten thousand assignments exceed the parameter limit of a statement.
#[tokio::test]
async fn a_hundred_users_are_assigned_to_a_hundred_notes() {
    let fixture = start().await;
    let ids = fixture.insert_notes(100).await;
    let mut users = Vec::new();
    for n in 0..100 {
        users.push(fixture.company.user(&format!("user{n}")).await.id.to_string());
    }
    let input = json!({ "ids": ids, "userIds": users });
    assert_eq!(fixture.send_many(Change::Assign, input.clone()).await["changedCount"], 100);
    assert_eq!(Contents::read(&fixture.app).await.count("assignment"), 10_000);
    assert_eq!(fixture.send_many(Change::Unassign, input).await["changedCount"], 100);
    assert_eq!(Contents::read(&fixture.app).await.count("assignment"), 0);
}

#[tokio::test]
async fn statements_do_not_grow_with_the_notes() {
    let fixture = start().await;
    let cara = fixture.company.customer("Cara").await.id;
    let selection = "results { note { customer { fullName } assignees { user { fullName } } lastMessage { id } } userErrors { code } }";
    for change in CHANGES {
        let mut counts = Vec::new();
        for size in [1, 10, 100] {
            let ids = fixture.insert_notes(size).await;
            for (index, &id) in ids.iter().enumerate() {
                fixture.company.message(id, |_| {}).await;
                fixture.company.assign(id, fixture.users[if change == Change::Unassign { 1 } else { 2 }].id).await;
                // Give each note tags of its own.
                let patch = format!(
                    r#"mutation {{ notePatch(input: {{ id: {id}, patch: {{ tags: ["{index}"], customerId: {cara} }} }}) {{ note {{ id }} }} }}"#
                );
                fixture.client.query(&patch).await.data();
            }
            let mut input = fixture.input_of(change, ids, "SKIP_FAILED");
            if change == Change::Patch {
                input["patch"]["customerId"] = json!(null);
            }
            let document = change.document().replace(RESULTS, selection);
            let recording = fixture.app.record();
            let answer = fixture.client.query_with(&document, json!({ "input": input })).await["change"].clone();
            counts.push(recording.count());
            let done =
                answer["changedCount"].as_u64().or(answer["deletedNoteIds"].as_array().map(|ids| ids.len() as u64));
            assert_eq!(done, Some(size as u64), "{change:?}: {answer:#}");
        }
        // A single note may take fewer statements, because its related rows are loaded along with it.
        assert!(counts[0] <= counts[1] && counts[1] == counts[2], "{change:?}: {counts:?}");
    }
}

/// Overlapping batches in different orders: none waits forever, and no change is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_batches_lock_in_one_order() {
    let fixture = start().await;
    let ids = fixture.insert_notes(20).await;
    let answers = join_all((0..16).map(|n: usize| {
        let mut order = ids.clone();
        order.rotate_left(n % 20);
        if n % 2 == 1 {
            order.reverse();
        }
        let input = if n % 4 < 2 {
            json!({ "ids": order, "patch": { "subject": format!("{n}"), "addTags": [format!("t{n}")] } })
        } else {
            json!({ "ids": order, "userIds": [fixture.users[n % 3].id.to_string()] })
        };
        let change = if n % 4 < 2 { Change::Patch } else { Change::Assign };
        let client = fixture.client.clone();
        tokio::spawn(async move {
            client.query_with(&change.document(), json!({ "input": input })).await["change"]["userErrors"].clone()
        })
    }))
    .await;
    assert!(answers.into_iter().all(|errors| errors.unwrap() == json!([])));
    let notes = fixture.client.query("{ notes(first: 100) { nodes { version tags assignees { userId } } } }").await;
    for note in notes["notes"]["nodes"].as_array().unwrap() {
        assert_eq!(note["tags"].as_array().unwrap().len(), 8, "{note}");
        let assigned = note["assignees"].as_array().unwrap().len();
        assert_eq!(note["version"], json!(1 + 8 + assigned), "{note}");
    }
}
