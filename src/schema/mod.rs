//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod mutation;
mod node;
mod query;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, SchemaBuilder, ValidationMode};

use crate::document;
use crate::scalar;

use mutation::Done;
pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    executor: Executor,
    types: Arc<document::Schema>,
}

type Executor = async_graphql::Schema<Query, Mutation, EmptySubscription>;

impl Schema {
    /// What documents are held against.
    pub fn types(&self) -> &document::Schema {
        &self.types
    }

    /// Runs an operation of a document that [`document::read`] has found valid, with variables that it has found right:
    /// neither is looked at again.
    pub async fn execute(&self, request: Request) -> Response {
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
    let executor = builder().validation_mode(ValidationMode::Fast).finish();
    let types = document::Schema::of(&sdl(), &scalar::OWN).expect("what the library prints of a schema, its parser reads");
    Schema { executor, types: Arc::new(types) }
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
