//! Estimates the size of values.

use std::iter::Sum;

use async_graphql::Value;
use async_graphql_value::Value as Literal;

/// Bytes that a value counts in addition to its text.
const VALUE: u64 = 16;
/// Number of values that an object counts as: the coerced object has room for each of its fields, given or not. An
/// empty `NoteFilter` takes up to 3,000 bytes.
const OBJECT: u64 = 10;

/// The size of a value, including nested ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of texts, plus [`VALUE`] for each value.
    pub bytes: u64,
    /// Number of values; an object counts as [`OBJECT`].
    pub values: u64,
}

impl Size {
    fn of_text(text: usize) -> Self {
        Self { bytes: text as u64, values: 0 }
    }

    pub fn and(self, other: Self) -> Self {
        let bytes = self.bytes.saturating_add(other.bytes);
        Self { bytes, values: self.values.saturating_add(other.values) }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Self::and)
    }
}

const ONE: Size = Size { bytes: VALUE, values: 1 };
const AN_OBJECT: Size = Size { bytes: VALUE, values: OBJECT };

/// The size of a variable's value.
pub fn size(value: &Value) -> Size {
    match value {
        Value::String(text) => ONE.and(Size::of_text(text.len())),
        Value::Enum(name) => ONE.and(Size::of_text(name.len())),
        Value::Binary(bytes) => ONE.and(Size::of_text(bytes.len())),
        Value::List(items) => ONE.and(items.iter().map(size).sum()),
        Value::Object(fields) => {
            AN_OBJECT.and(fields.iter().map(|(name, value)| Size::of_text(name.len()).and(size(value))).sum())
        }
        Value::Null | Value::Number(_) | Value::Boolean(_) => ONE,
    }
}

/// The size of a literal in a document; `variable` gives the sizes of variables.
pub fn literal_size(value: &Literal, variable: &mut impl FnMut(&str) -> Size) -> Size {
    match value {
        Literal::Variable(name) => ONE.and(variable(name)),
        Literal::String(text) => ONE.and(Size::of_text(text.len())),
        Literal::Enum(name) => ONE.and(Size::of_text(name.len())),
        Literal::Binary(bytes) => ONE.and(Size::of_text(bytes.len())),
        Literal::List(items) => ONE.and(items.iter().map(|item| literal_size(item, variable)).sum()),
        Literal::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| Size::of_text(name.len()).and(literal_size(value, variable)));
            AN_OBJECT.and(fields.sum())
        }
        Literal::Null | Literal::Number(_) | Literal::Boolean(_) => ONE,
    }
}
