//! Values in a document (GraphQL, sections 3.5 to 3.13 and 5.6).

use super::super::scalars::{self, Given};
use super::super::schema::{Input, TypeId, TypeKind, Wrapped};
use super::super::syntax::{Argument, Value, ValueKind};
use super::{Examination, Step, Usage, short};

/// What a place takes.
#[derive(Clone, Copy)]
pub struct Expected<'s> {
    pub ty: &'s Wrapped,
    pub has_default: bool,
    /// The input object of one field whose field it is.
    pub one_of: Option<TypeId>,
}

impl<'a, 's> Examination<'_, 'a, 's> {
    /// Goes as deep as brackets may nest.
    pub fn value(&mut self, value: &Value<'a>, expected: Expected<'s>) {
        let Expected { ty, has_default, one_of } = expected;
        if let ValueKind::Variable(name) = value.kind {
            self.usages.push(Usage { name, at: value.at, ty: Some(ty), has_default, one_of });
            return;
        }
        if matches!(value.kind, ValueKind::Null) {
            if ty.is_non_null() {
                let message = format!("Expected value of non-null type \"{}\" not to be null.", self.schema.show(ty));
                self.wrong(message, value);
            }
            return;
        }
        let id = match (ty.nullable(), &value.kind) {
            (Wrapped::List(inner), ValueKind::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.within.push(Step::Item(index));
                    self.value(item, Expected { ty: inner, has_default: false, one_of: None });
                    self.within.pop();
                }
                return;
            }
            // One value stands for a list of one (GraphQL, section 3.11).
            (Wrapped::List(inner), _) => {
                return self.value(value, Expected { ty: inner, has_default: false, one_of: None });
            }
            (inner, _) => inner.innermost(),
        };
        let schema = self.schema;
        let name = schema.name(id);
        match (schema.kind(id), &value.kind) {
            (TypeKind::Input(input), ValueKind::Object(fields)) => self.object(id, input, fields, value),
            (TypeKind::Input(_), _) => {
                let message = format!(
                    "Expected value of type \"{name}\" to be an object, found: {}.",
                    scalars::shown(&value.kind)
                );
                self.unknown_value(value);
                self.wrong(message, value);
            }
            (TypeKind::Enum(values), ValueKind::Enum(given)) => {
                if !values.iter().any(|value| value.name == *given) {
                    self.wrong(scalars::no_value(&format!("\"{}\"", short(given)), name, values), value);
                }
            }
            (TypeKind::Enum(_), kind) => {
                let message = format!("Enum \"{name}\" cannot represent non-enum value: {}.", scalars::shown(kind));
                self.unknown_value(value);
                self.wrong(message, value);
            }
            (TypeKind::Scalar(scalar), kind) => {
                self.unknown_value(value);
                match scalars::check(*scalar, name, &Given::Literal(kind)) {
                    Err(message) => self.wrong(message, value),
                    Ok(()) if matches!((scalar, kind), (super::super::schema::Scalar::Id, ValueKind::Int(_))) => {
                        self.ids.insert(value.at);
                    }
                    Ok(()) => {}
                }
            }
            // No type of these is one of an input.
            (TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union, _) => self.unknown_value(value),
        }
    }

    fn wrong(&mut self, mut message: String, value: &Value<'_>) {
        message.push_str(&self.place());
        self.fault(message, [value.at]);
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
                self.within.push(Step::Name(field.name.text));
                self.value(&field.value, expected);
                self.within.pop();
            } else {
                let field_name = short(field.name.text);
                let found = scalars::shown(&value.kind);
                let place = self.place();
                let message = format!(
                    "Expected value of type \"{name}\" not to include unknown field \"{field_name}\", found: \
                     {found}.{place}"
                );
                self.fault(message, [field.name.at]);
                self.unknown_value(&field.value);
            }
        }
        for defined in input.fields.iter().filter(|defined| defined.is_required()) {
            if !fields.iter().any(|field| field.name.text == defined.name) {
                let found = scalars::shown(&value.kind);
                let message = format!(
                    "Expected value of type \"{name}\" to include required field \"{}\", found: {found}.",
                    defined.name
                );
                self.wrong(message, value);
            }
        }
        if input.one_of {
            let is_null = fields.iter().any(|field| matches!(field.value.kind, ValueKind::Null));
            if fields.len() != 1 || is_null {
                self.wrong(scalars::one_of(name), value);
            }
        }
    }

    /// What there is no type to hold against: its variables count as used, and its names stand once.
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
