//! Random queries and mutations, generated from the schema: any field, with any arguments and any selection.

use std::fmt::Write;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use super::kinds::kind_of;
use super::words::Words;
use crate::oracle::random::Random;
use crate::oracle::{Argument, Contract, Field, Kind};

/// Number of fields with subfields that a selection follows; beyond it, only those that hold results.
const BRANCHES: usize = 4;
/// The pagination arguments of a list.
const PAGE: [&str; 5] = ["first", "after", "last", "before", "page"];

/// One root field, with its arguments and selection.
#[derive(Clone)]
pub struct Operation {
    pub field: String,
    pub is_change: bool,
    /// Whether the field is a paginated list.
    is_list: bool,
    /// The arguments of the root field: name, type and value.
    arguments: Vec<(String, String, Value)>,
    selection: String,
    /// The variable definitions of the selection.
    head: String,
    variables: Map<String, Value>,
}

/// Generates operations from what a client knows.
pub struct Maker<'a> {
    pub contract: &'a Contract,
    pub words: &'a Words,
    pub random: &'a mut Random,
    /// Whether operations continue lists, and selections include fields with arguments.
    pub lists: bool,
}

/// The relative frequency of a field.
pub fn weight(field: &str) -> usize {
    match field {
        "notes" => 20,
        "noteCounts" | "noteCreate" | "notePatch" => 9,
        "noteMessagePost" | "noteAssign" => 6,
        "notesDelete" => 2,
        "noteTypes" | "viewer" => 1,
        _ => 4,
    }
}

/// Whether the field requires the ADMIN scope.
pub fn is_administration(field: &str) -> bool {
    field.starts_with("noteType") && field != "noteTypes" || field.ends_with("Upsert")
}

impl Operation {
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// The document and its variables.
    pub fn sent(&self) -> (String, Value) {
        let kind = if self.is_change { "mutation" } else { "query" };
        let (mut head, mut given, mut variables) = (self.head.clone(), String::new(), self.variables.clone());
        for (name, ty, value) in &self.arguments {
            let _ = write!(head, "${name}: {ty}, ");
            let _ = write!(given, "{name}: ${name}, ");
            variables.insert(name.clone(), value.clone());
        }
        let around = |text: String| if text.is_empty() { text } else { format!("({text})") };
        let document = format!("{kind} {} {{ {}{} {} }}", around(head), self.field, around(given), self.selection);
        (document, Value::Object(variables))
    }

    /// Keeps the first users active by removing their status. Each of them has a fixed external key.
    pub fn keep_active(&mut self, users: usize) {
        let kept: Vec<String> = (1..=users).map(own_key).collect();
        for input in self.argument_mut("input").and_then(Value::as_array_mut).into_iter().flatten() {
            if kept.iter().any(|key| input["externalKey"] == **key) {
                input.as_object_mut().unwrap().remove("status");
            }
        }
    }

    pub fn argument_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.arguments.iter_mut().find(|argument| argument.0 == name).map(|argument| &mut argument.2)
    }
}

/// The variables of a selection, and how many fields with subfields it may still follow.
#[derive(Default)]
struct Selecting {
    head: String,
    variables: Map<String, Value>,
    branches: usize,
}

impl<'a> Maker<'a> {
    /// Generates an operation on one of the `wanted` root fields.
    pub fn operation(&mut self, wanted: &dyn Fn(&str) -> bool) -> Operation {
        if self.lists && self.random.percent(12) {
            let again = self.words.list(self.random);
            if let Some((operation, cursor)) = again.filter(|(operation, _)| wanted(&operation.field)) {
                return self.continued(operation, &cursor);
            }
        }
        let contract = self.contract;
        let of = |name| contract.fields(name).unwrap().iter().map(move |field| (name == "Mutation", field));
        let fields: Vec<(bool, &Field)> = of("Query").chain(of("Mutation")).filter(|of| wanted(&of.1.name)).collect();
        let all: usize = fields.iter().map(|of| weight(&of.1.name)).sum();
        let mut left = self.random.below(all);
        let chosen = fields.iter().find(|of| {
            let weight = weight(&of.1.name);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        });
        let &(is_change, field) = chosen.unwrap();
        let arguments = self.arguments(&field.name, field);
        let mut selecting = Selecting { branches: BRANCHES, ..Selecting::default() };
        let selection = self.selection(field.gives_name(), None, 0, &mut selecting);
        let Selecting { head, variables, .. } = selecting;
        let is_list = field.arguments.iter().any(|argument| argument.name == "after");
        Operation { field: field.name.clone(), is_change, is_list, arguments, selection, head, variables }
    }

    /// The same list, continued from a cursor.
    fn continued(&mut self, mut operation: Operation, cursor: &str) -> Operation {
        operation.arguments.retain(|argument| !PAGE.contains(&argument.0.as_str()));
        let (size, from) = if self.random.percent(60) { ("first", "after") } else { ("last", "before") };
        operation.arguments.push((size.to_owned(), "Int".to_owned(), json!(self.random.between(1, 4))));
        operation.arguments.push((from.to_owned(), "String".to_owned(), json!(cursor)));
        operation
    }

