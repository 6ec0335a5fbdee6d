//! A document that is valid, and what it needs to know of what is sent with it.

use async_graphql::{Pos, ServerError, Variables};
use async_graphql_parser::Positioned;
use async_graphql_parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name, Value};

use super::coerce::{self, Wrong};
use super::hand_over::HandOver;
use super::schema::{Schema, Wrapped};
use super::syntax::{self, OperationKind};
use super::validate::Declared;

/// How many errors are told of the variables.
const MOST_ERRORS: usize = 50;

/// A valid document, ready to be executed.
#[derive(Debug)]
pub struct Checked {
    /// For async-graphql.
    pub document: ExecutableDocument,
    operations: Vec<Operation>,
}

#[derive(Debug)]
pub struct Operation {
    name: Option<String>,
    pub kind: OperationKind,
    variables: Vec<Variable>,
}

#[derive(Debug)]
struct Variable {
    name: Name,
    ty: Wrapped,
    /// What it is where it is left out.
    default: Option<ConstValue>,
    /// What one of its places expects, where that takes no null and the variable does.
    never_null: Option<String>,
    /// Whether it stands where there is a default, which counts where it is left out.
    is_optional: bool,
    at: Pos,
}

impl Checked {
    pub(super) fn new(
        schema: &Schema,
        document: &syntax::Document<'_>,
        declared: Vec<Vec<Declared>>,
        handed: &HandOver<'_>,
    ) -> Self {
        let operation = |(operation, declared): (&syntax::Operation<'_>, Vec<Declared>)| Operation {
            name: operation.name.map(|name| name.text.to_owned()),
            kind: operation.kind,
            variables: operation
                .variables
                .iter()
                .zip(declared)
                .map(|(variable, declared)| Variable {
                    name: Name::new(variable.name.text),
                    default: variable
                        .default
                        .as_ref()
                        .map(|default| coerce::coerce(schema, &declared.ty, handed.constant(default))),
                    ty: declared.ty,
                    never_null: declared.never_null,
                    is_optional: declared.is_optional,
                    at: handed.position(variable.at),
                })
                .collect(),
        };
        let operations = document.operations.iter().zip(declared).map(operation).collect();
        Self { document: handed.document(document), operations }
    }

    /// The operation that is to run (GraphQL, section 6.1).
    ///
    /// # Errors
    /// Where there is none of the name, or more than one and no name.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, ServerError> {
        match (name, &self.operations[..]) {
            (None, [only]) => Ok(only),
            (None, _) => {
                let message = "Must provide operation name if query contains multiple operations.";
                Err(ServerError::new(message, None))
            }
            (Some(name), operations) => {
                let found = operations.iter().find(|operation| operation.name.as_deref() == Some(name));
                found.ok_or_else(|| {
                    let name: String = name.chars().take(60).collect();
                    ServerError::new(format!("Unknown operation named \"{name}\"."), None)
                })
            }
        }
    }

    /// The document as it is executed with these variables. An argument that is a variable which was left out counts as left
    /// out itself, and so its default does (GraphQL, section 6.4.1): async-graphql would take it for null.
    pub fn prepared(&self, operation: &Operation, variables: &Variables) -> ExecutableDocument {
        let mut document = self.document.clone();
        let absent = operation.variables.iter().filter(|one| one.is_optional && !variables.contains_key(&one.name));
        let absent: Vec<&Name> = absent.map(|one| &one.name).collect();
        if !absent.is_empty() {
            let operations = match &mut document.operations {
                async_graphql_parser::types::DocumentOperations::Single(one) => vec![one],
                async_graphql_parser::types::DocumentOperations::Multiple(many) => many.values_mut().collect(),
            };
            for operation in operations {
                leave_out(&mut operation.node.selection_set.node, &absent);
            }
            for fragment in document.fragments.values_mut() {
                leave_out(&mut fragment.node.selection_set.node, &absent);
            }
        }
        document
    }
}

/// Goes as deep as selections nest.
fn leave_out(set: &mut SelectionSet, absent: &[&Name]) {
    let stays = |value: &Positioned<Value>| !matches!(&value.node, Value::Variable(name) if absent.contains(&name));
    for selection in &mut set.items {
        for Positioned { node: Directive { arguments, .. }, .. } in selection.node.directives_mut() {
            arguments.retain(|(_, value)| stays(value));
        }
        match &mut selection.node {
            Selection::Field(field) => {
                field.node.arguments.retain(|(_, value)| stays(value));
                leave_out(&mut field.node.selection_set.node, absent);
            }
            Selection::InlineFragment(inline) => leave_out(&mut inline.node.selection_set.node, absent),
            Selection::FragmentSpread(_) => {}
        }
    }
}

impl Operation {
    /// The values of the variables that the operation declares (GraphQL, section 6.1.2): of their types, and their defaults
    /// where they were left out. Others are dropped.
    ///
    /// # Errors
    /// What is wrong with them, at the places of their definitions.
    pub fn variables(&self, schema: &Schema, mut sent: Variables) -> Result<Variables, Vec<ServerError>> {
        let (mut variables, mut errors) = (Variables::default(), Vec::new());
        for variable in &self.variables {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            match variable.value(schema, sent.remove(&variable.name)) {
                Ok(Some(value)) => drop(variables.insert(variable.name.clone(), value)),
                Ok(None) => {}
                Err(wrong) => errors.extend(wrong.into_iter().map(|Wrong { path, message }| {
                    let name: String = variable.name.chars().take(60).collect();
                    ServerError::new(
                        format!("Variable \"${name}\" has invalid value{path}: {message}"),
                        Some(variable.at),
                    )
                })),
            }
        }
        if errors.is_empty() { Ok(variables) } else { Err(errors) }
    }
}

impl Variable {
    fn value(&self, schema: &Schema, sent: Option<ConstValue>) -> Result<Option<ConstValue>, Vec<Wrong>> {
        let wrong = |message: String| vec![Wrong { path: String::new(), message }];
        let refused = |value: &ConstValue| {
            let place = self.never_null.as_ref().filter(|_| matches!(value, ConstValue::Null))?;
            Some(wrong(format!("Expected a value that is not null, as it is used where \"{place}\" is expected.")))
        };
        let Some(value) = sent else {
            return match &self.default {
                Some(default) => refused(default).map_or_else(|| Ok(Some(default.clone())), Err),
                None if self.ty.is_non_null() => {
                    let ty = schema.show(&self.ty);
                    Err(wrong(format!("Expected a value of non-null type \"{ty}\" to be provided.")))
                }
                None => Ok(None),
            };
        };
        if let Some(wrong) = refused(&value) {
            return Err(wrong);
        }
        coerce::check(schema, &self.ty, &value)?;
        Ok(Some(coerce::coerce(schema, &self.ty, value)))
    }
}
