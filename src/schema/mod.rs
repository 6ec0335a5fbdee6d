//! The root fields of queries, mutations and subscriptions, and the schema built from them. Each field delegates to the module that it
//! is about.

mod by_id;
mod mutation;
mod node;
mod query;
pub mod query_limits;
mod subscription;

use std::sync::Arc;

use async_graphql::Variables;
use breadth::document::{self as documents, DocumentError, DocumentLimits, ParserLimits, ValidDocument};
use breadth::{Data, Event, EventStream, Response};

use crate::graphql::scalars;
use crate::meter::Meter;
use crate::store::selected_columns::SelectedNames;

pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;

/// Introduces the API to whoever opens its documentation.
const DESCRIPTION: &str = "\
Notes about a company's customers: what happened, who is responsible, and the messages that followed.
`notes` lists, filters and searches them page by page, `noteCounts` counts them, and mutations change one note or up to
100 at once; `userErrors` of a payload holds what the caller can correct.
Each request sends an access token, which decides which notes it sees and what it may change.";

/// The schema, ready to run operations. Cheap to clone.
#[derive(Clone)]
pub struct Schema(Arc<breadth::Schema>);

/// A valid document, with what is derived from it alone.
pub struct PreparedDocument {
    read: breadth::PlannedDocument,
    pub selected: SelectedNames,
}

impl PreparedDocument {
    pub fn checked(&self) -> &ValidDocument {
        &self.read.checked
    }

    /// Plans the document now, for one that is known before it is requested.
    pub fn prepare(&mut self) {
        self.read.prepare();
    }
}

impl Schema {
    /// The types that documents are validated against.
    pub fn types(&self) -> &documents::Schema {
        self.0.types()
    }

    /// Parses a text and validates it against the schema, in time bounded by its length and by `limits`.
    ///
    /// # Errors
    /// When the text is no document, is too large, or is not valid for the schema.
    pub fn read(
        &self,
        text: &str,
        parser: ParserLimits,
        limits: &DocumentLimits,
    ) -> Result<PreparedDocument, DocumentError> {
        let read = self.0.read(text, parser, limits)?;
        Ok(PreparedDocument { selected: SelectedNames::in_document(&read.checked.document), read })
    }

    /// Runs an operation of a document, given by its index, with validated variables. The meter is taken from `data`.
    pub async fn execute(
        &self,
        document: &PreparedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
    ) -> Response {
        let meter = data.get::<Arc<Meter>>().map(|meter| meter.as_ref() as &dyn breadth::ExecutionMeter);
        self.0.execute(&document.read, number, variables, data, meter).await
    }

    /// Starts the events of a subscription.
    ///
    /// # Errors
    /// The response that refuses it.
    pub async fn subscribe(
        &self,
        document: &PreparedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
    ) -> Result<EventStream, Response> {
        self.0.subscribe(&document.read, number, variables, data).await
    }

    /// Executes a subscription for one of its events. The meter is taken from `data`.
    pub async fn execute_event(
        &self,
        document: &PreparedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
        event: Event,
    ) -> Response {
        let meter = data.get::<Arc<Meter>>().map(|meter| meter.as_ref() as &dyn breadth::ExecutionMeter);
        self.0.execute_event(&document.read, number, variables, data, meter, event).await
    }
}

/// Builds the schema; fields take everything else from the data that [`AppState::data`](crate::graphql::context::AppState::data) gives
/// each operation.
pub fn build() -> Schema {
    Schema(Arc::new(breadth::Schema::with_description::<Query, Mutation, Subscription>(
        DESCRIPTION,
        &scalars::CUSTOM_SCALARS,
    )))
}

/// The schema as it is committed in `schema.graphql`.
pub fn sdl() -> String {
    breadth::sdl_with_description::<Query, Mutation, Subscription>(DESCRIPTION)
}

/// The schema without its own description, which async-graphql's parser does not read.
pub fn sdl_of_types() -> String {
    breadth::sdl::<Query, Mutation, Subscription>()
}
