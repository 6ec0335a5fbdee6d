//! The arguments of a selected field.

use crate::bridge::indexmap::IndexMap;
use crate::bridge::types::Field;
use crate::bridge::{Literal as Input, Name, Value, Variables};

use crate::declare::{CoercedArguments, RelationField};
use crate::rows::ErasedRow;

/// Arguments as a plan keeps them.
pub enum PlannedArguments {
    /// They contain no variables, so they are parsed once: the parsed row, or the error message.
    Kept(Result<Box<ErasedRow>, String>),
    /// They contain variables and are parsed for each execution.
    Sent(Vec<(Name, Input)>),
}

impl PlannedArguments {
    pub fn new(relation: &dyn RelationField, field: &Field) -> Self {
        let given = || field.arguments.iter().map(|(name, value)| (name.node.clone(), &value.node));
        if given().any(|(_, value)| has_variables(value)) {
            return Self::Sent(given().map(|(name, value)| (name, value.clone())).collect());
        }
        let none = Variables::default();
        Self::Kept(relation.arguments(values(given(), &none)))
    }

    /// # Errors
    /// A message for the client, if the arguments are invalid.
    pub fn given(&self, relation: &dyn RelationField, variables: &Variables) -> Result<CoercedArguments<'_>, String> {
        match self {
            Self::Kept(Ok(row)) => Ok(CoercedArguments::Kept(row.as_ref())),
            Self::Kept(Err(message)) => Err(message.clone()),
            Self::Sent(given) => {
                let given = given.iter().map(|(name, value)| (name.clone(), value));
                relation.arguments(values(given, variables)).map(CoercedArguments::Own)
            }
        }
    }
}

/// Estimates how many bytes the arguments of a field take in a plan, parsed or not.
pub fn bytes(field: &Field) -> usize {
    field.arguments.iter().map(|(name, value)| name.node.len() + bytes_of(&value.node)).sum()
}

fn bytes_of(value: &Input) -> usize {
    let more = match value {
        Input::Variable(name) | Input::Enum(name) => name.len(),
        Input::String(text) => text.len(),
        Input::Binary(bytes) => bytes.len(),
        Input::List(items) => items.iter().map(bytes_of).sum(),
        Input::Object(fields) => fields.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
        Input::Null | Input::Number(_) | Input::Boolean(_) => 0,
    };
    size_of::<Input>() + more
}

fn has_variables(value: &Input) -> bool {
    match value {
        Input::Variable(_) => true,
        Input::List(items) => items.iter().any(has_variables),
        Input::Object(fields) => fields.values().any(has_variables),
        _ => false,
    }
}

/// Fills in variables. An argument whose variable is not provided counts as not provided (GraphQL, section 6.4.1).
fn values<'a>(given: impl Iterator<Item = (Name, &'a Input)>, variables: &Variables) -> Value {
    Value::Object(given.filter_map(|(name, value)| Some((name, filled(value, variables)?))).collect())
}

/// Fills the variables into an input value; returns `None` if the value is a variable that is not provided.
fn filled(value: &Input, variables: &Variables) -> Option<Value> {
    match value {
        Input::Variable(name) => variables.get(name).cloned(),
        Input::List(items) => {
            Some(Value::List(items.iter().map(|item| filled(item, variables).unwrap_or(Value::Null)).collect()))
        }
        Input::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), filled(value, variables)?)));
            Some(Value::Object(fields.collect::<IndexMap<_, _>>()))
        }
        constant => constant.clone().into_const(),
    }
}
