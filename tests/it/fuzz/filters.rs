use async_graphql::parser::types::{BaseType, Type};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use super::texts::{any_json, number, text};
use super::{Asked, blames_the_client, fuzz};
use crate::oracle::{Contract, Kind};

/// Values of a type of the schema, and some that do not fit it.
fn value_of(contract: &Contract, ty: &Type, depth: usize) -> BoxedStrategy<Value> {
    let right = match &ty.base {
        BaseType::List(inner) => vec(value_of(contract, inner, depth), 0..4).prop_map(Value::Array).boxed(),
        BaseType::Named(name) => named(contract, name, depth),
    };
    prop_oneof![30 => right, 1 => Just(Value::Null), 1 => any_json(vec!["eq", "and", "in", "id"])].boxed()
}

fn named(contract: &Contract, name: &str, depth: usize) -> BoxedStrategy<Value> {
    match contract.types.get(name) {
        Some(Kind::Enum(values)) => prop::sample::select(values.clone()).prop_map(Value::String).boxed(),
        Some(Kind::Input(_)) if depth == 0 => Just(json!({})).boxed(),
        Some(Kind::Input(fields)) => {
            let field = |field: &crate::oracle::Argument| {
                let name = field.name.clone();
                value_of(contract, &field.takes, depth - 1).prop_map(move |value| (name.clone(), value)).boxed()
            };
            let fields = vec(Union::new(fields.iter().map(field)), 0..4);
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())).boxed()
        }
        _ => scalar(name),
    }
}

fn scalar(name: &str) -> BoxedStrategy<Value> {
    match name {
        "Boolean" => any::<bool>().prop_map(Value::Bool).boxed(),
        "Int" => number().boxed(),
        "ID" => prop_oneof![
            prop::sample::select(vec!["1", "Note:1", "User:1", "Customer:1", "NoteType:1"]).prop_map(|id| json!(id)),
            text().prop_map(Value::String),
            number(),
        ]
        .boxed(),
        "DateTime" => prop_oneof![
            4 => "(000[0-9]|20[0-9]{2}|9999)-(0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,12})?(Z|[+-][01][0-9]:[0-5][0-9])"
                .prop_map(Value::String),
            1 => text().prop_map(Value::String),
        ]
        .boxed(),
        _ => text().prop_map(Value::String).boxed(),
    }
}

const DOCUMENT: &str = "query($filter: NoteFilter, $order: [NoteOrder!], $search: String) {
    notes(first: 5, filter: $filter, orderBy: $order, search: $search) { totalCount edges { cursor searchHit { snippet } } }
    customers(first: 5) { nodes { notes(first: 2, filter: $filter, orderBy: $order, search: $search) { nodes { id } } } }
    noteCounts(groupBy: TAG, filter: $filter, search: $search) { count }
}";

/// Each filter is a condition of a statement that the database executes, or is refused.
#[test]
fn any_filter_is_answered() {
    let asked = Asked::start();
    let contract = Contract::read();
    let inputs = (
        named(&contract, "NoteFilter", 4),
        prop::option::of(vec(named(&contract, "NoteOrder", 1), 0..4)),
        prop::option::of(text()),
    );
    fuzz("filters", 200, &inputs, |(filter, order, search)| {
        let answer = asked.ask(DOCUMENT, json!({ "filter": filter, "order": order, "search": search }));
        blames_the_client(&answer, &["INVALID", "GRAPHQL_VALIDATION_FAILED"])
    });
}
