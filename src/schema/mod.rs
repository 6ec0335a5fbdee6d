//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod mutation;
mod node;
mod query;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Name, Request, Response, SchemaBuilder, ValidationMode, Value};

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
    /// neither is looked at again. What it asks about the schema is answered from the types that it was held against.
    pub async fn execute(&self, mut request: Request) -> Response {
        let told = self.introspect(&mut request);
        let mut response = self.executor.execute(request.data(Done::default())).await;
        if let Value::Object(data) = &mut response.data {
            for (key, value) in told {
                if let Some(place) = data.get_mut(&key) {
                    *place = value;
                }
            }
        }
        response
    }

    fn introspect(&self, request: &mut Request) -> Vec<(Name, Value)> {
        // One that is no document is refused by the library.
        let Ok(document) = request.parsed_query() else { return Vec::new() };
        if !document::asks_about_the_schema(document) {
            return Vec::new();
        }
        let mut document = document.clone();
        let told = self.types.introspect(&mut document, request.operation_name.as_deref(), &request.variables);
        request.set_parsed_query(document);
        told
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
    let types =
        document::Schema::of(&sdl(), &scalar::OWN).expect("what the library prints of a schema, its parser reads");
    Schema { executor, types: Arc::new(types) }
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Executor::build(Query, Mutation, EmptySubscription)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .disable_suggestions()
}

/// The schema as it is committed in `schema.graphql`: without the directives that every schema has (GraphQL, section
/// 3.13), which the library prints where they are used.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    let options = SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions();
    let printed = builder().finish().sdl_with_options(options);
    let is_known = |line: &str| {
        let name = line.strip_prefix("directive @").and_then(|rest| rest.split(['(', ' ']).next());
        name.is_some_and(|name| ["skip", "include", "deprecated", "specifiedBy", "oneOf"].contains(&name))
    };
    let mut sdl = String::with_capacity(printed.len());
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        // Their descriptions are of one line.
        let describes = line.starts_with('"') && lines.peek().is_some_and(|next| is_known(next));
        if !describes && !is_known(line) {
            sdl.push_str(line);
            sdl.push('\n');
        }
    }
    sdl
}
