//! Where the schema takes a text.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use crate::oracle::{Argument, Contract, Field, Kind};

/// An argument of type String, or a field of that type in one.
pub struct Place<'c> {
    contract: &'c Contract,
    /// As in `Query.notes(filter.subject.eq)`.
    pub name: String,
    /// `query` or `mutation`.
    operation: &'static str,
    /// The fields that lead to the one with the argument, and that one.
    fields: Vec<&'c Field>,
    argument: &'c Argument,
    /// The fields of input types that lead from the argument to the text.
    within: Vec<&'c str>,
}

/// All of them, each under the shortest way to it.
pub fn places(contract: &Contract) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let mut ways = VecDeque::from([("query", "Query", Vec::new()), ("mutation", "Mutation", Vec::new())]);
    let mut seen: BTreeSet<&str> = ways.iter().map(|way| way.1).collect();
    while let Some((operation, name, way)) = ways.pop_front() {
        for field in contract.fields(name).unwrap_or_default() {
            let mut fields: Vec<&Field> = way.clone();
            fields.push(field);
            for argument in &field.arguments {
                for within in texts_in(contract, &argument.takes, &mut Vec::new()) {
                    let inner: Vec<&str> = std::iter::once(argument.name.as_str()).chain(within.clone()).collect();
                    let name = format!("{name}.{}({})", field.name, inner.join("."));
                    places.push(Place { contract, name, operation, fields: fields.clone(), argument, within });
                }
            }
            if contract.fields(field.gives_name()).is_some() && seen.insert(field.gives_name()) {
                ways.push_back((operation, field.gives_name(), fields));
            }
        }
    }
    // Whatever has a place is on one of the ways.
    for (name, kind) in &contract.types {
        let Kind::Fields(fields) = kind else { continue };
        let mut arguments = fields.iter().flat_map(|field| &field.arguments);
        let takes_text = arguments.any(|argument| !texts_in(contract, &argument.takes, &mut Vec::new()).is_empty());
        assert!(!takes_text || seen.contains(name.as_str()), "no way leads to {name}");
    }
    places
}

/// The ways from a type of input to the texts in it. A type within itself is looked at once.
fn texts_in<'c>(contract: &'c Contract, ty: &'c Type, around: &mut Vec<&'c str>) -> Vec<Vec<&'c str>> {
    let name = match &ty.base {
        BaseType::List(inner) => return texts_in(contract, inner, around),
        BaseType::Named(name) => name.as_str(),
    };
    match contract.types.get(name) {
        _ if name == "String" => vec![Vec::new()],
        Some(Kind::Input(fields)) if !around.contains(&name) => {
            around.push(name);
            let mut ways = Vec::new();
            for field in fields {
                for way in texts_in(contract, &field.takes, around) {
                    ways.push(std::iter::once(field.name.as_str()).chain(way).collect());
                }
            }
            around.pop();
            ways
        }
        _ => Vec::new(),
    }
}

