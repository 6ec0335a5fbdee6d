//! A schema that can parse and execute documents.

use std::sync::{Arc, Mutex, PoisonError};

use crate::bridge::{SDLExportOptions, Variables};
use crate::context::Data;
use crate::declare::{self, Object, ObjectType, escape};
use crate::document::{
    self, DocumentError, DocumentLimits, Operation, OperationKind, ParserLimits, Scalar, ValidDocument,
};
use crate::events::{Event, EventStream};
use crate::execute::{self, ExecutionMeter, Executor, Response};
use crate::plan::{Count, PlanCache, Planning};
use crate::response_error::ResponseError;
use crate::rows::RowList;

/// Maximum size of a document's plans, in bytes per byte of its text.
const PLANNED_BYTES: usize = 12;
/// Bytes that a document's plans may take in any case: enough for some 80 fields.
const LEAST_PLANNED_BYTES: usize = 8 << 10;

/// The mutation type of a schema without mutations.
#[derive(Default)]
pub struct NoMutation;

impl Object for NoMutation {
    fn object() -> &'static ObjectType {
        static OBJECT: ObjectType = ObjectType {
            name: "Mutation",
            description: String::new(),
            implements: &[],
            fields: Vec::new(),
            register: declare::register::<NoMutation>,
        };
        &OBJECT
    }
}

/// The subscription type of a schema without subscriptions.
pub struct NoSubscription;

impl Object for NoSubscription {
    fn object() -> &'static ObjectType {
        static OBJECT: ObjectType = ObjectType {
            name: "Subscription",
            description: String::new(),
            implements: &[],
            fields: Vec::new(),
            register: declare::register::<NoSubscription>,
        };
        &OBJECT
    }
}

/// A root type of the schema.
struct Root {
    object: &'static ObjectType,
    row: fn() -> Box<dyn RowList>,
}

impl Root {
    fn of<T: Object + Default>() -> Self {
        Self { object: T::object(), row: || Box::new(vec![T::default()]) }
    }
}

/// A schema that can parse and execute documents.
///
/// ```
/// use breadth::{Data, NoMutation, NoSubscription, Schema, Variables, field, object};
///
/// #[derive(Default)]
/// struct Query;
///
/// object! {
///     /// The query root.
///     Query {
///         /// A greeting.
///         hello = field(|_: &Query| "world");
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let schema = Schema::new::<Query, NoMutation, NoSubscription>(&[]);
/// let response = schema.run("{ hello }", Variables::default(), &Data::default()).await;
/// assert_eq!(response.to_json(), r#"{"data":{"hello":"world"}}"#);
/// # }
/// ```
pub struct Schema {
    types: Arc<document::Schema>,
    query: Root,
    mutation: Root,
    subscription: &'static ObjectType,
}

/// A valid document and its plans.
pub struct PlannedDocument {
    pub checked: ValidDocument,
    types: Arc<document::Schema>,
    /// The plans of each operation, in the order of the document.
    plans: Vec<Option<PlanCache>>,
}

impl PlannedDocument {
    /// Builds the plans of its operations now, so that no request waits for them; meant for documents that are known
    /// ahead, such as those of a trusted list.
    pub fn prepare(&mut self) {
        let Self { checked, types, plans } = self;
        for (operation, plans) in checked.operations().iter().zip(plans) {
            if let (Some(planning), Some(plans)) = (planning(types, checked, operation), plans) {
                plans.prepare(planning);
            }
        }
    }

    /// The kind of an operation, the source of its plans, and the plans.
    fn planned(&self, number: usize) -> Option<(OperationKind, (Planning<'_>, &PlanCache))> {
        let operation = self.checked.operations().get(number)?;
        let planning = planning(&self.types, &self.checked, operation)?;
        Some((operation.kind, (planning, self.plans.as_slice().get(number)?.as_ref()?)))
    }
}

fn planning<'a>(
    types: &'a document::Schema,
    checked: &'a ValidDocument,
    operation: &Operation,
) -> Option<Planning<'a>> {
    Some(Planning { types, operation: checked.definition(operation)?, fragments: &checked.document.fragments })
}

