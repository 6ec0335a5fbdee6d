//! A stranger tries every field and every argument of the schema to reach data of another company. All responses equal
//! those of a server that has never had that company, byte for byte.

use std::collections::BTreeSet;

use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};

use super::company::{texts, unmarked};
use super::kinds::kind_of;
use super::opaque::hide_cursors;
use super::selection::tour;
use super::stranger::{CANARY, NEVER, OWN, Stranger, THEIRS};
use super::twins::lasting;
use crate::hostile::places::{Place, places_of};
use crate::oracle::{Contract, Field, Kind};

/// Columns whose texts carry no mark (times, enum values, hashes), or that are empty here.
const PLAIN: [&str; 31] = [
    "assignment.created_on",
    "company.created_on",
    "customer.anniversary_date",
    "customer.birthdate",
    "customer.created_on",
    "event.assigned",
    "event.assignees",
    "event.created_on",
    "event.message_id",
    "event.type",
    "event.unassigned",
    "idempotency_key.created_on",
    "idempotency_key.input_hash",
    "idempotency_key.operation",
    "message.created_on",
    "note.closed_on",
    "note.created_on",
    "note.reference_type",
    "note.reminder",
    "note.status",
    "note.updated_on",
    "note_update.updated_on",
    "search_note.kept_words",
    "token.created_on",
    "token.expires_on",
    "token.hash",
    "token.name",
    "token.revoked_on",
    "token.scopes",
    "user.modified_on",
    "user.status",
];
/// Number of texts that one document sends to one place.
const TOGETHER: usize = 50;
/// Number of texts for which a query also selects the fields of what it finds.
const SHOWN: usize = 5;

/// Values for a place that takes neither an ID nor a text.
fn plain(contract: &Contract, place: &Place<'_>) -> Vec<Value> {
    match contract.types.get(place.takes) {
        Some(Kind::Enum(values)) => values.iter().map(|value| json!(value)).collect(),
        // A recursive input; its fields are places of their own.
        Some(Kind::Input(_)) => vec![json!({})],
        _ => match place.takes {
            // No note has a version as high as 100.
            "Int" => vec![json!(100), json!(1)],
            "Boolean" => vec![json!(true), json!(false)],
            "DateTime" => vec![json!("2026-03-02T09:00:30Z")],
            "Date" => vec![json!("1990-02-28")],
            "URL" => vec![json!("https://example.com/mine/user/1")],
            other => panic!("{}: say what a {other} may be", place.name),
        },
    }
}

/// The path of names from the root field to the value.
fn way<'p>(place: &'p Place<'_>) -> Vec<&'p str> {
    let (field, within) = place.name.split_once('(').unwrap();
    let field = field.split_once('.').unwrap().1;
    std::iter::once(field).chain(within.trim_end_matches(')').split('.')).collect()
}

/// The ID of the record with this key. The ID of an assignment contains the keys of its note and its user.
fn id_of(kind: &str, key: i64) -> Value {
    json!(match kind {
        "NoteAssignee" => format!("{kind}:{key}:{key}"),
        "NoteEvent" => format!("{kind}:{key:A<22}"),
        _ => format!("{kind}:{key}"),
    })
}

/// Sends IDs of all kinds to a place that takes IDs: of the stranger's own records, of the other company's, and of
/// none.
async fn ask_for_ids(stranger: &mut Stranger, place: &Place<'_>, texts: &[Value]) {
    let records = stranger.contract.implementers["Node"].clone();
    let mut taken: Vec<&str> = Vec::new();
    // A change reports its errors in the payload.
    let depth = usize::from(place.is_change());
    for kind in &records {
        let response = stranger.ask_place(place, &[id_of(kind, NEVER)], depth).await;
        if !response.text.contains(r#""INVALID""#) {
            taken.push(kind);
        }
    }
    let expected = kind_of(&way(place));
    let known: Vec<&str> = match expected {
        None | Some("Node") => records.iter().map(String::as_str).collect(),
        Some(kind) => vec![kind],
    };
    assert_eq!(taken, known, "{} takes IDs of other records than kinds.rs says", place.name);
    let Some(expected) = expected else { return ask_for_texts(stranger, place, texts).await };
    let spellings = |key: i64| {
        let bare = (expected != "Node").then(|| json!(key.to_string()));
        taken.iter().map(|kind| id_of(kind, key)).chain(bare).collect::<Vec<Value>>()
    };
    for (theirs, never) in spellings(THEIRS).into_iter().zip(spellings(NEVER)) {
        let mut answers = Vec::new();
        for (id, key) in [(theirs, THEIRS), (never, NEVER)] {
            let response = stranger.ask_place(place, std::slice::from_ref(&id), 1).await;
            answers.push(hide_cursors(&lasting(&response)).replace(&key.to_string(), "KEY"));
        }
        assert_eq!(answers[0], answers[1], "{}", place.name);
    }
    let other = stranger.other.id;
    if taken.contains(&"Company") {
        stranger.ask_place(place, &[json!(format!("Company:{other}"))], 3).await;
    }
    let own = spellings(place.own.parse().unwrap());
    stranger.ask_place(place, &own[..1], 2).await;
    for id in &own[1..] {
        stranger.ask_place(place, std::slice::from_ref(id), 1).await;
    }
}