impl Place<'_> {
    pub fn is_change(&self) -> bool {
        self.operation == "mutation"
    }

    /// The name of the argument.
    pub fn argument(&self) -> &str {
        &self.argument.name
    }

    pub fn takes_cursor(&self) -> bool {
        ["after", "before"].contains(&self.argument())
    }

    /// What the field gives.
    pub fn gives(&self) -> &str {
        self.field().gives_name()
    }

    fn field(&self) -> &Field {
        self.fields.last().unwrap()
    }

    /// The value of the argument with this text in its place.
    pub fn value(&self, text: Value) -> Value {
        self.with(&self.argument.takes, &self.within, text)
    }

    fn with(&self, ty: &Type, within: &[&str], text: Value) -> Value {
        let name = match &ty.base {
            BaseType::List(inner) => return json!([self.with(inner, within, text)]),
            BaseType::Named(name) => name.as_str(),
        };
        let Some((first, rest)) = within.split_first() else { return text };
        let Some(Kind::Input(fields)) = self.contract.types.get(name) else { unreachable!("{name} has no {first}") };
        let mut value = self.required(fields);
        let field = fields.iter().find(|field| field.name == *first).unwrap();
        value[*first] = self.with(&field.takes, rest, text);
        value
    }

    /// A value that has no more than it needs.
    fn least(&self, ty: &Type) -> Value {
        let name = match &ty.base {
            BaseType::List(inner) => return json!([self.least(inner)]),
            BaseType::Named(name) => name.as_str(),
        };
        match (self.contract.types.get(name), name) {
            (Some(Kind::Input(fields)), _) => self.required(fields),
            (Some(Kind::Enum(values)), _) => json!(values[0]),
            (_, "ID") => json!("1"),
            (_, "URL") => json!("https://example.com/"),
            (_, "String") => json!("plain"),
            _ => panic!("say what the least {name} is"),
        }
    }

    fn required(&self, fields: &[Argument]) -> Value {
        let required = fields.iter().filter(|field| !field.takes.nullable && !field.has_default);
        Value::Object(required.map(|field| (field.name.clone(), self.least(&field.takes))).collect::<Map<_, _>>())
    }

    /// A document that puts each of these texts in its place, with its variables.
    pub fn document(&self, texts: &[&str]) -> (String, Value) {
        let (mut head, mut body) = (String::new(), String::new());
        let mut variables = Map::new();
        for (at, text) in texts.iter().enumerate() {
            let _ = write!(head, "$text{at}: {}, ", self.argument.takes);
            variables.insert(format!("text{at}"), self.value(json!(text)));
            let _ = write!(body, "at{at}: ");
            for (depth, field) in self.fields.iter().enumerate() {
                let is_last = depth + 1 == self.fields.len();
                let others =
                    field.arguments.iter().filter(|argument| !argument.takes.nullable && !argument.has_default);
                let others = others.filter(|argument| !is_last || argument.name != self.argument.name);
                let mut arguments: Vec<String> = others.map(|argument| self.literal(argument)).collect();
                if is_last {
                    arguments.push(format!("{}: $text{at}", self.argument.name));
                }
                let arguments =
                    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                let _ = write!(body, "{}{arguments} {}", field.name, if is_last { self.selection() } else { "{ " });
            }
            body += &" }".repeat(self.fields.len() - 1);
            body.push('\n');
        }
        (format!("{} ({head}) {{ {body} }}", self.operation), Value::Object(variables))
    }

    /// An argument that stands beside the one with the text, or on the way to it.
    fn literal(&self, argument: &Argument) -> String {
        let value = self.least(&argument.takes);
        let is_enum = matches!(
            self.contract.types.get(&argument.takes.to_string().replace(['[', ']', '!'], "")),
            Some(Kind::Enum(_))
        );
        let value = if is_enum { value.to_string().replace('"', "") } else { value.to_string() };
        format!("{}: {value}", argument.name)
    }

    fn selection(&self) -> &'static str {
        let has = |name: &str| {
            self.contract.fields(self.gives()).is_some_and(|fields| fields.iter().any(|field| field.name == name))
        };
        match self.gives() {
            "NoteConnection" => "{ totalCount nodes { id } edges { cursor searchHit { snippet } } }",
            "NoteCount" => "{ count }",
            _ if has("totalCount") => "{ totalCount nodes { __typename } }",
            _ if has("userErrors") => "{ userErrors { code message } }",
            _ if self.contract.fields(self.gives()).is_some() => "{ __typename }",
            _ => "",
        }
    }

    /// What a document answers for one of its texts.
    pub fn answer<'d>(&self, data: &'d Value, at: usize) -> &'d Value {
        let first = &data[format!("at{at}")];
        self.fields[1..].iter().fold(first, |value, field| {
            // Of a list, the first.
            let value = if value.is_array() { &value[0] } else { value };
            &value[&field.name]
        })
    }
}
