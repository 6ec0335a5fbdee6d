//! The printed schema, parsed: what documents may request.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

pub struct Contract {
    pub types: BTreeMap<String, Kind>,
    /// The object types of each interface.
    pub implementers: BTreeMap<String, Vec<String>>,
}

pub enum Kind {
    /// An object type or an interface.
    Fields(Vec<Field>),
    Enum(Vec<String>),
    Input(Vec<Argument>),
    Scalar,
}

pub struct Field {
    pub name: String,
    pub arguments: Vec<Argument>,
    pub gives: Type,
}

pub struct Argument {
    pub name: String,
    pub takes: Type,
    pub has_default: bool,
}

impl Contract {
    pub fn read() -> Self {
        let mut types = BTreeMap::new();
        let mut implementers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for definition in parse_schema(notegraph::schema::sdl_of_types()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let kind = match definition.node.kind {
                TypeKind::Object(object) => {
                    for interface in &object.implements {
                        implementers.entry(interface.node.to_string()).or_default().push(name.clone());
                    }
                    Kind::Fields(object.fields.into_iter().map(|field| field.node.into()).collect())
                }
                TypeKind::Interface(interface) => {
                    Kind::Fields(interface.fields.into_iter().map(|field| field.node.into()).collect())
                }
                TypeKind::Enum(values) => {
                    Kind::Enum(values.values.into_iter().map(|value| value.node.value.node.to_string()).collect())
                }
                TypeKind::InputObject(object) => {
                    Kind::Input(object.fields.into_iter().map(|field| field.node.into()).collect())
                }
                TypeKind::Scalar | TypeKind::Union(_) => Kind::Scalar,
            };
            types.insert(name, kind);
        }
        Self { types, implementers }
    }

    /// The fields of an object type or an interface; `None` for other types.
    pub fn fields(&self, name: &str) -> Option<&[Field]> {
        match self.types.get(name) {
            Some(Kind::Fields(fields)) => Some(fields),
            _ => None,
        }
    }

    /// The interfaces that an object type implements.
    pub fn interfaces(&self, object: &str) -> Vec<&str> {
        let found = self.implementers.iter().filter(|(_, objects)| objects.iter().any(|name| name == object));
        found.map(|(interface, _)| interface.as_str()).collect()
    }
}

impl From<FieldDefinition> for Field {
    fn from(field: FieldDefinition) -> Self {
        Self {
            name: field.name.node.to_string(),
            arguments: field.arguments.into_iter().map(|argument| argument.node.into()).collect(),
            gives: field.ty.node,
        }
    }
}

impl From<InputValueDefinition> for Argument {
    fn from(argument: InputValueDefinition) -> Self {
        Self {
            name: argument.name.node.to_string(),
            has_default: argument.default_value.is_some(),
            takes: argument.ty.node,
        }
    }
}

/// The name of the type without lists.
pub fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}

impl Field {
    /// The name of its type without lists.
    pub fn gives_name(&self) -> &str {
        innermost(&self.gives)
    }
}
