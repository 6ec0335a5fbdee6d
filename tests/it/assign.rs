//! `noteAssign` and `noteUnassign`.

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use notegraph::ids::NoteId;
use notegraph::store::entity::event::{self, EventType};
use notegraph::store::entity::token::Scope;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use testkit::Contents;

use crate::fixture::Fixture;

const ASSIGN: &str = "mutation($input: NoteAssignInput!) { change: noteAssign(input: $input) {
    note { version assignees { user { username } assignedBy { username } createdOn } }
    added { userId } alreadyAssignedUserIds userErrors { code path params } } }";

const UNASSIGN: &str = "mutation($input: NoteUnassignInput!) { change: noteUnassign(input: $input) {
    note { version assignees { user { username } } }
    removedUserIds notAssignedUserIds userErrors { code path params } } }";

/// The note with which a test starts.
const NOTE: NoteId = NoteId(1);

async fn start() -> Fixture {
    let fixture = Fixture::with(&["ann", "bob", "cid"], &[Scope::Read, Scope::Write]).await;
    assert_eq!(fixture.company.note(|_| {}).await.id, NOTE);
    fixture
}

impl Fixture {
    async fn send_users(&self, document: &str, users: Value) -> Value {
        let input = json!({ "id": NOTE.to_string(), "userIds": users });
        self.change(document, input).await
    }

    fn user_id(&self, person: usize) -> String {
        format!("User:{}", self.users[person].id)
    }

    /// The user errors of a change, which must not change anything.
    async fn assign_errors(&self, document: &str, users: Value) -> Value {
        let answer = self.unchanged(self.send_users(document, users)).await;
        assert_eq!(answer["note"], Value::Null);
        answer["userErrors"].clone()
    }
}

