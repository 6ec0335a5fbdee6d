//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod inputs;
mod mutation;
mod node;
mod query;
mod validation;
mod value;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, SchemaBuilder, ValidationMode};

use inputs::Inputs;

use mutation::Done;
pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    /// Validates documents, and runs nothing.
    validator: Executor,
    /// Takes documents for valid.
    executor: Executor,
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
    /// Validation depends on the document alone. The values of variables are looked at here each time, whether or not the
    /// document was validated before, so that the answer does not depend on that.
    pub async fn execute(&self, mut request: Request, document: Validated) -> Response {
        if let Err(errors) = self.inputs.check(&mut request) {
            return Response::from_errors(errors);
        }
        if document == Validated::Not
            && let Err(errors) = validation::validate(&self.validator, &mut request).await
        {
            return Response::from_errors(errors);
        }
        self.executor.execute(request.data(Done::default())).await
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
    let validator = builder().validation_mode(ValidationMode::Strict).extension(validation::Only).finish();
    let inputs = Inputs::of(&validator.sdl()).expect("what the library prints of a schema, its parser reads");
    let executor = builder().validation_mode(ValidationMode::Fast).finish();
    Schema { validator, executor, inputs: Arc::new(inputs) }
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Executor::build(Query, Mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .disable_suggestions()
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    builder()
        .finish()
        .sdl_with_options(SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions())
}
