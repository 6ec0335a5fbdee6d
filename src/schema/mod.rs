//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod mutation;
mod node;
mod query;

use async_graphql::EmptySubscription;

pub use mutation::Mutation;
pub use query::Query;

pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// How deep a selection may go: the contract's own relations, back and forth, a few times over.
const MAX_DEPTH: usize = 32;
/// How many fields a selection may have, fragments counted wherever they are used.
const MAX_COMPLEXITY: usize = 2_000;

/// The schema; resolvers find the rest in what [`App::prepare`](crate::context::App::prepare) gives each request.
pub fn build() -> Schema {
    Schema::build(Query, Mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .disable_suggestions()
        .finish()
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    build().sdl_with_options(SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions())
}