impl Schema {
    /// Makes a schema with these root types. `scalars` says which values the custom scalars accept; it needs an entry
    /// for each one that is used as an input. [`scalar`](crate::scalar) accepts those that the scalar's Rust type
    /// parses.
    ///
    /// # Panics
    /// The declared types do not form a valid schema, for example because an object type lacks a field of its
    /// interface, or `scalars` lacks a scalar of an argument. Any test finds such a bug.
    pub fn new<Query: Object + Default, Mutation: Object + Default, Subscription: Object>(
        scalars: &[(&str, Scalar)],
    ) -> Self {
        Self::build::<Query, Mutation, Subscription>(None, scalars)
    }

    /// The same with a description of the schema as a whole, which introspection returns as `__schema { description }`.
    ///
    /// # Panics
    /// As [`new`](Self::new) does.
    pub fn with_description<Query: Object + Default, Mutation: Object + Default, Subscription: Object>(
        description: &str,
        scalars: &[(&str, Scalar)],
    ) -> Self {
        Self::build::<Query, Mutation, Subscription>(Some(description), scalars)
    }

    fn build<Query: Object + Default, Mutation: Object + Default, Subscription: Object>(
        description: Option<&str>,
        scalars: &[(&str, Scalar)],
    ) -> Self {
        let types = document::Schema::of(&sdl::<Query, Mutation, Subscription>(), scalars);
        let mut types = types.unwrap_or_else(|error| panic!("the declared types are no schema: {error}"));
        types.description = description.map(str::to_owned);
        Self {
            types: Arc::new(types),
            query: Root::of::<Query>(),
            mutation: Root::of::<Mutation>(),
            subscription: Subscription::object(),
        }
    }

    /// The types that documents are validated against.
    pub fn types(&self) -> &document::Schema {
        &self.types
    }

    /// Parses a text and validates it against the schema, in time bounded by its length and by `limits`.
    ///
    /// # Errors
    /// The text is not a document, exceeds a limit, or is invalid for the schema.
    pub fn read(
        &self,
        text: &str,
        parser: ParserLimits,
        limits: &DocumentLimits,
    ) -> Result<PlannedDocument, DocumentError> {
        let checked = document::read(&self.types, text, parser, limits)?;
        let operations = checked.operations();
        let space = (LEAST_PLANNED_BYTES + text.len() * PLANNED_BYTES) / operations.len().max(1);
        let mut count = Count::new(&self.types, &checked.document.fragments);
        let plans = operations.iter().map(|operation| {
            let root = match operation.kind {
                OperationKind::Query => self.query.object,
                OperationKind::Mutation => self.mutation.object,
                OperationKind::Subscription => self.subscription,
            };
            let Some(planning) = planning(&self.types, &checked, operation) else { return Ok(None) };
            if count.fields(root, &planning.operation.selection_set.node) > limits.planned_fields {
                let most = limits.planned_fields;
                return Err(DocumentError::TooMuch(format!(
                    "An operation has more than {most} fields, counted for each type that objects may be of."
                )));
            }
            Ok(Some(PlanCache::new(root, planning, space)))
        });
        let plans = plans.collect::<Result<_, _>>()?;
        Ok(PlannedDocument { plans, types: Arc::clone(&self.types), checked })
    }

    /// Executes the query or mutation with this number. The variables must come from
    /// [`Operation::variables`](document::Operation::variables); neither they nor the document are checked again.
    /// Introspection reads the types that the document was validated against.
    pub async fn execute(
        &self,
        document: &PlannedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
        meter: Option<&dyn ExecutionMeter>,
    ) -> Response {
        let planned = document.planned(number).filter(|(kind, _)| *kind != OperationKind::Subscription);
        let Some((kind, (planning, plans))) = planned else {
            return Response::refused(vec![ResponseError::new("This operation is a subscription.")]);
        };
        let plan = plans.plan(planning, variables);
        let root = if kind == OperationKind::Mutation { &self.mutation } else { &self.query };
        Executor { plan: &plan, data, variables, types: &self.types, meter, root: &root.row }.execute().await
    }

