//! Parses documents, validates them against the schema, and converts them for execution.
//!
//! A text is parsed within limits ([`parser`]). One visit to each fragment tells its size when expanded ([`shape`]).
//! Then all rules of the specification are applied ([`validate`]), and a valid document is converted into
//! async-graphql's types ([`hand_over`]), from which its macros read arguments and inputs. All of this happens once per
//! text. [`Checked`] checks what is sent with the text, the operation name and the variables, before anything runs.
//!
//! Nothing here knows what the schema is about, where documents come from, or how they are executed. Section numbers
//! are those of the specification of September 2025.

mod build;
mod checked;
mod coerce;
pub(crate) mod conditions;
mod fault;
mod graph;
mod hand_over;
mod implements;
mod introspect;
mod introspection;
mod lexer;
mod nulls;
mod parser;
mod scalars;
mod schema;
mod shape;
mod strings;
mod syntax;
mod validate;

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

use crate::bridge::{Pos, ServerError};

pub use checked::{Checked, Operation};
use fault::{Fault, Lines};
use graph::Graph;
use hand_over::HandOver;
pub use introspect::Introspected;
pub use parser::ParserLimits;
use parser::Unparsed;
pub use schema::{Scalar, Schema};
pub use shape::Limits;
pub use syntax::OperationKind;

/// Why a text is refused.
#[derive(Debug)]
pub enum Refused {
    /// It is not a GraphQL document.
    Syntax(ServerError),
    /// It exceeds a limit; the message names the limit and its value.
    TooMuch(String),
    /// It is a document, but invalid for the schema.
    Invalid(Vec<ServerError>),
}

impl Display for Refused {
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

impl std::error::Error for Refused {}

impl From<Refused> for Vec<ServerError> {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Syntax(error) => vec![error],
            Refused::TooMuch(message) => vec![ServerError::new(message, None)],
            Refused::Invalid(errors) => errors,
        }
    }
}

/// Parses a text and validates it against a schema, in time bounded by its length and by `limits`.
///
/// # Errors
/// The text is not a document, exceeds a limit, or is invalid for the schema.
pub fn read(schema: &Schema, text: &str, parser: ParserLimits, limits: &Limits) -> Result<Checked, Refused> {
    let document = parser::parse(text, parser).map_err(|unparsed| match unparsed {
        Unparsed::TooMuch(message) => Refused::TooMuch(message),
        Unparsed::Wrong(fault) => Refused::Syntax(error(&Lines::of(text), fault)),
    })?;
    shape::check_definitions(&document, limits).map_err(Refused::TooMuch)?;
    let invalid = |faults: Vec<Fault>| {
        let lines = Lines::of(text);
        Refused::Invalid(faults.into_iter().map(|fault| error(&lines, fault)).collect())
    };
    let graph = Graph::of(&document).map_err(invalid)?;
    shape::check(&document, &graph, limits).map_err(Refused::TooMuch)?;
    let findings = validate::validate(schema, &document, &graph).map_err(invalid)?;
    if findings.introspects {
        introspection::check(schema, &document, &graph, limits).map_err(Refused::TooMuch)?;
    }
    let lines = Lines::of(text);
    let handed = HandOver { lines: &lines, ids: &findings.ids };
    Ok(Checked::new(schema, &document, findings.operations, &handed))
}

fn error(lines: &Lines<'_>, fault: Fault) -> ServerError {
    let mut error = ServerError::new(fault.message, None);
    let place = |at| {
        let place = lines.place(at);
        Pos { line: place.line, column: place.column }
    };
    error.locations = fault.at.into_iter().map(place).collect();
    error
}
