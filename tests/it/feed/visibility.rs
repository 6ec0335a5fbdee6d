use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::Client;

use super::{change, client, create, each, feed, history};
use crate::fixture::Fixture;

struct Office {
    fixture: Fixture,
    /// Creates notes.
    ann: Client,
    ben: Client,
    /// Sees all notes.
    chief: Client,
}

impl Office {
    async fn new() -> Self {
        let fixture = Fixture::with(&["ann", "ben", "chief"], &[Scope::Read, Scope::Write]).await;
        let ben = client(&fixture.users[1]).await;
        let chief = fixture.users[2].token(&[Scope::Read, Scope::Write, Scope::Confidential]).await;
        Self { ann: fixture.client.clone(), ben, chief, fixture }
    }

    async fn patch(&self, id: &Value, patch: &str) {
        change(&self.ann, &format!("notePatch(input: {{ id: {id}, patch: {{ {patch} }} }}) {{ changedFields }}")).await;
    }

    async fn set_assigned(&self, id: &Value, assigned: bool) {
        let (field, ben) = (if assigned { "noteAssign" } else { "noteUnassign" }, self.fixture.users[1].id);
        change(&self.ann, &format!("{field}(input: {{ id: {id}, userIds: [\"{ben}\"] }}) {{ userErrors {{ code }} }}"))
            .await;
    }

    async fn all(&self, client: &Client) -> Value {
        feed(&self.fixture, client, "from: BEGINNING, first: 100").await
    }

    async fn types(&self, client: &Client) -> Vec<String> {
        each(&self.all(client).await, "type")
    }
}

#[tokio::test]
async fn who_loses_sight_of_a_note_is_told_once_and_nothing_else() {
    let office = Office::new().await;
    let id = create(&office.ann, "subject: \"open\"").await;
    office.patch(&id, "confidential: true, subject: \"secret\"").await;
    office.patch(&id, "details: \"more secrets\"").await;
    let all = office.all(&office.ben).await;
    let hidden = &all["nodes"][0];
    assert_eq!(each(&all, "type"), ["HIDDEN"]);
    assert_eq!(hidden["noteId"], id);
    for field in ["note", "message", "actor"] {
        assert_eq!(hidden[field], Value::Null);
    }
    assert_eq!(hidden["changes"], json!([]));
    assert!(!all.to_string().contains("secret"));
    assert_eq!(each(&feed(&office.fixture, &office.ben, "from: BEGINNING, types: [UPDATED]").await, "type"), [""; 0]);
    let ids = json!({ "id": hidden["id"] });
    let again = office
        .ben
        .query_with("query($id: ID!) { node(id: $id) { ... on NoteEvent { type changes { field } } } }", ids)
        .await;
    assert_eq!(again["node"], json!({ "type": "HIDDEN", "changes": [] }));
    for sees in [&office.ann, &office.chief] {
        assert_eq!(office.types(sees).await, ["CREATED", "UPDATED", "UPDATED"]);
    }
    // Whoever sees it again gets all events, without the values of the time between.
    office.patch(&id, "confidential: false, subject: \"harmless\", details: \"\"").await;
    let all = office.all(&office.ben).await;
    assert_eq!(each(&all, "type"), ["CREATED", "UPDATED", "UPDATED", "UPDATED"]);
    assert!(!all.to_string().contains("secret"), "{all:#}");
    assert_eq!(all["nodes"][2]["changes"], json!([]));
    let change = &all["nodes"][3]["changes"][0];
    assert_eq!((&change["oldValue"], &change["newValue"]), (&Value::Null, &json!("harmless")));
    assert!(!history(&office.ben, &id, "").await.to_string().contains("secret"));
    assert!(office.all(&office.ann).await.to_string().contains("more secrets"));
}

#[tokio::test]
async fn an_assignee_of_a_confidential_note_loses_it_when_unassigned() {
    let office = Office::new().await;
    let id = create(&office.ann, "subject: \"first\", confidential: true").await;
    assert_eq!(office.types(&office.ben).await, [""; 0]);
    office.patch(&id, "subject: \"second\"").await;
    office.set_assigned(&id, true).await;
    office.patch(&id, "subject: \"third\"").await;
    let all = office.all(&office.ben).await;
    assert_eq!(each(&all, "type"), ["CREATED", "UPDATED", "ASSIGNED", "UPDATED"]);
    let shown: Vec<&Value> = all["nodes"].as_array().unwrap().iter().map(|event| &event["changes"][0]).collect();
    assert_eq!(*shown[1], Value::Null, "not what was changed before");
    assert_eq!((&shown[3]["oldValue"], &shown[3]["newValue"]), (&json!("second"), &json!("third")));
    office.set_assigned(&id, false).await;
    office.patch(&id, "subject: \"fourth\"").await;
    let all = office.all(&office.ben).await;
    assert_eq!(each(&all, "type"), ["HIDDEN"]);
    change(&office.ann, &format!("noteDelete(input: {{ id: {id} }}) {{ deletedNoteId }}")).await;
    assert_eq!(office.types(&office.ben).await, ["HIDDEN"], "nothing after that");
    let expected = ["CREATED", "UPDATED", "ASSIGNED", "UPDATED", "UNASSIGNED", "UPDATED", "DELETED"];
    for sees in [&office.ann, &office.chief] {
        assert_eq!(office.types(sees).await, expected);
    }
}

#[tokio::test]
async fn a_deleted_note_is_shown_to_those_who_saw_it() {
    let office = Office::new().await;
    let assigned = office.fixture.users[1].id;
    let open = create(&office.ann, "subject: \"open\"").await;
    let secret = create(&office.ann, "subject: \"secret\", confidential: true").await;
    let shared = create(&office.ann, &format!("confidential: true, assigneeIds: [\"{assigned}\"]")).await;
    change(&office.ann, &format!("notesDelete(input: {{ ids: [{open}, {secret}, {shared}] }}) {{ deletedNoteIds }}"))
        .await;
    let all = office.all(&office.ben).await;
    assert_eq!(each(&all, "type"), ["CREATED", "CREATED", "DELETED", "DELETED"]);
    let [open, secret, shared] = [&open, &secret, &shared].map(|id| id.as_str().unwrap());
    assert_eq!(each(&all, "noteId"), [open, shared, open, shared]);
    assert!(all["nodes"].as_array().unwrap().iter().all(|event| event["note"] == Value::Null));
    for sees in [&office.ann, &office.chief] {
        let all = office.all(sees).await;
        assert_eq!(each(&all, "noteId"), [open, secret, shared, open, secret, shared]);
    }
}

#[tokio::test]
async fn a_reader_of_a_customer_gets_what_comes_and_what_leaves() {
    let office = Office::new().await;
    let [one, other] =
        [office.fixture.company.customer("one").await.id, office.fixture.company.customer("other").await.id];
    let id = create(&office.ann, &format!("customerId: \"{one}\"")).await;
    office.patch(&id, &format!("customerId: \"{other}\"")).await;
    office.patch(&id, "subject: \"x\"").await;
    office.patch(&id, "confidential: true, customerId: null").await;
    let of = async |client: &Client, customer| {
        each(&feed(&office.fixture, client, &format!("from: BEGINNING, customerIds: [\"{customer}\"]")).await, "type")
    };
    assert_eq!(of(&office.ann, one).await, ["CREATED", "UPDATED"]);
    assert_eq!(of(&office.ann, other).await, ["UPDATED", "UPDATED", "UPDATED"]);
    assert_eq!(of(&office.ben, other).await, ["HIDDEN"]);
    assert_eq!(of(&office.ben, one).await, [""; 0]);
}
