//! A valid document, and the checks of the operation name and variables that are sent with it.

use std::sync::Arc;

use crate::bridge::types::{DocumentOperations, ExecutableDocument, OperationDefinition};
use crate::bridge::{ConstValue, Name, Variables};
use crate::response_error::{Location, ResponseError};

use super::ast_converter::AstConverter;
use super::coerce::{self, Wrong};
use super::nulls;
use super::parse::ast::{self, OperationKind};
use super::parse::diagnostic::short;
use super::schema::{Schema, TypeRef};
use super::validate::DeclaredVariable;

/// Maximum number of errors that are reported about variables.
const MAX_ERRORS: usize = 50;

/// A valid document, ready to be executed.
#[derive(Debug)]
pub struct ValidDocument {
    /// The document in async-graphql's types, for its macros and for the planner.
    pub document: Arc<ExecutableDocument>,
    operations: Vec<Operation>,
}

#[derive(Debug)]
pub struct Operation {
    /// Index among the operations of the document.
    pub number: usize,
    name: Option<String>,
    pub kind: OperationKind,
    variables: Vec<Variable>,
    document: Arc<ExecutableDocument>,
}

#[derive(Debug)]
struct Variable {
    name: Name,
    ty: TypeRef,
    /// The default value, if there is one.
    default: Option<ConstValue>,
    /// Whether the variable is nullable and is used in a place that is not.
    is_open: bool,
    at: Location,
}

impl ValidDocument {
    pub(super) fn new(
        schema: &Schema,
        document: &ast::Document<'_>,
        declared: Vec<Vec<DeclaredVariable>>,
        handed: &AstConverter<'_>,
    ) -> Self {
        let handed_over = Arc::new(handed.document(document));
        let operation =
            |(number, (operation, declared)): (usize, (&ast::Operation<'_>, Vec<DeclaredVariable>))| Operation {
                number,
                name: operation.name.map(|name| name.text.to_owned()),
                kind: operation.kind,
                document: Arc::clone(&handed_over),
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
                        is_open: declared.is_open,
                        at: handed.lines.place(variable.at),
                    })
                    .collect(),
            };
        let operations = document.operations.iter().zip(declared).enumerate().map(operation).collect();
        Self { document: handed_over, operations }
    }

    /// Selects the operation to run (GraphQL, section 6.1).
    ///
    /// # Errors
    /// No operation has the name, or there is no name and not exactly one operation.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, ResponseError> {
        match (name, &self.operations[..]) {
            (None, [only]) => Ok(only),
            (None, _) => {
                let message = "Must provide operation name if query contains multiple operations.";
                Err(ResponseError::new(message))
            }
            (Some(name), operations) => {
                let found = operations.iter().find(|operation| operation.name.as_deref() == Some(name));
                found.ok_or_else(|| ResponseError::new(format!("Unknown operation named \"{}\".", short(name))))
            }
        }
    }

    /// All operations, in the order of the document.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The definition of an operation.
    pub fn definition(&self, operation: &Operation) -> Option<&OperationDefinition> {
        operation.definition_in(&self.document)
    }
}

impl Operation {
    /// The names of the variables that the operation declares.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    fn definition_in<'d>(&self, document: &'d ExecutableDocument) -> Option<&'d OperationDefinition> {
        let definition = match (&document.operations, &self.name) {
            (DocumentOperations::Single(only), _) => Some(only),
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name.as_str()),
            (DocumentOperations::Multiple(_), None) => None,
        };
        definition.map(|definition| &definition.node)
    }

    /// Coerces the values of the variables that the operation declares and adds the defaults of those that are not
    /// provided (GraphQL, section 6.1.2). Undeclared variables are dropped.
    ///
    /// # Errors
    /// The faults of the values, located at the definitions of their variables.
    pub fn variables(&self, schema: &Schema, mut sent: Variables) -> Result<Variables, Vec<ResponseError>> {
        let (mut variables, mut errors, mut is_open) = (Variables::default(), Vec::new(), false);
        for variable in &self.variables {
            if errors.len() >= MAX_ERRORS {
                break;
            }
            match variable.value(schema, sent.remove(&variable.name)) {
                Ok(Some(value)) => {
                    is_open |= variable.is_open && matches!(value, ConstValue::Null);
                    variables.insert(variable.name.clone(), value);
                }
                Ok(None) => {}
                Err(wrong) => errors.extend(wrong.into_iter().map(|wrong| variable.error(&wrong))),
            }
        }
        if is_open && errors.is_empty() {
            errors = self.misplaced_nulls(schema, &variables);
        }
        if errors.is_empty() { Ok(variables) } else { Err(errors) }
    }

    fn misplaced_nulls(&self, schema: &Schema, variables: &Variables) -> Vec<ResponseError> {
        let (Some(root), Some(definition)) = (schema.root(self.kind), self.definition_in(&self.document)) else {
            return Vec::new();
        };
        let misplaced = nulls::misplaced(schema, &self.document, (root, definition), variables);
        let error = |(name, place): (&Name, String)| {
            let variable = self.variables.iter().find(|variable| variable.name == *name)?;
            let message = format!("Expected a value that is not null, as it is used where \"{place}\" is expected.");
            Some(variable.error(&Wrong { path: String::new(), message }))
        };
        misplaced.into_iter().filter_map(error).take(MAX_ERRORS).collect()
    }
}

impl Variable {
    fn value(&self, schema: &Schema, sent: Option<ConstValue>) -> Result<Option<ConstValue>, Vec<Wrong>> {
        let wrong = |message: String| vec![Wrong { path: String::new(), message }];
        let Some(value) = sent else {
            return match &self.default {
                Some(default) => Ok(Some(default.clone())),
                None if self.ty.is_non_null() => {
                    let ty = schema.show(&self.ty);
                    Err(wrong(format!("Expected a value of non-null type \"{ty}\" to be provided.")))
                }
                None => Ok(None),
            };
        };
        coerce::check(schema, &self.ty, &value)?;
        Ok(Some(coerce::coerce(schema, &self.ty, value)))
    }

    fn error(&self, Wrong { path, message }: &Wrong) -> ResponseError {
        let name = short(&self.name);
        ResponseError::at(format!("Variable \"${name}\" has invalid value{path}: {message}"), vec![self.at])
    }
}
