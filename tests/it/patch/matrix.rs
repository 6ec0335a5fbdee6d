//! Absent, null and a value have three different meanings in a patch, however the document writes them. The fields come
//! from the schema: a new one fails here until its meaning is stated.

use notegraph::ids::{CustomerId, NoteTypeId, UserId};
use notegraph::store::entity::note::{NoteStatus, ReferenceType, Tags};
use notegraph::store::entity::token::Scope;
use serde_json::{Map, Value, json};

use testkit::{App, Client, Company, Contents};

const NOTE: &str = "customerId typeId: type { id } subject details status reminder referenceType referenceId confidential priority \
                    showOnOverview tags version updatedOn";

/// The effect of a patch on one field.
struct Expected {
    field: &'static str,
    /// The value in the patch.
    value: Value,
    /// The resulting note: the name and the value of a field.
    sets: (&'static str, Value),
    /// The same for null; `None` if null is refused.
    clears: Option<(&'static str, Value)>,
}

fn expected() -> Vec<Expected> {
    let field = |field: &'static str, value: Value, cleared: Option<Value>| Expected {
        field,
        sets: (field, value.clone()),
        value,
        clears: cleared.map(|cleared| (field, cleared)),
    };
    let null = || Some(Value::Null);
    vec![
        field("customerId", json!("Customer:2"), null()),
        Expected {
            field: "typeId",
            value: json!("NoteType:2"),
            sets: ("typeId", json!({ "id": "NoteType:2" })),
            clears: Some(("typeId", Value::Null)),
        },
        field("subject", json!("new"), null()),
        field("details", json!("\"new\"\n"), null()),
        field("status", json!("CLOSED"), None),
        field("reminder", json!("2026-06-01T00:00:00Z"), null()),
        field("referenceType", json!("POINT_EARNED"), null()),
        field("referenceId", json!("new"), null()),
        field("confidential", json!(true), None),
        field("priority", json!(true), None),
        field("showOnOverview", json!(true), None),
        field("tags", json!(["new"]), Some(json!([]))),
        Expected { field: "addTags", value: json!(["new"]), sets: ("tags", json!(["a", "b", "new"])), clears: None },
        Expected { field: "removeTags", value: json!(["a"]), sets: ("tags", json!(["b"])), clears: None },
    ]
}

/// The content of a patch for a field.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Nothing,
    Null,
    Value,
}

/// Every way to write it: a document and its variables.
fn ways(field: &Expected, kind: &str, said: Said, id: &str) -> Vec<(String, Value)> {
    let Expected { field, value, .. } = field;
    let answer = format!("{{ note {{ {NOTE} }} changedFields userErrors {{ code path }} }}");
    let with = |variables: &str, patch: &str| {
        format!("mutation {variables} {{ notePatch(input: {{ id: \"{id}\", patch: {patch} }}) {answer} }}")
    };
    let as_variable = format!("{{ {field}: $v }}");
    let literal = literal(value, kind);
    let patch = match said {
        Said::Nothing => json!({}),
        Said::Null => json!({ *field: null }),
        Said::Value => json!({ *field: value }),
    };
    let whole = format!("mutation($input: NotePatchInput!) {{ notePatch(input: $input) {answer} }}");
    let mut ways = vec![
        (whole, json!({ "input": { "id": id, "patch": patch } })),
        (with("($patch: NotePatch!)", "$patch"), json!({ "patch": patch })),
    ];
    ways.extend(match said {
        Said::Nothing => vec![
            (with("", "{}"), json!({})),
            // A field whose variable is not given counts as absent.
            (with(&format!("($v: {kind})"), &as_variable), json!({})),
        ],
        Said::Null => vec![
            (with("", &format!("{{ {field}: null }}")), json!({})),
            (with(&format!("($v: {kind})"), &as_variable), json!({ "v": null })),
            (with(&format!("($v: {kind} = null)"), &as_variable), json!({})),
            (with(&format!("($v: {kind} = {literal})"), &as_variable), json!({ "v": null })),
        ],
        Said::Value => vec![
            (with("", &format!("{{ {field}: {literal} }}")), json!({})),
            (with(&format!("($v: {kind})"), &as_variable), json!({ "v": value })),
            (with(&format!("($v: {kind} = {literal})"), &as_variable), json!({})),
            (with(&format!("($v: {kind}!)"), &as_variable), json!({ "v": value })),
        ],
    });
    ways
}

/// The value as a GraphQL literal.
fn literal(value: &Value, kind: &str) -> String {
    let is_enum = ["NoteStatus", "NoteReferenceType"].contains(&kind);
    if is_enum { value.as_str().unwrap().to_owned() } else { value.to_string() }
}

