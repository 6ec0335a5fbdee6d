//! Parses documents, validates them against the schema, and converts them for execution.
//!
//! A text is parsed within limits ([`parse`]). One visit to each fragment tells its size when expanded ([`limits`]).
//! Then all rules of the specification are applied ([`validate`]), and a valid document is converted into
//! async-graphql's types ([`ast_converter`]), from which its macros read arguments and inputs. All of this happens once per
//! text. [`ValidDocument`] checks what is sent with the text, the operation name and the variables, before anything runs.
//!
//! Nothing here knows what the schema is about, where documents come from, or how they are executed. Section numbers
//! are those of the specification of September 2025.

mod ast_converter;
mod build;
mod checked;
mod coerce;
pub(crate) mod conditions;
mod graph;
mod implements;
mod limits;
mod nulls;
mod parse;
mod scalars;
pub(crate) mod schema;
mod shown;
mod validate;

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

use crate::response_error::ResponseError;

use ast_converter::AstConverter;
pub use checked::{Operation, ValidDocument};
use graph::FragmentGraph;
pub use limits::shape::DocumentLimits;
use limits::{introspection_limits, shape};
pub use parse::ParserLimits;
use parse::Unparsed;
pub use parse::ast::OperationKind;
use parse::diagnostic::{Diagnostic, LineIndex};
pub use schema::{Scalar, Schema, TypeId, TypeRef};

/// Why a text is refused.
#[derive(Debug)]
pub enum DocumentError {
    /// It is not a GraphQL document.
    Syntax(ResponseError),
    /// It exceeds a limit; the message names the limit and its value.
    TooMuch(String),
    /// It is a document, but invalid for the schema.
    Invalid(Vec<ResponseError>),
}

impl Display for DocumentError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => f.write_str(&error.message),
            Self::TooMuch(message) => f.write_str(message),
            Self::Invalid(errors) => {
                for (number, error) in errors.iter().enumerate() {
                    let end = if number == 0 { "" } else { "\n" };
                    write!(f, "{end}{}", error.message)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for DocumentError {}

impl From<DocumentError> for Vec<ResponseError> {
    fn from(refused: DocumentError) -> Self {
        match refused {
            DocumentError::Syntax(error) => vec![error],
            DocumentError::TooMuch(message) => vec![ResponseError::new(message)],
            DocumentError::Invalid(errors) => errors,
        }
    }
}

/// Parses a text and validates it against a schema, in time bounded by its length and by `limits`.
///
/// # Errors
/// The text is not a document, exceeds a limit, or is invalid for the schema.
pub fn read(
    schema: &Schema,
    text: &str,
    parser: ParserLimits,
    limits: &DocumentLimits,
) -> Result<ValidDocument, DocumentError> {
    let document = parse::parse(text, parser).map_err(|unparsed| match unparsed {
        Unparsed::TooMuch(message) => DocumentError::TooMuch(message),
        Unparsed::Wrong(diagnostic) => DocumentError::Syntax(error(&LineIndex::of(text), diagnostic)),
        Unparsed::NotExecutable(diagnostic) => DocumentError::Invalid(vec![error(&LineIndex::of(text), diagnostic)]),
    })?;
    shape::check_definitions(&document, limits).map_err(DocumentError::TooMuch)?;
    let invalid = |diagnostics: Vec<Diagnostic>| {
        let lines = LineIndex::of(text);
        DocumentError::Invalid(diagnostics.into_iter().map(|diagnostic| error(&lines, diagnostic)).collect())
    };
    let graph = FragmentGraph::of(&document).map_err(invalid)?;
    shape::check(&document, &graph, limits).map_err(DocumentError::TooMuch)?;
    let findings = validate::validate(schema, &document, &graph).map_err(invalid)?;
    if findings.introspects {
        introspection_limits::check(schema, &document, &graph, limits).map_err(DocumentError::TooMuch)?;
    }
    let lines = LineIndex::of(text);
    let handed = AstConverter { lines: &lines, ids: &findings.ids };
    Ok(ValidDocument::new(schema, &document, findings.operations, &handed))
}

fn error(lines: &LineIndex<'_>, diagnostic: Diagnostic) -> ResponseError {
    ResponseError::at(diagnostic.message, diagnostic.at.into_iter().map(|at| lines.place(at)).collect())
}
