//! A confidential note is visible to its author, its assignees and those who see all confidential notes. Everyone else
//! gets the same responses as before it was created.

use axum::body::Body;
use axum::http::Request;
use notegraph::ids::{CustomerId, MessageId, NoteId};
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use testkit::{App, Client, Company, Contents, Response, User};

const NOTE: NoteId = NoteId(700_001);
const MESSAGE: MessageId = MessageId(700_101);

/// Every place where a note is visible.
const QUESTIONS: &[&str] = &[
    r#"{ note(id: "<note>") { subject } }"#,
    r#"{ node(id: "<note>") { id } }"#,
    r#"{ nodes(ids: ["<note>", "<open>", "<message>"]) { id } }"#,
    r#"{ node(id: "<assignment>") { id ... on NoteAssignee { createdOn user { fullName } } } }"#,
    r#"{ nodes(ids: ["<assignment>", "NoteAssignee:<open key>:<assignee key>"]) { id } }"#,
    r#"{ node(id: "<message>") { ... on NoteMessage { id message note { subject } } } }"#,
    "{ notes { nodes { id subject lastMessage { message } } totalCount pageInfo { hasNextPage } } }",
    "{ notes(first: 1) { nodes { id } totalCount pageInfo { hasNextPage startCursor endCursor } } }",
    "{ notes(last: 1) { nodes { id } totalCount pageInfo { hasPreviousPage startCursor endCursor } } }",
    "{ notes(first: 2, page: 1) { nodes { id } totalCount pageNumber pageCount } }",
    "{ notes(first: 2, page: 2) { nodes { id } totalCount pageNumber pageCount } }",
    "{ notes(filter: { confidential: true }) { nodes { id } totalCount } }",
    r#"{ notes(search: "secret") { edges { cursor node { id } searchHit { snippet } } totalCount } }"#,
    r#"{ notes(search: "secret", orderBy: [{ field: RELEVANCE }]) { edges { cursor node { id } } totalCount } }"#,
    r#"{ notes(filter: { id: { eq: "<note>" } }) { nodes { id } totalCount } }"#,
    r#"{ notes(filter: { customerId: { eq: "<customer>" } }) { nodes { id } totalCount } }"#,
    r#"{ notes(filter: { assignees: { any: ["<assignee>"] } }) { nodes { id } totalCount } }"#,
    r#"{ customer(id: "<customer>") { notes { nodes { id lastMessage { message } } totalCount } } }"#,
    r#"{ customer(id: "<customer>") { notes(first: 1, page: 1) { nodes { id } totalCount pageCount } } }"#,
    r#"{ user(id: "<author>") { createdNotes { nodes { id } totalCount pageInfo { hasNextPage } } } }"#,
    r#"{ user(id: "<assignee>") { assignedNotes { nodes { id messages { nodes { message } } } totalCount } } }"#,
    r#"{ noteDeletePreview(ids: ["<note>", "<open>"]) { totalCount items { recordId action } } }"#,
];

/// Every change of a note.
const CHANGES: &[&str] = &[
    r#"mutation { change: notePatch(input: { id: "<note>", patch: { subject: "x" } }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: notePatch(input: { id: "<note>", patch: {}, expectedVersion: 9 }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: notePatch(input: { id: "<note>", patch: { confidential: false } }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: noteAssign(input: { id: "<note>", userIds: ["<viewer>"] }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: noteUnassign(input: { id: "<note>", userIds: ["<assignee>"] }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: noteMessagePost(input: { noteId: "<note>", message: "x" }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: noteDelete(input: { id: "<note>", expectedVersion: 9 }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: noteDelete(input: { id: "<note>" }) { note { id } userErrors { code path message } } }"#,
    r#"mutation { change: notesPatch(input: { ids: ["<open>", "<note>"], patch: { subject: "x" } }) { results { noteId note { id } userErrors { code path message } } userErrors { code path message } } }"#,
    r#"mutation { change: notesAssign(input: { ids: ["<open>", "<note>"], userIds: ["<viewer>"] }) { results { noteId note { id } userErrors { code path message } } userErrors { code path message } } }"#,
    r#"mutation { change: notesUnassign(input: { ids: ["<open>", "<note>"], userIds: ["<assignee>"] }) { results { noteId note { id } userErrors { code path message } } userErrors { code path message } } }"#,
    r#"mutation { change: notesDelete(input: { ids: ["<open>", "<note>"] }) { results { noteId note { id } userErrors { code path message } } userErrors { code path message } } }"#,
];

struct Office {
    app: App,
    company: Company,
    author: User,
    assignee: User,
    stranger: User,
    customer: CustomerId,
    open: NoteId,
}

