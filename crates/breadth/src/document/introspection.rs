//! Executes introspection (GraphQL, section 4.2) on the types that documents are validated against, so clients see
//! exactly what they may query.

use std::collections::{HashMap, HashSet};

use crate::bridge::Positioned;
use crate::bridge::Variables;
use crate::bridge::indexmap::IndexMap;
use crate::bridge::types::{Field, FragmentDefinition, Selection, SelectionSet};
use crate::bridge::{ConstValue, Literal as Value, Name};

use super::conditions::{flag, is_included};
use super::schema::{
    Deprecated, DirectiveDefinition, EnumValue, Field as Defined, InputValue, Schema, TypeId, TypeKind, TypeRef,
};

/// Scalars that are listed only if the schema uses them (GraphQL, section 3.5).
const BUILT_IN: [&str; 3] = ["Int", "Float", "ID"];

/// An introspection object.
enum Node<'s> {
    Schema,
    Type(TypeRef),
    Field(&'s Defined),
    InputValue(&'s InputValue),
    EnumValue(&'s EnumValue),
    Directive(&'s DirectiveDefinition),
}

/// A field `__schema` or `__type` of an operation, as a plan keeps it.
pub struct Introspected {
    /// The `name` argument of `__type`; `None` for `__schema`.
    name: Option<Value>,
    sets: Vec<SelectionSet>,
}

impl Introspected {
    /// Makes it from the field and the selection sets of all fields that are merged into it.
    pub fn new(field: &Field, sets: &[&SelectionSet]) -> Self {
        let name = field.get_argument("name").map(|name| name.node.clone());
        Self { name, sets: sets.iter().map(|set| (*set).clone()).collect() }
    }

    /// Estimated size in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.sets.iter().map(bytes_of).sum::<usize>()
    }
}

fn bytes_of(set: &SelectionSet) -> usize {
    let below = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) => bytes_of(&field.node.selection_set.node),
        Selection::InlineFragment(inline) => bytes_of(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    });
    set.items.len() * size_of::<Positioned<Selection>>() + below.sum::<usize>()
}

struct Introspection<'d, 's> {
    schema: &'s Schema,
    fragments: &'d Fragments,
    variables: &'d Variables,
}

/// The fragments of a document.
type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Merged fields by response key.
type Merged<'d> = IndexMap<&'d Name, Vec<&'d Field>>;

impl Schema {
    /// Returns the value of an introspection field. The document must be valid and the variables coerced.
    pub fn introspect(&self, asked: &Introspected, fragments: &Fragments, variables: &Variables) -> ConstValue {
        let introspection = Introspection { schema: self, fragments, variables };
        let node = match &asked.name {
            Some(name) => introspection.named(name),
            None => Some(Node::Schema),
        };
        let sets: Vec<&SelectionSet> = asked.sets.iter().collect();
        node.map_or(ConstValue::Null, |node| introspection.object(&node, &sets))
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

impl<'d, 's> Introspection<'d, 's> {
    fn merged(&self, sets: &[&'d SelectionSet]) -> Merged<'d> {
        let (mut merged, mut seen) = (Merged::new(), HashSet::new());
        for set in sets {
            self.collect(set, &mut merged, &mut seen);
        }
        merged
    }

    /// Collects fields. Introspection types are object types, so a fragment among their fields is on the same type.
    fn collect(&self, set: &'d SelectionSet, merged: &mut Merged<'d>, seen: &mut HashSet<&'d Name>) {
        for Positioned { node: selection, .. } in &set.items {
            if !is_included(selection.directives(), |name| flag(self.variables, name)) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    merged.entry(&field.node.response_key().node).or_default().push(&field.node);
                }
                Selection::InlineFragment(inline) => self.collect(&inline.node.selection_set.node, merged, seen),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && seen.insert(name)
                    {
                        self.collect(&fragment.node.selection_set.node, merged, seen);
                    }
                }
            }
        }
    }

    fn flag(&self, value: &Value) -> bool {
        match value {
            Value::Boolean(flag) => *flag,
            Value::Variable(name) => flag(self.variables, name),
            _ => false,
        }
    }

    fn named(&self, name: &Value) -> Option<Node<'s>> {
        let name = match name {
            Value::String(name) => name,
            Value::Variable(name) => match self.variables.get(name)? {
                ConstValue::String(name) => name,
                _ => return None,
            },
            _ => return None,
        };
        let id = self.schema.find(name).filter(|id| self.schema.is_told(*id))?;
        Some(Node::Type(TypeRef::Named(id)))
    }

