use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value as GraphqlValue};
use serde_json::{Map, Number, Value as JsonValue};

/// A type that can hold any JSON value, built bottom-up.
pub trait Tree: Sized {
    /// The fields of an object.
    type Fields: Default;

    fn null() -> Self;
    fn boolean(value: bool) -> Self;
    fn number(value: Number) -> Self;
    fn text(value: String) -> Self;
    fn list(elements: Vec<Self>) -> Self;
    fn object(fields: Self::Fields) -> Self;
    fn holds(fields: &Self::Fields, key: &str) -> bool;
    fn insert(fields: &mut Self::Fields, key: String, value: Self);
}

impl Tree for GraphqlValue {
    type Fields = IndexMap<Name, Self>;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Boolean(value)
    }

    fn number(value: Number) -> Self {
        Self::Number(value)
    }

    fn text(value: String) -> Self {
        Self::String(value)
    }

    fn list(mut elements: Vec<Self>) -> Self {
        // A list that grew may have twice the capacity it needs.
        elements.shrink_to_fit();
        Self::List(elements)
    }

    fn object(mut fields: Self::Fields) -> Self {
        fields.shrink_to_fit();
        Self::Object(fields)
    }

    fn holds(fields: &Self::Fields, key: &str) -> bool {
        fields.contains_key(key)
    }

    fn insert(fields: &mut Self::Fields, key: String, value: Self) {
        fields.insert(Name::new(key), value);
    }
}

impl Tree for JsonValue {
    type Fields = Map<String, Self>;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Bool(value)
    }

    fn number(value: Number) -> Self {
        Self::Number(value)
    }

    fn text(value: String) -> Self {
        Self::String(value)
    }

    fn list(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }

    fn object(fields: Self::Fields) -> Self {
        Self::Object(fields)
    }

    fn holds(fields: &Self::Fields, key: &str) -> bool {
        fields.contains_key(key)
    }

    fn insert(fields: &mut Self::Fields, key: String, value: Self) {
        fields.insert(key, value);
    }
}