impl Office {
    async fn new() -> Self {
        let app = App::start().await;
        let company = app.company("Acme").await;
        let (author, assignee) = (company.user("author").await, company.user("assignee").await);
        let (stranger, customer) = (company.user("stranger").await, company.customer("Cara").await.id);
        let mut open = NoteId::default();
        for _ in 0..2 {
            let note = company.note(|note| (note.customer_id, note.user_id) = (Some(customer), Some(author.id))).await;
            company.message(note.id, |_| {}).await;
            company.assign(note.id, assignee.id).await;
            open = note.id;
        }
        Self { app, company, author, assignee, stranger, customer, open }
    }

    async fn make_confidential_note(&self) {
        self.company
            .note(|note| {
                (note.id, note.confidential, note.subject) = (NOTE, true, Some("SECRET".to_owned()));
                (note.customer_id, note.user_id) = (Some(self.customer), Some(self.author.id));
            })
            .await;
        let secret = |text: &str| text.to_owned() + "SECRET";
        self.company.message(NOTE, |message| (message.id, message.message) = (MESSAGE, secret("A "))).await;
        self.company.assign(NOTE, self.assignee.id).await;
    }

    /// The document with the IDs of this office.
    fn with_ids(&self, document: &str) -> String {
        document
            .replace("<note>", &format!("Note:{NOTE}"))
            .replace("<assignment>", &format!("NoteAssignee:{NOTE}:{}", self.assignee.id))
            .replace("<open key>", &self.open.to_string())
            .replace("<assignee key>", &self.assignee.id.to_string())
            .replace("<message>", &format!("NoteMessage:{MESSAGE}"))
            .replace("<open>", &format!("Note:{}", self.open))
            .replace("<customer>", &format!("Customer:{}", self.customer))
            .replace("<author>", &format!("User:{}", self.author.id))
            .replace("<assignee>", &format!("User:{}", self.assignee.id))
            .replace("<viewer>", &format!("User:{}", self.stranger.id))
    }

    async fn ask(&self, client: &Client, document: &str) -> Response {
        client.query(&self.with_ids(document)).await
    }

    /// The data of the responses, and what the header `X-GraphQL-Cost` tells besides durations: the rows that were read.
    async fn answers(&self, client: &Client, documents: &[&str]) -> Vec<Value> {
        let mut answers = Vec::new();
        for document in documents {
            let request = Request::post("/graphql")
                .header("authorization", format!("Bearer {}", client.token()))
                .header("content-type", "application/json")
                .header("x-graphql-cost", "1")
                .body(Body::from(json!({ "query": self.with_ids(document) }).to_string()));
            let response = client.send(request.unwrap()).await;
            let mut answer = response.data().clone();
            let used = &response.body["extensions"]["cost"]["actual"];
            let rows = [&used["rows"], &used["rowBytes"]];
            assert!(rows.iter().all(|count| count.is_u64()), "{}", response.body);
            answer["rows"] = json!(rows);
            answers.push(answer);
        }
        answers
    }
}

#[tokio::test]
async fn for_others_a_confidential_note_does_not_exist() {
    let office = Office::new().await;
    let stranger = office.stranger.token(&[Scope::Read]).await;
    let before = office.answers(&stranger, QUESTIONS).await;
    office.make_confidential_note().await;
    let after = office.answers(&stranger, QUESTIONS).await;
    for ((question, before), after) in QUESTIONS.iter().zip(before).zip(after) {
        assert_eq!(after, before, "{question}");
    }
}

#[tokio::test]
async fn author_assignees_and_holders_of_the_scope_see_a_confidential_note() {
    let office = Office::new().await;
    let before = office.answers(&office.author.token(&[Scope::Read]).await, QUESTIONS).await;
    office.make_confidential_note().await;
    for client in [
        office.author.token(&[Scope::Read]).await,
        office.assignee.token(&[Scope::Read]).await,
        office.stranger.token(&[Scope::Read, Scope::Confidential]).await,
        office.stranger.token(&[Scope::Admin]).await,
    ] {
        let after = office.answers(&client, QUESTIONS).await;
        for ((question, before), after) in QUESTIONS.iter().zip(&before).zip(after) {
            assert_ne!(after, *before, "{question}");
        }
    }
}

#[tokio::test]
async fn others_cannot_change_a_confidential_note() {
    let office = Office::new().await;
    let client = office.stranger.token(&[Scope::Read, Scope::Write]).await;
    let never = office.answers(&client, CHANGES).await;
    office.make_confidential_note().await;
    let before = Contents::read(&office.app).await;
    let there = office.answers(&client, CHANGES).await;
    for ((change, never), there) in CHANGES.iter().zip(never).zip(there) {
        assert_eq!(there, never, "{change}");
        assert_eq!(there["change"]["note"], Value::Null, "{change}");
        assert_eq!(there["change"]["userErrors"][0]["code"], "NOT_FOUND", "{change}");
        assert_eq!(there["change"]["userErrors"].as_array().unwrap().len(), 1, "{change}");
    }
    assert_eq!(Contents::read(&office.app).await, before);
}

