//! `notesPatch`, `notesAssign`, `notesUnassign` and `notesDelete`.

mod load;

use notegraph::ids::NoteId;
use notegraph::store::entity::event::EventType;
use notegraph::store::entity::note::{NoteStatus, Tags};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{Client, Contents};

use crate::fixture::Fixture;

const RESULTS: &str = "results { noteId note { id version subject tags confidential assignees { userId } }
    userErrors { code path params } } userErrors { code path params }";

async fn start() -> Fixture {
    Fixture::with(&["ann", "bob", "cid"], &[Scope::Read, Scope::Write]).await
}

impl Fixture {
    async fn insert_notes(&self, count: usize) -> Vec<NoteId> {
        let mut ids = Vec::new();
        for n in 0..count {
            ids.push(self.company.note(|note| note.subject = Some(format!("Note {n}"))).await.id);
        }
        ids
    }

    async fn send_many(&self, change: Change, input: Value) -> Value {
        self.send_many_as(&self.client, change, input).await
    }

    async fn send_many_as(&self, client: &Client, change: Change, input: Value) -> Value {
        client.query_with(&change.document(), json!({ "input": input })).await["change"].clone()
    }

    /// Sends a change that is refused, asserts that it changes nothing, and returns its payload.
    async fn refused_many(&self, change: Change, input: Value) -> Value {
        let answer = self.unchanged(self.send_many(change, input)).await;
        if change == Change::Delete {
            assert_eq!((&answer["deletedNoteIds"], &answer["report"]), (&json!([]), &Value::Null));
        } else {
            assert_eq!(answer["changedCount"], 0);
        }
        answer
    }

