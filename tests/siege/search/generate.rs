//! Generates random fields and values that fit the schema.

use std::fmt::Write;

use async_graphql_parser::types::{BaseType, FieldDefinition, InputValueDefinition, Type};
use serde_json::{Map, Value, json};
use testkit::Random;

use super::candidate::{Argument, Field};
use super::schema::{Schema, innermost};
use crate::stored::ALPHABETS;
use crate::template::Keys;

/// Maximum nesting of random fields; limits on depth refuse more.
const DEPTH: usize = 6;
/// Maximum nesting of input objects; a filter may have four levels.
const INPUTS: usize = 3;

pub struct Generator<'a> {
    pub schema: &'a Schema,
    pub keys: &'a Keys,
    pub random: Random,
}

impl Generator<'_> {
    /// Generates a field of a type, with required arguments and subfields.
    pub fn field(&mut self, of: &str, depth: usize) -> Option<Field> {
        let fields = self.schema.fields(of);
        // At the maximum depth, only fields without subfields.
        let is_flat = |field: &&FieldDefinition| self.schema.fields(innermost(&field.ty.node)).is_empty();
        let fields: Vec<_> = fields.into_iter().filter(|field| depth < DEPTH || is_flat(field)).collect();
        if fields.is_empty() {
            return None;
        }
        let definition = *self.random.pick(&fields);
        let ty = innermost(&definition.ty.node).to_owned();
        let mut arguments = Vec::new();
        for argument in &definition.arguments {
            let argument = &argument.node;
            let is_needed = !argument.ty.node.nullable && argument.default_value.is_none();
            let percent = if argument.name.node == "first" { 80 } else { 25 };
            if is_needed || self.random.chance(percent) {
                arguments.extend(self.argument(argument));
            }
        }
        let mut subfields = Vec::new();
        if !self.schema.fields(&ty).is_empty() {
            for _ in 0..=self.random.below(3) {
                subfields.extend(self.field(&ty, depth + 1));
            }
            if subfields.is_empty() {
                subfields.push(Field::leaf("__typename"));
            }
        }
        Some(Field { name: definition.name.node.to_string(), ty, arguments, copies: 1, fields: subfields })
    }

    /// Generates a value for an argument; `None` for arguments that need a cursor.
    pub fn argument(&mut self, definition: &InputValueDefinition) -> Option<Argument> {
        let name = definition.name.node.as_str();
        if ["after", "before", "last"].contains(&name) {
            return None;
        }
        let value = self.value(name, &definition.ty.node, 0);
        Some(Argument { name: name.to_owned(), ty: definition.ty.node.to_string(), value })
    }

    fn value(&mut self, name: &str, ty: &Type, depth: usize) -> Value {
        match &ty.base {
            BaseType::List(inner) => {
                let most = if name == "orderBy" { 3 } else { *self.random.pick(&[1, 3, 20, 100]) };
                let count = 1 + self.random.below(if depth > 0 && name.len() < 4 { most.min(10) } else { most });
                let values: Vec<Value> = (0..count).map(|_| self.value(name, inner, depth)).collect();
                values.into()
            }
            BaseType::Named(ty) => self.named(name, ty, depth),
        }
    }

    fn named(&mut self, name: &str, ty: &str, depth: usize) -> Value {
        let values = self.schema.values(ty);
        if !values.is_empty() {
            return (*self.random.pick(&values)).into();
        }
        match ty {
            "Int" if name == "page" => (*self.random.pick(&[1, 2, 50, 100])).into(),
            "Int" => (*self.random.pick(&[1, 10, 50, 100, 100])).into(),
            "Boolean" => self.random.chance(50).into(),
            "ID" => self.id(name).into(),
            "String" if name == "search" => self.search().into(),
            "String" => self.text().into(),
            "DateTime" => format!("20{:02}-03-04T05:06:07Z", self.random.below(60)).into(),
            "Date" => "2001-02-03".into(),
            "URL" => "https://example.com/a".into(),
            "BigInt" => "1".into(),
            _ => self.object(ty, depth),
        }
    }

    fn object(&mut self, ty: &str, depth: usize) -> Value {
        let mut object = Map::new();
        let fields = self.schema.input_fields(ty);
        for field in &fields {
            let is_needed = !field.ty.node.nullable && field.default_value.is_none();
            let is_deep = !self.schema.input_fields(innermost(&field.ty.node)).is_empty();
            let percent = 200 / fields.len();
            if is_needed || (self.random.chance(percent) && (depth < INPUTS || !is_deep)) {
                let name = field.name.node.as_str();
                object.insert(name.to_owned(), self.value(name, &field.ty.node, depth + 1));
            }
        }
        // The server refuses a comparison without an operator.
        if object.is_empty() && ty.ends_with("Filter") && ty != "NoteFilter" {
            let field = *self.random.pick(&fields);
            let name = field.name.node.as_str();
            object.insert(name.to_owned(), self.value(name, &field.ty.node, depth + 1));
        }
        json!(object)
    }

    fn id(&mut self, name: &str) -> String {
        let name = name.to_lowercase();
        let keys = match name.as_str() {
            _ if name.contains("user") || name.contains("posted") || name.contains("assignee") => &self.keys.users,
            "any" | "all" | "none" => &self.keys.users,
            _ if name.contains("customer") => &self.keys.customers,
            _ if name.contains("type") => &self.keys.types,
            _ => &self.keys.notes,
        };
        self.random.pick(keys).clone()
    }

    fn text(&mut self) -> String {
        let length = *self.random.pick(&[5, 100, 1_000, 10_000, 60_000]);
        self.random.pick(&ALPHABETS).text(length)
    }

    /// Generates words, phrases and exclusions from words that many notes contain, or none.
    fn search(&mut self) -> String {
        let count = *self.random.pick(&[1, 2, 10, 20, 50, 100]);
        let common = ["a", "e", "s", "the", "customer", "order", "qz"];
        let mut text = String::new();
        for number in 0..count {
            let word = *self.random.pick(&common);
            let unique = self.random.chance(30);
            let word = if unique { format!("zq{number}") } else { word.to_owned() };
            let next = self.random.pick(&common);
            let _ = match self.random.below(4) {
                0 => write!(text, "\"{word} {next}\" "),
                1 => write!(text, "-{word} "),
                2 => write!(text, "-\"{word} {next}\" "),
                _ => write!(text, "{word} "),
            };
        }
        // Sometimes one long phrase instead.
        if self.random.chance(20) { format!("\"{}\"", text.replace(['"', '-'], "")) } else { text }
    }
}

impl Field {
    pub fn leaf(name: &str) -> Self {
        Self { name: name.to_owned(), ty: String::new(), arguments: Vec::new(), copies: 1, fields: Vec::new() }
    }
}
