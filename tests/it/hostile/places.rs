//! Finds the places in the schema that take a value of some type, such as a text or an ID.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use crate::oracle::{Argument, Contract, Field, Kind, innermost};

/// Fields with IDs that other systems assign: any text.
const OF_OTHERS: [&str; 4] = ["referenceId", "homeHouseId", "businessLocationId", "employeeId"];

/// An argument of the wanted type, or an input field of that type within an argument.
pub struct Place<'c> {
    contract: &'c Contract,
    /// For example `Query.notes(filter.subject.eq)`.
    pub name: String,
    /// `query` or `mutation`.
    operation: &'static str,
    /// The fields from the root to the one with the argument, including it.
    fields: Vec<&'c Field>,
    argument: &'c Argument,
    /// The input fields that lead from the argument to the value.
    within: Vec<&'c str>,
    /// The name of the type it takes, without lists.
    pub takes: &'c str,
    /// The key in the other IDs of a document, whatever their type.
    pub own: String,
}

/// All places that take a text, each by its shortest path. IDs that other systems assign are texts, too.
pub fn places(contract: &Contract) -> Vec<Place<'_>> {
    let mut places = places_of(contract, &|name| ["String", "ID"].contains(&name));
    places.retain(|place| place.takes == "String" || place.is_of_another_system());
    places
}

/// All places that take an ID of this server.
pub fn ids(contract: &Contract) -> Vec<Place<'_>> {
    let mut places = places_of(contract, &|name| name == "ID");
    places.retain(|place| !place.is_of_another_system());
    places
}

/// The inputs of all mutations: each argument, and each input object within it.
pub fn inputs(contract: &Contract) -> Vec<Place<'_>> {
    let mut seen = BTreeSet::new();
    let mut inputs = Vec::new();
    for place in places_of(contract, &|_| true).into_iter().filter(Place::is_change) {
        for depth in 0..place.within.len() {
            let within = place.within[..depth].to_vec();
            let takes = place.type_within(&within);
            let names: Vec<&str> = std::iter::once(place.argument()).chain(within.iter().copied()).collect();
            let name = format!("{}({})", place.field().name, names.join("."));
            if seen.insert(name.clone()) {
                inputs.push(Place {
                    name,
                    within,
                    takes,
                    fields: place.fields.clone(),
                    own: place.own.clone(),
                    ..place
                });
            }
        }
    }
    inputs
}

/// All places that take a value of a wanted type, each by its shortest path.
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
    // Every type with a matching argument must have been reached.
    for (name, kind) in &contract.types {
        let Kind::Fields(fields) = kind else { continue };
        let mut arguments = fields.iter().flat_map(|field| &field.arguments);
        let takes_some = arguments.any(|argument| !values_in(argument).is_empty());
        // A subscription takes the arguments of `Query.noteEvents`, but no request with a single response.
        let is_subscription = name == "Subscription";
        assert!(!takes_some || is_subscription || seen.contains(name.as_str()), "no way leads to {name}");
    }
    places
}

/// The paths from an input type to the wanted values in it, with the name of their type. A recursive type is visited
/// once.
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

impl<'c> Place<'c> {
    pub fn is_change(&self) -> bool {
        self.operation == "mutation"
    }

    /// The name of the argument.
    pub fn argument(&self) -> &str {
        &self.argument.name
    }

    fn is_of_another_system(&self) -> bool {
        self.within.iter().any(|field| OF_OTHERS.contains(field))
    }

