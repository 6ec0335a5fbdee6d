//! How much room values take, about.

use std::iter::Sum;

use async_graphql::Value;
use async_graphql_value::Value as Literal;

/// What a value takes beside its text, in bytes.
const VALUE: u64 = 16;
/// How many values an object counts as: what it is turned into has a place for each of its fields, given or not. An empty
/// `NoteFilter` takes up to 3,000 bytes.
const OBJECT: u64 = 10;

/// What a value comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of texts, with [`VALUE`] for each value.
    pub bytes: u64,
    /// Values, of which an object counts as [`OBJECT`].
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

/// The size of a value that was sent.
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

/// The size of a value in a document; `variable` tells that of a variable.
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
