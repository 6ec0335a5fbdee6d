//! Validates the values in a document (GraphQL, sections 3.5 to 3.13 and 5.6).

use super::validator::{Usage, Validator, ValuePathStep};
use crate::document::parse::ast::{Argument, Value, ValueKind};
use crate::document::parse::diagnostic::short;
use crate::document::scalars::{self, ScalarInput};
use crate::document::schema::{Input, Scalar, Schema, TypeId, TypeKind, TypeRef};
use crate::document::shown;

/// The type that a position expects.
#[derive(Clone, Copy)]
pub struct Expected<'s> {
    pub ty: &'s TypeRef,
    pub has_default: bool,
    /// The input object with `@oneOf`, if the position is its field.
    pub one_of: Option<TypeId>,
}

impl<'a, 's> Validator<'_, 'a, 's> {
    /// Validates a value. The recursion is as deep as brackets may nest.
    pub fn value(&mut self, value: &Value<'a>, expected: Expected<'s>) {
        if self.is_full() {
            return;
        }
        let Expected { ty, has_default, one_of } = expected;
        if let ValueKind::Variable(name) = value.kind {
            self.usages.push(Usage { name, at: value.at, ty: Some(ty), has_default, one_of });
            return;
        }
        if matches!(value.kind, ValueKind::Null) {
            if ty.is_non_null() {
                self.wrong(value, |schema| {
                    format!("Expected value of non-null type \"{}\" not to be null.", schema.show(ty))
                });
            }
            return;
        }
        let id = match (ty.nullable(), &value.kind) {
            (TypeRef::List(inner), ValueKind::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.within.push(ValuePathStep::Item(index));
                    self.value(item, Expected { ty: inner, has_default: false, one_of: None });
                    self.within.pop();
                }
                return;
            }
            // A single value stands for a list of one (GraphQL, section 3.11).
            (TypeRef::List(inner), _) => {
                return self.value(value, Expected { ty: inner, has_default: false, one_of: None });
            }
            (inner, _) => inner.innermost(),
        };
        let schema = self.schema;
        let name = schema.name(id);
        match (schema.kind(id), &value.kind) {
            (TypeKind::Input(input), ValueKind::Object(fields)) => self.object(id, input, fields, value),
            (TypeKind::Input(_), _) => {
                self.unknown_value(value);
                self.wrong(value, |_| {
                    let found = shown::literal(&value.kind);
                    format!("Expected value of type \"{name}\" to be an object, found: {found}.")
                });
            }
            (TypeKind::Enum(values), ValueKind::Enum(given)) => {
                if !values.iter().any(|value| value.name == *given) {
                    self.wrong(value, |_| scalars::no_value(&format!("\"{}\"", short(given)), name, values));
                }
            }
            (TypeKind::Enum(_), kind) => {
                self.unknown_value(value);
                self.wrong(value, |_| {
                    format!("Enum \"{name}\" cannot represent non-enum value: {}.", shown::literal(kind))
                });
            }
            (TypeKind::Scalar(scalar), kind) => {
                self.unknown_value(value);
                match scalars::check(*scalar, name, &ScalarInput::Literal(kind)) {
                    Err(message) => self.wrong(value, |_| message),
                    Ok(()) if matches!((scalar, kind), (Scalar::Id, ValueKind::Int(_))) => {
                        self.ids.insert(value.at);
                    }
                    Ok(()) => {}
                }
            }
            // Inputs cannot have these types.
            (TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union, _) => self.unknown_value(value),
        }
    }

    fn wrong(&mut self, value: &Value<'_>, message: impl FnOnce(&Schema) -> String) {
        self.diagnostic(|this| message(this.schema) + &this.place(), [value.at]);
    }

    fn object(&mut self, id: TypeId, input: &'s Input, fields: &[Argument<'a>], value: &Value<'a>) {
        let name = self.schema.name(id);
        self.unique(fields.iter().map(|field| field.name), "input field");
        for field in fields {
            if let Some(defined) = input.fields.iter().find(|defined| defined.name == field.name.text) {
                let expected = Expected {
                    ty: &defined.ty,
                    has_default: defined.default.is_some(),
                    one_of: Some(id).filter(|_| input.one_of),
                };
                self.within.push(ValuePathStep::Name(field.name.text));
                self.value(&field.value, expected);
                self.within.pop();
            } else {
                let message = |this: &Self| {
                    let (field, found, place) = (short(field.name.text), shown::literal(&value.kind), this.place());
                    format!(
                        "Expected value of type \"{name}\" not to include unknown field \"{field}\", found: \
                         {found}.{place}"
                    )
                };
                self.diagnostic(message, [field.name.at]);
                self.unknown_value(&field.value);
            }
        }
        for defined in input.fields.iter().filter(|defined| defined.is_required()) {
            if !fields.iter().any(|field| field.name.text == defined.name) {
                self.wrong(value, |_| {
                    let (field, found) = (&defined.name, shown::literal(&value.kind));
                    format!("Expected value of type \"{name}\" to include required field \"{field}\", found: {found}.")
                });
            }
        }
        if input.one_of {
            let is_known = |field: &&Argument<'_>| input.fields.iter().any(|defined| defined.name == field.name.text);
            let mut known = fields.iter().filter(is_known);
            let is_right = known.next().is_some_and(|field| !matches!(field.value.kind, ValueKind::Null));
            if !is_right || known.next().is_some() {
                self.wrong(value, |_| scalars::one_of(name));
            }
        }
    }

    /// Checks a value of unknown type: its variables count as used, and its field names must be unique.
    pub fn unknown_value(&mut self, value: &Value<'a>) {
        match &value.kind {
            ValueKind::Variable(name) => {
                self.usages.push(Usage { name, at: value.at, ty: None, has_default: false, one_of: None });
            }
            ValueKind::List(items) => items.iter().for_each(|item| self.unknown_value(item)),
            ValueKind::Object(fields) => {
                self.unique(fields.iter().map(|field| field.name), "input field");
                for field in fields {
                    self.unknown_value(&field.value);
                }
            }
            _ => {}
        }
    }
}
