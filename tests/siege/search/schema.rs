//! The types of the schema, as this version of the server prints it.

use std::collections::HashMap;

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

pub struct Schema(HashMap<String, TypeKind>);

impl Schema {
    /// Reads the schema that this version of the server prints.
    pub fn read() -> Self {
        let document = parse_schema(notegraph::schema::sdl_of_types()).unwrap();
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.node.to_string(), definition.node.kind))
            }
            _ => None,
        });
        Self(types.collect())
    }

    /// The fields of an object or an interface; empty for other types.
    pub fn fields(&self, of: &str) -> Vec<&FieldDefinition> {
        match self.0.get(of) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| &field.node).collect(),
            Some(TypeKind::Interface(interface)) => interface.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    pub fn field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        self.fields(of).into_iter().find(|field| field.name.node == name)
    }

    /// The fields of an input object; empty for other types.
    pub fn input_fields(&self, of: &str) -> Vec<&InputValueDefinition> {
        match self.0.get(of) {
            Some(TypeKind::InputObject(object)) => object.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    /// The values of an enum; empty for other types.
    pub fn values(&self, of: &str) -> Vec<&str> {
        match self.0.get(of) {
            Some(TypeKind::Enum(values)) => values.values.iter().map(|value| value.node.value.node.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

/// The name of a type without lists and non-null marks.
pub fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}