/// The fields of the patch, each with its type.
async fn fields(client: &Client) -> Map<String, Value> {
    let kind = "kind name ofType { kind name ofType { kind name } }";
    let document =
        format!(r#"{{ __type(name: "NotePatch") {{ inputFields {{ name defaultValue type {{ {kind} }} }} }} }}"#);
    let response = client.query(&document).await;
    let mut fields = Map::new();
    for field in response["__type"]["inputFields"].as_array().unwrap() {
        assert!(field["defaultValue"].is_null(), "a default would set what a patch does not speak of: {field}");
        fields.insert(field["name"].as_str().unwrap().to_owned(), json!(name_of(&field["type"])));
    }
    fields
}

fn name_of(kind: &Value) -> String {
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" => name_of(&kind["ofType"]) + "!",
        "LIST" => format!("[{}]", name_of(&kind["ofType"])),
        _ => kind["name"].as_str().unwrap().to_owned(),
    }
}

/// Creates a note with a value in every field.
async fn full_note(company: &Company, author: UserId) -> String {
    let note = company
        .note(|note| {
            (note.customer_id, note.type_id, note.user_id) = (Some(CustomerId(1)), Some(NoteTypeId(1)), Some(author));
            (note.subject, note.details) = (Some("old".to_owned()), Some("old".to_owned()));
            (note.status, note.reminder) = (NoteStatus::Open, Some(note.created_on));
            (note.reference_type, note.reference_id) = (Some(ReferenceType::Order), Some("old".to_owned()));
            note.tags = Tags(vec!["a".to_owned(), "b".to_owned()]);
        })
        .await;
    note.id.to_string()
}

async fn read(client: &Client, id: &str) -> Value {
    client.query(&format!("{{ note(id: {id}) {{ {NOTE} }} }}")).await["note"].clone()
}

async fn matrix(said: Said) {
    let app = App::start().await;
    let acme = app.company("Acme").await;
    let ann = acme.user("ann").await;
    for name in ["one", "two"] {
        acme.customer(name).await;
        acme.note_type(name).await;
    }
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    let fields = fields(&client).await;
    let expected = expected();
    let mut tested: Vec<&str> = expected.iter().map(|field| field.field).collect();
    let mut known: Vec<&str> = fields.keys().map(String::as_str).collect();
    tested.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, tested, "say what each field of NotePatch does");

    for field in expected {
        let count = ways(&field, "", said, "").len();
        for way in 0..count {
            let id = full_note(&acme, ann.id).await;
            let before = (read(&client, &id).await, Contents::read(&app).await);
            let (document, variables) = ways(&field, fields[field.field].as_str().unwrap(), said, &id).swap_remove(way);
            let response = client.query_with(&document, variables.clone()).await;
            let answer = &response["notePatch"];
            let after = read(&client, &id).await;
            let change = match said {
                Said::Nothing => Err(json!([])),
                Said::Value => Ok(&field.sets),
                Said::Null => field
                    .clears
                    .as_ref()
                    .ok_or_else(|| json!([{ "code": "NULL_NOT_ALLOWED", "path": ["input", "patch", field.field] }])),
            };
            let context = format!("{said:?} by {document} with {variables}: {answer:#}");
            match change {
                Ok((name, value)) => {
                    let mut expected = before.0;
                    assert_ne!(expected[name], *value, "the test sets nothing");
                    expected[name] = value.clone();
                    expected["version"] = json!(2);
                    assert_ne!(expected["updatedOn"], after["updatedOn"], "{context}");
                    expected["updatedOn"] = after["updatedOn"].clone();
                    assert_eq!(after, expected, "{context}");
                    assert_eq!(*answer, json!({ "note": after, "changedFields": [name], "userErrors": [] }));
                }
                Err(problems) => {
                    assert_eq!(answer["userErrors"], problems, "{context}");
                    assert_eq!(answer["changedFields"], json!([]), "{context}");
                    assert_eq!(answer["note"].is_null(), said == Said::Null, "{context}");
                    assert_eq!((after, Contents::read(&app).await), before, "{context}");
                }
            }
        }
    }
}

#[tokio::test]
async fn absent_keeps_every_field() {
    matrix(Said::Nothing).await;
}

#[tokio::test]
async fn null_clears_nullable_fields_and_is_refused_elsewhere() {
    matrix(Said::Null).await;
}

#[tokio::test]
async fn a_value_sets_every_field() {
    matrix(Said::Value).await;
}