    /// The name of the type at the end of this path within the argument.
    fn type_within(&self, within: &[&str]) -> &'c str {
        within.iter().fold(innermost(&self.argument.takes), |name, field| {
            let takes = self.inputs(name).iter().find(|known| known.name == *field).unwrap();
            innermost(&takes.takes)
        })
    }

    /// The fields of an input type.
    fn inputs(&self, name: &str) -> &'c [Argument] {
        match self.contract.types.get(name) {
            Some(Kind::Input(fields)) => fields,
            _ => &[],
        }
    }

    /// Whether the type it takes has a field of this name.
    pub fn declares(&self, name: &str) -> bool {
        self.inputs(self.takes).iter().any(|field| field.name == name)
    }

    /// The smallest object it accepts.
    pub fn least_of_it(&self) -> Value {
        self.required(self.inputs(self.takes))
    }

    /// The smallest object it accepts, plus one more field.
    pub fn least_with(&self, name: &str, more: Value) -> Value {
        let mut value = self.least_of_it();
        value[name] = more;
        value
    }

    pub fn takes_cursor(&self) -> bool {
        ["after", "before"].contains(&self.argument())
    }

    /// The name of the type that the field returns.
    pub fn gives(&self) -> &str {
        self.field().gives_name()
    }

    fn field(&self) -> &Field {
        self.fields.last().unwrap()
    }

    /// The argument's value with this value at the place. Lists on the path have one item.
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

    /// The smallest valid value of a type.
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

    /// A document with each of these texts at this place, and its variables.
    pub fn document(&self, texts: &[&str]) -> (String, Value) {
        let texts: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
        self.asking(&texts, self.selection())
    }

    /// Like [`document`](Self::document), with any values and the given selection.
    pub fn asking(&self, values: &[Value], selection: &str) -> (String, Value) {
        let (mut head, mut variables, mut given) = (String::new(), Map::new(), Vec::new());
        for (at, value) in values.iter().enumerate() {
            let _ = write!(head, "$value{at}: {}, ", self.argument.takes);
            variables.insert(format!("value{at}"), self.value(value.clone()));
            given.push(format!("$value{at}"));
        }
        (format!("{} ({head}) {{ {} }}", self.operation, self.fields(&given, selection)), Value::Object(variables))
    }

    /// The document with the texts written inline, without variables.
    pub fn written(&self, texts: &[&str]) -> String {
        self.writing(&texts.iter().map(|text| json!(text)).collect::<Vec<_>>())
    }

    /// Like [`written`](Self::written), with any values.
    pub fn writing(&self, values: &[Value]) -> String {
        let written = |value: &Value| self.in_words(&self.argument.takes, &self.value(value.clone()));
        let given: Vec<String> = values.iter().map(written).collect();
        format!("{} {{ {} }}", self.operation, self.fields(&given, self.selection()))
    }

    /// The field once for each literal, under the aliases `at0`, `at1` and so on.
    fn fields(&self, given: &[String], selection: &str) -> String {
        let mut body = String::new();
        for (at, value) in given.iter().enumerate() {
            let _ = write!(body, "at{at}: ");
            for (depth, field) in self.fields.iter().enumerate() {
                let is_last = depth + 1 == self.fields.len();
                let others =
                    field.arguments.iter().filter(|argument| !argument.takes.nullable && !argument.has_default);
                let others = others.filter(|argument| !is_last || argument.name != self.argument.name);
                let least = |argument: &Argument| self.in_words(&argument.takes, &self.least(&argument.takes));
                let mut arguments: Vec<String> =
                    others.map(|argument| format!("{}: {}", argument.name, least(argument))).collect();
                if is_last {
                    arguments.push(format!("{}: {value}", self.argument.name));
                }
                let arguments =
                    if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
                let _ = write!(body, "{}{arguments} {}", field.name, if is_last { selection } else { "{ " });
            }
            body += &" }".repeat(self.fields.len() - 1);
            body.push('\n');
        }
        body
    }

    /// A value as a GraphQL literal: JSON, but with unquoted field names and enum values.
    fn in_words(&self, ty: &Type, value: &Value) -> String {
        let name = innermost(ty);
        let inner = if let BaseType::List(inner) = &ty.base { inner } else { ty };
        match (value, self.contract.types.get(name)) {
            (Value::Array(items), _) => {
                let items: Vec<String> = items.iter().map(|item| self.in_words(inner, item)).collect();
                format!("[{}]", items.join(", "))
            }
            (Value::Object(given), Some(Kind::Input(fields))) => {
                let given = given.iter().map(|(name, value)| {
                    let field = fields.iter().find(|field| field.name == *name);
                    let value = field.map_or_else(|| value.to_string(), |field| self.in_words(&field.takes, value));
                    format!("{name}: {value}")
                });
                format!("{{ {} }}", given.collect::<Vec<_>>().join(", "))
            }
            (Value::String(name), Some(Kind::Enum(_))) => name.clone(),
            _ => value.to_string(),
        }
    }

    /// The default selection on the field's type.
    pub fn selection(&self) -> &'static str {
        let has = |name: &str| {
            self.contract.fields(self.gives()).is_some_and(|fields| fields.iter().any(|field| field.name == name))
        };
        match self.gives() {
            "NoteConnection" => "{ totalCount nodes { id } edges { cursor searchHit { snippet } } }",
            "NoteCount" => "{ count }",
            "CustomerConnection" | "UserConnection" => "{ totalCount nodes { id } }",
            _ if has("totalCount") && has("nodes") => "{ totalCount nodes { __typename } }",
            _ if has("userErrors") => "{ userErrors { code message } }",
            _ if self.contract.fields(self.gives()).is_some() => "{ __typename }",
            _ => "",
        }
    }

    /// The response to one of the values in a document.
    pub fn answer<'d>(&self, data: &'d Value, at: usize) -> &'d Value {
        let first = &data[format!("at{at}")];
        self.fields[1..].iter().fold(first, |value, field| {
            // Take the first item of a list.
            let value = if value.is_array() { &value[0] } else { value };
            &value[&field.name]
        })
    }
}
