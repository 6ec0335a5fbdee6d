//! Records which parts of the schema were requested and answered.

use std::collections::BTreeSet;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationType, Selection, SelectionSet, Type};
use async_graphql_value::Value as Literal;
use serde_json::Value;

use crate::oracle::{Contract, Kind};

/// Fields that returned something, and arguments and input fields that were given.
#[derive(Default)]
pub struct Coverage(BTreeSet<String>);

/// A document that was sent, with its variables.
struct Sent<'s> {
    contract: &'s Contract,
    document: ExecutableDocument,
    variables: &'s Value,
}

impl Coverage {
    /// Records a document and the data of its response.
    pub fn add(&mut self, contract: &Contract, document: &str, variables: &Value, data: &Value) {
        let sent = Sent { contract, document: parse_query(document).unwrap(), variables };
        for (_, operation) in sent.document.operations.iter() {
            let root = if operation.node.ty == OperationType::Mutation { "Mutation" } else { "Query" };
            sent.set(root, &operation.node.selection_set.node, &[data], &mut self.0);
        }
    }

    /// The fields, arguments and input fields of the schema that are not covered.
    pub fn missing(&self, contract: &Contract) -> Vec<String> {
        let mut all = Vec::new();
        for (name, kind) in &contract.types {
            match kind {
                // The fields of an interface are those of its object types.
                Kind::Fields(_) if contract.implementers.contains_key(name) => {}
                // Its events and arguments are those of `Query.noteEvents`; `websocket::subscriptions` tests who gets them.
                Kind::Fields(_) if name == "Subscription" => {}
                Kind::Fields(fields) => {
                    for field in fields {
                        all.push(format!("{name}.{}", field.name));
                        let argument = |argument: &str| format!("{name}.{}({argument})", field.name);
                        all.extend(field.arguments.iter().map(|given| argument(&given.name)));
                    }
                }
                Kind::Input(fields) => all.extend(fields.iter().map(|field| format!("{name}.{}", field.name))),
                Kind::Enum(_) | Kind::Scalar => {}
            }
        }
        all.retain(|name| !self.0.contains(name));
        all
    }
}

impl Sent<'_> {
    /// Records the selection `set` on the objects `answered`, which are of the type `name`.
    fn set(&self, name: &str, set: &SelectionSet, answered: &[&Value], found: &mut BTreeSet<String>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let Some(known) = self
                        .contract
                        .fields(name)
                        .and_then(|fields| fields.iter().find(|known| known.name == field.node.name.node.as_str()))
                    else {
                        continue;
                    };
                    for (argument, value) in &field.node.arguments {
                        let takes = known.arguments.iter().find(|known| known.name == argument.node.as_str()).unwrap();
                        found.insert(format!("{name}.{}({})", known.name, takes.name));
                        self.given(&takes.takes, &self.value(&value.node), found);
                    }
                    let key = field.node.response_key().node.as_str();
                    let mut below = Vec::new();
                    for object in answered {
                        flatten(&object[key], &mut below);
                    }
                    if below.is_empty() {
                        continue;
                    }
                    found.insert(format!("{name}.{}", known.name));
                    self.set(known.gives_name(), &field.node.selection_set.node, &below, found);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().unwrap().node.on.node.as_str();
                    let these = answered.iter().copied().filter(|object| object["__typename"] == on);
                    let these: Vec<&Value> = these.collect();
                    self.set(on, &fragment.node.selection_set.node, &these, found);
                }
                Selection::FragmentSpread(_) => unreachable!("no document here spreads fragments"),
            }
        }
    }

    fn value(&self, literal: &Literal) -> Value {
        match literal {
            Literal::Variable(name) => self.variables[name.as_str()].clone(),
            other => other.clone().into_const().unwrap().into_json().unwrap(),
        }
    }

    fn given(&self, ty: &Type, value: &Value, found: &mut BTreeSet<String>) {
        let name = match &ty.base {
            BaseType::List(inner) => {
                return value.as_array().into_iter().flatten().for_each(|item| self.given(inner, item, found));
            }
            BaseType::Named(name) => name.as_str(),
        };
        let Some(Kind::Input(fields)) = self.contract.types.get(name) else { return };
        for field in fields.iter().filter(|field| !value[&field.name].is_null()) {
            found.insert(format!("{name}.{}", field.name));
            self.given(&field.takes, &value[&field.name], found);
        }
    }
}

/// Collects the values, without nulls and with lists flattened. An empty list counts as a value.
fn flatten<'v>(value: &'v Value, into: &mut Vec<&'v Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| flatten(item, into)),
        other => into.push(other),
    }
}
