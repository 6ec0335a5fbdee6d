//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod document;
mod mutation;
mod node;
mod query;

use std::sync::Arc;

use async_graphql::{SDLExportOptions, ServerError, Variables};

use crate::document::{self as documents, Limits, OperationKind, ParserLimits, Refused};
use crate::engine::{self, Data, Response, Rows};
use crate::scalar;

pub use document::Document;
pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    types: Arc<documents::Schema>,
}

impl Schema {
    /// What documents are held against.
    pub fn types(&self) -> &documents::Schema {
        &self.types
    }

    /// Reads a text and holds it against the schema, in time by its length and by `limits`.
    ///
    /// # Errors
    /// Where it is no document, too large a one, or one that the schema does not allow.
    pub fn read(&self, text: &str, parser: ParserLimits, limits: &Limits) -> Result<Document, Refused> {
        documents::read(&self.types, text, parser, limits).map(|checked| Document::new(checked, text))
    }

    /// Runs an operation of a document, with variables that [`documents::Operation::variables`] has found right: neither
    /// is looked at again. What it asks about the schema is answered from the types that the document was held against.
    pub async fn execute(&self, document: &Document, number: usize, variables: &Variables, data: &Data) -> Response {
        let operation = document.checked.operations().get(number);
        let Some((operation, (definition, plans))) =
            operation.and_then(|operation| Some((operation, document.planned(operation)?)))
        else {
            let message = "Subscriptions are not supported on this transport.";
            return Response::refused(vec![ServerError::new(message, None)]);
        };
        let whole = &document.checked.document;
        let plan = plans.plan(definition, &whole.fragments, variables);
        let told = if plan.introspects { self.types.introspect(whole, definition, variables) } else { Vec::new() };
        let root: &(dyn Fn() -> Box<dyn Rows> + Sync) = match operation.kind {
            OperationKind::Mutation => &|| Box::new(vec![Mutation]),
            _ => &|| Box::new(vec![Query]),
        };
        engine::Operation { plan: &plan, data, variables, told: &told, root }.execute().await
    }
}

/// The schema; fields find the rest in what [`App::data`](crate::context::App::data) gives each operation.
///
/// # Panics
/// Never: the text that it reads is its own.
pub fn build() -> Schema {
    let types =
        documents::Schema::of(&sdl(), &scalar::OWN).expect("what the library prints of a schema, its parser reads");
    Schema { types: Arc::new(types) }
}

/// The schema as it is committed in `schema.graphql`: without the directives that every schema has (GraphQL, section
/// 3.13), which the library prints where they are used.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions();
    let printed = engine::sdl::<Query, Mutation>(options);
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
