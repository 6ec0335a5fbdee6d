//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod inputs;
mod mutation;
mod node;
mod query;
mod value;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, ValidationMode};

use inputs::Inputs;

use mutation::Done;
pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    /// Validates each document.
    strict: Executor,
    /// Takes documents for valid.
    trusting: Executor,
    inputs: Arc<Inputs>,
}

/// Whether a document has been validated before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validated {
    Before,
    Not,
}

type Executor = async_graphql::Schema<Query, Mutation, EmptySubscription>;

impl Schema {
    /// Runs an operation; one with a wrong value anywhere is refused before its first field runs.
    ///
    /// Validation depends on the document alone, apart from the values of variables, which are looked at here each time:
    /// a document that was valid once need not be validated again.
    pub async fn execute(&self, mut request: Request, document: Validated) -> Response {
        let executor = match document {
            Validated::Before => &self.trusting,
            Validated::Not => &self.strict,
        };
        match self.inputs.check(&mut request) {
            Ok(()) => executor.execute(request.data(Done::default())).await,
            Err(errors) => Response::from_errors(errors),
        }
    }
}

/// How deep a selection may go: the contract's own relations, back and forth, a few times over.
const MAX_DEPTH: usize = 32;
/// How many fields a selection may have, fragments counted wherever they are used.
const MAX_COMPLEXITY: usize = 2_000;

/// The schema; resolvers find the rest in what [`App::prepare`](crate::context::App::prepare) gives each request.
///
/// # Panics
/// Never: the text that it reads is its own.
pub fn build() -> Schema {
    let strict = executor(ValidationMode::Strict);
    let inputs = Inputs::of(&strict.sdl()).expect("what the library prints of a schema, its parser reads");
    Schema { strict, trusting: executor(ValidationMode::Fast), inputs: Arc::new(inputs) }
}

fn executor(mode: ValidationMode) -> Executor {
    Executor::build(Query, Mutation, EmptySubscription)
        .validation_mode(mode)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .disable_suggestions()
        .finish()
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    executor(ValidationMode::Strict)
        .sdl_with_options(SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions())
}