    fn arguments(&mut self, root: &'a str, field: &'a Field) -> Vec<(String, String, Value)> {
        let mut page = Map::new();
        if field.arguments.iter().any(|argument| argument.name == "first") {
            let size = json!(self.random.between(1, 4));
            match self.random.below(100) {
                0..50 => drop(page.insert("first".to_owned(), size)),
                50..70 => drop(page.insert("last".to_owned(), size)),
                70..80 => {
                    page.insert("first".to_owned(), size);
                    page.insert("page".to_owned(), json!(self.random.between(1, 3)));
                }
                80..88 => {
                    page.insert((*self.random.one(&["after", "before"])).to_owned(), self.words.cursor(self.random));
                }
                _ => {}
            }
        }
        let mut given = Vec::new();
        for argument in &field.arguments {
            let ty = argument.takes.to_string();
            let value = if PAGE.contains(&argument.name.as_str()) {
                page.remove(&argument.name).filter(|value| !value.is_null())
            } else {
                let required = !argument.takes.nullable && !argument.has_default;
                (required || self.random.percent(35))
                    .then(|| self.value(&argument.takes, &mut vec![root, &argument.name], 0))
            };
            given.extend(value.map(|value| (argument.name.clone(), ty, value)));
        }
        given
    }

    /// Generates a value of a type. `way` is the path of schema names to it.
    fn value(&mut self, ty: &'a Type, way: &mut Vec<&'a str>, depth: usize) -> Value {
        let name = match &ty.base {
            BaseType::List(inner) => {
                let least = usize::from(depth == 0);
                let count = least + self.random.below(3);
                return (0..count).map(|_| self.value(inner, way, depth)).collect();
            }
            BaseType::Named(name) => name.as_str(),
        };
        let contract = self.contract;
        match contract.types.get(name) {
            Some(Kind::Enum(values)) => json!(self.random.one(values)),
            Some(Kind::Input(fields)) => {
                // A filter gets one or two conditions, because few notes meet more.
                let compares = name.ends_with("Filter");
                let mut chosen = vec![self.random.below(fields.len())];
                if self.random.percent(20) {
                    chosen.push(self.random.below(fields.len()));
                }
                let mut value = Map::new();
                for (index, field) in fields.iter().enumerate() {
                    let Argument { name: called, takes, has_default } = field;
                    let required = !takes.nullable && !has_default;
                    let picked = if compares { chosen.contains(&index) } else { self.random.percent(30) };
                    let nests = takes.to_string().contains(name);
                    if !required && (!picked || nests && depth >= 2) {
                        continue;
                    }
                    way.push(called);
                    let clears = takes.nullable && !compares && self.random.percent(6);
                    let inner = if clears { Value::Null } else { self.value(takes, way, depth + 1) };
                    way.pop();
                    value.insert(called.clone(), inner);
                }
                Value::Object(value)
            }
            _ => self.scalar(name, way),
        }
    }

    fn scalar(&mut self, ty: &str, way: &[&str]) -> Value {
        let comparing = ["eq", "neq", "in", "notIn"];
        let about = way.iter().rev().find(|name| !comparing.contains(name)).copied().unwrap_or_default();
        match ty {
            "ID" => self.words.id(kind_of(way), self.random),
            "String" => self.words.text(about, self.random),
            "Int" => json!(self.random.between(1, 4)),
            "Boolean" => json!(self.random.percent(50)),
            "DateTime" => json!(time(self.random)),
            "Date" => json!(format!("19{}0-02-28", self.random.between(5, 9))),
            "URL" => json!(format!("https://example.com/{}", self.random.below(4))),
            other => panic!("{}: say what a {other} may be", way.join(".")),
        }
    }

    fn selection(&mut self, name: &'a str, alias: Option<&str>, depth: usize, into: &mut Selecting) -> String {
        let contract = self.contract;
        let Some(fields) = contract.fields(name) else { return String::new() };
        let mut out = "{ __typename ".to_owned();
        if let Some(objects) = contract.implementers.get(name) {
            for object in objects {
                let _ = write!(out, "... on {object} {} ", self.selection(object, Some(object), depth, into));
            }
            return out + "}";
        }
        for field in fields {
            let gives = field.gives_name();
            let leads = contract.fields(gives).is_some();
            // The fields that hold the results of a list or payload.
            let telling = ["edges", "node", "nodes", "userErrors", "results"].contains(&field.name.as_str());
            let chance = if telling {
                85
            } else if !leads {
                40
            } else if depth < 2 {
                30
            } else {
                12
            };
            let unwanted = !self.lists && !field.arguments.is_empty();
            if unwanted || !self.random.percent(chance) || leads && !telling && into.branches == 0 || depth > 8 {
                continue;
            }
            into.branches -= usize::from(leads && into.branches > 0);
            if let Some(alias) = alias {
                let _ = write!(out, "{alias}_{}: ", field.name);
            }
            out += &field.name;
            let mut said = String::new();
            for (argument, ty, value) in self.arguments("", field) {
                let variable = format!("v{}", into.variables.len());
                let _ = write!(into.head, "${variable}: {ty}, ");
                let _ = write!(said, "{argument}: ${variable}, ");
                into.variables.insert(variable, value);
            }
            if !said.is_empty() {
                let _ = write!(out, "({said})");
            }
            out += &self.selection(gives, None, depth + 1, into);
            out.push(' ');
        }
        out + "}"
    }
}

/// The external key of one of the first users, by their number from 1.
pub fn own_key(user: usize) -> String {
    format!("key {user}")
}

/// A time close to those of the first rows.
pub fn time(random: &mut Random) -> String {
    format!("2026-03-01T09:{:02}:00Z", random.below(60))
}