    fn object(&self, node: &Node<'s>, sets: &[&'d SelectionSet]) -> ConstValue {
        let mut object = IndexMap::new();
        for (key, mentions) in self.merged(sets) {
            let below: Vec<&SelectionSet> = mentions.iter().map(|mention| &mention.selection_set.node).collect();
            if let Some(first) = mentions.first() {
                object.insert(key.clone(), self.field(node, first, &below));
            }
        }
        ConstValue::Object(object)
    }

    fn objects(&self, nodes: impl Iterator<Item = Node<'s>>, sets: &[&'d SelectionSet]) -> ConstValue {
        ConstValue::List(nodes.map(|node| self.object(&node, sets)).collect())
    }

    fn types(&self, ids: impl Iterator<Item = TypeId>, sets: &[&'d SelectionSet]) -> ConstValue {
        self.objects(ids.map(|id| Node::Type(TypeRef::Named(id))), sets)
    }

    fn maybe_type(&self, id: Option<TypeId>, sets: &[&'d SelectionSet]) -> ConstValue {
        id.map_or(ConstValue::Null, |id| self.object(&Node::Type(TypeRef::Named(id)), sets))
    }

    fn field(&self, node: &Node<'s>, field: &'d Field, sets: &[&'d SelectionSet]) -> ConstValue {
        let name = field.name.node.as_str();
        let with_deprecated = field.get_argument("includeDeprecated").is_some_and(|value| self.flag(&value.node));
        let counts = |deprecated: &Deprecated| with_deprecated || deprecated.is_none();
        let inputs = |values: &'s [InputValue]| {
            self.objects(values.iter().filter(|value| counts(&value.deprecated)).map(Node::InputValue), sets)
        };
        match (node, name) {
            (Node::Schema, "__typename") => text("__Schema"),
            (Node::Schema, _) => self.of_schema(name, sets),
            (Node::Type(_), "__typename") => text("__Type"),
            (Node::Type(TypeRef::Named(id)), _) => self.of_type(*id, name, sets, counts),
            (Node::Type(TypeRef::List(inner) | TypeRef::NonNull(inner)), "ofType") => {
                self.object(&Node::Type((**inner).clone()), sets)
            }
            (Node::Type(wrapped), "kind") => kind(if wrapped.is_non_null() { "NON_NULL" } else { "LIST" }),
            (Node::Type(_), _) => ConstValue::Null,
            (Node::Field(_), "__typename") => text("__Field"),
            (Node::Field(of), "type") => self.object(&Node::Type(of.ty.clone()), sets),
            (Node::Field(of), "args") => inputs(&of.arguments),
            (Node::Field(of), _) => described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::InputValue(_), "__typename") => text("__InputValue"),
            (Node::InputValue(of), "type") => self.object(&Node::Type(of.ty.clone()), sets),
            (Node::InputValue(of), "defaultValue") => {
                of.default.as_ref().map_or(ConstValue::Null, |default| text(&default.to_string()))
            }
            (Node::InputValue(of), _) => described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::EnumValue(_), "__typename") => text("__EnumValue"),
            (Node::EnumValue(of), _) => described(name, &of.name, of.description.as_deref(), &of.deprecated),
            (Node::Directive(_), "__typename") => text("__Directive"),
            (Node::Directive(of), "isRepeatable") => ConstValue::Boolean(of.repeatable),
            (Node::Directive(of), "locations") => {
                ConstValue::List(of.locations.iter().map(|place| kind(place)).collect())
            }
            (Node::Directive(of), "args") => inputs(&of.arguments),
            (Node::Directive(of), _) => described(name, &of.name, of.description.as_deref(), &None),
        }
    }

    fn of_schema(&self, name: &str, sets: &[&'d SelectionSet]) -> ConstValue {
        let schema = self.schema;
        match name {
            "types" => {
                let mut ids: Vec<TypeId> = schema.by_name.values().copied().filter(|id| schema.is_told(*id)).collect();
                ids.sort_by_key(|id| schema.name(*id));
                self.types(ids.into_iter(), sets)
            }
            "queryType" => self.maybe_type(Some(schema.query), sets),
            "mutationType" => self.maybe_type(schema.mutation, sets),
            "subscriptionType" => self.maybe_type(schema.subscription, sets),
            "directives" => self.objects(schema.directives.values().map(Node::Directive), sets),
            "description" => maybe(schema.description.as_deref()),
            _ => ConstValue::Null,
        }
    }

    fn of_type(
        &self,
        id: TypeId,
        name: &str,
        sets: &[&'d SelectionSet],
        counts: impl Fn(&Deprecated) -> bool,
    ) -> ConstValue {
        let schema = self.schema;
        let Some(definition) = schema.types.get(id as usize) else { return ConstValue::Null };
        match (name, &definition.kind) {
            ("kind", of) => kind(match of {
                TypeKind::Scalar(_) => "SCALAR",
                TypeKind::Enum(_) => "ENUM",
                TypeKind::Object(_) => "OBJECT",
                TypeKind::Interface(_) => "INTERFACE",
                TypeKind::Union => "UNION",
                TypeKind::Input(_) => "INPUT_OBJECT",
            }),
            ("name", _) => text(&definition.name),
            ("description", _) => maybe(definition.description.as_deref()),
            ("specifiedByURL", _) => maybe(definition.specified_by.as_deref()),
            ("fields", TypeKind::Object(fields) | TypeKind::Interface(fields)) => {
                self.objects(fields.all.iter().filter(|field| counts(&field.deprecated)).map(Node::Field), sets)
            }
            ("interfaces", TypeKind::Object(_) | TypeKind::Interface(_)) => {
                self.types(definition.interfaces.iter().copied(), sets)
            }
            ("possibleTypes", TypeKind::Interface(_) | TypeKind::Union) => {
                let mut ids: Vec<TypeId> = schema.possible.get(id as usize).into_iter().flatten().copied().collect();
                ids.sort_by_key(|id| schema.name(*id));
                self.types(ids.into_iter(), sets)
            }
            ("enumValues", TypeKind::Enum(values)) => {
                self.objects(values.iter().filter(|value| counts(&value.deprecated)).map(Node::EnumValue), sets)
            }
            ("inputFields", TypeKind::Input(input)) => {
                let fields = input.fields.iter().filter(|field| counts(&field.deprecated));
                self.objects(fields.map(Node::InputValue), sets)
            }
            ("isOneOf", TypeKind::Input(input)) => ConstValue::Boolean(input.one_of),
            _ => ConstValue::Null,
        }
    }
}

fn described(asked: &str, name: &str, description: Option<&str>, deprecated: &Deprecated) -> ConstValue {
    match asked {
        "name" => text(name),
        "description" => maybe(description),
        "isDeprecated" => ConstValue::Boolean(deprecated.is_some()),
        "deprecationReason" => maybe(deprecated.as_deref()),
        _ => ConstValue::Null,
    }
}

fn text(text: &str) -> ConstValue {
    ConstValue::String(text.to_owned())
}

fn maybe(value: Option<&str>) -> ConstValue {
    value.map_or(ConstValue::Null, text)
}

fn kind(name: &str) -> ConstValue {
    ConstValue::Enum(Name::new(name))
}
