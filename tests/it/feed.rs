//! The history of notes, and the feed of all changes.

mod expired;
mod pages;
mod visibility;
mod writers;

use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::{Client, User};

use crate::fixture::Fixture;

/// What the tests select of events.
const EVENT: &str = "id cursor type noteId note { id subject } message { message } actor { username } \
     changes { field oldValue newValue oldLength newLength }";

/// The connection that a client gets of the feed.
async fn feed(fixture: &Fixture, client: &Client, arguments: &str) -> Value {
    fixture.app.settle().await;
    let document = format!(
        "{{ noteEvents({arguments}) {{ nodes {{ {EVENT} }} pageInfo {{ hasNextPage startCursor endCursor }} }} }}"
    );
    client.query(&document).await["noteEvents"].clone()
}

/// The history of a note.
async fn history(client: &Client, id: &Value, arguments: &str) -> Value {
    let document = format!(
        "query($id: ID!) {{ note(id: $id) {{ history{arguments} {{ edges {{ cursor node {{ {EVENT} }} }} \
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
    );
    client.query_with(&document, json!({ "id": id })).await["note"]["history"].clone()
}

/// A value of each event of a feed.
fn each(feed: &Value, name: &str) -> Vec<String> {
    let shown = |event: &Value| event[name].as_str().unwrap_or("null").to_owned();
    feed["nodes"].as_array().unwrap().iter().map(shown).collect()
}

/// A mutation with these fields.
async fn change(client: &Client, fields: &str) -> Value {
    client.query(&format!("mutation {{ {fields} }}")).await.data().clone()
}

async fn create(client: &Client, input: &str) -> Value {
    change(client, &format!("noteCreate(input: {{ {input} }}) {{ note {{ id }} }}")).await["noteCreate"]["note"]["id"]
        .clone()
}

async fn client(user: &User) -> Client {
    user.token(&[Scope::Read, Scope::Write]).await
}
