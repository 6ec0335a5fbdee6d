//! Writes documents, rows and responses to files, for `web/check/oracle.mjs` and `web/check/introspection.mjs` to run
//! through the reference implementation.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use async_graphql::Response;
use serde_json::{Value, json};

use super::contract::Contract;
use super::document::Document;
use super::generate::{self, Style};
use super::random::Random;
use super::world::{Failing, World};
use super::{choose, is_refused};

/// The loads that the other side can fail, because their keys are easy to reproduce.
const KNOWN: [&str; 9] = [
    "AssigneesOf",
    "CompanyById",
    "CustomerById",
    "CustomerTotal",
    "MessagesOf",
    "NoteById",
    "NoteTypeById",
    "UserById",
    "UserTotal",
];

pub async fn batch(folder: &Path, seed: u64, count: usize) {
    let contract = Contract::read();
    let mut random = Random::new(seed);
    let world = World::random(&mut random).await;
    fs::write(folder.join(format!("{seed}.rows.json")), rows(&contract, &world).await.to_string()).unwrap();
    let style = Style { merge: true, wrong: false, plain: true };
    let mut lines = String::new();
    let mut written = 0;
    while written < count {
        let document = generate::document(&contract, &world.words, style, &mut random);
        let (mut answer, mut asked) = world.asked(&document).await;
        asked.retain(|(question, _)| KNOWN.contains(&question.as_str()));
        let failing = if random.percent(50) { choose(&asked, &mut random) } else { Vec::new() };
        if !failing.is_empty() {
            answer = world.ours(&document, &failing).await;
        }
        assert!(!is_refused(&answer), "{:#?}\n{}", answer.errors, document.text());
        written += 1;
        let _ = writeln!(lines, "{}", line(&document, &failing, &answer));
    }
    fs::write(folder.join(format!("{seed}.jsonl")), lines).unwrap();
}

/// The query of graphql-js with all options of the specification; `web/check/introspection.mjs` checks that it is.
const INTROSPECTION: &str = include_str!("introspection.graphql");

/// Writes the schema, and what introspection answers about it.
pub async fn schema(folder: &Path) {
    fs::write(folder.join("schema.graphql"), notegraph::schema::sdl()).unwrap();
    let world = World::random(&mut Random::new(1)).await;
    fs::write(folder.join("introspection.json"), world.data(INTROSPECTION).await.to_string()).unwrap();
}

/// A key as graphql-js writes it: `8` for `NoteId(8)`.
fn without_types(key: &str) -> String {
    let (mut shown, mut rest) = (String::new(), key);
    while let Some((before, after)) = rest.split_once("Id(") {
        let (id, after) = after.split_once(')').unwrap_or((after, ""));
        shown += before.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
        shown += id;
        rest = after;
    }
    shown + rest
}

/// One line of the file. The data is stored as text, because the order of its fields matters.
fn line(document: &Document, failing: &Failing, answer: &Response) -> Value {
    let errors =
        answer.errors.iter().map(|error| json!({ "path": error.path, "message": without_types(&error.message) }));
    json!({
        "document": document.text(),
        "variables": document.sent(),
        "failing": failing.iter().map(|(question, key)| format!("{question} {}", without_types(key))).collect::<Vec<_>>(),
        "data": serde_json::to_string(&answer.data).unwrap(),
        "errors": errors.collect::<Vec<_>>(),
    })
}

/// All rows that the viewer sees, with the cursors of the lists in their default order.
async fn rows(contract: &Contract, world: &World) -> Value {
    let values = |name: &str| {
        let fields = contract.fields(name).unwrap().iter();
        let values = fields.filter(|field| contract.fields(field.gives_name()).is_none());
        values.map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
    };
    let [note, message, attachment, customer, phone, user, kind, company] =
        ["Note", "NoteMessage", "Attachment", "Customer", "PhoneNumber", "User", "NoteType", "Company"].map(values);
    let document = format!(
        "{{ viewer {{ scopes user {{ id }} company {{ {company} }} }} noteTypes {{ {kind} }} \
         users(first: 100) {{ edges {{ cursor node {{ {user} }} }} }} \
         customers(first: 100) {{ edges {{ cursor node {{ {customer} mobile {{ {phone} }} phone {{ {phone} }} }} }} }} \
         notes(first: 100) {{ edges {{ cursor node {{ {note} type {{ id }} updatedBy {{ id }} \
           assignees {{ id userId createdOn assignedBy {{ id }} }} \
           messages(first: 100) {{ edges {{ cursor node {{ {message} attachment {{ {attachment} }} }} }} }} \
           newest: messages(first: 100, direction: DESC) {{ edges {{ cursor node {{ id }} }} }} }} }} }} }}"
    );
    world.data(&document).await
}