    /// Starts the events of a subscription. The number and the variables are as in [`execute`](Self::execute); the stream
    /// does not borrow them.
    ///
    /// # Errors
    /// The response, if the operation is no subscription, or its root field fails to start.
    pub async fn subscribe(
        &self,
        document: &PlannedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
    ) -> Result<EventStream, Response> {
        let Some((OperationKind::Subscription, (planning, plans))) = document.planned(number) else {
            return Err(Response::refused(vec![ResponseError::new("This operation is no subscription.")]));
        };
        let plan = plans.plan(planning, variables);
        execute::subscribe(&plan, data, variables).await.map_err(|error| Response::refused(vec![error]))
    }

    /// Executes a subscription for one of its events. `data` may differ from event to event, such as in its meter.
    pub async fn execute_event(
        &self,
        document: &PlannedDocument,
        number: usize,
        variables: &Variables,
        data: &Data,
        meter: Option<&dyn ExecutionMeter>,
        event: Event,
    ) -> Response {
        let Some((OperationKind::Subscription, (planning, plans))) = document.planned(number) else {
            return Response::refused(vec![ResponseError::new("This operation is no subscription.")]);
        };
        let plan = plans.plan(planning, variables);
        let event = Mutex::new(Some(event.row));
        // A second root is made only for an operation that exceeds a limit. Nothing reads its row.
        let root = || event.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| Box::new(vec![()]));
        Executor { plan: &plan, data, variables, types: &self.types, meter, root: &root }.execute().await
    }

    /// Parses a document with one operation, coerces the variables that were sent, and executes it; meant for tests and
    /// small programs. Servers should keep documents and set limits.
    pub async fn run(&self, text: &str, sent: Variables, data: &Data) -> Response {
        let document = match self.read(text, ParserLimits::default(), &DocumentLimits::default()) {
            Ok(document) => document,
            Err(refused) => return Response::refused(refused.into()),
        };
        let operation = match document.checked.operation(None) {
            Ok(operation) => operation,
            Err(error) => return Response::refused(vec![error]),
        };
        match operation.variables(&self.types, sent) {
            Ok(variables) => self.execute(&document, operation.number, &variables, data, None).await,
            Err(errors) => Response::refused(errors),
        }
    }
}

/// Prints a schema as SDL, without the directives that every schema has (GraphQL, section 3.13), which the library
/// prints where they are used.
pub fn sdl<Query: Object, Mutation: Object, Subscription: Object>() -> String {
    let options = SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions();
    let printed = declare::sdl::<Query, Mutation, Subscription>(options);
    let is_known = |line: &str| {
        let name = line.strip_prefix("directive @").and_then(|rest| rest.split(['(', ' ']).next());
        name.is_some_and(|name| ["skip", "include", "deprecated", "specifiedBy", "oneOf"].contains(&name))
    };
    let mut sdl = String::with_capacity(printed.len());
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        // The descriptions of these directives take one line.
        let describes = line.starts_with('"') && lines.peek().is_some_and(|next| is_known(next));
        if !describes && !is_known(line) {
            sdl.push_str(line);
            sdl.push('\n');
        }
    }
    sdl
}

/// The same with a description of the schema as a whole. The grammar of async-graphql's parser has no place for it.
pub fn sdl_with_description<Query: Object, Mutation: Object, Subscription: Object>(description: &str) -> String {
    let mut sdl = sdl::<Query, Mutation, Subscription>();
    let definition = if sdl.starts_with("schema {") { Some(0) } else { sdl.rfind("\nschema {").map(|end| end + 1) };
    if let Some(start) = definition {
        sdl.insert_str(start, &format!("{}\n", escape::description(description)));
    }
    sdl
}
