use std::collections::HashMap;

use async_graphql::Value as Constant;
use async_graphql::parser::types::{BaseType, Type};
use async_graphql_value::Value as Literal;

use crate::id::quote;
use crate::scalar::{Date, DateTime, Url};

/// A type that values are made of, other than scalars.
pub enum Known {
    Enum(Vec<String>),
    /// The type of each field, and whether it has to be there.
    Object(HashMap<String, (Type, bool)>),
}

/// A value, and where it stands: in the document or in the variables.
pub enum Sent<'a> {
    Literal(&'a Literal),
    /// In the document, where no variable can stand.
    Constant(&'a Constant),
    Json(&'a Constant),
}

/// What is wrong with a value, and where in it.
#[derive(Debug)]
pub struct Wrong {
    pub path: String,
    pub reason: String,
}

impl Wrong {
    pub fn here(reason: String) -> Self {
        Self { path: String::new(), reason }
    }

    fn at(mut self, step: &str) -> Self {
        self.path.insert_str(0, &format!(".{step}"));
        self
    }
}

/// A value, taken apart one level.
enum Look<'a> {
    Null,
    Variable(&'a str),
    Text(&'a str),
    Number(&'a serde_json::Number),
    Flag(bool),
    Name(&'a str),
    List(Vec<Sent<'a>>),
    Object(Vec<(&'a str, Sent<'a>)>),
    Bytes,
}

impl<'a> Sent<'a> {
    fn look(&self) -> Look<'a> {
        let constant = |value: &'a Constant, wrap: fn(&'a Constant) -> Sent<'a>| match value {
            Constant::Null => Look::Null,
            Constant::Number(number) => Look::Number(number),
            Constant::String(text) => Look::Text(text),
            Constant::Boolean(flag) => Look::Flag(*flag),
            Constant::Binary(_) => Look::Bytes,
            Constant::Enum(name) => Look::Name(name),
            Constant::List(items) => Look::List(items.iter().map(wrap).collect()),
            Constant::Object(fields) => {
                Look::Object(fields.iter().map(|(name, value)| (name.as_str(), wrap(value))).collect())
            }
        };
        match self {
            Sent::Constant(value) => constant(value, Sent::Constant),
            Sent::Json(value) => constant(value, Sent::Json),
            Sent::Literal(value) => match value {
                Literal::Variable(name) => Look::Variable(name),
                Literal::Null => Look::Null,
                Literal::Number(number) => Look::Number(number),
                Literal::String(text) => Look::Text(text),
                Literal::Boolean(flag) => Look::Flag(*flag),
                Literal::Binary(_) => Look::Bytes,
                Literal::Enum(name) => Look::Name(name),
                Literal::List(items) => Look::List(items.iter().map(Sent::Literal).collect()),
                Literal::Object(fields) => {
                    Look::Object(fields.iter().map(|(name, value)| (name.as_str(), Sent::Literal(value))).collect())
                }
            },
        }
    }
}

/// Holds a value against its type. Of a variable in it only null is looked at: the variable has been held against
/// the type that it was declared with, and that against this place is a matter of the document.
///
/// # Errors
/// The first thing that is wrong.
pub fn value<'v>(
    known: &HashMap<String, Known>,
    ty: &Type,
    sent: &Sent<'_>,
    variable: &impl Fn(&str) -> Option<&'v Constant>,
) -> Result<(), Wrong> {
    let look = sent.look();
    let is_null = match look {
        Look::Variable(name) => matches!(variable(name), Some(Constant::Null)),
        _ => matches!(look, Look::Null),
    };
    if is_null && !ty.nullable {
        return Err(Wrong::here(format!("is null, which the type {ty} does not take")));
    }
    if is_null || matches!(look, Look::Variable(_)) {
        return Ok(());
    }
    let name = match (&ty.base, look) {
        (BaseType::List(inner), Look::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                value(known, inner, item, variable).map_err(|wrong| wrong.at(&index.to_string()))?;
            }
            return Ok(());
        }
        // One value stands for a list of one.
        (BaseType::List(inner), _) => return value(known, inner, sent, variable),
        (BaseType::Named(name), _) => name.as_str(),
    };
    match (known.get(name), sent.look()) {
        (Some(Known::Object(takes)), Look::Object(fields)) => object(known, name, takes, &fields, variable),
        (Some(Known::Object(_)), look) => {
            Err(Wrong::here(format!("is {}, not an object of type {name}", look.shown())))
        }
        (Some(Known::Enum(values)), look) => {
            let named = match (&look, sent) {
                (Look::Name(value), _) | (Look::Text(value), Sent::Json(_)) => Some(*value),
                _ => None,
            };
            if named.is_some_and(|named| values.iter().any(|value| value == named)) {
                return Ok(());
            }
            Err(Wrong::here(format!("is {}, not one of {}", look.shown(), values.join(", "))))
        }
        (None, look) if look.is_scalar(name) => Ok(()),
        (None, look) => Err(Wrong::here(format!("is {}, not {}", look.shown(), right(name)))),
    }
}

fn object<'v>(
    known: &HashMap<String, Known>,
    name: &str,
    takes: &HashMap<String, (Type, bool)>,
    fields: &[(&str, Sent<'_>)],
    variable: &impl Fn(&str) -> Option<&'v Constant>,
) -> Result<(), Wrong> {
    for (field, sent) in fields {
        let Some((ty, _)) = takes.get(*field) else {
            return Err(Wrong::here(format!("has the field {}, which {name} has not", quote(field))));
        };
        value(known, ty, sent, variable).map_err(|wrong| wrong.at(field))?;
    }
    let missing =
        takes.iter().filter(|(field, (_, required))| *required && !fields.iter().any(|sent| sent.0 == *field));
    match missing.map(|(field, (ty, _))| (field, ty)).min_by_key(|(field, _)| *field) {
        Some((field, ty)) => Err(Wrong::here(format!("is missing; its type is {ty}")).at(field)),
        None => Ok(()),
    }
}

impl Look<'_> {
    fn is_scalar(&self, name: &str) -> bool {
        match (name, self) {
            ("Int", Self::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            ("Float", Self::Number(_)) | ("String" | "ID", Self::Text(_)) | ("Boolean", Self::Flag(_)) => true,
            ("ID", Self::Number(number)) => number.is_i64(),
            ("DateTime", Self::Text(text)) => DateTime::parse(text).is_some(),
            ("Date", Self::Text(text)) => Date::parse(text).is_some(),
            ("URL", Self::Text(text)) => Url::parse(text).is_some(),
            ("Int" | "Float" | "String" | "Boolean" | "ID" | "Date" | "DateTime" | "URL", _) => false,
            // Whatever else there may be is the library's to look at.
            _ => true,
        }
    }

    /// For people, cut short.
    fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Variable(name) => format!("${name}"),
            Self::Text(text) => quote(text),
            Self::Number(number) => number.to_string().chars().take(50).collect(),
            Self::Flag(flag) => flag.to_string(),
            Self::Name(name) => name.chars().take(50).collect(),
            Self::List(_) => "a list".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::Bytes => "a file".to_owned(),
        }
    }
}

/// What a value of a scalar type looks like.
fn right(scalar: &str) -> String {
    match scalar {
        "Int" => "a whole number of 32 bits".to_owned(),
        "Float" => "a number".to_owned(),
        "String" => "a string".to_owned(),
        "Boolean" => "true or false".to_owned(),
        "ID" => "an ID".to_owned(),
        "DateTime" => DateTime::RIGHT.to_owned(),
        "Date" => Date::RIGHT.to_owned(),
        "URL" => Url::RIGHT.to_owned(),
        other => format!("of type {other}"),
    }
}
