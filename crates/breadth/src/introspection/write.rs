//! Writes planned introspection fields as JSON.

use crate::bridge::{ConstValue, Variables};
use crate::declare::write_text;
use crate::document::conditions::flag;
use crate::document::schema::{
    Deprecated, DirectiveDefinition, EnumValue, Field as Defined, InputValue, Schema, TypeId, TypeKind, TypeRef,
};

use super::plan::{Flag, Introspected, IntrospectedField, Root};

/// Scalars that are listed only if the schema uses them (GraphQL, section 3.5).
const BUILT_IN: [&str; 3] = ["Int", "Float", "ID"];

/// An introspection object.
#[derive(Clone, Copy)]
enum Node<'s> {
    Schema,
    Type(TypeId),
    /// A list or non-null type.
    Wrapped(&'s TypeRef),
    Field(&'s Defined),
    InputValue(&'s InputValue),
    EnumValue(&'s EnumValue),
    Directive(&'s DirectiveDefinition),
}

impl<'s> Node<'s> {
    fn of(ty: &'s TypeRef) -> Self {
        match ty {
            TypeRef::Named(id) => Self::Type(*id),
            TypeRef::List(_) | TypeRef::NonNull(_) => Self::Wrapped(ty),
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::Schema => "__Schema",
            Self::Type(_) | Self::Wrapped(_) => "__Type",
            Self::Field(_) => "__Field",
            Self::InputValue(_) => "__InputValue",
            Self::EnumValue(_) => "__EnumValue",
            Self::Directive(_) => "__Directive",
        }
    }
}

impl Schema {
    /// Finds a type that introspection lists.
    pub(super) fn find_told(&self, name: &str) -> Option<TypeId> {
        self.find(name).filter(|id| self.is_told(*id))
    }

    /// Whether introspection lists a type.
    fn is_told(&self, id: TypeId) -> bool {
        let name = self.name(id);
        !BUILT_IN.contains(&name) || self.is_used(id)
    }

    fn is_used(&self, id: TypeId) -> bool {
        let among = |values: &[InputValue]| values.iter().any(|value| value.ty.innermost() == id);
        self.types.iter().any(|definition| match &definition.kind {
            TypeKind::Object(fields) | TypeKind::Interface(fields) => {
                fields.all.iter().any(|field| field.ty.innermost() == id || among(&field.arguments))
            }
            TypeKind::Input(input) => among(&input.fields),
            TypeKind::Scalar(_) | TypeKind::Enum(_) | TypeKind::Union => false,
        })
    }
}

/// What the introspection fields of an operation are written from.
#[derive(Clone, Copy)]
pub struct Introspection<'a> {
    pub types: &'a Schema,
    /// Valid variables.
    pub variables: &'a Variables,
}

impl Introspection<'_> {
    /// Writes the value of an introspection field.
    pub fn write(self, asked: &Introspected, out: &mut Vec<u8>) {
        let named = |name: &str| match self.variables.get(name) {
            Some(ConstValue::String(name)) => self.types.find_told(name),
            _ => None,
        };
        let node = match &asked.root {
            Root::Schema => Some(Node::Schema),
            Root::Type(id) => id.map(Node::Type),
            Root::TypeOfVariable(name) => named(name).map(Node::Type),
        };
        IntrospectionWriter { schema: self.types, variables: self.variables, out }.maybe_object(node, &asked.fields);
    }
}

struct IntrospectionWriter<'s, 'o> {
    schema: &'s Schema,
    variables: &'o Variables,
    out: &'o mut Vec<u8>,
}

impl<'s> IntrospectionWriter<'s, '_> {
    fn object(&mut self, node: Node<'s>, fields: &[IntrospectedField]) {
        self.out.push(b'{');
        for (position, field) in fields.iter().enumerate() {
            // Names need no escapes.
            self.out.extend_from_slice(if position == 0 { b"\"" } else { b",\"" });
            self.out.extend_from_slice(field.key.as_bytes());
            self.out.extend_from_slice(b"\":");
            self.field(node, field);
        }
        self.out.push(b'}');
    }

    fn maybe_object(&mut self, node: Option<Node<'s>>, fields: &[IntrospectedField]) {
        match node {
            Some(node) => self.object(node, fields),
            None => self.null(),
        }
    }

    fn objects(&mut self, nodes: impl Iterator<Item = Node<'s>>, fields: &[IntrospectedField]) {
        self.out.push(b'[');
        for (position, node) in nodes.enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            self.object(node, fields);
        }
        self.out.push(b']');
    }

    /// Lists types by name.
    fn types(&mut self, ids: impl Iterator<Item = TypeId>, fields: &[IntrospectedField]) {
        let mut ids: Vec<TypeId> = ids.collect();
        ids.sort_by_key(|id| self.schema.name(*id));
        self.objects(ids.into_iter().map(Node::Type), fields);
    }

    fn field(&mut self, node: Node<'s>, field: &IntrospectedField) {
        let (name, below) = (field.name.as_str(), &*field.below);
        let with_deprecated = match &field.include_deprecated {
            Flag::Constant(is) => *is,
            Flag::Variable(name) => flag(self.variables, name),
        };
        let counts = |deprecated: &Deprecated| with_deprecated || deprecated.is_none();
        let inputs = |values: &'s [InputValue]| {
            values.iter().filter(move |value| counts(&value.deprecated)).map(Node::InputValue)
        };
        match (node, name) {
            (node, "__typename") => self.text(node.type_name()),
            (Node::Schema, _) => self.of_schema(name, below),
            (Node::Type(id), _) => self.of_type(id, name, below, with_deprecated),
            (Node::Wrapped(TypeRef::List(inner) | TypeRef::NonNull(inner)), "ofType") => {
                self.object(Node::of(inner), below);
            }
            (Node::Wrapped(ty), "kind") => self.text(if ty.is_non_null() { "NON_NULL" } else { "LIST" }),
            (Node::Wrapped(_), _) => self.null(),
            (Node::Field(of), "type") => self.object(Node::of(&of.ty), below),
            (Node::Field(of), "args") => self.objects(inputs(&of.arguments), below),
            (Node::Field(of), _) => self.described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::InputValue(of), "type") => self.object(Node::of(&of.ty), below),
            (Node::InputValue(of), "defaultValue") => {
                self.maybe(of.default.as_ref().map(ToString::to_string).as_deref());
            }
            (Node::InputValue(of), _) => self.described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::EnumValue(of), _) => self.described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::Directive(of), "isRepeatable") => self.boolean(of.repeatable),
            (Node::Directive(of), "locations") => {
                // Writing to a Vec does not fail.
                let _ = serde_json::to_writer(&mut *self.out, &of.locations);
            }
            (Node::Directive(of), "args") => self.objects(inputs(&of.arguments), below),
            (Node::Directive(of), _) => self.described(name, &of.name, of.description.as_deref(), &None),
        }
    }

    fn of_schema(&mut self, name: &str, below: &[IntrospectedField]) {
        let schema = self.schema;
        match name {
            "types" => self.types(schema.by_name.values().copied().filter(|id| schema.is_told(*id)), below),
            "queryType" => self.object(Node::Type(schema.query), below),
            "mutationType" => self.maybe_object(schema.mutation.map(Node::Type), below),
            "subscriptionType" => self.maybe_object(schema.subscription.map(Node::Type), below),
            "directives" => self.objects(schema.directives.values().map(Node::Directive), below),
            "description" => self.maybe(schema.description.as_deref()),
            _ => self.null(),
        }
    }

    fn of_type(&mut self, id: TypeId, name: &str, below: &[IntrospectedField], with_deprecated: bool) {
        let schema = self.schema;
        let Some(definition) = schema.types.get(id as usize) else { return self.null() };
        let counts = |deprecated: &Deprecated| with_deprecated || deprecated.is_none();
        match (name, &definition.kind) {
            ("kind", of) => self.text(match of {
                TypeKind::Scalar(_) => "SCALAR",
                TypeKind::Enum(_) => "ENUM",
                TypeKind::Object(_) => "OBJECT",
                TypeKind::Interface(_) => "INTERFACE",
                TypeKind::Union => "UNION",
                TypeKind::Input(_) => "INPUT_OBJECT",
            }),
            ("name", _) => self.text(&definition.name),
            ("description", _) => self.maybe(definition.description.as_deref()),
            ("specifiedByURL", _) => self.maybe(definition.specified_by.as_deref()),
            ("fields", TypeKind::Object(fields) | TypeKind::Interface(fields)) => {
                self.objects(fields.all.iter().filter(|field| counts(&field.deprecated)).map(Node::Field), below);
            }
            ("interfaces", TypeKind::Object(_) | TypeKind::Interface(_)) => {
                self.objects(definition.interfaces.iter().copied().map(Node::Type), below);
            }
            ("possibleTypes", TypeKind::Interface(_) | TypeKind::Union) => {
                self.types(schema.possible.get(id as usize).into_iter().flatten().copied(), below);
            }
            ("enumValues", TypeKind::Enum(values)) => {
                self.objects(values.iter().filter(|value| counts(&value.deprecated)).map(Node::EnumValue), below);
            }
            ("inputFields", TypeKind::Input(input)) => {
                let fields = input.fields.iter().filter(|field| counts(&field.deprecated));
                self.objects(fields.map(Node::InputValue), below);
            }
            ("isOneOf", TypeKind::Input(input)) => self.boolean(input.one_of),
            _ => self.null(),
        }
    }

    fn described(&mut self, asked: &str, name: &str, description: Option<&str>, deprecated: &Deprecated) {
        match asked {
            "name" => self.text(name),
            "description" => self.maybe(description),
            "isDeprecated" => self.boolean(deprecated.is_some()),
            "deprecationReason" => self.maybe(deprecated.as_deref()),
            _ => self.null(),
        }
    }

    fn text(&mut self, text: &str) {
        write_text(text, self.out);
    }

    fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}
