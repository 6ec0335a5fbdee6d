//! How much room values take, about.

use async_graphql::Value;
use async_graphql_value::Value as Literal;

/// What a value takes beside its text.
const VALUE: u64 = 16;

/// The bytes of a value that was sent.
pub fn size(value: &Value) -> u64 {
    VALUE
        + match value {
            Value::String(text) => text.len() as u64,
            Value::Enum(name) => name.len() as u64,
            Value::Binary(bytes) => bytes.len() as u64,
            Value::List(items) => items.iter().map(size).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() as u64 + size(value)).sum(),
            Value::Null | Value::Number(_) | Value::Boolean(_) => 0,
        }
}

/// The bytes of a value in a document; `variable` tells those of a variable.
pub fn literal_size(value: &Literal, variable: &mut impl FnMut(&str) -> u64) -> u64 {
    VALUE
        + match value {
            Literal::Variable(name) => variable(name),
            Literal::String(text) => text.len() as u64,
            Literal::Enum(name) => name.len() as u64,
            Literal::Binary(bytes) => bytes.len() as u64,
            Literal::List(items) => items.iter().map(|item| literal_size(item, variable)).sum(),
            Literal::Object(fields) => {
                fields.iter().map(|(name, value)| name.len() as u64 + literal_size(value, variable)).sum()
            }
            Literal::Null | Literal::Number(_) | Literal::Boolean(_) => 0,
        }
}