#[tokio::test]
async fn whoever_sees_a_confidential_note_can_change_it() {
    let office = Office::new().await;
    office.make_confidential_note().await;
    for client in [
        office.author.token(&[Scope::Write]).await,
        office.assignee.token(&[Scope::Write]).await,
        office.stranger.token(&[Scope::Write, Scope::Confidential]).await,
    ] {
        let post = r#"mutation { noteMessagePost(input: { noteId: "<note>", message: "x" }) { note { id } userErrors { code } } }"#;
        let response = office.ask(&client, post).await;
        assert_eq!(response["noteMessagePost"]["note"]["id"], format!("Note:{NOTE}"));
    }
}

#[tokio::test]
async fn only_users_who_will_see_it_can_make_a_note_confidential() {
    let office = Office::new().await;
    let hide = r#"mutation { notePatch(input: { id: "<open>", patch: { confidential: true } })
                   { note { confidential } userErrors { code path } } }"#;
    let show = r#"mutation { notePatch(input: { id: "<open>", patch: { confidential: false } }) { changedFields } }"#;
    let stranger = office.stranger.token(&[Scope::Read, Scope::Write]).await;
    let before = Contents::read(&office.app).await;
    let forbidden = json!([{ "code": "FORBIDDEN", "path": ["input", "patch", "confidential"] }]);
    let response = office.ask(&stranger, hide).await;
    assert_eq!(response["notePatch"], json!({ "note": null, "userErrors": forbidden }));
    assert_eq!(Contents::read(&office.app).await, before);

    for client in [
        office.author.token(&[Scope::Write]).await,
        office.assignee.token(&[Scope::Write]).await,
        office.stranger.token(&[Scope::Write, Scope::Confidential]).await,
        office.stranger.token(&[Scope::Admin]).await,
    ] {
        let response = office.ask(&client, hide).await;
        assert_eq!(response["notePatch"], json!({ "note": { "confidential": true }, "userErrors": [] }));
        assert_eq!(office.ask(&client, show).await["notePatch"]["changedFields"], json!(["confidential"]));
    }
}

#[tokio::test]
async fn a_removed_assignee_no_longer_sees_a_confidential_note() {
    let office = Office::new().await;
    office.make_confidential_note().await;
    let leave = r#"mutation { noteUnassign(input: { id: "<note>", userIds: ["<assignee>"] })
                    { note { id } removedUserIds userErrors { code } } }"#;
    let removed = json!([format!("User:{}", office.assignee.id)]);
    let assignee = office.assignee.token(&[Scope::Read, Scope::Write]).await;
    let response = office.ask(&assignee, leave).await;
    assert_eq!(response["noteUnassign"], json!({ "note": null, "removedUserIds": removed, "userErrors": [] }));
    assert_eq!(office.ask(&assignee, QUESTIONS[0]).await["note"], Value::Null);

    // A user who may see the note for another reason keeps seeing it.
    office.company.assign(NOTE, office.assignee.id).await;
    let admin = office.assignee.token(&[Scope::Admin]).await;
    assert_eq!(office.ask(&admin, leave).await["noteUnassign"]["note"], json!({ "id": format!("Note:{NOTE}") }));
}

/// Imports keep ids: the same user may be assigned to the same note, by their keys, in another company.
#[tokio::test]
async fn an_assignment_in_another_company_grants_nothing() {
    let office = Office::new().await;
    let stranger = office.stranger.token(&[Scope::Read]).await;
    let before = office.answers(&stranger, QUESTIONS).await;
    office.make_confidential_note().await;
    let other = office.app.company("Other").await;
    let same = office.stranger.id;
    other.user_with("same", |user| user.id = same).await;
    other.note(|note| (note.id, note.user_id, note.confidential) = (NOTE, Some(same), true)).await;
    other.assign(NOTE, same).await;
    assert_eq!(office.answers(&stranger, QUESTIONS).await, before);
}

/// Data that one change shows is not kept for the next one in the same document.
#[tokio::test]
async fn a_later_mutation_sees_the_access_that_is_left() {
    let office = Office::new().await;
    office.make_confidential_note().await;
    let assignee = office.assignee.token(&[Scope::Read, Scope::Write]).await;
    let response = office
        .ask(
            &assignee,
            r#"mutation {
                 first: noteMessagePost(input: { noteId: "<note>", message: "x" }) { message { note { subject } } }
                 second: noteUnassign(input: { id: "<note>", userIds: ["<assignee>"] }) { note { id } }
                 third: noteMessagePost(input: { noteId: "<note>", message: "x" }) { note { id } userErrors { code } }
                 fourth: noteMessagePost(input: { noteId: "<open>", message: "x" })
                   { note { customer { notes { totalCount nodes { subject } } } } } }"#,
        )
        .await;
    assert_eq!(response["first"]["message"]["note"]["subject"], "SECRET");
    assert_eq!(response["second"]["note"], Value::Null);
    assert_eq!(response["third"], json!({ "note": null, "userErrors": [{ "code": "NOT_FOUND" }] }));
    assert_eq!(response["fourth"]["note"]["customer"]["notes"]["totalCount"], 2);
}
