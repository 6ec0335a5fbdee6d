//! The lists of queries and changes, and the schema made of them.

use async_graphql::{EmptyMutation, EmptySubscription, Object};

pub type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

pub struct Query;

#[Object]
impl Query {
    async fn placeholder(&self) -> bool {
        true
    }
}

/// The schema; resolvers find the rest in what [`App::prepare`](crate::context::App::prepare) gives each request.
pub fn build() -> Schema {
    Schema::build(Query, EmptyMutation, EmptySubscription).finish()
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    build().sdl()
}