/// Sends texts of the other company to a place that takes any text.
async fn ask_for_texts(stranger: &mut Stranger, place: &Place<'_>, texts: &[Value]) {
    if !place.is_change() {
        stranger.ask_place(place, &texts[..SHOWN], 1).await;
    }
    for texts in texts.chunks(TOGETHER) {
        // A change reports its errors in the payload.
        stranger.ask_place(place, texts, usize::from(place.is_change())).await;
    }
    // A text of the stranger's own, and one that nobody has.
    for text in [format!("mine subject {}", place.own), "never".to_owned()] {
        stranger.ask_place(place, &[json!(text)], 2).await;
    }
}

/// Sends cursors from lists of the other company to a place that takes cursors.
async fn ask_for_cursors(stranger: &mut Stranger, place: &Place<'_>, cursors: &[Value]) {
    let mut taken = 0;
    for cursor in cursors {
        let response = stranger.ask_place(place, std::slice::from_ref(cursor), 1).await;
        taken += usize::from(!response.text.contains("BAD_CURSOR"));
    }
    assert!(taken > 0, "{} takes none of the cursors", place.name);
}

/// Whether the field needs no argument.
fn takes_nothing(field: &Field) -> bool {
    field.arguments.iter().all(|argument| argument.takes.nullable || argument.has_default)
}

/// The cursors of all lists of the other company.
async fn their_cursors(stranger: &Stranger) -> Vec<Value> {
    let client = stranger.insider().await;
    let mut cursors = BTreeSet::new();
    for field in stranger.contract.fields("Query").unwrap() {
        if takes_nothing(field) {
            let document = format!("{{ {} {} }}", field.name, tour(&stranger.contract, field.gives_name()));
            gather(&client.query(&document).await.body, &mut cursors);
        }
    }
    cursors.into_iter().map(Value::String).collect()
}

fn gather(value: &Value, cursors: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(cursor) if name == "cursor" => drop(cursors.insert(cursor.clone())),
                    other => gather(other, cursors),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, cursors)),
        _ => {}
    }
}

async fn ask_everything(scopes: &[Scope]) -> Stranger {
    let mut stranger = Stranger::new(scopes).await;
    let before = stranger.theirs().await;
    let texts: Vec<Value> = texts(&before, CANARY).into_iter().map(Value::String).collect();
    let cursors = their_cursors(&stranger).await;
    let before = stranger.theirs().await;
    stranger.twins.level().await;
    println!("{} texts, {} cursors", texts.len(), cursors.len());
    let mut bare = unmarked(&before, CANARY);
    bare.retain(|column| !PLAIN.contains(&column.as_str()));
    assert!(bare.is_empty(), "no text of theirs is marked in {bare:?}");
    let contract = Contract::read();
    // Everything that can be requested without arguments.
    for field in contract.fields("Query").unwrap() {
        if takes_nothing(field) {
            let document = format!("{{ {} {} }}", field.name, tour(&contract, field.gives_name()));
            let response = stranger.ask(&document, json!({})).await;
            assert!(response.errors().is_empty(), "{response:?}");
        }
    }
    // Without `from`, the feed has nothing yet.
    let document = format!("{{ noteEvents(from: BEGINNING) {} }}", tour(&contract, "NoteEventConnection"));
    let response = stranger.ask(&document, json!({})).await;
    assert!(response.errors().is_empty(), "{response:?}");
    let mut places = places_of(&contract, &|_| true);
    // Queries first: once changes have stored texts, the server shows them.
    places.sort_by_key(Place::is_change);
    let mut own = OWN.cycle();
    for place in &mut places {
        place.own = own.next().unwrap().to_string();
        match place.takes {
            "ID" => ask_for_ids(&mut stranger, place, &texts).await,
            "String" if place.takes_cursor() => ask_for_cursors(&mut stranger, place, &cursors).await,
            "String" => ask_for_texts(&mut stranger, place, &texts).await,
            _ => {
                for value in plain(&contract, place) {
                    stranger.ask_place(place, &[value], 1).await;
                }
            }
        }
    }
    println!("{} questions and changes in {} places", stranger.asked, places.len());
    assert!(before == stranger.theirs().await, "a stranger has changed rows");
    stranger
}

#[tokio::test]
async fn a_stranger_with_every_scope_learns_and_changes_nothing() {
    let stranger = ask_everything(&[Scope::Admin]).await;
    assert_eq!(stranger.coverage.missing(&stranger.contract), Vec::<String>::new(), "never asked, or never answered");
}
