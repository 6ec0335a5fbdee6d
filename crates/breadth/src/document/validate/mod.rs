//! Validates a document against a schema (GraphQL, section 5). The time is linear in the text and in the number of
//! fields with fragments expanded, which [`super::limits::shape`] has bounded; no rule compares all pairs.

mod arguments;
mod definitions;
mod merge;
mod selections;
mod subscription;
mod validator;
mod values;
mod variables;

use std::collections::HashSet;

use super::graph::FragmentGraph;
use super::parse::ast::{Document, Offset};
use super::parse::diagnostic::Diagnostic;
use super::schema::Schema;

use validator::Validator;
pub use variables::DeclaredVariable;

/// The facts about a valid document that execution needs.
pub struct Findings {
    /// The variables of each operation, in the order of the document.
    pub operations: Vec<Vec<DeclaredVariable>>,
    /// Positions of integers that are IDs (GraphQL, section 3.5.5).
    pub ids: HashSet<Offset>,
    /// Whether the document uses introspection.
    pub introspects: bool,
}

/// # Errors
/// The faults without duplicates, at most a hundred.
pub fn validate<'a>(
    schema: &Schema,
    document: &Document<'a>,
    graph: &FragmentGraph<'a>,
) -> Result<Findings, Vec<Diagnostic>> {
    let mut validator = Validator::new(schema, document, graph);
    let operations = validator.definitions();
    validator.merges();
    let Validator { mut diagnostics, ids, introspects, .. } = validator;
    if diagnostics.is_empty() {
        return Ok(Findings { operations, ids, introspects });
    }
    diagnostics.sort_by(|one, other| one.at.first().cmp(&other.at.first()));
    diagnostics.dedup();
    Err(diagnostics)
}