    /// An input of the change for these notes.
    fn input_of(&self, change: Change, ids: impl IntoIterator<Item = NoteId>, policy: &str) -> Value {
        let ids: Vec<String> = ids.into_iter().map(|id| format!("Note:{id}")).collect();
        let mut input = json!({ "ids": ids, "errorPolicy": policy });
        match change {
            Change::Patch => input["patch"] = json!({ "subject": "new", "addTags": ["new"] }),
            Change::Assign | Change::Unassign => input["userIds"] = json!([self.users[1].id.to_string()]),
            Change::Delete => {}
        }
        input
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Patch,
    Assign,
    Unassign,
    Delete,
}

const CHANGES: [Change; 4] = [Change::Patch, Change::Assign, Change::Unassign, Change::Delete];

impl Change {
    fn document(self) -> String {
        let (field, input, own) = match self {
            Self::Patch => ("notesPatch", "NotesPatchInput", "changedCount"),
            Self::Assign => ("notesAssign", "NotesAssignInput", "changedCount"),
            Self::Unassign => ("notesUnassign", "NotesUnassignInput", "changedCount"),
            Self::Delete => ("notesDelete", "NotesDeleteInput", "deletedNoteIds report { totalCount }"),
        };
        format!("mutation($input: {input}!) {{ change: {field}(input: $input) {{ {own} {RESULTS} }} }}")
    }
}

fn problem(code: &str, path: &[&str]) -> Value {
    json!({ "code": code, "path": path, "params": null })
}

fn gone(index: &str) -> Value {
    problem("NOT_FOUND", &["input", "ids", index])
}

#[tokio::test]
async fn a_batch_patch_equals_single_patches() {
    let fixture = start().await;
    let (cara, call) = (fixture.company.customer("Cara").await, fixture.company.note_type("Call").await);
    let mut pairs = Vec::new();
    // Two notes of each kind: one is patched with the others, one by itself.
    for (status, tags, subject, source) in [
        (NoteStatus::Open, vec![], Some("a"), None),
        (NoteStatus::Closed, vec!["old", "x"], Some("new"), Some(r#"{"tags":"x","flag":1}"#)),
        (NoteStatus::Open, vec!["new", "old"], None, Some(r#"{"status":"","reminder":"soon"}"#)),
        (NoteStatus::Closed, vec!["new"], Some("new"), None),
    ] {
        let mut pair = Vec::new();
        for _ in 0..2 {
            let note = fixture.company.note(|note| {
                (note.status, note.subject) = (status, subject.map(str::to_owned));
                note.tags = Tags(tags.iter().map(|&tag| tag.to_owned()).collect());
                note.source = source.map(str::to_owned);
            });
            pair.push(note.await.id);
        }
        pairs.push((pair[0], pair[1]));
    }
    for patch in [
        json!({ "subject": "new", "status": "CLOSED", "addTags": ["new"], "removeTags": ["old"] }),
        json!({ "status": "OPEN", "reminder": "2026-05-01T10:00:00Z", "referenceType": "ORDER", "referenceId": "7" }),
        json!({ "customerId": cara.id, "typeId": call.id, "details": "d", "priority": true, "showOnOverview": true }),
        json!({ "customerId": null, "referenceType": null, "subject": null, "tags": null, "reminder": null }),
        json!({}),
    ] {
        let ids: Vec<NoteId> = pairs.iter().map(|pair| pair.0).collect();
        let input = json!({ "ids": ids, "patch": patch });
        let answer = fixture.send_many(Change::Patch, input).await;
        assert_eq!(answer["userErrors"], json!([]));
        let mut changed = 0;
        for (index, (_, single)) in pairs.iter().enumerate() {
            let document = "mutation($input: NotePatchInput!) { notePatch(input: $input) {
                note { version subject tags confidential assignees { userId } } changedFields } }";
            let input = json!({ "id": single.to_string(), "patch": patch });
            let one = fixture.client.query_with(document, json!({ "input": input })).await["notePatch"].clone();
            changed += usize::from(one["changedFields"] != json!([]));
            let mut among = answer["results"][index]["note"].clone();
            among.as_object_mut().unwrap().remove("id");
            assert_eq!(among, one["note"], "{patch}");
        }
        assert_eq!(answer["changedCount"], changed, "{patch}");
        // The rows and events are equal, too, except for the ids and times.
        let contents = Contents::read(&fixture.app).await;
        let row = |id: NoteId| {
            let mut row = contents.0["note"].iter().find(|row| row["id"] == id.0).unwrap().clone();
            for moment in ["id", "created_on", "updated_on", "closed_on"] {
                let value = row[moment].take();
                row[moment] = json!(value.is_null());
            }
            row
        };
        let told = |id: NoteId| {
            let mut events: Vec<Value> =
                contents.0["event"].iter().filter(|row| row["note_id"] == id.0).cloned().collect();
            events.sort_by_key(|event| event["id"].as_i64());
            let of = |event: &Value| json!([event["type"], event["changes"], event["actor_id"]]);
            events.iter().map(of).collect::<Vec<Value>>()
        };
        for (among, single) in &pairs {
            assert_eq!(row(*among), row(*single), "{patch}");
            assert_eq!(told(*among), told(*single), "{patch}");
        }
    }
}

#[tokio::test]
async fn each_id_has_its_result_in_input_order() {
    let fixture = start().await;
    let ids = fixture.insert_notes(3).await;
    for change in CHANGES {
        let asked = [ids[2], NoteId(99), ids[0], ids[2], NoteId(98)];
        let answer = fixture.send_many(change, fixture.input_of(change, asked, "SKIP_FAILED")).await;
        assert_eq!(answer["userErrors"], json!([]), "{change:?}: what failed stands in the results");
        let results = answer["results"].as_array().unwrap();
        let told: Vec<&Value> = results.iter().map(|result| &result["noteId"]).collect();
        assert_eq!(told, asked.map(|id| format!("Note:{id}")).each_ref());
        assert_eq!((&results[1]["userErrors"], &results[4]["userErrors"]), (&json!([gone("1")]), &json!([gone("4")])));
        assert_eq!(results[0], results[3], "named twice, done once, told twice");
        for index in [0, 2] {
            assert_eq!(results[index]["userErrors"], json!([]));
            assert_eq!(results[index]["note"].is_null(), change == Change::Delete);
        }
        if change == Change::Delete {
            assert_eq!(answer["deletedNoteIds"], json!([format!("Note:{}", ids[0]), format!("Note:{}", ids[2])]));
            assert_eq!(answer["report"]["totalCount"], 2);
        } else {
            assert_eq!(answer["changedCount"], 2);
        }
    }
    let told: Vec<(EventType, NoteId)> =
        fixture.events().await.iter().map(|event| (event.kind, event.note_id)).collect();
    let each = |kind| [(kind, ids[0]), (kind, ids[2])];
    let kinds = [EventType::Updated, EventType::Assigned, EventType::Unassigned, EventType::Deleted];
    assert_eq!(told, kinds.map(each).concat());
    assert_eq!(Contents::read(&fixture.app).await.count("note"), 1);
}

#[tokio::test]
async fn one_failure_refuses_all_unless_failures_are_skipped() {
    let fixture = start().await;
    let ids = fixture.insert_notes(2).await;
    fixture.company.assign(ids[0], fixture.users[1].id).await;
    for change in CHANGES {
        let mut input = fixture.input_of(change, [ids[0], NoteId(99), ids[1]], "REJECT_ALL");
        input["errorPolicy"] = Value::Null;
        let by_null = fixture.refused_many(change, input.clone()).await;
        input.as_object_mut().unwrap().remove("errorPolicy");
        let answer = fixture.refused_many(change, input).await;
        assert_eq!(answer, by_null);
        assert_eq!(answer["userErrors"], json!([gone("1")]), "{change:?}");
        let results = answer["results"].as_array().unwrap();
        assert_eq!((&results[1]["userErrors"], &results[1]["note"]), (&json!([gone("1")]), &Value::Null));
        for (index, id) in [(0, ids[0]), (2, ids[1])] {
            assert_eq!(results[index]["userErrors"], json!([]));
            assert_eq!(results[index]["note"]["id"], format!("Note:{id}"), "as it is, unchanged");
            assert_eq!(results[index]["note"]["version"], 1);
        }
        let mut input = fixture.input_of(change, [ids[0]], "REJECT_ALL");
        input["ids"] = json!([ids[0].to_string(), "Customer:1", "x"]);
        let answer = fixture.refused_many(change, input).await;
        let bad = |index: &str| problem("INVALID", &["input", "ids", index]);
        assert_eq!(answer["userErrors"], json!([bad("1"), bad("2")]));
        assert_eq!(
            (&answer["results"][1]["noteId"], &answer["results"][2]["noteId"]),
            (&json!("Customer:1"), &json!("x"))
        );
    }
}

#[tokio::test]
async fn an_invalid_input_refuses_all_under_every_policy() {
    let fixture = start().await;
    let ids = fixture.insert_notes(2).await;
    for policy in ["REJECT_ALL", "SKIP_FAILED"] {
        let mut input = fixture.input_of(Change::Patch, ids.clone(), policy);
        input["patch"] = json!({ "status": null, "customerId": "99" });
        let expected = json!([
            problem("NULL_NOT_ALLOWED", &["input", "patch", "status"]),
            problem("REFERENCE_NOT_FOUND", &["input", "patch", "customerId"]),
        ]);
        let answer = fixture.refused_many(Change::Patch, input).await;
        assert_eq!(answer["userErrors"], expected);
        assert_eq!(answer["results"][1]["note"]["version"], 1);
        let mut input = fixture.input_of(Change::Assign, ids.clone(), policy);
        input["userIds"] = json!([fixture.users[0].id.to_string(), "99"]);
        let expected = json!([problem("REFERENCE_NOT_FOUND", &["input", "userIds", "1"])]);
        assert_eq!(fixture.refused_many(Change::Assign, input).await["userErrors"], expected);
    }
}

#[tokio::test]
async fn at_most_a_hundred_notes_are_accepted() {
    let fixture = start().await;
    let ids = fixture.insert_notes(101).await;
    for change in CHANGES {
        for policy in ["REJECT_ALL", "SKIP_FAILED"] {
            let answer = fixture.refused_many(change, fixture.input_of(change, ids.clone(), policy)).await;
            let many =
                json!([{ "code": "TOO_MANY", "path": ["input", "ids"], "params": { "count": 101, "max": 100 } }]);
            assert_eq!((&answer["userErrors"], &answer["results"]), (&many, &json!([])));
            let answer = fixture.refused_many(change, fixture.input_of(change, [], policy)).await;
            assert_eq!((&answer["userErrors"], &answer["results"]), (&json!([]), &json!([])));
        }
        let answer = fixture.send_many(change, fixture.input_of(change, ids[..100].to_vec(), "REJECT_ALL")).await;
        assert_eq!(answer["results"].as_array().unwrap().len(), 100);
        assert_eq!(answer["userErrors"], json!([]), "{change:?}");
        let count = if change == Change::Delete { &answer["report"]["totalCount"] } else { &answer["changedCount"] };
        assert_eq!(*count, 100, "{change:?}");
    }
}

#[tokio::test]
async fn an_equal_value_is_no_change() {
    let fixture = start().await;
    let ids = fixture.insert_notes(3).await;
    for change in [Change::Patch, Change::Assign, Change::Unassign] {
        assert_eq!(
            fixture.send_many(change, fixture.input_of(change, [ids[1]], "REJECT_ALL")).await["changedCount"],
            1
        );
        if change == Change::Unassign {
            fixture.send_many(Change::Assign, fixture.input_of(Change::Assign, [ids[0], ids[2]], "REJECT_ALL")).await;
        }
        let answer = fixture.send_many(change, fixture.input_of(change, ids.clone(), "REJECT_ALL")).await;
        assert_eq!(answer["changedCount"], 2, "{change:?}");
        let answer = fixture.refused_many(change, fixture.input_of(change, ids.clone(), "REJECT_ALL")).await;
        assert_eq!((&answer["changedCount"], &answer["userErrors"]), (&json!(0), &json!([])), "{change:?}");
    }
}

#[tokio::test]
async fn a_note_that_cannot_take_the_patch_fails_alone() {
    let fixture = start().await;
    let full: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let full = fixture.company.note(|note| note.tags = Tags(full)).await.id;
    let own = fixture.company.note(|note| note.user_id = Some(fixture.users[0].id)).await.id;
    let assigned = fixture.company.note(|_| {}).await.id;
    fixture.company.assign(assigned, fixture.users[0].id).await;
    let others = fixture.company.note(|note| note.user_id = Some(fixture.users[1].id)).await.id;

    let mut input = fixture.input_of(Change::Patch, [own, full], "REJECT_ALL");
    let too_many =
        json!([{ "code": "TOO_MANY", "path": ["input", "ids", "1"], "params": { "count": 101, "max": 100 } }]);
    let answer = fixture.refused_many(Change::Patch, input.clone()).await;
    assert_eq!((&answer["userErrors"], &answer["results"][1]["userErrors"]), (&too_many, &too_many));
    input["errorPolicy"] = json!("SKIP_FAILED");
    let answer = fixture.send_many(Change::Patch, input).await;
    assert_eq!((&answer["changedCount"], &answer["userErrors"]), (&json!(1), &json!([])));
    assert_eq!(answer["results"][1]["userErrors"], too_many);
    assert_eq!(answer["results"][1]["note"]["subject"], "A note", "nothing of it was changed");

    let mut input = fixture.input_of(Change::Patch, [others, own, assigned], "SKIP_FAILED");
    input["patch"] = json!({ "confidential": true });
    let answer = fixture.send_many(Change::Patch, input).await;
    let hidden: Vec<&Value> =
        answer["results"].as_array().unwrap().iter().map(|result| &result["note"]["confidential"]).collect();
    assert_eq!(hidden, [false, true, true]);
    assert_eq!(answer["results"][0]["userErrors"], json!([problem("FORBIDDEN", &["input", "ids", "0"])]));
}

#[tokio::test]
async fn a_hidden_note_is_not_found_in_a_batch() {
    let fixture = start().await;
    let secret =
        fixture.company.note(|note| (note.confidential, note.subject) = (true, Some("SECRET".to_owned()))).await.id;
    let open = fixture.insert_notes(1).await[0];
    for change in CHANGES {
        let input = fixture.input_of(change, [secret], "SKIP_FAILED");
        let answer = fixture.refused_many(change, input).await;
        assert_eq!(answer["results"][0]["userErrors"], json!([gone("0")]));
        assert_eq!(answer["results"][0]["note"], Value::Null);
        let answer = fixture.refused_many(change, fixture.input_of(change, [open, secret], "REJECT_ALL")).await;
        assert_eq!(answer["userErrors"], json!([gone("1")]));
    }
}

#[tokio::test]
async fn a_removed_assignee_no_longer_sees_confidential_notes() {
    let fixture = start().await;
    let ann = fixture.users[0].id;
    let mut ids = Vec::new();
    for (confidential, author) in [(true, None), (true, Some(ann)), (false, None)] {
        let note = fixture.company.note(|note| (note.confidential, note.user_id) = (confidential, author)).await.id;
        fixture.company.assign(note, ann).await;
        ids.push(note);
    }
    let mut input = fixture.input_of(Change::Unassign, ids, "REJECT_ALL");
    input["userIds"] = json!([ann.to_string()]);
    let answer = fixture.send_many(Change::Unassign, input).await;
    assert_eq!(answer["changedCount"], 3);
    let seen: Vec<bool> =
        answer["results"].as_array().unwrap().iter().map(|result| !result["note"].is_null()).collect();
    assert_eq!(seen, [false, true, true]);
}

#[tokio::test]
async fn batch_assignments_keep_the_order_of_each_note() {
    let fixture = start().await;
    let ids = fixture.insert_notes(2).await;
    let [ann, bob, cid] = [0, 1, 2].map(|person| format!("User:{}", fixture.users[person].id));
    fixture.company.assign(ids[1], fixture.users[2].id).await;
    let input = json!({ "ids": ids, "userIds": [bob, cid, ann, bob] });
    let answer = fixture.send_many(Change::Assign, input).await;
    let assigned = |index: usize| {
        let assignees = answer["results"][index]["note"]["assignees"].as_array().unwrap();
        assignees.iter().map(|assignee| assignee["userId"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(assigned(0), [&bob, &cid, &ann].map(|user| json!(user)));
    assert_eq!(assigned(1), [&cid, &bob, &ann].map(|user| json!(user)));
    let told: Vec<Value> = fixture.events().await.iter().map(|event| event.changes.0[0].new.clone()).collect();
    assert_eq!(told, [json!([bob, cid, ann]), json!([bob, ann])]);
}