fn names(answer: &Value) -> Vec<&str> {
    let assignees = answer["note"]["assignees"].as_array().unwrap();
    assignees.iter().map(|assignee| assignee["user"]["username"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn assigning_reports_new_and_existing_assignees() {
    let fixture = start().await;
    let (ann, bob, cid) = (fixture.user_id(0), fixture.user_id(1), fixture.user_id(2));
    let answer = fixture.send_users(ASSIGN, json!([bob, fixture.users[1].id.to_string(), ann, bob])).await;
    assert_eq!(answer["added"], json!([{ "userId": bob }, { "userId": ann }]), "each once, in the order given");
    assert_eq!(answer["alreadyAssignedUserIds"], json!([]));
    assert_eq!((names(&answer), &answer["note"]["version"]), (vec!["bob", "ann"], &json!(2)));

    let answer = fixture.send_users(ASSIGN, json!([ann, cid, bob])).await;
    assert_eq!(answer["added"], json!([{ "userId": cid }]));
    assert_eq!(answer["alreadyAssignedUserIds"], json!([ann, bob]));
    assert_eq!((names(&answer), &answer["note"]["version"]), (vec!["bob", "ann", "cid"], &json!(3)));
    assert_eq!(answer["note"]["assignees"][2]["assignedBy"]["username"], "ann");
}

#[tokio::test]
async fn assigning_again_keeps_the_first_assignment_and_leaves_no_trace() {
    let fixture = start().await;
    fixture.send_users(ASSIGN, json!([fixture.user_id(1)])).await;
    let before = Contents::read(&fixture.app).await;
    for users in [json!([fixture.user_id(1)]), json!([])] {
        let answer = fixture.send_users(ASSIGN, users).await;
        assert_eq!((&answer["added"], &answer["userErrors"]), (&json!([]), &json!([])));
        assert_eq!((names(&answer), &answer["note"]["version"]), (vec!["bob"], &json!(2)));
        assert_eq!(Contents::read(&fixture.app).await, before);
    }
}

#[tokio::test]
async fn unassigning_reports_removed_and_missing_assignees() {
    let fixture = start().await;
    let (ann, bob, cid) = (fixture.user_id(0), fixture.user_id(1), fixture.user_id(2));
    fixture.send_users(ASSIGN, json!([cid, ann, bob])).await;
    // A key without a user is reported as not assigned, like any unassigned user.
    let answer = fixture.send_users(UNASSIGN, json!([ann, "User:99", ann])).await;
    assert_eq!(answer["removedUserIds"], json!([ann]));
    assert_eq!(answer["notAssignedUserIds"], json!(["User:99"]));
    assert_eq!((names(&answer), &answer["note"]["version"]), (vec!["cid", "bob"], &json!(3)));

    // A user who is assigned again comes last.
    assert_eq!(names(&fixture.send_users(ASSIGN, json!([ann])).await), ["cid", "bob", "ann"]);
    fixture.send_users(UNASSIGN, json!([ann, bob, cid])).await;
    assert_eq!(names(&fixture.send_users(ASSIGN, json!([bob])).await), ["bob"]);
}

#[tokio::test]
async fn unassigning_nobody_leaves_no_trace() {
    let fixture = start().await;
    fixture.send_users(ASSIGN, json!([fixture.user_id(1)])).await;
    let before = Contents::read(&fixture.app).await;
    for users in [json!([fixture.user_id(2)]), json!([]), json!(["99"])] {
        let answer = fixture.send_users(UNASSIGN, users).await;
        assert_eq!((&answer["removedUserIds"], &answer["userErrors"]), (&json!([]), &json!([])));
        assert_eq!(answer["note"]["version"], 2);
        assert_eq!(Contents::read(&fixture.app).await, before);
    }
}

#[tokio::test]
async fn one_unknown_user_prevents_all_assignments() {
    let fixture = start().await;
    let problem = |code: &str, at: &str| json!({ "code": code, "path": ["input", "userIds", at], "params": null });
    assert_eq!(
        fixture.assign_errors(ASSIGN, json!([fixture.user_id(1), "99", "Note:1", "User:98"])).await,
        json!([problem("INVALID", "2"), problem("REFERENCE_NOT_FOUND", "1"), problem("REFERENCE_NOT_FOUND", "3")])
    );
    assert_eq!(
        fixture.assign_errors(UNASSIGN, json!([fixture.user_id(1), "x"])).await,
        json!([problem("INVALID", "1")])
    );
}

#[tokio::test]
async fn at_most_a_hundred_users_are_accepted() {
    let fixture = start().await;
    let mut ids = Vec::new();
    for n in 0..101 {
        ids.push(fixture.company.user(&format!("user{n}")).await.id.to_string());
    }
    let many = json!([{ "code": "TOO_MANY", "path": ["input", "userIds"], "params": { "count": 101, "max": 100 } }]);
    assert_eq!(fixture.assign_errors(ASSIGN, json!(ids)).await, many);
    assert_eq!(fixture.assign_errors(UNASSIGN, json!(ids)).await, many);
    let answer = fixture.send_users(ASSIGN, json!(ids[..100])).await;
    assert_eq!(answer["added"].as_array().unwrap().len(), 100);
    assert_eq!(fixture.send_users(UNASSIGN, json!(ids[..100])).await["removedUserIds"].as_array().unwrap().len(), 100);
    // Naming one user many times does no harm.
    assert_eq!(fixture.send_users(ASSIGN, json!(vec![&ids[0]; 100])).await["added"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn other_assignees_are_not_read() {
    let fixture = start().await;
    let mut ids = Vec::new();
    for number in 0..200 {
        ids.push(format!("User:{}", fixture.company.user(&format!("user{number}")).await.id));
    }
    fixture.send_users(ASSIGN, json!(ids[..100])).await;
    fixture.send_users(ASSIGN, json!(ids[100..])).await;
    let input = json!({ "id": NOTE.to_string(), "userIds": [fixture.user_id(1), ids[7]] });
    for (change, ids) in
        [("noteAssign", "alreadyAssignedUserIds userErrors { code }"), ("noteUnassign", "removedUserIds")]
    {
        let kind = change.replacen('n', "N", 1);
        let query = format!("mutation($input: {kind}Input!) {{ change: {change}(input: $input) {{ {ids} }} }}");
        let body = json!({ "query": query, "variables": { "input": input } }).to_string();
        let request = Request::post("/graphql")
            .header("authorization", format!("Bearer {}", fixture.client.token()))
            .header("content-type", "application/json")
            .header("x-graphql-cost", "1")
            .body(Body::from(body))
            .unwrap();
        let answer = fixture.client.send(request).await.body;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let rows = answer["extensions"]["cost"]["actual"]["rows"].as_u64().unwrap();
        assert!(rows < 50, "{change} reads {rows} rows");
    }
    let assigned = fixture.send_users(ASSIGN, json!([ids[7]])).await;
    assert_eq!(names(&assigned).last(), Some(&"user7"), "after those who are still there");
    assert_eq!(names(&assigned).len(), 200);
}

#[tokio::test]
async fn an_unknown_note_is_not_found() {
    let fixture = start().await;
    let before = Contents::read(&fixture.app).await;
    for document in [ASSIGN, UNASSIGN] {
        let input = json!({ "id": "99", "userIds": [fixture.user_id(1)] });
        let answer = fixture.client.query_with(document, json!({ "input": input })).await["change"].clone();
        let problem = json!([{ "code": "NOT_FOUND", "path": ["input", "id"], "params": null }]);
        assert_eq!((&answer["note"], &answer["userErrors"]), (&Value::Null, &problem));
    }
    assert_eq!(Contents::read(&fixture.app).await, before);
}

#[tokio::test]
async fn the_event_log_names_the_users() {
    let fixture = start().await;
    let (ann, bob) = (fixture.user_id(0), fixture.user_id(1));
    fixture.send_users(ASSIGN, json!([ann])).await;
    fixture.send_users(ASSIGN, json!([bob, ann])).await;
    fixture.send_users(UNASSIGN, json!([ann, fixture.user_id(2)])).await;
    let events = event::Entity::find().order_by_asc(event::Column::Id).all(fixture.app.db().read()).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.kind, json!(event.changes))).collect();
    let change = |old: Value, new: Value| json!([{ "field": "assignees", "old": old, "new": new }]);
    assert_eq!(
        told,
        [
            (EventType::Assigned, change(Value::Null, json!([ann]))),
            (EventType::Assigned, change(Value::Null, json!([bob]))),
            (EventType::Unassigned, change(json!([ann]), Value::Null)),
        ]
    );
    assert!(events.iter().all(|event| event.note_id == NOTE && event.actor_id == Some(fixture.users[0].id)));
}

/// Data loaded for the first response is loaded again for the second.
#[tokio::test]
async fn each_payload_shows_the_note_after_its_mutation() {
    let fixture = start().await;
    let (bob, cid) = (fixture.user_id(1), fixture.user_id(2));
    let note = "note { assignees { userId } messages { totalCount } }";
    let response = fixture
        .client
        .query(&format!(
            r#"mutation {{ a: noteAssign(input: {{ id: 1, userIds: ["{bob}"] }}) {{ {note} }}
                 b: noteAssign(input: {{ id: 1, userIds: ["{cid}"] }}) {{ {note} }}
                 c: noteMessagePost(input: {{ noteId: 1, message: "x" }}) {{ {note} }}
                 d: noteUnassign(input: {{ id: 1, userIds: ["{bob}"] }}) {{ {note} }} }}"#
        ))
        .await;
    let of = |answer: &str| response[answer]["note"]["assignees"].as_array().unwrap().len();
    assert_eq!([of("a"), of("b"), of("c"), of("d")], [1, 2, 2, 1]);
    let messages = |answer: &str| &response[answer]["note"]["messages"]["totalCount"];
    assert_eq!([messages("b"), messages("c"), messages("d")], [&json!(0), &json!(1), &json!(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_assignments_assign_each_user_once() {
    let fixture = start().await;
    let users = json!([fixture.user_id(0), fixture.user_id(1), fixture.user_id(2)]);
    let answers = join_all((0..12).map(|_| {
        let (client, input) = (fixture.client.clone(), json!({ "id": NOTE.to_string(), "userIds": users }));
        tokio::spawn(async move { client.query_with(ASSIGN, json!({ "input": input })).await["change"].clone() })
    }))
    .await;
    let added = answers.into_iter().map(|answer| answer.unwrap()["added"].as_array().unwrap().len());
    assert_eq!(added.sum::<usize>(), 3);
    let answer = fixture.send_users(ASSIGN, json!([])).await;
    assert_eq!((names(&answer), &answer["note"]["version"]), (vec!["ann", "bob", "cid"], &json!(2)));
}
