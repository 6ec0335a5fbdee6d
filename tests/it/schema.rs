//! The contract: the committed schema is what the server prints, and all of it is described.

use std::collections::{BTreeMap, BTreeSet};

use notegraph::note::all_fields;
use notegraph::schema;
use notegraph::store::entity::token::Scope;
use serde_json::{Value, json};
use testkit::App;

use crate::oracle::{Argument, Contract, Kind};

#[test]
fn the_committed_schema_is_what_the_server_prints() {
    let committed = include_str!("../../schema.graphql");
    assert!(
        committed == schema::sdl(),
        "schema.graphql is not what the server prints. Look at the difference, then mend it:\n\n    \
         cargo run -- schema > schema.graphql\n\nand tell clients of it in CHANGELOG.md."
    );
}

const EVERYTHING: &str = "{ __schema { types { name kind description
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description }
    enumValues(includeDeprecated: true) { name description } } } }";

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let response = client.query(EVERYTHING).await;
    let mut bare = Vec::new();
    let mut seen = 0;
    for kind in each(&response["__schema"]["types"]) {
        let name = text(&kind["name"]);
        // The specification describes the types that every GraphQL server has.
        if name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name) {
            continue;
        }
        let mut look = |place: String, described: &Value| {
            seen += 1;
            if described["description"].as_str().unwrap_or_default().trim().is_empty() {
                bare.push(place);
            }
        };
        look(name.to_owned(), kind);
        for field in each(&kind["fields"]) {
            look(format!("{name}.{}", text(&field["name"])), field);
            for argument in each(&field["args"]) {
                look(format!("{name}.{}({}:)", text(&field["name"]), text(&argument["name"])), argument);
            }
        }
        for member in each(&kind["inputFields"]).chain(each(&kind["enumValues"])) {
            look(format!("{name}.{}", text(&member["name"])), member);
        }
    }
    assert!(seen > 300, "only {seen} things were looked at");
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

#[tokio::test]
async fn the_schema_introduces_itself_in_three_sentences() {
    let app = App::start().await;
    let client = app.company("Acme").await.user("ann").await.token(&[Scope::Read]).await;
    let response = client.query("{ __schema { description } }").await;
    let description = text(&response["__schema"]["description"]);
    let sentences = description.replace(".\n", ". ").split(". ").count();
    assert_eq!(sentences, 3, "{description}");
    let end = format!(
        "\n\"\"\"\n{description}\n\"\"\"\nschema {{\n\tquery: Query\n\tmutation: Mutation\n\tsubscription: Subscription\n}}\n"
    );
    assert!(schema::sdl().ends_with(&end));
}

/// The object types that have a field called `id`.
fn identified(contract: &Contract) -> BTreeSet<&str> {
    let of = |kind: &Kind| match kind {
        Kind::Fields(fields) => fields.iter().any(|field| field.name == "id"),
        _ => false,
    };
    let types = contract.types.iter().filter(|(name, kind)| of(kind) && !contract.implementers.contains_key(*name));
    types.map(|(name, _)| name.as_str()).collect()
}

#[test]
fn types_with_an_id_are_nodes() {
    let contract = Contract::read();
    let nodes: BTreeSet<&str> = contract.implementers["Node"].iter().map(String::as_str).collect();
    assert_eq!(identified(&contract), nodes, "caches take a field called `id` for the name of the object around it");
    for name in nodes {
        let id = contract.fields(name).unwrap().iter().find(|field| field.name == "id").unwrap();
        assert_eq!((id.gives.to_string().as_str(), id.arguments.len()), ("ID!", 0), "{name}");
    }
}

#[test]
fn a_root_field_that_fails_is_null_alone() {
    let contract = Contract::read();
    for root in ["Query", "Mutation", "Subscription"] {
        for field in contract.fields(root).unwrap() {
            assert!(field.gives.nullable, "{root}.{} takes the answers beside it along where it fails", field.name);
        }
    }
}

/// A wrong argument is an error of its field: it must not blank the record around it.
#[test]
fn a_field_with_arguments_is_null_alone_if_it_fails() {
    let contract = Contract::read();
    let mut fields = 0;
    for (name, kind) in &contract.types {
        let Kind::Fields(of_type) = kind else { continue };
        for field in of_type.iter().filter(|field| !field.arguments.is_empty()) {
            assert!(field.gives.nullable, "{name}.{} takes the fields beside it along where it fails", field.name);
            fields += 1;
        }
    }
    assert!(fields > 25, "only {fields} fields have arguments");
}

