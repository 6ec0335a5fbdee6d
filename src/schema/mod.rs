//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod inputs;
mod mutation;
mod node;
mod query;
mod value;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response};

use inputs::Inputs;

use mutation::Done;
pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    executor: Executor,
    inputs: Arc<Inputs>,
}

type Executor = async_graphql::Schema<Query, Mutation, EmptySubscription>;

impl Schema {
    /// Runs an operation; one with a wrong value anywhere is refused before its first field runs.
    pub async fn execute(&self, mut request: Request) -> Response {
        match self.inputs.check(&mut request) {
            Ok(()) => self.executor.execute(request.data(Done::default())).await,
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
    let executor = executor();
    let inputs = Inputs::of(&executor.sdl()).expect("what the library prints of a schema, its parser reads");
    Schema { executor, inputs: Arc::new(inputs) }
}

fn executor() -> Executor {
    Executor::build(Query, Mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .disable_suggestions()
        .finish()
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    executor().sdl_with_options(SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions())
}
