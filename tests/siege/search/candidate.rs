//! A request that can be mutated: fields as a tree, arguments as JSON values.

use std::fmt::Write;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{OperationType, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::schema::{Schema, innermost};
use crate::cases::Case;
use crate::stored::Alphabet;

#[derive(Clone, Debug)]
pub struct Candidate {
    pub is_mutation: bool,
    pub fields: Vec<Field>,
    pub how: How,
}

/// Everything except the request itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct How {
    /// Contents of the details of the attackers' newest 100 notes.
    pub alphabet: Alphabet,
    /// Number of characters in these details.
    pub length: usize,
    /// Number of connections that send the request.
    pub at_once: usize,
    /// Whether they read the responses.
    pub reads: bool,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The type of its values, without lists.
    pub ty: String,
    pub arguments: Vec<Argument>,
    /// How often it is selected, under aliases.
    pub copies: usize,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: String,
    pub ty: String,
    pub value: Value,
}

impl Candidate {
    /// Makes a candidate of a known case.
    pub fn of(case: &Case, schema: &Schema, how: How) -> Self {
        let document = parse_query(&case.query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let is_mutation = operation.node.ty == OperationType::Mutation;
        let root = if is_mutation { "Mutation" } else { "Query" };
        let fields = read(&operation.node.selection_set.node, root, schema, &case.variables);
        Self { is_mutation, fields, how }
    }

    /// Returns the document and its variables.
    pub fn render(&self) -> (String, Value) {
        let mut writer = Writer::default();
        writer.selection(&self.fields);
        let types: Vec<String> =
            writer.variables.iter().enumerate().map(|(number, (ty, _))| format!("$v{number}: {ty}")).collect();
        let values = writer.variables.into_iter().enumerate().map(|(number, (_, value))| (format!("v{number}"), value));
        let variables: Map<String, Value> = values.collect();
        let operation = if self.is_mutation { "mutation" } else { "query" };
        let types = if types.is_empty() { String::new() } else { format!("({})", types.join(" ")) };
        (format!("{operation}{types} {}", writer.text.trim_start()), variables.into())
    }

    pub fn body(&self) -> String {
        let (query, variables) = self.render();
        json!({ "query": query, "variables": variables }).to_string()
    }
}

/// Reads a selection into a tree; equal neighbours with different aliases become copies of one field.
fn read(selection: &SelectionSet, of: &str, schema: &Schema, variables: &Value) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for selection in &selection.items {
        let Selection::Field(field) = &selection.node else { panic!("the cases have no fragments") };
        let field = &field.node;
        let definition = schema.field(of, &field.name.node).unwrap();
        let variable = |name: Name| Ok::<_, ()>(ConstValue::from_json(variables[name.as_str()].clone()).unwrap());
        let arguments = field.arguments.iter().map(|(name, value)| {
            let argument = definition.arguments.iter().find(|argument| argument.node.name.node == name.node).unwrap();
            let value = value.node.clone().into_const_with(variable).unwrap().into_json().unwrap();
            Argument { name: name.node.to_string(), ty: argument.node.ty.node.to_string(), value }
        });
        let ty = innermost(&definition.ty.node).to_owned();
        let read = Field {
            name: field.name.node.to_string(),
            arguments: arguments.collect(),
            copies: 1,
            fields: read(&field.selection_set.node, &ty, schema, variables),
            ty,
        };
        match fields.last_mut().filter(|last| last.name == read.name && last.arguments == read.arguments) {
            Some(last) if field.alias.is_some() => last.copies += 1,
            _ => fields.push(read),
        }
    }
    fields
}

#[derive(Default)]
struct Writer {
    text: String,
    aliases: usize,
    /// Equal values of the same type share a variable.
    variables: Vec<(String, Value)>,
}

impl Writer {
    fn selection(&mut self, fields: &[Field]) {
        self.text.push_str(" {");
        let mut named: Vec<&str> = Vec::new();
        for field in fields {
            for _ in 0..field.copies {
                self.text.push(' ');
                // The number of aliases is limited, so use one only if the name is taken.
                if named.contains(&field.name.as_str()) {
                    let _ = write!(self.text, "a{}: ", self.aliases);
                    self.aliases += 1;
                }
                named.push(&field.name);
                self.text.push_str(&field.name);
                self.arguments(&field.arguments);
                if !field.fields.is_empty() {
                    self.selection(&field.fields);
                }
            }
        }
        self.text.push_str(" }");
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        for (number, argument) in arguments.iter().enumerate() {
            let known = |(ty, value): &(String, Value)| *ty == argument.ty && *value == argument.value;
            let variable = self.variables.iter().position(known).unwrap_or_else(|| {
                self.variables.push((argument.ty.clone(), argument.value.clone()));
                self.variables.len() - 1
            });
            let _ = write!(self.text, "{}{}: $v{variable}", if number == 0 { "(" } else { ", " }, argument.name);
        }
        if !arguments.is_empty() {
            self.text.push(')');
        }
    }
}

#[test]
fn a_case_is_rendered_as_it_was() {
    let how = How { alphabet: Alphabet::Words, length: 10, at_once: 1, reads: true };
    let case = Case {
        name: "x",
        query: "{ a0: noteCounts(groupBy: TAG) { key } a1: noteCounts(groupBy: TAG) { key } }".to_owned(),
        variables: json!({}),
    };
    let (query, variables) = Candidate::of(&case, &Schema::read(), how).render();
    assert_eq!(
        query,
        "query($v0: NoteGroupKey!) { noteCounts(groupBy: $v0) { key } a0: noteCounts(groupBy: $v0) { key } }"
    );
    assert_eq!(variables, json!({ "v0": "TAG" }));
}
