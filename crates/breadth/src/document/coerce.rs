//! Coerces the values of variables to their types (GraphQL, section 6.1.2).

use crate::bridge::{ConstValue, Name};

use super::parse::diagnostic::short;
use super::scalars::{self, ScalarInput};
use super::schema::{Input, Scalar, Schema, TypeKind, TypeRef};
use super::shown;

/// Maximum number of faults that are reported about one variable.
const MAX_WRONG: usize = 5;

/// A fault in a value, and where in the value it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The path within the value, such as ` at .input.ids[2]`, or an empty string.
    pub path: String,
    pub message: String,
}

enum ValuePathStep<'v> {
    Field(&'v str),
    Item(usize),
}

struct Coercion<'s, 'v> {
    schema: &'s Schema,
    /// Path to the current value; the last step is the innermost.
    path: Vec<ValuePathStep<'v>>,
    wrong: Vec<Wrong>,
}

/// Checks that a value is of a type, in time proportional to its size.
///
/// # Errors
/// The first few faults.
pub fn check(schema: &Schema, ty: &TypeRef, value: &ConstValue) -> Result<(), Vec<Wrong>> {
    let mut coercion = Coercion { schema, path: Vec::new(), wrong: Vec::new() };
    coercion.value(ty, value);
    if coercion.wrong.is_empty() { Ok(()) } else { Err(coercion.wrong) }
}

impl<'v> Coercion<'_, 'v> {
    fn is_full(&self) -> bool {
        self.wrong.len() >= MAX_WRONG
    }

    /// Records a fault. `message` is called only if the fault is reported.
    fn wrong(&mut self, message: impl FnOnce() -> String) {
        if !self.is_full() {
            let mut path = String::new();
            for step in &self.path {
                match step {
                    ValuePathStep::Field(name) => path.extend([".", *name]),
                    ValuePathStep::Item(index) => path.extend(["[", &index.to_string(), "]"]),
                }
            }
            let path = if path.is_empty() { path } else { format!(" at {path}") };
            self.wrong.push(Wrong { path, message: message() });
        }
    }

    /// Checks a value. The recursion is as deep as the JSON nests.
    fn value(&mut self, ty: &TypeRef, value: &'v ConstValue) {
        if self.is_full() {
            return;
        }
        let schema = self.schema;
        if matches!(value, ConstValue::Null) {
            if ty.is_non_null() {
                self.wrong(|| format!("Expected value of non-null type \"{}\" not to be null.", schema.show(ty)));
            }
            return;
        }
        let id = match (ty.nullable(), value) {
            (TypeRef::List(inner), ConstValue::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(ValuePathStep::Item(index));
                    self.value(inner, item);
                    self.path.pop();
                }
                return;
            }
            (TypeRef::List(inner), _) => return self.value(inner, value),
            (inner, _) => inner.innermost(),
        };
        let name = schema.name(id);
        match (schema.kind(id), value) {
            (TypeKind::Input(input), ConstValue::Object(fields)) => self.object(name, input, fields, value),
            (TypeKind::Input(_), _) => {
                self.wrong(|| {
                    let found = shown::json(value);
                    format!("Expected value of type \"{name}\" to be an object, found: {found}.")
                });
            }
            (TypeKind::Enum(values), ConstValue::String(given)) => {
                if !values.iter().any(|value| value.name == *given) {
                    self.wrong(|| scalars::no_value(&shown::json(value), name, values));
                }
            }
            (TypeKind::Enum(values), ConstValue::Enum(given))
                if values.iter().any(|value| value.name == given.as_str()) => {}
            (TypeKind::Enum(_), _) => {
                self.wrong(|| {
                    let found = shown::json(value);
                    format!("Enum \"{name}\" cannot represent non-string value: {found}.")
                });
            }
            (TypeKind::Scalar(scalar), _) => {
                if let Err(message) = scalars::check(*scalar, name, &ScalarInput::Json(value)) {
                    self.wrong(|| message);
                }
            }
            // Variables cannot have these types.
            (TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union, _) => {}
        }
    }

    fn object(
        &mut self,
        name: &str,
        input: &Input,
        fields: &'v crate::bridge::indexmap::IndexMap<Name, ConstValue>,
        value: &ConstValue,
    ) {
        for defined in &input.fields {
            if let Some((field, value)) = fields.get_key_value(defined.name.as_str()) {
                self.path.push(ValuePathStep::Field(field));
                self.value(&defined.ty, value);
                self.path.pop();
            } else if defined.is_required() {
                self.wrong(|| {
                    let (field, found) = (&defined.name, shown::json(value));
                    format!("Expected value of type \"{name}\" to include required field \"{field}\", found: {found}.")
                });
            }
        }
        // Usually all fields are known, and this reports nothing.
        for field in fields.keys() {
            if self.is_full() {
                return;
            }
            if !input.fields.iter().any(|defined| defined.name == field.as_str()) {
                self.wrong(|| {
                    let (field, found) = (short(field), shown::json(value));
                    format!(
                        "Expected value of type \"{name}\" not to include unknown field \"{field}\", found: {found}."
                    )
                });
            }
        }
        if input.one_of {
            let is_known = |field: &str| input.fields.iter().any(|defined| defined.name == field);
            let mut known = fields.iter().filter(|(field, _)| is_known(field.as_str()));
            match (known.next(), known.next()) {
                (Some((field, ConstValue::Null)), None) => {
                    self.path.push(ValuePathStep::Field(field));
                    self.wrong(|| scalars::one_of(name));
                    self.path.pop();
                }
                (Some(_), None) => {}
                _ => self.wrong(|| scalars::one_of(name)),
            }
        }
    }
}

/// Converts a valid value into the form that the server works with: integers without a fraction, IDs as strings, and a
/// list of one for a single value in place of a list.
pub fn coerce(schema: &Schema, ty: &TypeRef, value: ConstValue) -> ConstValue {
    if matches!(value, ConstValue::Null) {
        return value;
    }
    match (ty.nullable(), value) {
        (TypeRef::List(inner), ConstValue::List(items)) => {
            ConstValue::List(items.into_iter().map(|item| coerce(schema, inner, item)).collect())
        }
        (TypeRef::List(inner), value) => ConstValue::List(vec![coerce(schema, inner, value)]),
        (inner, value) => match (schema.kind(inner.innermost()), value) {
            (TypeKind::Input(input), ConstValue::Object(mut fields)) => {
                for (name, value) in &mut fields {
                    if let Some(defined) = input.fields.iter().find(|defined| defined.name == name.as_str()) {
                        *value = coerce(schema, &defined.ty, std::mem::take(value));
                    }
                }
                ConstValue::Object(fields)
            }
            (TypeKind::Scalar(Scalar::Int), ConstValue::Number(number)) => {
                ConstValue::Number(scalars::int(&number).map_or(number, Into::into))
            }
            (TypeKind::Scalar(Scalar::Id), ConstValue::Number(number)) => ConstValue::String(scalars::id(&number)),
            (_, value) => value,
        },
    }
}
