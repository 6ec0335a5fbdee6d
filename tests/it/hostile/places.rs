//! Where the schema takes a value of some type: a text, an ID.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use crate::oracle::{Argument, Contract, Field, Kind};

/// An argument of the type, or a field of that type in one.
pub struct Place<'c> {
    contract: &'c Contract,
    /// As in `Query.notes(filter.subject.eq)`.
    pub name: String,
    /// `query` or `mutation`.
    operation: &'static str,
    /// The fields that lead to the one with the argument, and that one.
    fields: Vec<&'c Field>,
    argument: &'c Argument,
    /// The fields of input types that lead from the argument to the value.
    within: Vec<&'c str>,
    /// The name of the type that it takes, without lists.
    pub takes: &'c str,
    /// The key of the records that the other IDs in a document name, whatever their type.
    pub own: String,
}

/// All that take a text, each under the shortest way to it.
pub fn places(contract: &Contract) -> Vec<Place<'_>> {
    places_of(contract, &|name| name == "String")
}

/// All that take a value of one of the types, each under the shortest way to it.
pub fn places_of<'c>(contract: &'c Contract, wanted: &dyn Fn(&str) -> bool) -> Vec<Place<'c>> {
    let values_in = |argument: &'c Argument| values_in(contract, &argument.takes, wanted, &mut Vec::new());
    let mut places = Vec::new();
    let mut ways = VecDeque::from([("query", "Query", Vec::new()), ("mutation", "Mutation", Vec::new())]);
    let mut seen: BTreeSet<&str> = ways.iter().map(|way| way.1).collect();
    while let Some((operation, name, way)) = ways.pop_front() {
        for field in contract.fields(name).unwrap_or_default() {
            let mut fields: Vec<&Field> = way.clone();
            fields.push(field);
            for argument in &field.arguments {
                for (within, takes) in values_in(argument) {
                    let inner: Vec<&str> = std::iter::once(argument.name.as_str()).chain(within.clone()).collect();
                    let name = format!("{name}.{}({})", field.name, inner.join("."));
                    let (fields, own) = (fields.clone(), "1".to_owned());
                    places.push(Place { contract, name, operation, fields, argument, within, takes, own });
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
        let takes_some = arguments.any(|argument| !values_in(argument).is_empty());
        assert!(!takes_some || seen.contains(name.as_str()), "no way leads to {name}");
    }
    places
}

/// The ways from a type of input to the values in it, with the name of their type. A type within itself is looked at once.
fn values_in<'c>(
    contract: &'c Contract,
    ty: &'c Type,
    wanted: &dyn Fn(&str) -> bool,
    around: &mut Vec<&'c str>,
) -> Vec<(Vec<&'c str>, &'c str)> {
    let name = match &ty.base {
        BaseType::List(inner) => return values_in(contract, inner, wanted, around),
        BaseType::Named(name) => name.as_str(),
    };
    match contract.types.get(name) {
        Some(Kind::Input(fields)) if !around.contains(&name) => {
            around.push(name);
            let mut ways = Vec::new();
            for field in fields {
                for (way, takes) in values_in(contract, &field.takes, wanted, around) {
                    ways.push((std::iter::once(field.name.as_str()).chain(way).collect(), takes));
                }
            }
            around.pop();
            ways
        }
        _ if wanted(name) => vec![(Vec::new(), name)],
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

    /// The value of the argument with this one in its place; a list is one of values.
    pub fn value(&self, value: Value) -> Value {
        self.with(&self.argument.takes, &self.within, value)
    }

    fn with(&self, ty: &Type, within: &[&str], inner: Value) -> Value {
        let name = match &ty.base {
            BaseType::List(_) if within.is_empty() && inner.is_array() => return inner,
            BaseType::List(item) => return json!([self.with(item, within, inner)]),
            BaseType::Named(name) => name.as_str(),
        };
        let Some((first, rest)) = within.split_first() else { return inner };
        let Some(Kind::Input(fields)) = self.contract.types.get(name) else { unreachable!("{name} has no {first}") };
        let mut value = self.required(fields);
        let field = fields.iter().find(|field| field.name == *first).unwrap();
        value[*first] = self.with(&field.takes, rest, inner);
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
            (_, "ID") => json!(self.own),
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
        let texts: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
        self.asking(&texts, self.selection())
    }

    /// The same with any values, and a selection of what the field gives.
    pub fn asking(&self, values: &[Value], selection: &str) -> (String, Value) {
        let (mut head, mut body) = (String::new(), String::new());
        let mut variables = Map::new();
        for (at, value) in values.iter().enumerate() {
            let _ = write!(head, "$value{at}: {}, ", self.argument.takes);
            variables.insert(format!("value{at}"), self.value(value.clone()));
            let _ = write!(body, "at{at}: ");
            for (depth, field) in self.fields.iter().enumerate() {
                let is_last = depth + 1 == self.fields.len();
                let others =
                    field.arguments.iter().filter(|argument| !argument.takes.nullable && !argument.has_default);
                let others = others.filter(|argument| !is_last || argument.name != self.argument.name);
                let mut arguments: Vec<String> = others.map(|argument| self.literal(argument)).collect();
                if is_last {
                    arguments.push(format!("{}: $value{at}", self.argument.name));
                }
                let arguments =
                    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                let _ = write!(body, "{}{arguments} {}", field.name, if is_last { selection } else { "{ " });
            }
            body += &" }".repeat(self.fields.len() - 1);
            body.push('\n');
        }
        (format!("{} ({head}) {{ {body} }}", self.operation), Value::Object(variables))
    }

    /// An argument that stands beside the one with the value, or on the way to it.
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

    /// What a document answers for one of its values.
    pub fn answer<'d>(&self, data: &'d Value, at: usize) -> &'d Value {
        let first = &data[format!("at{at}")];
        self.fields[1..].iter().fold(first, |value, field| {
            // Of a list, the first.
            let value = if value.is_array() { &value[0] } else { value };
            &value[&field.name]
        })
    }
}