#[test]
fn each_input_has_the_fields_of_notes_that_the_table_says() {
    let contract = Contract::read();
    let shown: BTreeSet<&str> = contract.fields("Note").unwrap().iter().map(|field| field.name.as_str()).collect();
    let inputs = ["NoteCreateInput", "NotePatch", "NoteFilter", "NoteOrderField"];
    for field in all_fields() {
        let (name, record) = (field.name, field.name.trim_end_matches("Id"));
        assert!(shown.contains(name) || shown.contains(record), "`Note` has no field `{name}`");
        for name in field.inputs {
            assert!(inputs.contains(name), "`{}` names the input `{name}`, which is none of {inputs:?}", field.name);
        }
    }
    for input in inputs {
        let names: BTreeSet<String> = match &contract.types[input] {
            Kind::Input(fields) => fields.iter().map(|field| field.name.clone()).collect(),
            Kind::Enum(values) => values.iter().map(|value| camel_case(value)).collect(),
            Kind::Fields(_) | Kind::Scalar => panic!("{input} is no input"),
        };
        for field in all_fields() {
            let (name, is_declared) = (field.name, field.inputs.contains(&input));
            assert_eq!(
                names.contains(name),
                is_declared,
                "`{input}` and the table of a note's fields differ in `{name}`"
            );
        }
    }
}

/// `SHOW_ON_OVERVIEW` is the order by `showOnOverview`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').map(str::to_ascii_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |camel, word| camel + &word[..1].to_ascii_uppercase() + &word[1..])
}

/// Client generators treat an argument that is never null as required, whatever its default.
#[test]
fn arguments_with_a_default_are_nullable_and_documented() {
    let contract = Contract::read();
    let mut defaults = 0;
    let mut look = |place: &str, argument: &Argument| {
        if argument.has_default {
            assert!(argument.takes.nullable, "{place}.{}", argument.name);
            defaults += 1;
        }
    };
    for (name, kind) in &contract.types {
        match kind {
            Kind::Fields(fields) => {
                fields.iter().flat_map(|field| &field.arguments).for_each(|argument| look(name, argument));
            }
            Kind::Input(fields) => fields.iter().for_each(|field| look(name, field)),
            Kind::Enum(_) | Kind::Scalar => {}
        }
    }
    assert_eq!(defaults, 13);
    let told = schema::sdl().matches("when absent or null").count();
    assert_eq!(told, defaults, "each default is told in words, too");
}

const RECORDS: &str = "{ viewer { user { __typename id } company { __typename id } }
    noteTypes { __typename id } customers { nodes { __typename id } } users { nodes { __typename id } }
    notes { nodes { __typename id messages { nodes { __typename id } } assignees { __typename id } } }
    noteEvents(from: BEGINNING) { nodes { __typename id } } }";

#[tokio::test]
async fn node_finds_each_record_by_its_unique_id() {
    let app = App::start().await;
    let company = app.company("Acme").await;
    let (ann, bob) = (company.user("ann").await, company.user("bob").await);
    company.customer("Cara").await;
    company.note_type("Call").await;
    for _ in 0..2 {
        let note = company.note(|_| {}).await.id;
        company.message(note, |_| {}).await;
        company.assign(note, ann.id).await;
        company.assign(note, bob.id).await;
    }
    let client = ann.token(&[Scope::Read, Scope::Write]).await;
    let created = client.query("mutation { noteCreate(input: { subject: \"logged\" }) { userErrors { code } } }").await;
    assert_eq!(created["noteCreate"]["userErrors"], json!([]));
    app.settle().await;
    let mut records = BTreeMap::new();
    gather(client.query(RECORDS).await.data(), &mut records);
    let contract = Contract::read();
    let types: BTreeSet<&str> = records.values().map(String::as_str).collect();
    assert_eq!(types, identified(&contract), "show one of each type that has an ID");
    for (id, name) in &records {
        let found = client.query_with("query($id: ID!) { node(id: $id) { __typename id } }", json!({ "id": id })).await;
        assert_eq!(found["node"], json!({ "__typename": name, "id": id }));
    }
    let ids: Vec<&String> = records.keys().collect();
    let found = client.query_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    let expected: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    assert_eq!(found["nodes"], json!(expected));
}

/// The type of each record by its ID. Fails if records of two types have the same ID.
fn gather(value: &Value, records: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            if let (Some(id), Some(name)) = (value["id"].as_str(), value["__typename"].as_str()) {
                let other = records.insert(id.to_owned(), name.to_owned());
                assert!(other.is_none_or(|other| other == name), "{id} is of two records");
            }
            fields.values().for_each(|value| gather(value, records));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, records)),
        _ => {}
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
