//! The lists of queries and changes, and the schema made of them. Each field hands over to the module that it is about.

mod mutation;
mod node;
mod query;

use std::sync::Arc;

use async_graphql::Variables;

use crate::document::{self as documents, Checked, Limits, ParserLimits, Refused};
use crate::engine::{self, Data, Response};
use crate::meter::Meter;
use crate::projection::Mentioned;
use crate::scalar;

pub use mutation::Mutation;
pub use query::Query;

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema(Arc<engine::Schema>);

/// A document that fits the schema, and what follows from it alone.
pub struct Document {
    read: engine::Document,
    pub mentioned: Mentioned,
}

impl Document {
    pub fn checked(&self) -> &Checked {
        &self.read.checked
    }

    /// Plans it now, for one that is known before anybody asks.
    pub fn prepare(&mut self) {
        self.read.prepare();
    }
}

impl Schema {
    /// What documents are held against.
    pub fn types(&self) -> &documents::Schema {
        self.0.types()
    }

    /// Reads a text and holds it against the schema, in time by its length and by `limits`.
    ///
    /// # Errors
    /// Where it is no document, too large a one, or one that the schema does not allow.
    pub fn read(&self, text: &str, parser: ParserLimits, limits: &Limits) -> Result<Document, Refused> {
        let read = self.0.read(text, parser, limits)?;
        Ok(Document { mentioned: Mentioned::in_document(&read.checked.document), read })
    }

    /// Runs an operation of a document, known by its number, with variables that were found right. The meter is found in
    /// what the operation carries along.
    pub async fn execute(&self, document: &Document, number: usize, variables: &Variables, data: &Data) -> Response {
        let meter = data.get::<Arc<Meter>>().map(|meter| meter.as_ref() as &dyn engine::Meter);
        self.0.execute(&document.read, number, variables, data, meter).await
    }
}

/// The schema; fields find the rest in what [`App::data`](crate::context::App::data) gives each operation.
pub fn build() -> Schema {
    Schema(Arc::new(engine::Schema::new::<Query, Mutation>(&scalar::OWN)))
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    engine::sdl::<Query, Mutation>()
}
