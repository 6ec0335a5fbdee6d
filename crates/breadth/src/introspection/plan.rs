//! Plans the fields `__schema` and `__type`: which introspection fields are selected below them, fragments flattened and
//! equal response keys merged.

use crate::bridge::types::{Field, SelectionSet};
use crate::bridge::{Literal, Name};
use crate::document::schema::{Schema, TypeId};
use crate::selection::{CollectedField, PlanContext, collect};

/// A field `__schema` or `__type` of an operation, as a plan keeps it.
pub struct Introspected {
    pub(super) root: Root,
    pub(super) fields: Box<[IntrospectedField]>,
}

/// Where an introspection begins.
pub(super) enum Root {
    Schema,
    /// A type that a literal names, if introspection lists one.
    Type(Option<TypeId>),
    /// The type that a variable names.
    TypeOfVariable(Name),
}

/// A selected field of an introspection type.
pub(super) struct IntrospectedField {
    /// The response key.
    pub key: Name,
    pub name: Name,
    pub include_deprecated: Flag,
    pub below: Box<[Self]>,
}

/// The value of a Boolean argument.
pub(super) enum Flag {
    Constant(bool),
    Variable(Name),
}

impl Introspected {
    pub fn new(context: PlanContext<'_>, asked: &CollectedField<'_>) -> Self {
        let (root, object) = match asked.field.node.get_argument("name") {
            Some(name) => (Root::named(context.types, &name.node), "__Type"),
            None => (Root::Schema, "__Schema"),
        };
        Self { root, fields: fields(context, &asked.sets, object) }
    }

    /// Estimated size in bytes; names are shared with the document.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + bytes(&self.fields)
    }
}

impl Root {
    fn named(types: &Schema, name: &Literal) -> Self {
        match name {
            Literal::Variable(name) => Self::TypeOfVariable(name.clone()),
            Literal::String(name) => Self::Type(types.find_told(name)),
            _ => Self::Type(None),
        }
    }
}

impl Flag {
    fn include_deprecated(field: &Field) -> Self {
        match field.get_argument("includeDeprecated").map(|value| &value.node) {
            Some(Literal::Variable(name)) => Self::Variable(name.clone()),
            Some(Literal::Boolean(flag)) => Self::Constant(*flag),
            _ => Self::Constant(false),
        }
    }
}

/// The fields selected on an introspection type. The recursion is as deep as fields may nest.
fn fields<'a>(context: PlanContext<'a>, sets: &[&'a SelectionSet], object: &'a str) -> Box<[IntrospectedField]> {
    let types = context.types;
    let planned = |collected: CollectedField<'a>| {
        let field = &collected.field.node;
        let defined = types.find(object).and_then(|object| types.field(object, &field.name.node));
        let below = defined.map_or("", |defined| types.name(defined.ty.innermost()));
        IntrospectedField {
            key: field.response_key().node.clone(),
            name: field.name.node.clone(),
            include_deprecated: Flag::include_deprecated(field),
            below: fields(context, &collected.sets, below),
        }
    };
    collect(context, sets, object).into_values().map(planned).collect()
}

fn bytes(fields: &[IntrospectedField]) -> usize {
    size_of_val(fields) + fields.iter().map(|field| bytes(&field.below)).sum::<usize>()
}
